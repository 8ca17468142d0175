"""What was audible of what was said."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone import registry
from digiclone.playback import Playback
from digiclone.types import Mark, Speech

RATE = 24_000
WORDS = st.lists(st.sampled_from(["hi", "42", "don't", "word,", "end."]), max_size=5)


@st.composite
def chunks(draw: st.DrawFn) -> Speech:
    words = draw(WORDS)
    samples = draw(st.integers(0, 60_000))
    seconds = samples / RATE
    phones: list[Mark] = []
    if aligned := draw(st.integers(0, 6)):  # as many spoken words as written, or not; or none
        edges = sorted(draw(st.lists(st.floats(0, seconds), min_size=2 * aligned + 1, max_size=2 * aligned + 1)))
        phones = [Mark(" " if i % 2 else "a", edges[i], edges[i + 1]) for i in range(2 * aligned)]
    return Speech(np.zeros(samples, np.float32), RATE, " ".join(words), tuple(phones))


playbacks = st.lists(chunks(), max_size=6)
times = st.lists(st.floats(-1, 20), min_size=2, max_size=6).map(sorted)


@given(chunks(), times)
def test_a_chunk_is_heard_word_by_word(speech: Speech, moments: list[float]) -> None:
    heard = [speech.heard_by(t).split() for t in moments]
    for less, more in itertools.pairwise(heard):
        assert more[: len(less)] == less
    assert speech.text.split()[: len(heard[-1])] == heard[-1]
    assert speech.heard_by(speech.seconds) == speech.text
    assert speech.heard_by(-0.1) == ""


@given(playbacks, times)
def test_a_turn_is_heard_word_by_word(speech: list[Speech], moments: list[float]) -> None:
    playback = Playback(speech)
    whole = " ".join(chunk.text for chunk in speech).split()
    before: list[str] = []
    for moment in moments:
        playback.seconds = min(max(0.0, moment), playback.total)
        said = playback.said().split()
        assert said[: len(before)] == before, "what was heard cannot be unheard"
        assert whole[: len(said)] == said
        before = said


@given(playbacks)
def test_a_turn_played_to_its_end_was_heard_to_its_end(speech: list[Speech]) -> None:
    """Even if the page counts in milliseconds and rounds down, as JavaScript may."""
    playback = Playback(speech)
    whole = " ".join(chunk.text for chunk in speech).split()
    for played in (playback.total, round(playback.total, 3)):
        playback.seconds = played
        assert playback.said().split() == whole
        assert not playback.sounding


def test_words_are_heard_when_their_last_phone_is() -> None:
    (speech,) = registry.load("tts", "tone", seconds_per_letter=0.1).speak("ab cd.")
    heard = [speech.heard_by(t) for t in (0.0, 0.15, 0.21, 0.45, 0.51)]
    assert heard == ["", "", "ab", "ab", "ab cd."]


def test_what_sounds_about_now() -> None:
    tone = registry.load("tts", "tone", seconds_per_letter=0.1)
    playback = Playback([chunk for text in ("a" * 9, "b" * 9, "c" * 9, "d" * 9, "e" * 9) for chunk in tone.speak(text)])
    playback.seconds = 3.0  # 3 s back, 1 s ahead; each word lasts 0.9 s
    assert playback.nearby().split() == ["a" * 9, "b" * 9, "c" * 9, "d" * 9]
    playback.seconds = playback.total
    assert playback.nearby().split() == ["b" * 9, "c" * 9, "d" * 9, "e" * 9]


@pytest.mark.parametrize(("played", "sounding"), [(0.0, True), (0.5, True), (0.99, False), (1.0, False)])
def test_there_is_sound_left(played: float, sounding: bool) -> None:
    playback = Playback([Speech(np.zeros(RATE, np.float32), RATE)], played)
    assert playback.sounding is sounding


def test_a_turn_without_sound() -> None:
    assert (Playback().said(), Playback().nearby(), Playback().sounding) == ("", "", False)
