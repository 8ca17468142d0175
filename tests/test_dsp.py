"""Sound as numbers, against slow and literal versions."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone.dsp import (
    audible,
    from_pcm16,
    mel_filters,
    resample,
    rms,
    split_at_quiet,
    to_pcm16,
    voice_mel,
    whisper_mel,
)
from digiclone.types import Audio

noise = np.random.default_rng(0)


def literal_bands(samples: np.ndarray, window: int, hop: int, room: int, rate: int, highest: float, power: int) -> Any:
    """Mel bands frame by frame and bin by bin, with the discrete Fourier transform written out."""
    bins = window // 2 + 1
    hann = [0.5 - 0.5 * np.cos(2 * np.pi * n / window) for n in range(window)]
    padded = np.concatenate([samples[room:0:-1], samples, samples[-2 : -room - 2 : -1]]).astype(np.float64)
    transform = np.exp(-2j * np.pi * np.outer(np.arange(bins), np.arange(window)) / window)

    def hertz(mel: float) -> float:
        return mel * 200 / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27)

    top = 15 + 27 * np.log(highest / 1000) / np.log(6.4)
    edges = [hertz(top * i / 81) for i in range(82)]
    rows = []
    for t in range(len(samples) // hop):
        size = np.abs(transform @ (padded[t * hop : t * hop + window] * hann)) ** power
        row = []
        for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False):
            energy = 0.0
            for k in range(bins):
                f = k * rate / 2 / (bins - 1)
                weight = max(0.0, min((f - low) / (middle - low), (high - f) / (high - middle)))
                energy += size[k] * weight * 2 / (high - low)
            row.append(energy)
        rows.append(row)
    return np.array(rows)


def literal_mel(samples: np.ndarray) -> np.ndarray:
    """Whisper's features."""
    log = np.log10(np.maximum(literal_bands(samples, 400, 160, 200, 16_000, 8000, 2), 1e-10))
    return ((np.maximum(log, log.max() - 8) + 4) / 4).T


@pytest.mark.parametrize("length", [1024, 1400])
def test_mel_frames_are_hifigans(length: int) -> None:
    samples = (0.3 * np.random.default_rng(length).standard_normal(length)).astype(np.float32)
    wanted = np.log(np.maximum(literal_bands(samples, 1024, 256, 384, 22_050, 8000, 1), 1e-5)).T
    assert voice_mel(samples).shape == (80, length // 256)
    assert np.allclose(voice_mel(samples), wanted, atol=1e-3)
    assert voice_mel(0 * samples) == pytest.approx(np.log(1e-5), abs=1e-3)


@pytest.mark.parametrize("length", [1600, 1760, 2000])
def test_mel_features_are_whispers(length: int) -> None:
    t = np.arange(length) / 16_000
    samples = (0.3 * np.sin(2 * np.pi * 500 * t) + noise.normal(0, 0.01, length)).astype(np.float32)
    features = whisper_mel(samples)
    assert features.shape == (80, length // 160)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, literal_mel(samples), atol=1e-3)


def test_mel_filters_have_equal_area() -> None:
    filters = mel_filters(20_001, 80, 16_000)
    np.testing.assert_allclose(filters.sum(axis=0) * 8000 / 20_000, 1, rtol=0.01)


signals = st.lists(st.floats(-1, 1, width=32), max_size=400).map(lambda x: np.array(x, np.float32))


@given(signals, st.sampled_from([100, 160, 333]), st.floats(0.1, 2.0))
def test_splitting_keeps_every_sample(samples: np.ndarray, rate: int, longest: float) -> None:
    pieces = split_at_quiet(Audio(samples, rate), longest)
    np.testing.assert_array_equal(np.concatenate([p.samples for p in pieces]), samples)
    assert all(p.seconds <= longest and p.rate == rate for p in pieces)
    assert all(len(p.samples) for p in pieces) or not len(samples)


def test_splitting_finds_the_pauses() -> None:
    rate = 1000
    samples = noise.normal(0, 0.3, 10 * rate).astype(np.float32)
    for pause in (3500, 6800):
        samples[pause : pause + 100] = 0
    pieces = split_at_quiet(Audio(samples, rate), 5.0)
    cuts = np.cumsum([len(p.samples) for p in pieces])[:-1]
    assert [any(p <= c <= p + 100 for p in (3500, 6800)) for c in cuts] == [True, True]


@given(st.binary(max_size=200).filter(lambda b: len(b) % 2 == 0), st.integers(8000, 48_000))
def test_pcm_there_and_back(data: bytes, rate: int) -> None:
    audio = from_pcm16(data, rate)
    assert (audio.samples.dtype, audio.rate) == (np.float32, rate)
    there, back = np.frombuffer(data, "<i2").astype(int), np.frombuffer(to_pcm16(audio), "<i2").astype(int)
    assert np.abs(there - back).max(initial=0) <= 1


def test_pcm_is_clipped_not_wrapped() -> None:
    assert np.frombuffer(to_pcm16(Audio(np.array([-9, -1, 1, 9], np.float32), 1)), "<i2").tolist() == [
        -32767,
        -32767,
        32767,
        32767,
    ]


@given(signals, st.floats(0.01, 0.9))
def test_what_is_audible(samples: np.ndarray, threshold: float) -> None:
    loud = [i for i, x in enumerate(samples) if abs(x) > threshold]
    assert audible(samples, threshold) == ((loud[0], loud[-1] + 1) if loud else (0, 0))


@given(signals)
def test_loudness(samples: np.ndarray) -> None:
    assert rms(samples) == pytest.approx(np.sqrt(sum(float(x) ** 2 for x in samples) / max(1, len(samples))), abs=1e-6)


@given(st.integers(1, 3000), st.integers(1000, 48_000), st.integers(1000, 48_000))
def test_resampling_keeps_the_time(length: int, rate: int, to: int) -> None:
    audio = resample(Audio(np.zeros(length, np.float32), rate), to)
    assert audio.rate == to
    assert abs(len(audio.samples) - length * to / rate) <= 1


def test_resampling_to_the_same_rate_copies_nothing() -> None:
    audio = Audio(np.zeros(9, np.float32), 16_000)
    assert resample(audio, 16_000) is audio
