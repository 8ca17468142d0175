"""Our shapes made of theirs: which morph targets of an avatar each viseme and each ARKit shape moves, and how far.

What the avatar calls its targets is understood by `reading`; what it lacks is made from what it has: visemes from ARKit
shapes by our own table, consonants from vowels, a left half from a whole, and if there is no more than one open mouth,
everything from that. Nothing that opens a mouth is ever part of PP, so closed lips stay closed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from digiclone.avatar.foreign.reading import Reading, read
from digiclone.avatar.foreign.vocabulary import CC3, LOOKS, PHONES, RHUBARB, Recipe
from digiclone.avatar.visemes import ARKIT, VISEMES, viseme_weights

How = Literal["direct", "made", "approximate", "bones", "yours", "none"]
"""Whether one of our shapes is driven by its like, by several that make it, by something near, by the eyes' bones, as a
person chose, or not at all."""
Table = dict[str, dict[str, float]]

SPOKEN: Final = tuple(f"viseme_{name}" for name in VISEMES if name != "sil")
OURS: Final = (*SPOKEN, *ARKIT)
"""All that the page may drive. `viseme_sil` is the face at rest."""
_HALVES = frozenset(name.removesuffix("Left") for name in ARKIT if name.removesuffix("Left") + "Right" in ARKIT)
SIDED: Final = _HALVES - {"jaw", "mouth"}
ENOUGH: Final = 0.6
"""The part of a viseme's recipe that must be there for it to be made of ARKit shapes, not of its neighbours."""
MOST_GAIN: Final = 2.0

_JAW: Final[Recipe] = {
    "FF": 0.06, "TH": 0.2, "DD": 0.2, "kk": 0.25, "CH": 0.15, "SS": 0.1, "nn": 0.18, "RR": 0.2,
    "aa": 0.75, "E": 0.5, "I": 0.3, "O": 0.55, "U": 0.25,
}  # fmt: skip
"""How far a mouth that can only open and close does so for each viseme."""
_NEIGHBOURS: Final[Mapping[str, tuple[Recipe, ...]]] = {
    "PP": ({},),
    "FF": ({"I": 0.15}, {"E": 0.12}, {"aa": 0.06}),
    "TH": ({"DD": 1}, {"E": 0.35}, {"I": 0.5}, {"aa": 0.2}),
    "DD": ({"nn": 1}, {"I": 0.35}, {"E": 0.3}, {"aa": 0.2}),
    "kk": ({"DD": 1}, {"E": 0.35}, {"I": 0.35}, {"aa": 0.22}),
    "CH": ({"SS": 0.8}, {"U": 0.45}, {"I": 0.3}, {"aa": 0.12}),
    "SS": ({"CH": 0.5}, {"I": 0.35}, {"E": 0.25}, {"aa": 0.1}),
    "nn": ({"DD": 1}, {"I": 0.3}, {"E": 0.25}, {"aa": 0.15}),
    "RR": ({"U": 0.35}, {"O": 0.3}, {"aa": 0.15}),
    "aa": ({"E": 1.2}, {"O": 1}),
    "E": ({"I": 0.5, "aa": 0.3}, {"aa": 0.6}),
    "I": ({"E": 0.7}, {"aa": 0.3}),
    "O": ({"U": 0.5, "aa": 0.4}, {"aa": 0.6}),
    "U": ({"O": 0.6}, {"aa": 0.2}),
}
"""Each viseme from others, best first: consonants from the vowels that a VRM has."""
_STANDINS: Final[Mapping[str, Recipe]] = {
    "jawOpen": {"viseme_aa": 1}, "mouthPucker": {"viseme_U": 1}, "mouthFunnel": {"viseme_O": 0.6},
    "mouthSmileLeft": {"relaxed": 0.25}, "mouthSmileRight": {"relaxed": 0.25},
    "mouthPressLeft": {"viseme_PP": 0.5}, "mouthPressRight": {"viseme_PP": 0.5},
    "browInnerUp": {"browOuterUpLeft": 0.3, "browOuterUpRight": 0.3},
    "browOuterUpLeft": {"browInnerUp": 0.4}, "browOuterUpRight": {"browInnerUp": 0.4},
}  # fmt: skip
"""A face without the one shape may have the other. Moods as a whole open mouths, so none but the calmest stands in."""


