"""The mouth from the sound alone, for voices that give no phone times: how loud, how bright. No weights, no packages.

Loudness opens the jaw; the balance of the spectrum picks the shape: hiss is SS, a dark vowel U or O, a bright one E or
I.
"""

import numpy as np

from digiclone.config import Strict
from digiclone.types import Mark, Speech

NEEDS = ()
MODELS = ()
_HOP = 0.04
"""Seconds per mouth: faster flickers."""
_BANDS = ((0.0, 500.0), (500.0, 1200.0), (1200.0, 3500.0), (3500.0, 8000.0))
"""Hertz: dark vowels, open vowels, bright vowels, hiss."""
_SHAPES = ("U", "aa", "E", "SS")


class Options(Strict):
    closed_db: float = -30.0
    """Below the phrase's loudest frame by this much, the mouth is shut."""


class Backend:
    def __init__(self, options: Options) -> None:
        self._closed = 10 ** (options.closed_db / 10)

    def mouth(self, speech: Speech) -> tuple[Mark, ...]:
        hop = round(_HOP * speech.rate)
        count = len(speech.samples) // hop
        if not count:
            return ()
        frames = speech.samples[: count * hop].reshape(count, hop)
        power = np.abs(np.fft.rfft(frames * np.hanning(hop), axis=1)) ** 2
        hertz = np.fft.rfftfreq(hop, 1 / speech.rate)
        bands = np.stack([power[:, (hertz >= low) & (hertz < high)].sum(axis=1) for low, high in _BANDS], axis=1)
        # speech falls by about 6 dB an octave: without the tilt every frame would look dark
        shapes = np.argmax(bands * np.array([1.0, 2.0, 6.0, 12.0]), axis=1)
        total = bands.sum(axis=1)
        shut = total < max(float(total.max()) * self._closed, 1e-9)
        return _merge(["sil" if s else _SHAPES[i] for s, i in zip(shut, shapes, strict=True)])


def _merge(visemes: list[str]) -> tuple[Mark, ...]:
    marks: list[Mark] = []
    for i, viseme in enumerate(visemes):
        if marks and marks[-1].symbol == viseme:
            marks[-1] = Mark(viseme, marks[-1].start, (i + 1) * _HOP)
        else:
            marks.append(Mark(viseme, i * _HOP, (i + 1) * _HOP))
    return tuple(marks)
