"""The mouth from sound alone: what it promises for any sound, and how often it is right where flite is at hand."""

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digiclone import dsp, registry
from digiclone.lipsync import heard
from digiclone.stages import VISEMES
from digiclone.types import Speech

HOP, RATE = heard.HOP, heard.RATE


@pytest.fixture(scope="module")
def backend() -> heard.Backend:
    return heard.Backend(heard.Options())


def babble(seconds: float, seed: int = 0) -> np.ndarray:
    """A buzz with wandering resonances: enough like speech that the mouth moves."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    buzz = np.sum([np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 40)], axis=0)
    beat = np.interp(t, np.linspace(0, seconds, 12), rng.uniform(0, 1, 12))
    hiss = rng.standard_normal(len(t)) * np.interp(t, np.linspace(0, seconds, 12), rng.uniform(0, 0.3, 12))
    return (0.1 * (buzz * beat + hiss)).astype(np.float32)


def test_the_features_are_those_of_the_definition() -> None:
    sound = babble(0.2)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 399)
    filters = dsp.mel_filters(257, 40, RATE)
    mels = heard.log_mel(sound)
    assert len(mels) == 1 + (len(sound) - 400) // 160
    for k, row in enumerate(mels):
        window = np.zeros(512)
        window[:400] = sound[k * 160 : k * 160 + 400] * hann
        power = np.abs([np.sum(window * np.exp(-2j * np.pi * b * np.arange(512) / 512)) for b in range(257)]) ** 2
        np.testing.assert_allclose(row, (np.log10(power @ filters + 1e-7) + 4) / 3, atol=1e-4)


def test_channel_and_loudness_are_taken_out() -> None:
    """Any gain of each band is gone once there was speech for a few seconds, and silence before it leaves no trace."""
    rng = np.random.default_rng(0)
    mels = rng.normal(0.3, 0.2, (600, 40)).astype(np.float32)
    louder = mels + rng.uniform(-0.3, 0.3, 40).astype(np.float32)
    plain, _ = heard.centre(mels, heard.usual())
    other, _ = heard.centre(louder, heard.usual())
    assert np.abs(plain - other)[300:].max() < 0.1 * np.abs(mels - louder).max()
    silence = np.full((100, 40), -1.0, np.float32)
    later, _ = heard.centre(np.concatenate([silence, mels]), heard.usual())
    np.testing.assert_allclose(later[100:], plain, atol=1e-6)


@settings(max_examples=30)
@given(cuts=st.lists(st.integers(0, 16_000), max_size=12), seed=st.integers(0, 5))
def test_a_stream_gives_what_the_whole_gives(backend: heard.Backend, cuts: list[int], seed: int) -> None:
    sound = babble(1.0, seed)
    memory, found = backend.begin(), []
    for part in np.split(sound, sorted(cuts)):
        frames, memory = backend.hear(part, memory)
        found.append(frames)
    streamed = np.concatenate(found)
    whole = backend.frames(sound)
    assert len(whole) == 100
    assert 100 - len(streamed) == 3  # what is not certain yet: less than the look-ahead
    np.testing.assert_allclose(streamed, whole[: len(streamed)], atol=1e-5)


def test_nothing_later_than_the_lookahead_matters(backend: heard.Backend) -> None:
    assert heard.LOOKAHEAD <= 0.040
    sound = babble(1.0)
    before = backend.frames(sound)
    nearest = 1.0
    for cut in range(8000, 12_000, 97):
        other = sound.copy()
        other[cut:] = 0.5
        changed = np.flatnonzero(np.abs(backend.frames(other) - before).max(axis=1) > 1e-6)
        assert cut / RATE - changed[0] * HOP / RATE <= heard.LOOKAHEAD + 1e-9
        nearest = min(nearest, cut / RATE - changed[0] * HOP / RATE)
    assert nearest > 0.02  # it does look ahead


@pytest.mark.parametrize("level", [0.0, 1e-5, 1e-4])
def test_silence_closes_the_mouth(backend: heard.Backend, level: float) -> None:
    sound = (level * np.random.default_rng(0).standard_normal(RATE)).astype(np.float32)
    assert backend.mouth(Speech(sound, RATE)) == (heard.Mark("sil", 0.0, 1.0),)


@pytest.mark.parametrize("count", [0, 1, 159, 160, 161, 400, 1000])
def test_however_short_it_covers_the_sound(backend: heard.Backend, count: int) -> None:
    marks = backend.mouth(Speech(babble(0.1)[:count], RATE))
    assert bool(marks) == bool(count)
    if marks:
        assert marks[0].start == 0
        assert marks[-1].end == count / RATE


@settings(max_examples=25)
@given(
    rate=st.sampled_from([8000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000]),
    count=st.integers(0, 30_000),
    seed=st.integers(0, 9),
    gain=st.sampled_from([1e-6, 0.1, 1.0, 30.0]),
)
def test_any_sound_gives_marks_in_order(backend: heard.Backend, rate: int, count: int, seed: int, gain: float) -> None:
    sound = (gain * np.random.default_rng(seed).standard_normal(count)).astype(np.float32)
    marks = backend.mouth(Speech(sound, rate))
    assert {m.symbol for m in marks} <= set(VISEMES)
    assert all(m.start < m.end for m in marks)
    assert all(a.end == b.start and a.symbol != b.symbol for a, b in pairwise(marks))
    assert not marks or (marks[0].start == 0 and abs(marks[-1].end - count / rate) < 0.5 / rate + HOP / RATE)


def test_samples_that_are_no_numbers_are_silence(backend: heard.Backend) -> None:
    sound = babble(0.5)
    sound[2000:2100], sound[3000], sound[4000] = np.nan, np.inf, -np.inf
    zeroed = np.where(np.isfinite(sound), sound, 0)
    assert backend.mouth(Speech(sound, RATE)) == backend.mouth(Speech(zeroed, RATE))
    assert backend.mouth(Speech(np.full(RATE, np.nan, np.float32), RATE)) == (heard.Mark("sil", 0.0, 1.0),)


def test_the_file_is_small_and_says_where_it_comes_from(backend: heard.Backend) -> None:
    assert (Path(heard.__file__).with_name("heard.onnx")).stat().st_size < 500_000
    facts = backend.session.get_modelmeta().custom_metadata_map
    assert facts["licence"] == "Apache-2.0"
    assert facts["made_by"].startswith("digiclone.train.visemes, recipe ")
    assert facts["visemes"].split() == list(VISEMES)
    assert 0.5 < float(facts["validation_accuracy"]) < 1
    assert all(word not in facts["data"] for word in ("slt", "rms"))


needs_flite = pytest.mark.skipif(not shutil.which("flite"), reason="flite is not here: apt-get install flite")


@needs_flite
@pytest.mark.parametrize("voice", ["flite:slt", "flite:rms"])
def test_it_is_right_about_voices_that_it_never_heard(backend: heard.Backend, voice: str) -> None:
    right, total = _judge(backend, voice, gain=1.0, noise=0.0)
    assert right / total > 0.55
    energy = registry.load("lipsync", "energy")
    assert right > 2.5 * _judge(energy, voice, gain=1.0, noise=0.0)[0]


@needs_flite
@pytest.mark.parametrize(("gain", "noise"), [(0.1, 0.0), (1.5, 0.0), (1.0, 0.003)])
def test_loudness_and_some_noise_hardly_matter(backend: heard.Backend, gain: float, noise: float) -> None:
    clean, total = _judge(backend, "flite:slt", 1.0, 0.0)
    changed, _ = _judge(backend, "flite:slt", gain, noise)
    assert (clean - changed) / total < 0.1


def _judge(backend: heard.Backend, voice: str, gain: float, noise: float) -> tuple[int, int]:
    """Hops of speech that are named right, and how many there are."""
    from digiclone.train.corpus import labels, utterance
    from digiclone.train.voices import speak

    right = total = 0
    for text in ("My uncle keeps bees behind his workshop.", "She folded the map and put it back into the drawer."):
        said = utterance(voice, speak(voice, text))
        samples = gain * said.samples + noise * np.random.default_rng(0).standard_normal(len(said.samples))
        named = labels(backend.mouth(Speech(samples.astype(np.float32), RATE)), len(samples))
        speech = said.visemes > 0
        right += int((named == said.visemes)[speech].sum())
        total += int(speech.sum())
    return right, total


def test_speech_without_phone_times_is_listened_to(backend: heard.Backend) -> None:
    speech = Speech(babble(1.0), RATE)
    assert registry.load("lipsync", "phones").mouth(speech) == backend.mouth(speech)
    energy = registry.load("lipsync", "energy")
    assert registry.load("lipsync", "phones", untimed="energy").mouth(speech) == energy.mouth(speech)
    timed = Speech(speech.samples, RATE, "oh", (heard.Mark("b", 0.0, 0.5),))
    assert registry.load("lipsync", "phones").mouth(timed) == (heard.Mark("PP", 0.0, 0.5),)