@dataclass(frozen=True, slots=True)
class Talk:
    """`table`: ours -> {theirs: gain}, in the order of `OURS`; `how` says for each of ours where that came from."""

    table: Table
    how: dict[str, How]

    @property
    def talks(self) -> bool:
        """Can it open its mouth?"""
        return bool(self.table["viseme_aa"])

    def counts(self) -> dict[str, int]:
        """How many of our shapes are driven in which way."""
        kinds = list(self.how.values())
        return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def detect(targets: Iterable[str], bones: Iterable[str] = ()) -> Talk:
    """The mapping for an avatar with morph targets of these names, and these bones of `humanoid.BONES`.

    Source of the visemes' recipes: `avatar/visemes.py`; the paper calls this "automatic detection and mapping routines"
    (tinydigiclones, III-E).
    """
    reading = read(tuple(targets))
    table: Table = {}
    how: dict[str, How] = {}

    def settle(ours: str, sources: Mapping[str, float], way: How) -> None:
        if sources and ours not in table:
            table[ours] = {name: round(min(gain, MOST_GAIN), 3) for name, gain in sources.items()}
            how[ours] = way

    for shape in ARKIT:
        sources, sure = _arkit(shape, reading)
        settle(shape, sources, "direct" if sure else "approximate")
    for viseme, sources in _spoken(reading).items():
        settle(f"viseme_{viseme}", sources, "direct" if len(sources) == 1 else "made")
    for viseme, (sources, way) in _made(table).items():
        settle(f"viseme_{viseme}", sources, way)
    for shape, recipe in _STANDINS.items():
        settle(shape, _mixed(recipe, table, reading), "approximate")
    if {"leftEye", "rightEye"} <= set(bones):
        for shape in ARKIT:
            if shape.startswith("eyeLook") and shape not in table:
                how[shape] = "bones"
    return Talk({ours: table.get(ours, {}) for ours in OURS}, {ours: how.get(ours, "none") for ours in OURS})


def identity(targets: Iterable[str]) -> Talk | None:
    """Each of ours moves its namesake, if the avatar has all of ours: then it is a head of digiclone's own."""
    if not set(OURS) <= set(targets):
        return None
    return Talk({ours: {ours: 1.0} for ours in OURS}, dict.fromkeys(OURS, "direct"))


def _arkit(shape: str, reading: Reading) -> tuple[dict[str, float], bool]:
    """What moves this ARKit shape, and whether that is sure."""
    if name := reading.namesake(shape):
        return {name: 1.0}, True
    if "Look" in shape and (looks := _looks(shape, reading)):
        return looks, True
    base = shape.removesuffix("Left").removesuffix("Right")
    if base not in SIDED:
        return reading.find(shape)
    side = "Left" if shape.endswith("Left") else "Right"
    own, sure = reading.find(base, side)
    if own:
        return own, sure
    # both halves of a whole together are the whole
    whole, sure = reading.find(base, "")
    return {name: gain / 2 for name, gain in whole.items()}, sure


def _looks(shape: str, reading: Reading) -> dict[str, float]:
    for (turned, eye), ours in LOOKS.items():
        if ours == shape:
            if name := reading.looks.get((turned, eye)):
                return {name: 1.0}
            # one target for both eyes
            if name := reading.looks.get((turned, "")):
                return {name: 0.5}
    return {}


def _spoken(reading: Reading) -> dict[str, dict[str, float]]:
    """Visemes that the avatar has as such."""
    sounds = reading.sounds
    if {"explosive", "dentallip"} <= sounds.keys():
        return {viseme: _recipe(recipe, sounds) for viseme, recipe in CC3.items()}
    if set("bcdgh") <= sounds.keys() and not {"aa", "oh"} & sounds.keys():
        return {viseme: _recipe(recipe, sounds) for viseme, recipe in RHUBARB.items()}
    found = {viseme: next((s for s in names if s in sounds), None) for viseme, names in PHONES.items()}
    return {viseme: {sounds[sound]: 1.0} for viseme, sound in found.items() if sound}


def _recipe(recipe: Recipe, sounds: Mapping[str, str]) -> dict[str, float]:
    return {sounds[sound]: gain for sound, gain in recipe.items() if sound in sounds}


def _made(table: Table) -> dict[str, tuple[dict[str, float], How]]:
    """Visemes that the avatar has not, from what it has."""
    made: dict[str, tuple[dict[str, float], How]] = {}
    for viseme in (name.removeprefix("viseme_") for name in SPOKEN):
        weights = viseme_weights(viseme)
        there = {shape: weight for shape, weight in weights.items() if shape in table}
        share = sum(there.values()) / sum(weights.values())
        jaw = "jawOpen" in table
        if (jaw or viseme == "PP") and share >= ENOUGH:
            made[viseme] = _sum(there, table), "made"
        elif near := _from_neighbours(viseme, table):
            made[viseme] = near, "approximate"
        elif jaw and viseme in _JAW:
            # with fewer lips the jaw does more
            opening = share * weights.get("jawOpen", 0.0) + (1 - share) * _JAW[viseme]
            made[viseme] = _sum(there | {"jawOpen": opening}, table), "approximate"
        elif viseme == "PP" and there:
            made[viseme] = _sum(there, table), "approximate"
    return made


def _from_neighbours(viseme: str, table: Table) -> dict[str, float]:
    for recipe in _NEIGHBOURS[viseme]:
        parts = {f"viseme_{name}": gain for name, gain in recipe.items()}
        if parts and all(name in table for name in parts):
            return _sum(parts, table)
    return {}


def _mixed(recipe: Recipe, table: Table, reading: Reading) -> dict[str, float]:
    """A recipe of our own shapes, or of targets by their plain names."""
    if all(name in table for name in recipe):
        return _sum(recipe, table)
    return {reading.plain[name]: gain for name, gain in recipe.items() if name in reading.plain}


def _sum(weights: Recipe, table: Table) -> dict[str, float]:
    total: dict[str, float] = {}
    for shape, weight in weights.items():
        for name, gain in table[shape].items():
            total[name] = total.get(name, 0.0) + weight * gain
    return total
