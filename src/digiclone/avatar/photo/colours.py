"""What the photo shows of hair and eyes: the answer to `auto`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digiclone.avatar.complexion import TONES
from digiclone.avatar.mesh import Floats
from digiclone.avatar.photo import masks
from digiclone.avatar.photo.face import Guess
from digiclone.avatar.photo.landmarks import Iris
from digiclone.avatar.photo.masks import LEFT_EYE, RIGHT_EYE, Mask
from digiclone.avatar.texture import Color, Pixels, color, luminance, triple

TOP, CHIN, TEMPLES, CHEEKS = 10, 152, (127, 356), (234, 454)
# Skin whose channels differ by less than this is of a photo without colours.
PALE = 0.03
# Shares of an iris's radius between which its colour is: outside the pupil, inside the limbal ring.
RING = (0.40, 0.85)
# Fewer pixels than this tell no colour.
FEW = 12
# In eye distances: how far beside the temples and above the forehead hair is looked for.
BESIDE, ABOVE = 0.28, 0.55
# Two clouds of colours are one if they are this many spreads apart; beyond the second a pixel is of neither.
ALIKE, STRANGE = 2.5, 5.0
NARROWEST = 0.06
# Logarithms of colours that spread more than this are of several things.
MOTLEY = 0.75
# In eye distances below the chin: from here on hair is long; and from above it, a bob.
LONG, BOB = 0.55, -0.75
# Hair this many times as wide as the face, and no longer than a bob, is an afro; from the second on, it is full.
ROUND, FULL = 1.75, 1.2
# A fringe covers this share of the forehead.
FRINGE = 0.15


def guess(picture: Pixels, points: Floats, irises: tuple[Iris, Iris], person: Mask) -> Guess:
    """Look at hair and eyes; `points` (468, 2) in pixels, `person` (H, W) 0..1."""
    upright = _upright(points)
    hair, shaved = hair_mask(picture, points, person, upright)
    grey = is_grey(picture, points)
    eyes = None if grey else iris_colour(picture, points, irises)
    if not hair.any():
        return Guess("none" if shaved else None, None, eyes)
    colour = None if grey else _hexadecimal(_usual(picture[hair]))
    return Guess(_style(hair, points, person, upright), colour, eyes)


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


def _upright(points: Floats) -> Floats:
    """Axes (2, 2) of the head in the picture, in pixels per eye distance: to the viewer's right, and down."""
    right = points[masks.CORNERS[1], :2] - points[masks.CORNERS[0], :2]
    return np.stack([right, np.array([-right[1], right[0]])])


def _within(
    shape: tuple[int, int], origin: Floats, axes: Floats, box: tuple[float, float, float, float]
) -> NDArray[np.bool_]:
    """Pixels (H, W) in a box (left, top, right, bottom) of head units around a point."""
    across, down = _coordinates(shape, origin, axes)
    left, top, right, bottom = box
    return (across > left) & (across < right) & (down > top) & (down < bottom)


