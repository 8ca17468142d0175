"""How speakers, rooms, telephones and microphones differ: sound made different without moving a phone.

Rows of sound go in and come out, shape (rows, samples) at `heard.RATE`; all chance comes from the generator given.
"""

import numpy as np
from numpy.fft import irfft, rfft
from scipy.ndimage import convolve1d

from digiclone.dsp import resample
from digiclone.lipsync.heard import HOP, RATE
from digiclone.types import Audio

Rng = np.random.Generator
LOUDNESS = (-38.0, -12.0)
"""Root mean square of a row, dB of full scale."""


def stretch(samples: np.ndarray, visemes: np.ndarray, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Played faster by `factor`: pitch and formants rise with it, so it is another, smaller speaker."""
    played = resample(Audio(samples, round(RATE * factor)), RATE).samples
    middles = (np.arange(-(-len(played) // HOP)) + 0.5) * factor
    return played, visemes[np.minimum(middles.astype(int), len(visemes) - 1)]


def spoil(rows: np.ndarray, rng: Rng) -> np.ndarray:
    """Each row in a room, through a channel, with a noise, at a loudness of its own.

    All of it happens in one spectrum, so echoes at the end of a row come round to its beginning: who cares.
    """
    count, length = rows.shape
    spectrum = rfft(rows.astype(np.float32), axis=1)
    spectrum *= rfft(rooms(count, rng), length, axis=1)
    spectrum *= channels(count, spectrum.shape[1], rng)
    level = _power(spectrum)
    noise = noises(spectrum, rng)
    snr = np.where(rng.random((count, 1)) < 0.4, 80.0, rng.uniform(8, 45, (count, 1)))
    spectrum += noise * np.sqrt(level / np.maximum(_power(noise), 1e-12) * 10 ** (-snr / 10)).astype(np.float32)
    wanted = length * 10 ** (rng.uniform(*LOUDNESS, (count, 1)) / 20)
    return np.clip(irfft(spectrum * (wanted / np.sqrt(level + 1e-9)).astype(np.float32), length, axis=1), -1, 1)


def rooms(count: int, rng: Rng) -> np.ndarray:
    """Impulse responses, shape (count, samples): the direct sound first, then noise that decays; most are dry."""
    t = np.arange(round(0.4 * RATE), dtype=np.float32) / RATE
    decay = rng.uniform(0.1, 0.6, (count, 1)).astype(np.float32)
    tail = rng.standard_normal((count, len(t)), np.float32) * 10 ** (-3 * t / decay) * (t > 0.002)
    wet = rng.uniform(0.05, 0.7, (count, 1)) * (rng.random((count, 1)) < 0.35)
    response = (wet * tail / np.sqrt(np.sum(tail**2, axis=1, keepdims=True))).astype(np.float32)
    response[:, 0] = 1.0
    return response


def channels(count: int, bins: int, rng: Rng) -> np.ndarray:
    """Smooth gains over frequency, shape (count, bins): ±8 dB, sometimes a telephone's band, sometimes dull."""
    hertz = np.linspace(0, RATE / 2, bins)
    octaves = np.log2(1 + hertz / 63) / 7
    decibels = np.stack([np.interp(octaves, np.linspace(0, 1, 9), rng.uniform(-8, 8, 9)) for _ in range(count)])
    kind = rng.random((count, 1))
    telephone = np.where((hertz > 300) & (hertz < 3400), 0.0, -60.0)
    dull = np.where(hertz < rng.uniform(3500, 7500, (count, 1)), 0.0, -60.0)
    decibels += np.where(kind < 0.07, telephone, np.where(kind < 0.2, dull, 0.0))
    return (10 ** (decibels / 20)).astype(np.float32)


def noises(spectrum: np.ndarray, rng: Rng) -> np.ndarray:
    """The spectra of white to brown noise, or of three other rows that talk at once; shape as `spectrum`."""
    count, bins = spectrum.shape
    slope = rng.uniform(0, 1, (count, 1)).astype(np.float32)
    white = rng.standard_normal((count, bins, 2), np.float32).view(np.complex64)[..., 0]
    coloured = white * np.maximum(np.arange(bins, dtype=np.float32), 200.0) ** -slope
    babble = sum(np.roll(spectrum, int(by), axis=0) for by in rng.integers(1, count + 1, 3))
    return np.where(rng.random((count, 1)) < 0.2, babble, coloured)


def blur(mels: np.ndarray, rng: Rng) -> np.ndarray:
    """Every second row smeared over 20 to 50 ms, as statistical voices smear their parameters."""
    ways = rng.integers(-1, 3, len(mels))
    smeared = mels.copy()
    for way, kernel in enumerate(([1, 2, 1], [1, 2, 3, 2, 1], [1, 1, 1, 1, 1])):
        chosen = ways == way
        smeared[chosen] = convolve1d(mels[chosen], np.array(kernel) / sum(kernel), axis=1, mode="nearest")
    return np.where((rng.random(len(mels)) < 0.67)[:, None, None], smeared, mels)


def revoice(mels: np.ndarray, rng: Rng) -> np.ndarray:
    """Each row from another throat: its bands bent along the frequency axis, its contrast up or down by a fifth.

    Vocal tract length perturbation (Jaitly and Hinton 2013), here with three knots that move by up to 2 bands each.
    """
    rows, _, bands = mels.shape
    knots = rng.uniform(-2, 2, (rows, 3))
    bend = np.stack([np.interp(np.arange(bands), [0, bands / 2, bands - 1], k) for k in knots])
    wanted = np.clip(np.arange(bands) + bend, 0, bands - 1.001)
    low = wanted.astype(int)[:, None]
    part = (wanted - wanted.astype(int)).astype(np.float32)[:, None]
    bent = np.take_along_axis(mels, low, 2) * (1 - part) + np.take_along_axis(mels, low + 1, 2) * part
    return bent * np.exp(rng.uniform(-0.2, 0.2, (rows, 1, 1))).astype(np.float32)


def mask(mels: np.ndarray, rng: Rng) -> np.ndarray:
    """SpecAugment (Park et al. 2019, section 2): in each row two bands and two moments become its mean."""
    rows, frames, bands = mels.shape
    mean = mels.mean(axis=(1, 2), keepdims=True)
    hidden = np.zeros(mels.shape, bool)
    for row in range(rows):
        for _ in range(2):
            band, wide = rng.integers(bands), rng.integers(0, 6)
            moment, long = rng.integers(frames), rng.integers(0, 9)
            hidden[row, :, band : band + wide] = True
            hidden[row, moment : moment + long] = True
    return np.where(hidden, mean, mels)


def _power(spectrum: np.ndarray) -> np.ndarray:
    """Sum of squares of a row's samples times its length, near enough (Parseval); shape (rows, 1)."""
    return 2 * np.sum(np.abs(spectrum) ** 2, axis=1, keepdims=True)
