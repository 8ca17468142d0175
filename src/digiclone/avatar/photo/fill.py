"""What the photo did not show: the other side of the face, and below that a skin that fits it.

All differences are taken between logarithms of colours, where light and pigment multiply.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digiclone.avatar.texture import Pixels

Float32s = NDArray[np.float32]

# A share below this counts for nothing; and how far the upper colour reaches below, in widths of the picture.
DOUBTFUL, REACH = 0.4, 0.06
STEP = 6


def diffuse(values: Float32s, known: Float32s) -> Float32s:
    """Smooth values (H, W, C) everywhere from where they are `known` (H, W), 0..1: the pull-push pyramid.

    Near to what is known the result follows it, far from it the mean of ever larger parts (Gortler et al. 1996,
    section 3.5).
    """
    height, width = known.shape
    if height <= 2 or width <= 2:
        back = (values * known[..., None]).sum(axis=(0, 1)) / max(float(known.sum()), 1e-6)
    else:
        small_known, small_values = _halve(values, known)
        back = _double(diffuse(small_values, small_known), height, width)
    return np.asarray(values * known[..., None] + back * (1 - known[..., None]), dtype=np.float32)


def _halve(values: Float32s, known: Float32s) -> tuple[Float32s, Float32s]:
    height, width = known.shape
    pad = ((0, height % 2), (0, width % 2))
    weight = np.pad(known, pad).reshape((height + 1) // 2, 2, (width + 1) // 2, 2)
    heavy = np.pad(values * known[..., None], (*pad, (0, 0))).reshape((height + 1) // 2, 2, (width + 1) // 2, 2, -1)
    total = weight.sum(axis=(1, 3))
    mean = heavy.sum(axis=(1, 3)) / np.maximum(total, 1e-6)[..., None]
    return np.minimum(total, 1.0).astype(np.float32), mean.astype(np.float32)


def _double(values: Float32s, height: int, width: int) -> Float32s:
    rows = (np.arange(height) + 0.5) / 2 - 0.5
    columns = (np.arange(width) + 0.5) / 2 - 0.5
    grid = np.meshgrid(rows, columns, indexing="ij")
    return np.stack(
        [ndimage.map_coordinates(values[..., c], grid, order=1, mode="nearest") for c in range(values.shape[2])],
        axis=-1,
    ).astype(np.float32)


def blend(top: Pixels, share: Float32s, under: Pixels) -> Pixels:
    """`top` (H, W, 3) where its `share` (H, W) is 1, `under` where it is low, and no seam between.

    `under` is shifted so that it meets `top` along its rim, and less the farther it is from it: its detail stays, its
    colour follows. What `top` shows without certainty is left out.
    """
    certain = np.clip((share - DOUBTFUL) / (1 - DOUBTFUL), 0, 1).astype(np.float32)
    near = np.clip(2 * soften(share[..., None], share.shape[1] * REACH), 0, 1)
    above, below, weight = logs(top), logs(under), certain[..., None]
    mixed = above * weight + (below + diffuse(above - below, certain) * near) * (1 - weight)
    return np.asarray(np.exp(mixed), dtype=np.float32)


def soften(picture: Float32s, radius: float) -> Float32s:
    """A picture (H, W, C) blurred by so many pixels; done small, since nothing fine is left."""
    height, width, _ = picture.shape
    small = ndimage.zoom(picture, (1 / STEP, 1 / STEP, 1), order=1, grid_mode=True, mode="nearest")
    soft = np.asarray(ndimage.gaussian_filter(small, (radius / STEP, radius / STEP, 0)))
    whole = (height / len(soft), width / len(soft[0]), 1)
    return np.asarray(ndimage.zoom(soft, whole, order=1, grid_mode=True, mode="nearest"), dtype=np.float32)


def logs(colour: Pixels) -> Float32s:
    """Logarithm of sRGB values, kept off zero."""
    return np.log(np.maximum(colour, np.float32(0.01)))
