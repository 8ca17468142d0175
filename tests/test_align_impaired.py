"""Simulated impaired speech: what the words become, in CHAT and in letters, and what the frames become."""

import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digiclone.align import impaired
from digiclone.align.impaired import KINDS, SECOND, Impairment, line, sound, speaker

TEXT = "The red ship sails over there, carrying three chickens."


def frames(seconds: float = 3.0) -> np.ndarray:
    """Syllables: five loud ones a second, quiet between them."""
    count = round(seconds * SECOND)
    loud = 3 * np.sin(2 * np.pi * 2.5 * np.arange(count) / SECOND) ** 2 - 8
    return (loud + np.random.default_rng(0).normal(0, 1, (80, count))).astype(np.float32)


def test_nothing_changes_in_who_has_nothing() -> None:
    assert line(TEXT, Impairment(), 0).verbatim == TEXT
    assert line(TEXT, Impairment(), 0).chat == "The red ship sails over there , carrying three chickens ."
    assert np.array_equal(sound(frames(), Impairment(), 0), frames())


@given(st.sampled_from(sorted(KINDS)), st.floats(0, 1), st.integers(0, 99), st.integers(0, 99))
def test_what_was_meant_can_always_be_read_from_the_transcript(kind: str, severity: float, seed: int, n: int) -> None:
    how = speaker(kind, severity, seed)
    made = line(TEXT, how, n)
    meant = re.sub(r"&-\w+ |\S+ \[/\] ", "", made.chat)
    meant = re.sub(r"\S+ \[: (\S+)\]", r"\1", meant)
    assert re.sub(r" ([.,])", r"\1", meant) == made.cleaned == TEXT
    assert line(TEXT, how, n) == made, "and always comes out the same"


def test_a_speaker_always_says_the_same_for_the_same() -> None:
    how = speaker("phonological", 1.0, 3)
    first, second = (line(text, how, number).verbatim.split() for number, text in enumerate((TEXT, TEXT)))
    assert first == second
    assert sum(a != b for a, b in zip(first, TEXT.split(), strict=True)) >= 4


def test_fillers_and_beginnings_are_in_both() -> None:
    made = line(TEXT, Impairment(repeated=1.0, filled=1.0), 0)
    assert made.chat.count("&-") == len(TEXT.split())
    assert made.chat.count("[/]") >= len(TEXT.split())
    assert len(made.verbatim.split()) == len(TEXT.split()) + made.chat.count("&-") + made.chat.count("[/]")


def test_slow_is_longer_and_the_same() -> None:
    slow = sound(frames(), Impairment(slow=1.0), 0)
    assert slow.shape[1] == 2 * frames().shape[1]
    assert np.allclose(slow[:, ::2], frames())


def test_halting_puts_silence_where_it_is_quiet_and_takes_nothing_away() -> None:
    whole = frames(6.0)
    halted = sound(whole, Impairment(halting=1.0), 1)
    assert halted.shape[1] > whole.shape[1] + 0.3 * SECOND
    still = np.all(halted == whole.min(axis=1, keepdims=True), axis=0)
    assert np.array_equal(halted[:, ~still], whole)


def test_stuttering_begins_again() -> None:
    whole = frames(6.0)
    assert sound(whole, Impairment(stuttered=1.0), 1).shape[1] > whole.shape[1] + 0.08 * SECOND


def test_slurred_sounds_run_into_each_other() -> None:
    slurred = sound(frames(), Impairment(slurred=1.0), 0)
    assert slurred.shape == frames().shape
    for axis in (0, 1):
        assert np.abs(np.diff(slurred, axis=axis)).mean() < 0.5 * np.abs(np.diff(frames(), axis=axis)).mean()
    assert slurred[-1].mean() < frames()[-1].mean() - 2


@example("slurred", 7.5e-196, 1, 0)
@given(st.sampled_from(sorted(KINDS)), st.floats(0, 1), st.integers(1, 400), st.integers(0, 9))
def test_any_length_comes_through(kind: str, severity: float, count: int, seed: int) -> None:
    made = sound(frames(5.0)[:, :count], speaker(kind, severity, seed), 0)
    assert made.shape[0] == 80
    assert made.shape[1] >= count
    assert np.isfinite(made).all()


def test_kinds_are_named() -> None:
    with pytest.raises(KeyError):
        impaired.speaker("drunk", 1.0)
