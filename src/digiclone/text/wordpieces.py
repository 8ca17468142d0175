"""The pieces of words that BERT's models without capitals read: WordPiece (Devlin et al. 2019)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

LONGEST = 100
"""Letters of a word that is cut into pieces; a longer one is no word."""
_HAN = ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FA1F))
"""Signs that are words by themselves."""


class WordPieces:
    """Of a vocabulary: the number of each piece; what goes on within a word begins with "##"."""

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self._numbers = vocabulary
        self._begin, self._end, self._unknown = (vocabulary[name] for name in ("[CLS]", "[SEP]", "[UNK]"))

    def numbers(self, text: str, most: int) -> list[int]:
        """Those of a text, with its begin and end: at most so many."""
        found = [number for word in _words(text) for number in self._cut(word)]
        return [self._begin, *found[: most - 2], self._end]

    def _cut(self, word: str) -> list[int]:
        """The longest piece that it begins with, and so on; if nothing fits, it is unknown as a whole."""
        found, at = list[int](), 0
        while at < len(word) <= LONGEST:
            rest = ("##" if at else "") + word[at:]
            least = 3 if at else 1
            piece = next((rest[:end] for end in range(len(rest), least - 1, -1) if rest[:end] in self._numbers), "")
            if not piece:
                return [self._unknown]
            found.append(self._numbers[piece])
            at += len(piece) - (2 if at else 0)
        return found or [self._unknown]


def _words(text: str) -> Iterator[str]:
    """Without capitals and accents; marks stand alone."""
    plain = unicodedata.normalize("NFD", "".join(map(_spaced, text))).lower()
    for run in "".join(letter for letter in plain if unicodedata.category(letter) != "Mn").split():
        word = ""
        for letter in run:
            if _is_mark(letter):
                yield from filter(None, (word, letter))
                word = ""
            else:
                word += letter
        if word:
            yield word


def _spaced(letter: str) -> str:
    kind = unicodedata.category(letter)
    if letter in "\t\n\r" or kind == "Zs":
        return " "
    if letter in "\0\ufffd" or kind.startswith("C"):
        return ""
    return f" {letter} " if any(first <= ord(letter) <= last for first, last in _HAN) else letter


def _is_mark(letter: str) -> bool:
    return (letter.isascii() and not letter.isalnum()) or unicodedata.category(letter).startswith("P")
