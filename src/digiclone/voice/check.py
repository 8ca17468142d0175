"""Is a clip good enough to learn from? Its figures, and what is wrong with it in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digiclone.voice.cut import LONGEST, SHORTEST, Word

Samples = NDArray[np.float32]
FULL = 0.995
"""Amplitude that a converter does not go beyond."""
TOO_LONG, TOO_SHORT = 1.5 * LONGEST, 0.2 * SHORTEST
MOST_CLIPPED = 1e-3
"""Share of samples at full scale above which it can be heard."""
LEAST_SNR = 5.0
"""Decibels. Below, the denoiser takes speech with the noise."""
RATES = (4.0, 30.0)
"""Letters a second between which people talk: Whisper left something out, or made something up."""
LEAST_SURE = 0.6


@dataclass(frozen=True)
class Figures:
    """Of one clip: `seconds`; the share of samples that are `clipped`; signal-to-noise ratio `snr` in dB; letters a
    second; how `sure` the recogniser is of its words, 0..1."""

    seconds: float
    clipped: float
    snr: float
    rate: float
    sure: float


def figures(raw: Samples, clean: Samples, seconds: float, words: Sequence[Word]) -> Figures:
    """Of a clip as it was recorded and as the denoiser left it (both N samples), and its words."""
    letters = sum(letter.isalnum() for word in words for letter in word.text)
    return Figures(
        seconds=round(seconds, 3),
        clipped=float(np.mean(np.abs(raw) >= FULL)) if len(raw) else 0.0,
        snr=round(snr(raw, clean), 1),
        rate=round(letters / max(seconds, 1e-3), 1),
        sure=round(float(np.mean([word.sure for word in words])), 3) if words else 0.0,
    )


def snr(raw: Samples, clean: Samples) -> float:
    """What was kept against what was taken away, dB."""
    speech, noise = np.sum(np.square(clean, dtype=np.float64)), np.sum(np.square(raw - clean, dtype=np.float64))
    return float(10 * np.log10((speech + 1e-9) / (noise + 1e-9)))


def faults(of: Figures) -> list[str]:
    """Why a clip is not used; nothing for a good one."""
    slow, fast = RATES
    wrong = {
        f"longer than {TOO_LONG:.0f} s without a pause": of.seconds > TOO_LONG,
        f"shorter than {TOO_SHORT:.0f} s": of.seconds < TOO_SHORT,
        "too loud for the microphone (clipped)": of.clipped > MOST_CLIPPED,
        f"noise ({of.snr:.0f} dB)": of.snr < LEAST_SNR,
        "more is heard than was written down": of.rate < slow,
        "more was written down than can be said": of.rate > fast,
        f"not understood for sure ({of.sure:.0%})": of.sure < LEAST_SURE,
    }
    return [what for what, is_so in wrong.items() if is_so]
