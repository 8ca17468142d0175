"""Triangles to pixels, in two places: a texture, and the view of a camera.

`fragments` is the whole of it: every pixel that every triangle covers. `rasterise` paints values given at vertices into
texture space, `zbuffer` keeps what a camera sees. All triangles of about one size are worked on at once, so a head
takes a tenth of a second without a GPU.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digiclone.avatar.mesh import Floats, Ints

Picture = TypeVar("Picture", NDArray[np.float32], NDArray[np.float64])

# Fragments worked on at a time: a few arrays of this many numbers fit into the cache of a small machine.
BATCH = 1 << 18
# A pixel centre this far outside still counts, as a share of the triangle: no gaps along shared edges.
SLACK = 1e-3


@dataclass(frozen=True)
class Fragments:
    """Pixels under triangles, in no order: `pixel` (P,) row-major index, `face` (P,), `weights` (P, 3) barycentric."""

    pixel: Ints
    face: Ints
    weights: Floats

    def at(self, faces: Ints, values: Floats) -> Floats:
        """Vertex values (N, C) or (N,) interpolated at every fragment."""
        return np.einsum("pk,pk...->p...", self.weights, values[faces[self.face]])

    def where(self, keep: NDArray[np.bool_] | Ints) -> Fragments:
        """Only those marked (P,), or those numbered."""
        return Fragments(self.pixel[keep], self.face[keep], self.weights[keep])


def fragments(points: Floats, faces: Ints, width: int, height: int) -> Fragments:
    """All pixels whose centre lies in a triangle (F, 3) of points (N, 2 or more) in pixels, (0, 0) the top left corner.

    Triangles seen from either side count; those without area do not.
    """
    corners = points[faces][..., :2] - 0.5
    low = np.maximum(np.floor(corners.min(axis=1)).astype(np.int64), 0)
    high = np.minimum(np.ceil(corners.max(axis=1)).astype(np.int64) + 1, (width, height))
    side = (high - low).max(axis=1)
    (ux, uy), (vx, vy) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    live = np.flatnonzero(((high - low).min(axis=1) > 0) & (np.abs(ux * vy - uy * vx) > 1e-9))
    steps = np.exp2(np.ceil(np.log2(np.maximum(side[live], 2)))).astype(np.int64)
    found = [
        _covered(batch, corners, low, high, int(step), width)
        for step in np.unique(steps)
        for batch in _batches(live[steps == step], max(1, BATCH // int(step) ** 2))
    ]
    if not found:
        return Fragments(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 3)))
    return Fragments(
        np.concatenate([f.pixel for f in found]),
        np.concatenate([f.face for f in found]),
        np.concatenate([f.weights for f in found]),
    )


def _batches(index: Ints, size: int) -> Iterator[Ints]:
    for start in range(0, len(index), size):
        yield index[start : start + size]


def _covered(batch: Ints, corners: Floats, low: Ints, high: Ints, step: int, width: int) -> Fragments:
    """Fragments of triangles whose box is at most `step` pixels wide and high."""
    row, column = np.divmod(np.arange(step * step), step)
    near = corners[batch] - low[batch, None]
    x, y = column.astype(np.float64), row.astype(np.float64)
    (ax, ay), (bx, by), (cx, cy) = (near[:, corner].T[..., None] for corner in range(3))
    scale = 1 / ((bx - ax) * (cy - ay) - (cx - ax) * (by - ay))
    second = (x - ax) * ((cy - ay) * scale) - (y - ay) * ((cx - ax) * scale)
    third = (y - ay) * ((bx - ax) * scale) - (x - ax) * ((by - ay) * scale)
    inside = (second > -SLACK) & (third > -SLACK) & (second + third < 1 + SLACK)
    room = (high - low)[batch]
    inside &= (column < room[:, :1]) & (row < room[:, 1:])
    which, where = np.nonzero(inside)
    pixel = (low[batch, 1] * width + low[batch, 0])[which] + (row * width + column)[where]
    b, c = second[inside], third[inside]
    return Fragments(pixel, batch[which], np.stack([1 - b - c, b, c], axis=1))


@dataclass(frozen=True)
class Cover:
    """What a camera sees at every pixel: `face` (H, W), -1 for none; `weights` (H, W, 3); `depth` (H, W), else inf."""

    face: Ints
    weights: Floats
    depth: Floats


def nearest(seen: Fragments, depth: Floats, width: int, height: int) -> Cover:
    """Of fragments at some depths (P,) the nearest at every pixel."""
    order = np.argsort(-depth, kind="stable")
    face = np.full(width * height, -1, dtype=np.int64)
    weights, closest = np.zeros((width * height, 3)), np.full(width * height, np.inf)
    # where an index comes twice, the last value stays
    pixel = seen.pixel[order]
    face[pixel], weights[pixel], closest[pixel] = seen.face[order], seen.weights[order], depth[order]
    return Cover(face.reshape(height, width), weights.reshape(height, width, 3), closest.reshape(height, width))


def zbuffer(points: Floats, faces: Ints, width: int, height: int) -> Cover:
    """The nearest triangle at every pixel; points (N, 3) are x and y in pixels and the distance from the camera."""
    seen = fragments(points, faces, width, height)
    return nearest(seen, seen.at(faces, points[:, 2]), width, height)


def rasterise(uvs: Floats, faces: Ints, values: Floats, width: int, height: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Interpolate values (N, C) at welded vertices over triangles (F, 3) in texture space.

    `uvs` (N, 2) run from the top left. Returns the picture (H, W, C) and where it was covered (H, W).
    """
    seen = fragments(uvs * np.array([width, height]), faces, width, height)
    picture = np.zeros((height * width, values.shape[1]))
    covered = np.zeros(height * width, dtype=bool)
    picture[seen.pixel] = seen.at(faces, values)
    covered[seen.pixel] = True
    return picture.reshape(height, width, -1), covered.reshape(height, width)


def spread(picture: Picture, covered: NDArray[np.bool_]) -> Picture:
    """Fill uncovered texels from the nearest covered one, so that filtering never reaches outside an island."""
    if not covered.any():
        raise ValueError("nothing was covered, so there is nothing to spread")
    rows, columns = np.asarray(ndimage.distance_transform_edt(~covered, return_distances=False, return_indices=True))
    return picture[rows, columns]