def _coordinates(shape: tuple[int, int], origin: Floats, axes: Floats) -> tuple[Floats, Floats]:
    """Head units across and down (H, W) of every pixel, from a point in pixels."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    offset = np.stack([x - origin[0], y - origin[1]], axis=-1) / (axes[0] @ axes[0])
    return offset @ axes[0], offset @ axes[1]


def hair_mask(picture: Pixels, points: Floats, person: Mask, upright: Floats) -> tuple[NDArray[np.bool_], bool]:
    """Pixels (H, W) of hair, none where it is unclear; and whether the head is shaved.

    What lies above the forehead is hair, a hat or skin; beside the temples no hat hides the hair. Whatever of the
    person is more like it than like the skin, and hangs together with it, is hair.
    """
    shape = (picture.shape[0], picture.shape[1])
    face = masks.inside(points, masks.FACE, *shape)
    around = (person > 0.6) & (~face | masks.above(points, masks.BROW_ENDS, 0.05, *shape))
    bare = _Colours.of(masks.bare_samples(picture, points))
    above = around & ~face & _within(shape, points[TOP, :2], upright, (-0.4, -ABOVE, 0.4, -0.08))
    beside = (
        around
        & ~face
        & (
            _within(shape, points[TEMPLES[0], :2], upright, (-BESIDE, -0.3, -0.02, 0.2))
            | _within(shape, points[TEMPLES[1], :2], upright, (0.02, -0.3, BESIDE, 0.2))
        )
    )
    bald = not above.any() or bare.like(picture[above])
    seeds = [place for place in (beside, above) if place.sum() > FEW and _is_hair(picture[place], bare)]
    if not seeds:
        return np.zeros(shape, dtype=bool), bald
    # where the two differ, what is above is a hat
    seed = seeds[0] if len(seeds) == 1 or not _Colours.of(picture[beside]).like(picture[above]) else beside | above
    hair = _Colours.of(picture[seed])
    found = around & (hair.distance(picture) < np.minimum(bare.distance(picture), STRANGE))
    return _hanging_together(found, seed), False


def _is_hair(pixels: Pixels, bare: _Colours) -> bool:
    """One material, and not skin."""
    return float(_logs(pixels).std(axis=0).mean()) < MOTLEY and not bare.like(pixels)


@dataclass(frozen=True)
class _Colours:
    """A cloud of colours: the `middle` (3,) of their logarithms, and the inverse of their `spread` (3, 3)."""

    middle: Floats
    spread: Floats

    @classmethod
    def of(cls, pixels: Pixels) -> _Colours:
        logs = _logs(pixels)
        middle = np.median(logs, axis=0)
        near = logs[np.linalg.norm(logs - middle, axis=1) <= np.percentile(np.linalg.norm(logs - middle, axis=1), 80)]
        return cls(middle, np.asarray(np.linalg.inv(np.cov(near.T) + NARROWEST**2 * np.eye(3)), dtype=np.float64))

    def distance(self, pixels: Pixels) -> Floats:
        """How many spreads (...) away colours (..., 3) are."""
        off = _logs(pixels) - self.middle
        return np.sqrt(np.einsum("...i,ij,...j->...", off, self.spread, off))

    def like(self, pixels: Pixels) -> bool:
        """Are most of these pixels (P, 3) of this cloud?"""
        return float(np.median(self.distance(pixels))) < ALIKE


def _logs(pixels: Pixels) -> Floats:
    return np.log(np.maximum(pixels.astype(np.float64), 0.02))


def _hanging_together(alike: NDArray[np.bool_], seed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    label = np.zeros(alike.shape, dtype=np.int32)
    ndimage.label(ndimage.binary_closing(alike, iterations=2), output=label)
    return alike & np.isin(label, np.unique(label[seed & (label > 0)]))


def _style(hair: NDArray[np.bool_], points: Floats, person: Mask, upright: Floats) -> str:
    """The style of `look` whose outline is nearest."""
    across, down = _coordinates((hair.shape[0], hair.shape[1]), points[CHIN, :2], upright)
    face = abs(float((points[CHEEKS[1], :2] - points[CHEEKS[0], :2]) @ upright[0] / (upright[0] @ upright[0]))) / 2
    shoulders = _shoulders(person, across, down, face)
    beside = hair & (np.abs(across) > 0.8 * face) & (np.abs(across) < 2 * face) & (down < shoulders)
    reach = float(np.percentile(down[beside], 97)) if beside.sum() > FEW else -np.inf
    on_head = hair & (down < 0)
    wide = float(np.percentile(np.abs(across[on_head]), 97)) / face if on_head.any() else 0.0
    fringe = _over_forehead(hair, points)
    if reach > min(LONG, shoulders - 0.15):
        return "long01"
    if wide > ROUND:
        return "afro01"
    if reach > BOB:
        # a bob with a fringe hides an eye: only where the person has one, too
        return "bob02" if fringe else "long01"
    return "short02" if fringe else "short01" if wide > FULL else "short04"


def _over_forehead(hair: NDArray[np.bool_], points: Floats) -> bool:
    """Does hair hang into the face above the brows?"""
    height, width = hair.shape
    forehead = masks.inside(points, masks.FACE, height, width)
    forehead &= masks.above(points, masks.BROW_ENDS, 0.05, height, width)
    return bool(hair[forehead].mean() > FRINGE) if forehead.any() else False


def _shoulders(person: Mask, across: Floats, down: Floats, face: float) -> float:
    """How far below the chin the person gets wide, in head units: below that, what is dark may be a coat."""
    outside = (person > 0.6) & (np.abs(across) > 2 * face) & (down > 0)
    return float(np.percentile(down[outside], 2)) if outside.any() else np.inf


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
