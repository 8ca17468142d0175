"""Any colour for what was painted in one: strands of hair, cloth, the iris.

Hair and cloth become grey patterns. The file multiplies them by the material's colour, so the same picture serves
every colour, and a page can try one without a new picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digiclone.avatar.mesh import Floats
from digiclone.avatar.texture import Pixels, blur, encoded, from_hex, linear, luminance, noise

# Strands: how much of the slow change along a lock is kept (roots to tips), and of the fast one between strands.
SLOW, FAST = 0.18, 1.0
SLOW_RADIUS = 24.0
# A texture darker than this is painted plain black. Curls take the place of strands: octaves of light around a mean.
BLACK = 0.05
CURLS, CURL_LIGHT = ((0.8, 0.07), (1.6, 0.05)), 0.6
# Light from the darkest strand, as a share of the light from the brightest.
DARKEST = 0.14
# Bright hair may turn out this much darker than asked for, or no strand would be brighter than another.
ALLOWANCE = 0.78
# The irises of the eye texture: centres (x, y) and radii of the pupil, of the coloured ring and of the whole disc, as
# shares of its width.
IRISES = ((361.4, 151.1), (149.9, 358.8))
PUPIL, RING, DISC = 18.0, 48.0, 60.0
IRIS_SCALE = 512.0


def strands(source: Pixels) -> Pixels:
    """The light (H, W) that strands of a hair texture (H, W, 4) give, relative to each other, at most 1."""
    covered = source[..., 3] > 0.5
    value = luminance(source)
    if is_black(source):
        return np.clip(noise(len(value), CURLS, seed=4) + np.float32(CURL_LIGHT), DARKEST, 1)
    weight = blur(covered.astype(np.float32), SLOW_RADIUS) + np.float32(1e-4)
    slow = (blur(np.where(covered, value, 0).astype(np.float32), SLOW_RADIUS) / weight).astype(np.float64)
    fast = value - slow
    typical = float(slow[covered].mean())
    mixed = SLOW * (slow - typical) / _spread(slow[covered]) + FAST * fast / _spread(fast[covered])
    low, high = np.percentile(mixed[covered], [2, 98])
    share = np.clip((mixed - low) / max(high - low, 1e-6), 0, 1)
    return np.asarray(DARKEST + (1 - DARKEST) * share**1.6, dtype=np.float32)


def is_black(source: Pixels) -> bool:
    """Is there nothing painted in a hair texture (H, W, 4) but its outline?"""
    return bool(luminance(source)[source[..., 3] > 0.5].mean() < BLACK)


def _spread(values: Floats) -> float:
    return max(float(values.std()), 1e-3)


def toward(pattern: Pixels, covered: NDArray[np.bool_], colour: str) -> tuple[Pixels, Pixels]:
    """A grey picture and the factor (linear, (3,)) that together have a mean colour.

    `pattern` (H, W) is light, at most 1, and counts where `covered` (H, W). A factor is at most 1, so a pattern for a
    bright colour is made flatter.
    """
    wanted = linear(from_hex(colour))
    mean = float(pattern[covered].mean())
    least = float(wanted.max()) * ALLOWANCE
    lift = max(0.0, (least - mean) / (1 - mean)) if mean < 1 else 0.0
    flat = lift + (1 - lift) * pattern
    factor = wanted / np.float32(mean + lift * (1 - mean))
    factor /= max(float(factor.max()), 1.0)
    return encoded(flat.astype(np.float32)), factor


def iris(eye: Pixels, colour: str) -> Pixels:
    """The eye texture (H, W, 3), its irises in a colour; pupil, fibres and dark rim keep their pattern."""
    height, width = eye.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) * np.float32(IRIS_SCALE / width)
    radius = np.min([np.hypot(x - cx, y - cy) for cx, cy in IRISES], axis=0)
    ring = (radius > PUPIL) & (radius < RING)
    pattern = linear(eye).mean(axis=-1)
    usual = linear(from_hex(colour)) / float(pattern[ring].mean())
    painted = encoded(np.clip(pattern[..., None] * usual, 0, 1))
    share = np.clip((DISC - radius) / (DISC - RING), 0, 1)[..., None]
    return np.asarray(eye * (1 - share) + painted * share, dtype=np.float32)
