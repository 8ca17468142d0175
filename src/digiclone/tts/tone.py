"""Hums one tone per letter, with exact phone times. No weights, no packages."""

import time
from collections.abc import Iterator

import numpy as np

from digiclone.config import Strict
from digiclone.types import Mark, Speech

NEEDS = ()
MODELS = ()
_RATE = 22_050


class Options(Strict):
    seconds_per_letter: float = 0.06
    seconds_to_think: float = 0.0


class Backend:
    def __init__(self, options: Options) -> None:
        self._options = options

    def speak(self, text: str) -> Iterator[Speech]:
        time.sleep(self._options.seconds_to_think)
        step = self._options.seconds_per_letter
        letters = [c for c in " ".join(text.lower().split()) if c.isalnum() or c == " "]
        marks = tuple(Mark(c, i * step, (i + 1) * step) for i, c in enumerate(letters))
        t = np.arange(round(step * _RATE)) / _RATE
        tones = [np.sin(2 * np.pi * (200 + 10 * (ord(c) % 32)) * t) * (0.0 if c == " " else 0.3) for c in letters]
        samples = np.concatenate(tones).astype(np.float32) if tones else np.zeros(0, np.float32)
        yield Speech(samples, _RATE, text, marks)
