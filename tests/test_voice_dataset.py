"""From recordings to clips: any file is read, words keep their times, and sound is taken where the words are."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from digiclone.types import Audio
from digiclone.voice.check import FULL, Figures, faults, figures, snr
from digiclone.voice.clips import stretches, taken
from digiclone.voice.cut import EDGE, KEPT_PAUSE, Word
from digiclone.voice.transcribe import CHUNK, chunks, joined, levels, snapped

pytest.importorskip("av", reason="making a voice needs the extra: pip install 'digiclone[voice]'")

from digiclone.voice.read import RATE, BadRecording, blocks


def tone(seconds: float, rate: int = 22_050) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


# -- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_file_is_read_whole(kind: str, channels: int, tmp_path: Path) -> None:
    file = tmp_path / f"me.{kind}"
    soundfile.write(file, np.stack([tone(3)] * channels, axis=1), 22_050)
    found = list(blocks(file, longest=1.2))
    assert sum(block.seconds for block in found) == pytest.approx(3, abs=0.06)
    assert all(block.rate == RATE and block.seconds <= 1.2 + 1 / RATE for block in found)
    sound = np.concatenate([block.samples for block in found])
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.1)


def test_blocks_end_in_pauses(tmp_path: Path) -> None:
    sound = tone(6)
    for start in (2.0, 4.1):
        sound[int(start * 22_050) : int((start + 0.2) * 22_050)] = 0
    soundfile.write(tmp_path / "me.wav", sound, 22_050)
    ends = np.cumsum([block.seconds for block in blocks(tmp_path / "me.wav", longest=3)])
    assert 2.0 <= ends[0] <= 2.2
    assert 4.1 <= ends[1] <= 4.3


@pytest.mark.parametrize("content", [b"", b"not a sound", b"RIFF\x24\x00\x00\x00WAVEfmt ", b"ID3\x04" + bytes(400)])
def test_what_is_no_sound_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "shopping.wav"
    file.write_bytes(content)
    with pytest.raises(BadRecording, match=r"shopping\.wav"):
        list(blocks(file))


def test_the_good_part_of_a_cut_file_is_used(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "whole.flac", np.random.default_rng(0).uniform(-0.5, 0.5, 22_050 * 4), 22_050)
    whole = (tmp_path / "whole.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(whole[: len(whole) // 2])
    found = list[Audio]()
    with pytest.raises(BadRecording, match="what comes before was used"):
        found.extend(blocks(tmp_path / "cut.flac"))
    assert 1.5 < sum(block.seconds for block in found) < 2.1


# -- words and their times --------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1, width=32), max_size=3000))
def test_chunks_hold_all_speech_and_are_short_enough(scores: list[float]) -> None:
    steps = np.array(scores, np.float32)
    found = chunks(steps, 0.1)
    assert all(0 <= start < end <= len(scores) * 0.1 + 1e-9 and end - start <= CHUNK for start, end in found)
    assert all(a[1] <= b[0] for a, b in pairwise(found))
    inside = np.zeros(len(steps), bool)
    for start, end in found:
        inside[round(start * 10) : round(end * 10)] = True
    assert not (steps[~inside] > 0.5).any()


def test_pieces_of_words_are_joined() -> None:
    words = [Word(" twenty", 0, 1, 0.9), Word("-", 1, 1, 0.5), Word("one", 1, 2, 0.8), Word(" cats.", 2, 3)]
    assert joined(words) == [Word("twenty-one", 0, 2, 0.5), Word("cats.", 2, 3)]


def test_a_word_begins_and_ends_where_it_is_heard() -> None:
    loud = np.full(200, -60.0)
    loud[30:80] = loud[110:160] = 0.0
    loud[60] = -35.0  # a stop inside a word
    words = snapped([Word("one", 0.35, 0.9), Word("two", 0.95, 1.5)], loud)
    assert [(word.start, word.end) for word in words] == [(0.3, 0.8), (1.1, 1.6)]


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 8))
def test_snapped_words_stay_in_order(seed: int, count: int) -> None:
    draw = np.random.default_rng(seed)
    times = np.sort(draw.uniform(0, 4, 2 * count))
    words = [Word("x", float(a), float(b)) for a, b in times.reshape(-1, 2)]
    found = snapped(words, draw.uniform(-60, 0, 400))
    edges = [edge for word in found for edge in (word.start, word.end)]
    assert all(b >= a - 0.011 for a, b in pairwise(edges))


def test_levels_are_against_loud_speech() -> None:
    sound = np.concatenate([np.zeros(16_000), tone(1, 16_000)]).astype(np.float32)
    found = levels(sound)
    assert len(found) == 200
    assert found[:100].max() < -60
    assert abs(found[110:190]).max() < 1


# -- sound of words ---------------------------------------------------------------------------------------------------


def test_a_clip_is_its_words_with_a_little_silence() -> None:
    words = [Word("a", 0.05, 1.0), Word("b", 1.1, 2.0), Word("c.", 5.0, 6.0), Word("d", 6.1, 7.0)]
    sound = Audio(np.ones(8 * 1000, np.float32), 1000)
    clip = taken(sound, stretches(words, 0, 3))
    assert clip.seconds == pytest.approx(0.15 + 1.95 + KEPT_PAUSE + 1.0 + 0.05, abs=0.01)
    assert clip.samples[0] == 0, "before the recording there is silence"
    second = taken(sound, stretches(words, 3, 4))
    assert second.seconds == pytest.approx(0.05 + 0.9 + EDGE, abs=0.01)


# -- what is wrong with a clip ----------------------------------------------------------------------------------------

GOOD = Figures(seconds=7, clipped=0, snr=40, rate=13, sure=0.95)


def test_a_good_clip_has_no_fault() -> None:
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"seconds": 16.0}, "longer"), ({"seconds": 0.5}, "shorter"), ({"clipped": 0.01}, "clipped"),
        ({"snr": 2.0}, "noise"), ({"rate": 2.0}, "heard"), ({"rate": 60.0}, "written"), ({"sure": 0.3}, "sure"),
    ],
)  # fmt: skip
def test_each_fault_is_named(change: dict[str, float], why: str) -> None:
    (fault,) = faults(Figures(**{**GOOD.__dict__, **change}))
    assert why in fault


def test_figures_are_of_the_sound() -> None:
    clean = tone(2)
    noise = np.random.default_rng(0).standard_normal(len(clean)).astype(np.float32)
    noise *= np.sqrt(np.mean(clean**2)) / 10
    assert snr(clean + noise, clean) == pytest.approx(20, abs=0.5)
    loud = np.clip(clean * 10, -1, 1)
    found = figures(loud, clean, 2.0, [Word("ab", 0, 1, 0.5), Word("cde", 1, 2, 1.0)])
    assert found.clipped == np.mean(np.abs(loud) >= FULL)
    assert found.snr == pytest.approx(snr(loud, clean), abs=0.06)
    assert (found.seconds, found.rate, found.sure) == (2.0, 2.5, 0.75)
