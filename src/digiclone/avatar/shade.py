"""Ambient occlusion: how much of the sky each vertex sees.

The page draws without shadows, so what grounds a face (dark under the chin, in the eye sockets, between the lips, where
hair meets skin) is computed once here and painted into the textures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digiclone.avatar.mesh import Floats, Ints

Float32s = NDArray[np.float32]

# A surface does not shade itself: occluders must be nearer to the light by this many cells.
BIAS_CELLS = 1.45


@dataclass(frozen=True)
class View:
    """Points (N, 3) with unit normals (N, 3) that look at the sky, past occluders (P, 3) of their own."""

    points: Floats
    normals: Floats
    occluders: Floats


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


def openness(views: Sequence[View], shared: Floats, directions: int, cell: float) -> list[Floats]:
    """Share of the cosine-weighted hemisphere over each point of each view that no occluder hides, (N,) in 0..1.

    Occluders, a view's own and the ones `shared` (P, 3) by all, are points at most a `cell` apart on the surfaces. For
    every direction they are splatted into a depth grid seen from there; a point is lit when nothing in its cell is
    nearer. All in metres.
    """
    everything = np.concatenate([shared, *(view.occluders for view in views), *(view.points for view in views)])
    middle = (everything.min(axis=0) + everything.max(axis=0)) / 2
    clouds = [_columns(shared - middle), *(_columns(view.occluders - middle) for view in views)]
    seekers = [_columns(view.points - middle) for view in views]
    grid = _Grid(cell, float(np.linalg.norm(everything - middle, axis=1).max()))
    lit = [np.zeros(len(view.points)) for view in views]
    total = [np.full(len(view.points), 1e-9) for view in views]
    for direction in sphere(directions):
        axes = _axes(direction) / np.float32(cell)
        still = grid.splat(grid.empty(), _turned(axes, clouds[0]))
        for number, view in enumerate(views):
            depth = grid.splat(still.copy(), _turned(axes, clouds[number + 1]))
            facing = np.maximum(view.normals @ direction, 0)
            lit[number] += facing * grid.sees(depth, _turned(axes, seekers[number]))
            total[number] += facing
    return [share / whole for share, whole in zip(lit, total, strict=True)]


def _columns(points: Floats) -> Float32s:
    return np.ascontiguousarray(points.T, dtype=np.float32)


def _turned(axes: Float32s, points: Float32s) -> Float32s:
    """`axes @ points` without the threads of a matrix library, which on a busy machine cost ten times the work."""
    return np.einsum("ij,jp->ip", axes, points)


def _axes(direction: Floats) -> Float32s:
    """Right, up and toward the light, (3, 3)."""
    helper = np.array([0.0, 0.0, 1.0]) if abs(direction[1]) > 0.9 else np.array([0.0, 1.0, 0.0])
    right = np.cross(helper, direction)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(direction, right), direction]).astype(np.float32)


class _Grid:
    """A square of cells across everything that is looked at, and the occluder nearest to the light in each.

    Positions (3, N) are in cells around the middle: right, up, toward the light.
    """

    def __init__(self, cell: float, radius: float) -> None:
        self._side = int(2 * radius / cell) + 3
        self._half = np.float32(self._side / 2)

    def empty(self) -> Float32s:
        return np.full(self._side * self._side, -np.inf, dtype=np.float32)

    def splat(self, nearest: Float32s, positions: Float32s) -> Float32s:
        """Put points into the grid, in place."""
        np.maximum.at(nearest, self._cells(positions), positions[2])
        return nearest

    def sees(self, nearest: Float32s, positions: Float32s) -> NDArray[np.bool_]:
        """(N,) True where nothing in the grid stands between a point and the light."""
        return positions[2] + np.float32(BIAS_CELLS) >= nearest[self._cells(positions)]

    def _cells(self, positions: Float32s) -> NDArray[np.int32]:
        column = (positions[0] + self._half).astype(np.int32)
        row = (positions[1] + self._half).astype(np.int32)
        return row * np.int32(self._side) + column
