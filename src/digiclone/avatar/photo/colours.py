"""What the photo shows of hair and eyes: the answer to `auto`."""

from __future__ import annotations

import numpy as np

from digiclone.avatar.complexion import TONES
from digiclone.avatar.mesh import Floats
from digiclone.avatar.photo import masks
from digiclone.avatar.photo.face import Guess
from digiclone.avatar.photo.hair import Hair, style
from digiclone.avatar.photo.landmarks import Iris
from digiclone.avatar.photo.masks import LEFT_EYE, RIGHT_EYE, Mask
from digiclone.avatar.texture import Color, Pixels, color, luminance, triple

# Skin whose channels differ by less than this is of a photo without colours.
PALE = 0.03
# Shares of an iris's radius between which its colour is: outside the pupil, inside the limbal ring.
RING = (0.40, 0.85)
# Fewer pixels than this tell no colour.
FEW = 12


def guess(picture: Pixels, points: Floats, irises: tuple[Iris, Iris], person: Mask, hair: Hair) -> Guess:
    """Look at hair and eyes; `points` (468, 2) in pixels, `person` (H, W) 0..1."""
    grey = is_grey(picture, points)
    eyes = None if grey else iris_colour(picture, points, irises)
    if not hair.mask.any():
        return Guess("none" if hair.shaved else None, None, eyes)
    colour = None if grey else _hexadecimal(_usual(picture[hair.mask]))
    return Guess(style(hair.mask, points, person), colour, eyes)


def _usual(hair: Pixels) -> Pixels:
    """What people call the colour of hair (P, 3): not that of its shadows."""
    bright = hair.sum(axis=1)
    return np.median(hair[bright > np.percentile(bright, 35)], axis=0)


def is_grey(picture: Pixels, points: Floats) -> bool:
    """Is it a photo without colours?"""
    bare = masks.bare_samples(picture, points)
    return float(np.median(bare.max(axis=1) - bare.min(axis=1))) < PALE


def coloured(skin: Pixels, tone: Color) -> tuple[Pixels, Color]:
    """A grey skin (H, W, 3) and its tone in the hue that skin of that brightness usually has."""
    bright = float(luminance(color(tone)))
    dark, light = (color(TONES[name]) for name in ("african", "caucasian"))
    share = np.clip((bright - luminance(dark)) / (luminance(light) - luminance(dark)), 0, 1)
    usual = np.asarray(dark + (light - dark) * share, dtype=np.float32)
    hue = usual / luminance(usual)
    return np.minimum(skin * hue, np.float32(1)), triple(np.minimum(color(tone) * hue, np.float32(1)))


def iris_colour(picture: Pixels, points: Floats, irises: tuple[Iris, Iris]) -> str | None:
    """`#rrggbb` of the irises, or None where they cannot be seen."""
    height, width = picture.shape[:2]
    found: list[Pixels] = []
    for iris in irises:
        y, x = np.mgrid[0:height, 0:width]
        share = np.hypot(x - iris.centre[0], y - iris.centre[1]) / iris.radius
        ring = (share > RING[0]) & (share < RING[1])
        for lids in (RIGHT_EYE, LEFT_EYE):
            found.append(picture[ring & masks.inside(points, lids, height, width, -0.15 * iris.radius)])
    pixels = np.concatenate(found)
    if len(pixels) < FEW:
        return None
    # neither the highlight nor the shadow of the lid
    bright = pixels.sum(axis=1)
    low, high = np.percentile(bright, [35, 85])
    return _hexadecimal(np.median(pixels[(bright >= low) & (bright <= high)], axis=0))


def _hexadecimal(colour: Floats | Pixels) -> str:
    return "#" + "".join(f"{round(255 * float(np.clip(value, 0, 1))):02x}" for value in colour)
