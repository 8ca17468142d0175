"""Who is speaking: frames, who belongs together in made-up embeddings, and in real recordings of two people."""

import csv
import os
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from digiclone import weights
from digiclone.types import Audio
from digiclone.voice import speaker

DATA = Path(os.environ.get("DIGICLONE_DATA", Path.cwd().parent / "shared" / "data"))


def directions(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """(count, 192), of unit length."""
    found = rng.standard_normal((count, 192))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def clips_by(person: NDArray[np.float32], rng: np.random.Generator, count: int, spread: float) -> NDArray[np.float32]:
    """Two of them have a cosine of about 1 / (1 + spread ** 2)."""
    found = person + spread * directions(rng, count)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@given(
    seed=st.integers(0, 2**32 - 1),
    own=st.integers(3, 40),
    other=st.floats(0, 0.49),
    people=st.integers(1, 3),
    spread=st.floats(0.3, 0.8),
    kin=st.floats(0, 0.35),
)
def test_planted_strangers_are_found_and_none_of_the_majority(
    seed: int, own: int, other: float, people: int, spread: float, kin: float
) -> None:
    rng = np.random.default_rng(seed)
    person, *others = directions(rng, 1 + people)
    others = [kin * person + np.sqrt(1 - kin**2) * somebody for somebody in others]
    planted = [clips_by(others[n % people], rng, 1, spread) for n in range(int(own * other))]
    clips = np.concatenate([clips_by(person, rng, own, spread), *planted])
    order = rng.permutation(len(clips))
    found = speaker.strangers(clips[order])
    assert found.tolist() == [place for place, clip in enumerate(order) if clip >= own]
    assert speaker.alike(speaker.centre_of(clips[order]), person) > 0.8


def test_of_one_clip_nobody_is_a_stranger() -> None:
    rng = np.random.default_rng(0)
    (clip,) = directions(rng, 1)
    assert speaker.strangers(clip[None]).tolist() == []
    assert speaker.same_person(clip, clip)
    assert not speaker.same_person(clip, directions(rng, 1)[0])


def test_a_louder_clip_has_the_same_frames() -> None:
    sound = np.random.default_rng(1).standard_normal(4000).astype(np.float32)
    quiet, loud = speaker.frames(0.01 * sound), speaker.frames(sound)
    assert quiet.shape == (80, 26)
    assert quiet.dtype == np.float32
    assert np.allclose(quiet, loud, atol=1e-3)
    assert np.allclose(loud.mean(axis=1), 0, atol=1e-4)


def test_a_tone_sounds_in_its_own_band() -> None:
    t = np.arange(32_000) / 16_000
    tone = np.where(t < 1, np.sin(2 * np.pi * 1000 * t), np.sin(2 * np.pi * 3000 * t)).astype(np.float32)
    mels = speaker.frames(tone)
    mel = 2595 * np.log10(1 + np.array([1000, 3000]) / 700) / (2595 * np.log10(1 + 8000 / 700)) * 81 - 1
    change = mels[:, 20:80].mean(axis=1) - mels[:, 120:180].mean(axis=1)
    assert abs(np.argmax(change) - mel[0]) < 1
    assert abs(np.argmin(change) - mel[1]) < 1
    assert np.ptp(mels[:, 20:80].mean(axis=1) - mels[:, 120:180].mean(axis=1)) > 60


@pytest.mark.parametrize(("sound", "says"), [(np.ones(7999), "0.50 s are too little"), (np.zeros(16_000), "silent")])
def test_what_holds_no_voice_is_refused(sound: NDArray[np.float64], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        speaker.embed(Audio(sound.astype(np.float32), 16_000))


def test_without_weights_it_says_what_to_fetch() -> None:
    pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")
    speaker._net.cache_clear()
    with pytest.raises(weights.Missing, match="digiclone models fetch ecapa_voxceleb"):
        speaker.embed(Audio(np.ones(16_000, np.float32), 16_000))


def heard(folder: str, count: int) -> NDArray[np.float32]:
    """Embeddings (count, 192) of clips of the test split."""
    if not (DATA / folder).is_dir():
        pytest.skip(f"{DATA / folder} is not here")
    with (DATA / folder / "metadata.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="|", quoting=csv.QUOTE_NONE) if row["split"] == "test"]
    long = [row["id"] for row in rows if 2.5 <= float(row["seconds"]) <= 8][:count]
    sounds = (soundfile.read(DATA / folder / "clips" / f"{name}.flac", dtype="float32") for name in long)
    return np.array([speaker.embed(Audio(samples, rate)) for samples, rate in sounds])


@pytest.mark.model
def test_two_people_are_told_apart() -> None:
    kathleen, linda = heard("kathleen", 8), heard("ljspeech", 8)
    assert np.allclose(np.linalg.norm(kathleen, axis=1), 1, atol=1e-5)
    same = [speaker.alike(*pair) for clips in (kathleen, linda) for pair in combinations(clips, 2)]
    different = [speaker.alike(a, b) for a in kathleen for b in linda]
    assert np.mean(same) - np.mean(different) > 0.25
    assert np.mean([one > other for one in same for other in different]) > 0.98
    assert speaker.strangers(np.concatenate([kathleen, linda[:3]])).tolist() == [8, 9, 10]
    assert speaker.strangers(np.concatenate([kathleen[:3], linda])).tolist() == [0, 1, 2]
