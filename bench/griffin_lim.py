"""The floor of the comparison: a voice's own mel frames, made sound without a network (Griffin and Lim 1984)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digiclone.dsp import VOICE_HOP, VOICE_MELS, VOICE_RATE, mel_filters
from digiclone.text.g2p import phonemize
from digiclone.text.symbols import known
from digiclone.tts.glow import Backend
from digiclone.types import Speech

WINDOW, TIMES = 1024, 60
HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)


class GriffinLim:
    """A voice of `tts:glow` with this instead of its vocoder."""

    def __init__(self, voice: Backend) -> None:
        self._voice = voice

    def speak(self, text: str) -> Iterator[Speech]:
        """All of it in one piece."""
        _, mels = self._voice._frames(known(phonemize(text)))
        yield Speech(sound(mels[0]), VOICE_RATE, text)


def sound(mels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log-mel frames (80, F) to samples (F * 256,): magnitudes by least squares, phases by going to and fro."""
    filters = mel_filters(WINDOW // 2 + 1, VOICE_MELS, VOICE_RATE, 8000.0)
    size = np.maximum(0.0, np.exp(mels.T.astype(np.float64)) @ np.linalg.pinv(filters))
    phase = np.exp(2j * np.pi * np.random.default_rng(0).uniform(size=size.shape))
    for _ in range(TIMES):
        spectrum = _analysed(_added(size * phase), len(size))
        phase = spectrum / np.maximum(np.abs(spectrum), 1e-8)
    samples = _added(size * phase)[(WINDOW - VOICE_HOP) // 2 :][: len(size) * VOICE_HOP]
    return np.clip(samples, -1, 1).astype(np.float32)


def _analysed(samples: NDArray[np.float32], frames: int) -> NDArray[Any]:
    pieces = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::VOICE_HOP][:frames]
    return np.fft.rfft(pieces * HANN, axis=1)


def _added(spectrum: NDArray[Any]) -> NDArray[np.float32]:
    """Windows laid over each other, divided by what they add up to."""
    pieces = np.fft.irfft(spectrum, WINDOW, axis=1) * HANN
    samples, weight = (np.zeros((len(pieces) - 1) * VOICE_HOP + WINDOW) for _ in range(2))
    for number, piece in enumerate(pieces):
        there = slice(number * VOICE_HOP, number * VOICE_HOP + WINDOW)
        samples[there] += piece
        weight[there] += HANN**2
    return (samples / np.maximum(weight, 1e-3)).astype(np.float32)
