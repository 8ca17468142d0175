"""The pieces of words that Moonshine writes in: SentencePiece's byte-pair encoding, by a table in a file."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

_SPACE = "▁".encode()
_BYTES = 3
"""The number of the piece that is the byte 0; those of the others follow."""


class Pieces:
    """Of a table: for each piece its length (one byte, or two above 127: low seven bits, then the rest) and its bytes.
    The sooner a piece stands in it, the sooner its parts are joined."""

    def __init__(self, table: bytes) -> None:
        self._pieces: list[bytes] = []
        at = 0
        while at < len(table):
            length = table[at]
            at += 1
            if length >= 128:
                length += (table[at] - 1) * 128
                at += 1
            self._pieces.append(table[at : at + length])
            at += length
        self._numbers = {piece: number for number, piece in enumerate(self._pieces) if number >= _BYTES + 256}

    def text(self, numbers: Iterable[int]) -> str:
        """What pieces say together."""
        whole = b"".join(self._pieces[number] for number in numbers)
        return whole.replace(_SPACE, b" ").decode("utf-8", "replace").strip()

    def numbers(self, text: str) -> list[int]:
        """The pieces of a text, as the recogniser learnt to write it; of letters that it has not, their bytes."""
        parts = [letter.encode() for letter in f" {text}".replace(" ", _SPACE.decode())]
        while True:
            joined = [self._numbers.get(one + two, len(self._pieces)) for one, two in pairwise(parts)]
            if not joined or (first := min(joined)) == len(self._pieces):
                break
            at = joined.index(first)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        return [number for part in parts for number in self._of(part)]

    def _of(self, part: bytes) -> list[int]:
        return [self._numbers[part]] if part in self._numbers else [_BYTES + byte for byte in part]
