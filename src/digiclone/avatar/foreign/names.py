"""Words out of names: `Facial_Blends.EyesClosed_L` is eye, close, on the left side."""

import difflib
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Literal

Side = Literal["", "Left", "Right"]

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_A-Za-z]+")
_CONTROL = re.compile(r"(?:^|(?<=_))e?CTRL_?(?=[A-Zv])")
"""Daz Studio's prefix, which would run into the word after it."""
_SIDES: dict[str, Side] = {
    "l": "Left", "r": "Right", "left": "Left", "right": "Right", "lf": "Left", "rt": "Right", "lft": "Left",
    "rgt": "Right", "左": "Left", "右": "Right",
}  # fmt: skip
_SPELLINGS = """
eye: eyes eyeball eyeballs
brow: brows eyebrow eyebrows brw
lip: lips lipp
lid: lids eyelid eyelids
cheek: cheeks
mouth: mth mund boca bouche
close: closed closes closing shut shuts closure
open: opened opens opening offen abierta ouverte
raise: raiser raised raises raising lift lifted
lower: lowerer lowered lowers bottom btm lwr
upper: top upr
blink: blinks blinking winks wink
smile: smiles smiling grin
frown: frowns frowning
pucker: puckerer puckered puckers pursed purse
funnel: funneler funneled funnels
press: pressor pressed presses pressing
stretch: stretcher stretched stretches strecher
pull: puller pulled pulls
depress: depressor depressed depresses
tight: tightener tightened tighten tightens
dimple: dimpler dimples dimpled
squint: squinting squints squinch
wide: wider widen widened
wrinkle: wrinkler wrinkled wrinkles scrunch crinkle
puff: puffed puffs inflate inflated blow
forward: fwd foreward forwards thrust
look: looking looks gaze
drop: dropped drops
roll: rolled rolls
corner: corners crnr
suck: sucked sucks
"""
_SAME = {
    spelling: word
    for word, _, spellings in (line.partition(":") for line in _SPELLINGS.strip().splitlines())
    for spelling in spellings.split()
}


@dataclass(frozen=True, slots=True)
class Words:
    """A name in lower-case words of one spelling; its side taken out. `turned` is a second side: where something goes,
    as in `EYES_LOOK_LEFT_R`."""

    words: tuple[str, ...]
    side: Side = ""
    turned: Side = ""
    raw: tuple[str, ...] = ()
    """All of it in lower case, as it was spelt: R may be a side or a sound."""


@cache
def words(name: str) -> Words:
    """Reads a name. Numbers stay; letters of scripts without capitals stay together."""
    plain = _CONTROL.sub("ctrl_", unicodedata.normalize("NFKC", name))
    found: list[str] = _WORD.findall(plain)
    # lEye, rShldrBend
    if len(found) > 1 and found[0] in ("l", "r") and found[1][:1].isupper():
        found = [*found[1:], found[0]]
    lower: list[str] = [str(word).lower() for word in found]
    sides: list[Side] = [_SIDES[word] for word in lower if word in _SIDES]
    rest = tuple(_SAME.get(word, word) for word in lower if word not in _SIDES)
    if len(sides) > 1:
        *_, turned, side = sides
        # Eye_L_Look_R, but EYES_LOOK_LEFT_R
        if "look" in lower and any(word in _SIDES for word in lower[: lower.index("look")]):
            turned, side = side, turned
        return Words(rest, side, turned, tuple(lower))
    return Words(rest, sides[0] if sides else "", raw=tuple(lower))


def repair(word: str, known: frozenset[str]) -> str:
    """The word of `known` that a misspelt one is; itself if there is none."""
    if len(word) < 4 or word in known or word.isdigit():
        return word
    if swapped := [k for k in known if sorted(k) == sorted(word)]:
        return swapped[0]
    near = difflib.get_close_matches(word, sorted(k for k in known if abs(len(k) - len(word)) < 3), n=1, cutoff=0.8)
    return near[0] if near else word
