"""The nouns. Standard library and numpy only; everything else may import this."""

from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """Sound that knows its own rate."""

    samples: np.ndarray
    """Mono waveform, float32 in [-1, 1], shape (n,)."""
    rate: int
    """Samples per second."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


@dataclass(frozen=True, slots=True)
class Mark:
    """A symbol and when it happens. Seconds, from an origin that the holder names."""

    symbol: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, eq=False)
class Speech(Audio):
    """Synthetic speech that knows what it says."""

    text: str = ""
    phones: tuple[Mark, ...] = ()
    """Phones with times from the start of this chunk; a space parts words. Empty when the synthesiser cannot align."""

    def heard_by(self, seconds: float) -> str:
        """The words of `text` that have sounded, whole, `seconds` after this chunk began to play."""
        words = self.text.split()
        if seconds >= self.seconds:
            return self.text
        ends = _word_ends(self.phones)
        if len(ends) != len(words):  # "42" is one word but two spoken ones: fall back to an even pace
            ends = [self.seconds * (i + 1) / len(words) for i in range(len(words))]
        return " ".join(word for word, end in zip(words, ends, strict=True) if end <= seconds)


def _word_ends(phones: tuple[Mark, ...]) -> list[float]:
    ends: list[float] = []
    inside = False
    for phone in phones:
        if phone.symbol == " ":
            inside = False
        elif inside:
            ends[-1] = phone.end
        else:
            ends.append(phone.end)
            inside = True
    return ends


@dataclass(frozen=True, slots=True)
class Message:
    """One side's words in a conversation."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """What somebody said, and what was answered."""

    asked: str
    answered: str


@dataclass(frozen=True, slots=True)
class Memory(Exchange):
    """One that was."""

    number: int
    """By which it can be forgotten."""
    at: float
    """Unix time."""
