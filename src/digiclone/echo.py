"""Is what the microphone hears the clone itself? Pure.

Echo cancellers leave a residue, and some rooms have none. But the server knows the very sound that plays, if not
exactly when it reaches the microphone: so it looks for it at every delay. Level and room colour the echo by a constant
per frequency band, so each band is compared by its changes only.
"""

import numpy as np

from digiclone.dsp import mel_filters
from digiclone.types import Audio

_WINDOW, _HOP, _BANDS = 400, 160, 24
_FLOOR = 1e-6
"""Power that counts as nothing: the noise of a quiet room."""


def likeness(heard: Audio, played: Audio) -> float:
    """Correlation in [-1, 1] of `heard` with the best fitting stretch of `played` (both at 16 kHz, `played` longer).

    Pearson's, over the log-mel spectrograms (24 bands, 10 ms), each band less its mean. 0 if one is empty.
    """
    ear, mouth = _spectrogram(heard), _spectrogram(played)
    count = len(ear)
    if count < 8 or len(mouth) < count:
        return 0.0
    windows = np.lib.stride_tricks.sliding_window_view(mouth, count, axis=0)  # (delays, bands, frames)
    windows = windows - windows.mean(axis=2, keepdims=True)
    ear = (ear - ear.mean(axis=0)).T
    sizes = np.sqrt(np.sum(windows**2, axis=(1, 2)) * np.sum(ear**2))
    fits = np.einsum("dbf,bf->d", windows, ear) / np.maximum(sizes, 1e-9)
    return float(fits.max())


def _spectrogram(audio: Audio) -> np.ndarray:
    """Log-mel power, shape (frames, bands)."""
    if len(audio.samples) < _WINDOW:
        return np.zeros((0, _BANDS))
    frames = np.lib.stride_tricks.sliding_window_view(audio.samples, _WINDOW)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW), axis=1)) ** 2 / _WINDOW
    return np.log(power @ mel_filters(_WINDOW // 2 + 1, _BANDS, audio.rate) + _FLOOR)
