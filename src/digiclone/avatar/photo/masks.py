"""Which pixels of a photo are skin: not the eyes, not the teeth, not the hair, not what is behind the person.

The indices are those of MediaPipe's 468 landmarks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw
from scipy import ndimage

from digiclone.avatar.mesh import Floats
from digiclone.avatar.texture import Pixels

Mask = NDArray[np.float32]

INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
RIGHT_EYE = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
LEFT_EYE = (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)
FACE = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
# Places that are bare skin in nearly every photo: cheeks, the bridge and sides of the nose, between the brows.
BARE = (50, 280, 101, 330, 117, 346, 205, 425, 6, 197, 195, 5, 4, 151, 9, 8, 36, 266, 119, 348)
RIGHT_BROW = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
LEFT_BROW = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
BROW_ENDS, MOUTH_CORNERS = (70, 300), (61, 291)
# Outer eye corners: their distance is the measure of all sizes in the photo.
CORNERS = (33, 263)


def eye_distance(points: Floats) -> float:
    """Distance of the outer eye corners in pixels; `points` (468, 2)."""
    return float(np.linalg.norm(points[CORNERS[0], :2] - points[CORNERS[1], :2]))


def inside(points: Floats, ring: tuple[int, ...], height: int, width: int, grow: float = 0.0) -> NDArray[np.bool_]:
    """Pixels (H, W) inside a ring of landmarks, grown by so many pixels (shrunk by negative ones)."""
    canvas = Pillow.new("1", (width, height))
    ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in points[list(ring), :2]], fill=1)
    mask = np.asarray(canvas, dtype=bool)
    return _distance(~mask) <= grow if grow >= 0 else _distance(mask) > -grow


def _distance(mask: NDArray[np.bool_]) -> Floats:
    """Pixels (H, W) from each marked pixel to the nearest unmarked one."""
    return np.asarray(ndimage.distance_transform_edt(mask), dtype=np.float64)


def skin(picture: Pixels, points: Floats, person: Mask, hair: NDArray[np.bool_]) -> Mask:
    """How surely each pixel (H, W) shows bare skin, 0..1. `person` and `hair` (H, W) say where those are."""
    height, width = person.shape
    unit = eye_distance(points)
    keep = (_distance(person > 0.5) > 0.03 * unit) & (_distance(~hair) > 0.14 * unit)
    for ring, grow in ((INNER_LIPS, 0.02), (RIGHT_EYE, 0.045), (LEFT_EYE, 0.045)):
        keep &= ~inside(points, ring, height, width, grow * unit)
    alike = _distance(like_skin(picture, points)) > 0.07 * unit
    alike &= inside(points, FACE, height, width, -0.05 * unit)
    # a fringe or a hat hides the forehead, long hair the cheeks; a beard is part of the face
    mouth = above(points, MOUTH_CORNERS, 0.0, height, width)
    sure = inside(points, FACE, height, width, -0.15 * unit) | (inside(points, FACE, height, width) & ~mouth)
    right, left = (inside(points, brow, height, width, 0.01 * unit) for brow in (RIGHT_BROW, LEFT_BROW))
    sure &= right | left | ~above(points, BROW_ENDS, 0.0, height, width)
    bare = (keep & (sure | alike)).astype(np.float32)
    return np.asarray(ndimage.gaussian_filter(bare, 0.012 * unit), dtype=np.float32)


def above(points: Floats, marks: tuple[int, int], room: float, height: int, width: int) -> NDArray[np.bool_]:
    """Pixels (H, W) higher on the head than two landmarks by so many eye distances."""
    right = points[CORNERS[1], :2] - points[CORNERS[0], :2]
    up = np.array([right[1], -right[0]]) / eye_distance(points)
    line = max(float(points[mark, :2] @ up) for mark in marks) + room * eye_distance(points)
    y, x = np.mgrid[0:height, 0:width]
    return x * up[0] + y * up[1] > line


def like_skin(picture: Pixels, points: Floats) -> NDArray[np.bool_]:
    """Pixels (H, W) with the colour of this person's bare skin, in light or in shade."""
    tint, bright = _tint(bare_samples(picture, points))
    centre, spread = np.median(tint, axis=0), np.cov(tint.T) + 1e-4 * np.eye(2)
    here, level = _tint(picture.reshape(-1, 3))
    off = here - centre
    far = np.einsum("pi,ij,pj->p", off, np.linalg.inv(spread), off)
    low, high = np.percentile(bright, [2, 98])
    alike = (far < 9) & (level > low - 0.7) & (level < high + 0.3)
    share = ndimage.uniform_filter(
        alike.reshape(picture.shape[:2]).astype(np.float32), max(3, round(0.04 * eye_distance(points)))
    )
    return np.asarray(share) > 0.5


def bare_samples(picture: Pixels, points: Floats) -> Pixels:
    """Pixels (P, 3) of this person's bare skin."""
    reach = 0.04 * eye_distance(points)
    return np.concatenate([_patch(picture, points[i], reach) for i in BARE])


def _patch(picture: Pixels, centre: Floats, radius: float) -> Pixels:
    height, width = picture.shape[:2]
    reach = max(1, round(radius))
    x, y = int(np.clip(centre[0], 0, width - 1)), int(np.clip(centre[1], 0, height - 1))
    return picture[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1].reshape(-1, 3)


def _tint(pixels: Pixels) -> tuple[Floats, Floats]:
    """Two log ratios of the channels (P, 2), which light does not change, and log brightness (P,)."""
    red, green, blue = np.log(np.maximum(pixels.astype(np.float64), 0.01)).T
    return np.stack([red - green, green - blue], axis=1), (red + green + blue) / 3
