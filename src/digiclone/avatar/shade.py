"""Ambient occlusion: how much of the sky each vertex sees.

The page draws without shadows, so what grounds a face (dark under the chin, in the eye sockets, between the lips, where
hair meets skin) is computed once here and painted into the textures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digiclone.avatar.mesh import Floats, Ints

Float32s = NDArray[np.float32]

CELL_METRES = 0.0018
# A surface does not shade itself: occluders must be this much nearer to the light.
BIAS_METRES = 0.0026
DIRECTIONS = 64


def sphere(count: int) -> Floats:
    """Evenly spread unit vectors (count, 3): the golden spiral."""
    step = np.arange(count)
    y = 1 - (2 * step + 1) / count
    radius, turn = np.sqrt(1 - y * y), step * np.pi * (3 - np.sqrt(5))
    return np.stack([radius * np.cos(turn), y, radius * np.sin(turn)], axis=1)


def surface_points(vertices: Floats, faces: Ints, spacing: float) -> Floats:
    """Points (P, D) no further apart than about `spacing` on triangles (F, 3), on a regular barycentric grid.

    `vertices` (V, D) start with a position; what follows it, such as texture coordinates, is interpolated along.
    """
    corners = vertices[faces]
    edges = corners[..., :3] - np.roll(corners[..., :3], 1, axis=1)
    longest = np.linalg.norm(edges, axis=2).max(axis=1)
    steps = np.maximum(1, np.ceil(longest / spacing)).astype(int)
    clouds: list[Floats] = []
    for count in np.unique(steps):
        first, second = np.meshgrid(np.arange(count + 1), np.arange(count + 1))
        keep = first + second <= count
        a, b = first[keep] / count, second[keep] / count
        weights = np.stack([1 - a - b, a, b], axis=1)
        clouds.append(np.einsum("pk,fkd->fpd", weights, corners[steps == count]).reshape(-1, vertices.shape[1]))
    return np.concatenate(clouds)


def openness(points: Floats, normals: Floats, occluders: Floats) -> Floats:
    """Share of the cosine-weighted hemisphere over each point (N, 3) that no occluder hides, in 0..1.

    Occluders are points (P, 3) at most a cell apart on the surfaces. For every direction they are splatted into a depth
    grid seen from there; a point is lit when nothing in its cell is nearer. All in metres.
    """
    cloud = np.ascontiguousarray(occluders.T, dtype=np.float32)
    seekers = np.ascontiguousarray(points.T, dtype=np.float32)
    lit, total = np.zeros(len(points)), np.full(len(points), 1e-9)
    for direction in sphere(DIRECTIONS):
        facing = np.maximum(normals @ direction, 0)
        lit += facing * _sees(seekers, cloud, direction)
        total += facing
    return lit / total


def _sees(points: Float32s, cloud: Float32s, direction: Floats) -> NDArray[np.bool_]:
    """(N,) True where nothing of the cloud (3, P) stands between a point (3, N) and infinity along `direction`."""
    helper = np.array([0.0, 0.0, 1.0]) if abs(direction[1]) > 0.9 else np.array([0.0, 1.0, 0.0])
    right = np.cross(helper, direction)
    right /= np.linalg.norm(right)
    axes = (np.stack([right, np.cross(direction, right), direction]) / CELL_METRES).astype(np.float32)
    seen, asked = axes @ cloud, axes @ points
    low = (float(seen[0].min()), float(seen[1].min()))
    columns, rows = (int(seen[axis].max() - low[axis]) + 1 for axis in (0, 1))
    nearest = np.full(columns * rows, -np.inf, dtype=np.float32)
    np.maximum.at(nearest, _cells(seen, low, columns, rows), seen[2])
    return asked[2] + BIAS_METRES / CELL_METRES >= nearest[_cells(asked, low, columns, rows)]


def _cells(positions: Float32s, low: tuple[float, float], columns: int, rows: int) -> NDArray[np.int32]:
    """Index of the grid cell of each position (3, N), rows first; what lies beyond the grid is pulled onto its rim."""
    column = np.clip((positions[0] - low[0]).astype(np.int32), 0, columns - 1)
    row = np.clip((positions[1] - low[1]).astype(np.int32), 0, rows - 1)
    return row * np.int32(columns) + column
