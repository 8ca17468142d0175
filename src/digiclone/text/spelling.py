"""How English is spelt: how likely a letter is behind others. A character n-gram model, interpolated after Witten and
Bell (1991), as `digiclone.train.spelling` counted it; and a search of what was said by sound and spelling together.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from math import exp, inf, log, log1p
from pathlib import Path

import numpy as np

from digiclone.text.letters import BLANK, LETTERS

BITS = 6
"""Of a letter: there are 60."""
SHIPPED = Path(__file__).with_name("spelling.npz")
BEGIN = LETTERS.index(" ")
"""Stands before every text."""


def _listed(kind: str, values: np.ndarray) -> array:
    """Numbers that Python reads one by one quicker than numpy does."""
    found = array(kind)
    found.frombytes(values.astype(np.int64 if kind == "q" else np.float32).tobytes())
    return found


def packed(letters: Iterable[int]) -> int:
    """Letters as one number."""
    found = 0
    for letter in letters:
        found = found << BITS | letter
    return found


class Spelling:
    """`grams[n]`: keys of n + 1 letters in order, and the log-probability of the last one behind the others;
    `left[n]`: keys of n letters, and the logarithm of what is left for letters never seen behind them."""

    def __init__(self, grams: list[tuple[np.ndarray, np.ndarray]], left: list[tuple[np.ndarray, np.ndarray]]) -> None:
        self._grams = [(_listed("q", keys), _listed("f", values)) for keys, values in grams]
        self._left = [(_listed("q", keys), _listed("f", values)) for keys, values in left]
        self._known: dict[tuple[tuple[int, ...], int], float] = {}

    @property
    def order(self) -> int:
        """How many letters are looked at together."""
        return len(self._grams)

    def likely(self, before: tuple[int, ...], letter: int) -> float:
        """The log-probability of a letter behind the last ones of `before`."""
        asked = (before[1 - self.order :] if self.order > 1 else ()), letter
        if (known := self._known.get(asked)) is None:
            known = self._known[asked] = self._likely(*asked)
            if len(self._known) > 200_000:
                self._known.clear()
        return known

    def _likely(self, before: tuple[int, ...], letter: int) -> float:
        total = 0.0
        while True:
            keys, values = self._grams[len(before)]
            key = packed((*before, letter))
            place = bisect_left(keys, key)
            if place < len(keys) and keys[place] == key:
                return total + values[place]
            if not before:
                return total + log(1e-4)
            keys, values = self._left[len(before)]
            place, key = bisect_left(keys, packed(before)), packed(before)
            if place < len(keys) and keys[place] == key:
                total += values[place]
            before = before[1:]


@cache
def english() -> Spelling:
    """The one that comes with the package."""
    with np.load(SHIPPED) as kept:
        order = int(kept["order"])
        grams = [(np.cumsum(kept[f"keys-{n}"]), kept[f"values-{n}"].astype(np.float32)) for n in range(order)]
        left = [(np.cumsum(kept[f"before-{n}"]), kept[f"left-{n}"].astype(np.float32)) for n in range(order)]
    return Spelling(grams, left)


@dataclass(frozen=True)
class Search:
    """How sound and spelling are weighed."""

    beams: int = 12
    weight: float = 0.5
    """Of the spelling's logarithm beside the sound's."""
    longer: float = 0.8
    """What a letter is worth by itself: without it, short readings win."""
    least: float = field(default=log(1e-4))
    """Letters less likely than this at a moment are not tried."""


@dataclass
class _Beam:
    """Of letters: log-probabilities of all paths to them that end in a blank, or in their last letter; what they are
    worth by their spelling."""

    blank: float = -inf
    letter: float = -inf
    worth: float = 0.0

    @property
    def score(self) -> float:
        return _sum(self.blank, self.letter) + self.worth


def read(likely: np.ndarray, spelling: Spelling, how: Search | None = None) -> list[int]:
    """The letters of log-probabilities (N, letters) that are likeliest by sound and spelling: a prefix beam search
    (Hannun et al. 2014) over those that are not certain anyway."""
    how = how or Search()
    beams: dict[tuple[int, ...], _Beam] = {(): _Beam(blank=0.0)}
    for moment in likely:
        tried = [int(letter) for letter in np.flatnonzero(moment > how.least) if letter != BLANK]
        grown: dict[tuple[int, ...], _Beam] = {}
        for text, beam in beams.items():
            _grow(text, beam, moment, tried, grown, spelling, how)
        best = sorted(grown.items(), key=lambda one: -one[1].score)[: how.beams]
        beams = dict(best)
    return list(max(beams.items(), key=lambda one: one[1].score)[0])


def _grow(
    text: tuple[int, ...],
    beam: _Beam,
    moment: np.ndarray,
    tried: list[int],
    grown: dict[tuple[int, ...], _Beam],
    spelling: Spelling,
    how: Search,
) -> None:
    """What a moment makes of a text: the same, or one letter more."""
    both = _sum(beam.blank, beam.letter)
    same = grown.setdefault(text, _Beam(worth=beam.worth))
    same.blank = _sum(same.blank, both + float(moment[BLANK]))
    if text:
        same.letter = _sum(same.letter, beam.letter + float(moment[text[-1]]))
    for letter in tried:
        before = beam.blank if text and text[-1] == letter else both
        if before == -inf:
            continue
        longer = (*text, letter)
        if (next_ := grown.get(longer)) is None:
            worth = how.weight * spelling.likely((BEGIN, *text), letter) + how.longer
            next_ = grown[longer] = _Beam(worth=beam.worth + worth)
        next_.letter = _sum(next_.letter, before + float(moment[letter]))


def _sum(a: float, b: float) -> float:
    """The logarithm of the sum of two numbers given by theirs."""
    if a < b:
        a, b = b, a
    return a if b == -inf else a + log1p(exp(b - a))
