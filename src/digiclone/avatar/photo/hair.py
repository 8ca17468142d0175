"""Hair in a photo: where it is, and which of our styles it is most like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digiclone.avatar.mesh import Floats
from digiclone.avatar.photo import masks
from digiclone.avatar.photo.masks import Mask
from digiclone.avatar.texture import Pixels

TOP, CHIN, TEMPLES, CHEEKS = 10, 152, (127, 356), (234, 454)
# Fewer pixels than this tell nothing.
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
# Below the ears, and so many half faces to the sides, is jaw and neck.
NECK = 1.1
# A fringe covers this share of the forehead.
FRINGE = 0.15


@dataclass(frozen=True, eq=False)
class Hair:
    """Pixels (H, W) of hair, none where that is unclear; `shaved` where the skin goes on above the forehead."""

    mask: NDArray[np.bool_]
    shaved: bool


def find_hair(picture: Pixels, points: Floats, person: Mask) -> Hair:
    """Look for hair; `points` (468, 2) in pixels, `person` (H, W) 0..1.

    What lies above the forehead is hair, a hat or skin; beside the temples no hat hides the hair. Whatever of the
    person is more like it than like the skin, and hangs together with it, is hair.
    """
    shape, upright = (picture.shape[0], picture.shape[1]), _upright(points)
    face = masks.inside(points, masks.FACE, *shape)
    around = (person > 0.6) & (~face | masks.above(points, masks.BROW_ENDS, 0.05, *shape))
    # skin in the shadow of a chin looks like brown hair
    side = NECK * _half_face(points, upright)
    around &= ~_within(shape, points[CHIN, :2], upright, (-side, BOB, side, np.inf))
    bare = _Colours.of(masks.bare_samples(picture, points))
    above = around & ~face & _within(shape, points[TOP, :2], upright, (-0.4, -ABOVE, 0.4, -0.08))
    beside = (
        around
        & ~face
        & (
            _within(shape, points[TEMPLES[0], :2], upright, (-BESIDE, -0.35, -0.02, 0.0))
            | _within(shape, points[TEMPLES[1], :2], upright, (0.02, -0.35, BESIDE, 0.0))
        )
    )
    bald = not above.any() or bare.like(picture[above])
    seeds = [place for place in (beside, above) if place.sum() > FEW and _is_hair(picture[place], bare)]
    if not seeds:
        return Hair(np.zeros(shape, dtype=bool), bald)
    # where the two differ, what is above is a hat
    seed = seeds[0] if len(seeds) == 1 or not _Colours.of(picture[beside]).like(picture[above]) else beside | above
    hair = _Colours.of(picture[seed])
    found = around & (hair.distance(picture) < np.minimum(bare.distance(picture), STRANGE))
    return Hair(_hanging_together(found, seed), shaved=False)


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


def style(hair: NDArray[np.bool_], points: Floats, person: Mask) -> str:
    """The style of `look` whose outline is nearest to that of some hair (H, W)."""
    upright = _upright(points)
    across, down = _coordinates((hair.shape[0], hair.shape[1]), points[CHIN, :2], upright)
    face = _half_face(points, upright)
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


def _half_face(points: Floats, upright: Floats) -> float:
    """From the middle of a face to its side, in head units."""
    return abs(float((points[CHEEKS[1], :2] - points[CHEEKS[0], :2]) @ upright[0] / (upright[0] @ upright[0]))) / 2


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
