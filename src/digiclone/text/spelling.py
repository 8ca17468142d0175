"""How English is spelt: how likely a letter is behind others. A character n-gram model, interpolated after Witten and
Bell (1991), as `digiclone.train.spelling` counted it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from math import log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digiclone.text.letters import LETTERS

BITS = 6
"""Of a letter: there are 60."""
SHIPPED = Path(__file__).with_name("spelling.npz")
BEGIN = LETTERS.index(" ")
"""Stands before every text."""
UNSEEN = log(1e-4)
"""Of a letter that no text had."""
Runs = tuple[NDArray[np.int64], NDArray[np.float32]]


def packed(letters: Iterable[int]) -> int:
    """Letters as one number."""
    found = 0
    for letter in letters:
        found = found << BITS | letter
    return found


class Spelling:
    """`grams[n]`: keys of n + 1 letters in order, and the log-probability of the last one behind the others;
    `left[n]`: keys of n letters, and the logarithm of what is left for letters never seen behind them."""

    def __init__(self, grams: Sequence[Runs], left: Sequence[Runs]) -> None:
        self._grams, self._left = grams, left
        self._known: dict[tuple[int, ...], NDArray[np.float32]] = {}

    @property
    def order(self) -> int:
        """How many letters are looked at together."""
        return len(self._grams)

    def behind(self, before: tuple[int, ...]) -> NDArray[np.float32]:
        """The log-probabilities (letters,) of each letter behind the last ones of `before`."""
        asked = before[1 - self.order :] if self.order > 1 else ()
        if (known := self._known.get(asked)) is None:
            if len(self._known) > 50_000:
                self._known.clear()
            known = self._known[asked] = self._behind(asked)
        return known

    def _behind(self, before: tuple[int, ...]) -> NDArray[np.float32]:
        """Where no run of letters is known, what is left is shared out as behind fewer letters (Katz 1987)."""
        if before:
            keys, left = self._left[len(before)]
            place, key = int(np.searchsorted(keys, packed(before))), packed(before)
            known = place < len(keys) and keys[place] == key
            found = self.behind(before[1:]) + (left[place] if known else np.float32(0))
        else:
            found = np.full(len(LETTERS), UNSEEN, np.float32)
        keys, values = self._grams[len(before)]
        begin, end = np.searchsorted(keys, (packed(before) << BITS, (packed(before) + 1) << BITS))
        found[keys[begin:end] & (1 << BITS) - 1] = values[begin:end]
        return found


@cache
def english() -> Spelling:
    """The one that comes with the package."""
    with np.load(SHIPPED) as kept:
        order = int(kept["order"])
        grams = [(np.cumsum(kept[f"keys-{n}"]), kept[f"values-{n}"].astype(np.float32)) for n in range(order)]
        left = [(np.cumsum(kept[f"before-{n}"]), kept[f"left-{n}"].astype(np.float32)) for n in range(order)]
    return Spelling(grams, left)
