"""What a reader writes: letters as people write them, with capitals and the marks that English has."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

BLANK = 0
"""Stands for "nothing new"."""
LETTERS = "\0 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,?!-"
_NUMBERS = {letter: number for number, letter in enumerate(LETTERS)}
_ALIKE = str.maketrans({"’": "'", "‘": "'", "`": "'", "–": "-", "—": "-", ";": ",", ":": ",", "…": "."})


def numbers(text: str) -> list[int]:
    """A text in these letters: accents are dropped, marks that are not among them become one that is, or nothing."""
    plain = unicodedata.normalize("NFKD", text.translate(_ALIKE))
    kept = "".join(letter for letter in " ".join(plain.split()) if letter in _NUMBERS and letter != "\0")
    return [_NUMBERS[letter] for letter in " ".join(kept.split())]


def text(found: Iterable[int]) -> str:
    """The text of letters."""
    return "".join(LETTERS[number] for number in found if number != BLANK)


def collapsed(path: Sequence[int]) -> list[int]:
    """A letter for each frame to letters: what repeats is one, and blanks are none."""
    return [number for place, number in enumerate(path) if number != BLANK and (not place or path[place - 1] != number)]
