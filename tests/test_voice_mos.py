"""The network hears what its authors' package hears, and its scores fall as speech gets worse."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from digiclone import weights
from digiclone.dsp import VOICE_HOP, VOICE_MELS, VOICE_RATE, mel_filters, resample, rms, voice_mel
from digiclone.measure.recordings import recordings
from digiclone.types import Audio
from digiclone.voice.models import DISTILLMOS
from digiclone.voice.mos import SHORTEST, mos

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")

from digiclone.nn import distillmos  # noqa: E402
from digiclone.nn.distillmos import APART, RATE, SEGMENT  # noqa: E402


def untaught() -> distillmos.DistillMOS:
    torch.manual_seed(0)
    return distillmos.DistillMOS().eval()


def buzz(seconds: float) -> np.ndarray:
    """A tone of 20 harmonics that swells four times a second, float32 at 16 kHz."""
    time = np.arange(int(seconds * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 21))
    return (0.2 * tone * (1 + np.sin(2 * np.pi * 4 * time))).astype(np.float32)


@given(st.integers(1, 4 * SEGMENT))
def test_segments_cover_the_sound_evenly(length: int) -> None:
    found = list(distillmos.segments(np.arange(1, length + 1)))
    assert all(len(segment) == SEGMENT for segment in found)
    assert set(np.concatenate(found)) - {0} == set(range(1, length + 1))
    starts = [segment[0] for segment in found]
    steps = np.diff(starts)
    assert all(0 < step <= APART + 1 for step in steps)
    assert len(found) == 1 or (np.ptp(steps) <= 2 and found[-1][-1] == length)


def test_the_spectrum_is_compressed_and_keeps_its_phase() -> None:
    sound = torch.from_numpy(buzz(1.0))[None]
    real, imaginary = distillmos.spectrum(sound)[0]
    assert real.shape == (161, 100)
    frame = np.pad(sound[0].numpy(), 80, mode="reflect")[50 * 160 :][:320]
    bins = np.fft.rfft(frame * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(320) / 320)))
    wanted = np.abs(bins) ** 0.3 * np.exp(1j * np.angle(bins))
    loud = np.abs(bins) > 0.01  # below it, the phase is rounding
    assert np.allclose((real + 1j * imaginary)[:, 50].numpy()[loud], wanted[loud], atol=1e-3)


def test_loudness_does_not_matter_and_a_long_sound_is_the_mean_of_its_segments() -> None:
    net, sound = untaught(), buzz(9.5)
    with torch.no_grad():
        alone = net(torch.from_numpy(np.stack(list(distillmos.segments(sound)))))
    assert alone.shape == (3,)
    assert ((alone > 1) & (alone < 5)).all()
    assert distillmos.score(net, sound) == pytest.approx(float(alone.mean()), abs=1e-5)
    assert distillmos.score(net, sound / 50) == pytest.approx(float(alone.mean()), abs=1e-4)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(0), "too short"),
        (np.ones(int(SHORTEST * VOICE_RATE) - 1), "too short"),
        (np.zeros(2 * VOICE_RATE), "silent"),
        (np.full(2 * VOICE_RATE, 1e-5), "silent"),
        (np.full(2 * VOICE_RATE, np.nan), "not numbers"),
    ],
)
def test_what_cannot_be_judged_is_refused(samples: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mos(Audio(samples.astype(np.float32), VOICE_RATE))


def with_noise(audio: Audio, snr: float) -> Audio:
    noise = np.random.default_rng(0).standard_normal(len(audio.samples), np.float32)
    return Audio(audio.samples + noise * np.float32(rms(audio.samples) * 10 ** (-snr / 20)), audio.rate)


def clipped(audio: Audio) -> Audio:
    most = rms(audio.samples) / 2
    return Audio(np.clip(audio.samples, -most, most), audio.rate)


def griffin_lim(audio: Audio, rounds: int = 30) -> Audio:
    """The sound made again of its mel frames, with phases that are guessed (Griffin and Lim 1984)."""
    plan = ShortTimeFFT(hann(1024, sym=False), VOICE_HOP, VOICE_RATE)
    filters = mel_filters(plan.f_pts, VOICE_MELS, VOICE_RATE, 8000.0)
    mels = voice_mel(audio.samples)
    magnitudes = np.maximum(0, np.linalg.pinv(filters.T) @ np.exp(mels))
    magnitudes = np.pad(magnitudes, ((0, 0), (0, plan.p_num(len(audio.samples)) - mels.shape[1])))
    phases = np.exp(2j * np.pi * np.random.default_rng(0).random(magnitudes.shape))
    for _ in range(rounds):
        again = plan.istft(magnitudes * phases, k1=len(audio.samples))
        phases = np.exp(1j * np.angle(plan.stft(again)))
    return Audio(plan.istft(magnitudes * phases, k1=len(audio.samples)).astype(np.float32), audio.rate)


@pytest.mark.model
def test_the_scores_are_those_of_the_authors_package() -> None:
    """The numbers are what distillmos 0.9.1 itself gave for the same samples."""
    net = distillmos.load(weights.path(DISTILLMOS))
    assert distillmos.score(net, buzz(3)) == pytest.approx(1.10996485, abs=2e-3)  # processors round differently
    assert distillmos.score(net, buzz(9.5)) == pytest.approx(1.19707608, abs=2e-3)


@pytest.mark.model
def test_the_score_of_real_speech_is_that_of_the_authors_package() -> None:
    (recording,) = recordings(1)
    if recording.name != "arctic_a0004":
        pytest.skip("the recording that the number belongs to is not here")
    assert mos(recording.audio) == pytest.approx(4.40926, abs=2e-3)


@pytest.mark.model
@pytest.mark.parametrize(
    ("spoil", "least"),
    [(partial(with_noise, snr=10), 1.0), (clipped, 0.7), (griffin_lim, 0.5)],
    ids=["noise", "clipping", "griffin-lim"],
)
def test_worse_speech_scores_lower(spoil: Callable[[Audio], Audio], least: float) -> None:
    clean = [resample(recording.audio, VOICE_RATE) for recording in recordings(3)]
    drops = [mos(audio) - mos(spoil(audio)) for audio in clean]
    assert np.mean(drops) > least


@pytest.mark.model
def test_the_same_sound_scores_the_same_at_any_loudness_and_rate() -> None:
    (recording,) = recordings(1)
    score = mos(recording.audio)
    assert mos(recording.audio) == score
    assert mos(Audio(recording.audio.samples / 8, recording.audio.rate)) == pytest.approx(score, abs=1e-3)
    assert mos(resample(recording.audio, 48_000)) == pytest.approx(score, abs=0.2)  # a filter more, at 8 kHz
