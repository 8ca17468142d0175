"""Sound as numbers. Numpy and soxr only: shared by the runtime and by training."""

from collections.abc import Iterable
from functools import cache

import numpy as np

from digiclone.types import Audio

SILENCE = 10 ** (-40 / 20)
"""Amplitude below which nobody hears anything: -40 dB of full scale."""


def resample(audio: Audio, rate: int) -> Audio:
    """`audio` at another rate (soxr, high quality)."""
    if audio.rate == rate:
        return audio
    import soxr  # noqa: PLC0415  loads a native library, which a reader of types need not

    return Audio(soxr.resample(audio.samples, audio.rate, rate).astype(np.float32), rate)


def joined(pieces: Iterable[Audio]) -> Audio:
    """Pieces of one rate as one sound; a tenth of a second of silence if there are none."""
    found = list(pieces) or [Audio(np.zeros(1600, np.float32), 16_000)]
    return Audio(np.concatenate([piece.samples for piece in found]), found[0].rate)


def from_pcm16(data: bytes, rate: int) -> Audio:
    """Mono 16-bit little-endian PCM as audio."""
    return Audio(np.frombuffer(data, "<i2").astype(np.float32) / 32768, rate)


def to_pcm16(audio: Audio) -> bytes:
    """Audio as mono 16-bit little-endian PCM, clipped at full scale."""
    return (np.clip(audio.samples, -1, 1) * 32767).astype("<i2").tobytes()


def rms(samples: np.ndarray) -> float:
    """Root mean square; 0 for no samples."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0


def audible(samples: np.ndarray, threshold: float = SILENCE) -> tuple[int, int]:
    """First and one past the last sample above `threshold`; (0, 0) if there is none."""
    loud = np.flatnonzero(np.abs(samples) > threshold)
    return (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, 0)


def split_at_quiet(audio: Audio, longest: float) -> list[Audio]:
    """Pieces of at most `longest` seconds, cut at the quietest 50 ms of each piece's second half."""
    hop = audio.rate // 20
    pieces: list[Audio] = []
    rest = audio.samples
    while len(rest) > longest * audio.rate:
        most = int(longest * audio.rate)
        frames = rest[: most // hop * hop].reshape(-1, hop)
        later = len(frames) // 2
        quietest = later + int(np.argmin(np.mean(np.square(frames[later:]), axis=1)))
        cut = quietest * hop + hop // 2
        pieces.append(Audio(rest[:cut], audio.rate))
        rest = rest[cut:]
    return [*pieces, Audio(rest, audio.rate)]


@cache
def mel_filters(bins: int, mels: int, rate: int, highest: float | None = None) -> np.ndarray:
    """Triangular mel filters with Slaney's scale and area normalisation, shape (bins, mels), 0 Hz to `highest` (`rate`
    / 2).

    The scale of librosa and Whisper: linear to 1 kHz (3/200 mel per Hz), logarithmic above (27 mels to 6.4 kHz).
    """
    knee, mel_knee, step = 1000.0, 15.0, 27.0 / np.log(6.4)
    top = mel_knee + np.log((highest or rate / 2) / knee) * step
    mel = np.linspace(0.0, top, mels + 2)
    edges = np.where(mel < mel_knee, mel * 200 / 3, knee * np.exp((mel - mel_knee) / step))
    hertz = np.linspace(0, rate / 2, bins)
    rising = (hertz[:, None] - edges[None, :-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[None, 2:] - hertz[:, None]) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))


def whisper_mel(samples: np.ndarray, rate: int = 16_000) -> np.ndarray:
    """Whisper's log-mel features, shape (80, n_samples // 160), float32: 25 ms Hann window, 10 ms hop.

    Radford et al. 2022, section 2.2: log10, floored 8 below the maximum, scaled by (x + 4) / 4.
    """
    window, hop = 400, 160
    padded = np.pad(samples.astype(np.float32), window // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop][: len(samples) // hop]
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)
    power = np.abs(np.fft.rfft(frames * hann, axis=1)) ** 2
    log = np.log10(np.maximum(power @ mel_filters(window // 2 + 1, 80, rate), 1e-10))
    log = np.maximum(log, log.max() - 8)
    return ((log + 4) / 4).T.astype(np.float32)


VOICE_RATE, VOICE_HOP, VOICE_MELS = 22_050, 256, 80
"""Of the mel frames between Glow-TTS and HiFi-GAN."""


def voice_mel(samples: np.ndarray) -> np.ndarray:
    """Log-mel frames as HiFi-GAN reads them, (80, n_samples // 256), float32, of samples at 22,050 Hz.

    Kong et al. 2020 and their code: magnitudes in 1024 bins, 0 to 8 kHz, natural log, floored at 1e-5.
    """
    window = 1024
    room = (window - VOICE_HOP) // 2
    padded = np.pad(samples.astype(np.float32), room, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::VOICE_HOP][: len(samples) // VOICE_HOP]
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)
    size = np.sqrt(np.abs(np.fft.rfft(frames * hann, axis=1)) ** 2 + 1e-9)
    filters = mel_filters(window // 2 + 1, VOICE_MELS, VOICE_RATE, 8000.0)
    return np.log(np.maximum(size @ filters, 1e-5)).T.astype(np.float32)
