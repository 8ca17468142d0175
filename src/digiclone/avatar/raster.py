"""Between a mesh and its texture: which texel shows which point of the surface.

`rasterise` paints values given at mesh vertices into texture space. The default head uses it to bake shading; a head
from a photo uses the same map to ask, texel by texel, where in the photo that point of the skin was.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digiclone.avatar.mesh import Floats, Ints

Picture = TypeVar("Picture", NDArray[np.float32], NDArray[np.float64])


def rasterise(uvs: Floats, faces: Ints, values: Floats, width: int, height: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Interpolate values (N, C) at welded vertices over triangles (F, 3) in texture space.

    `uvs` (N, 2) run from the top left. Returns the picture (H, W, C) and where it was covered (H, W).
    """
    picture = np.zeros((height, width, values.shape[1]))
    covered = np.zeros((height, width), dtype=bool)
    points = uvs * np.array([width, height]) - 0.5
    for face in faces:
        corners = points[face]
        left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
        right, bottom = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, (width, height))
        weights = _barycentric(corners, np.arange(left, right), np.arange(top, bottom))
        if weights is None:
            continue
        inside = np.all(weights > -1e-3, axis=-1)
        picture[top:bottom, left:right][inside] = weights[inside] @ values[face]
        covered[top:bottom, left:right] |= inside
    return picture, covered


def _barycentric(corners: Floats, columns: Ints, rows: Ints) -> Floats | None:
    """Weights (len(rows), len(columns), 3) of a triangle's corners; None for a triangle without area."""
    (ax, ay), (bx, by), (cx, cy) = corners
    area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    if abs(area) < 1e-9:
        return None
    x, y = columns[None, :], rows[:, None]
    second = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area
    third = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area
    return np.stack([1 - second - third, second, third], axis=-1)


def spread(picture: Picture, covered: NDArray[np.bool_]) -> Picture:
    """Fill uncovered texels from the nearest covered one, so that filtering never reaches outside an island."""
    if not covered.any():
        raise ValueError("nothing was covered, so there is nothing to spread")
    rows, columns = np.asarray(ndimage.distance_transform_edt(~covered, return_distances=False, return_indices=True))
    return picture[rows, columns]
