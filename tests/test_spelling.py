"""How English is spelt, and what was said by sound and spelling together."""

from itertools import product
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone.text import letters, reading
from digiclone.text.letters import LETTERS, collapsed, numbers
from digiclone.text.reading import Search
from digiclone.text.spelling import BEGIN, Spelling, english

FLAT = Spelling(
    [(np.arange(len(LETTERS)), np.full(len(LETTERS), -4, np.float32))],
    [(np.zeros(1, np.int64), np.zeros(1, np.float32))],
)
"""Knows nothing: every letter is as good as any other."""


def worth(text: str) -> float:
    known = english()
    before = [BEGIN]
    total = 0.0
    for letter in numbers(text):
        total += float(known.behind(tuple(before))[letter])
        before.append(letter)
    return total / len(numbers(text))


@given(st.text(LETTERS[1:], max_size=12))
def test_behind_any_letters_something_comes(text: str) -> None:
    before = (BEGIN, *numbers(text))
    assert np.exp(english().behind(before)[1:]).sum() == pytest.approx(1, abs=0.03)


def test_english_is_likelier_than_what_is_none() -> None:
    assert worth("She told him what she thought of it.") > worth("She tlod him waht she thuohgt of it.") + 0.5
    assert worth("The weather is fine.") > worth("the Weather Is fine.")
    assert worth("nothing") > worth("gnihton") + 1


def likely(rows: list[list[float]]) -> np.ndarray:
    """Log-probabilities of a blank and the first letters; the others are impossible."""
    found = np.full((len(rows), len(LETTERS)), -50.0, np.float32)
    found[:, : len(rows[0])] = np.log(np.array(rows) / np.sum(rows, axis=1, keepdims=True))
    return found


@given(st.lists(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), min_size=1, max_size=5))
def test_all_paths_to_a_text_count(rows: list[list[float]]) -> None:
    """Against every path there is."""
    sums = dict[tuple[int, ...], float]()
    table = np.exp(likely(rows))
    for path in product(range(3), repeat=len(rows)):
        text = tuple(collapsed(path))
        sums[text] = sums.get(text, 0.0) + float(np.prod([table[n, letter] for n, letter in enumerate(path)]))
    every = Search(beams=200, weight=0.0, longer=0.0, stranger=0.0, within=inf)
    found = tuple(reading.read(likely(rows), FLAT, every))
    assert sums[found] == pytest.approx(max(sums.values()), rel=1e-4)
    for text, total in sums.items():
        assert np.exp(reading.sound(likely(rows), list(text))) == pytest.approx(total, rel=1e-4)


def test_what_needs_more_frames_than_there_are_was_not_said() -> None:
    assert reading.sound(likely([[1, 1, 1]] * 2), [1, 1]) == -np.inf
    assert reading.sound(likely([[1, 1, 1]] * 3), [1, 1]) == pytest.approx(-3 * np.log(3), rel=1e-4)
    assert reading.sound(likely([[1, 1, 1]])[:0], []) == 0


def heard(text: str, certain: float = 0.99, doubt: dict[int, str] | None = None) -> np.ndarray:
    """A text as letters, each between blanks; some of them sound just like another letter."""
    path = numbers(text)
    found = np.full((2 * len(path) + 1, len(LETTERS)), (1 - certain) / len(LETTERS), np.float32)
    found[::2, letters.BLANK] = certain
    for place, letter in enumerate(path):
        other = LETTERS.index(doubt[place]) if doubt and place in doubt else letter
        found[2 * place + 1, letter] += certain / 2
        found[2 * place + 1, other] += certain / 2 * 1.1
    return np.log(found / found.sum(axis=1, keepdims=True))


def test_spelling_decides_where_the_sound_does_not() -> None:
    sounds = heard("the people of this country", doubt={6: "i", 11: "v", 21: "a"})
    plain = letters.text(collapsed(sounds.argmax(1).tolist()))
    assert plain != "the people of this country"
    assert letters.text(reading.read(sounds, english())) == "the people of this country"


def test_a_clear_sound_is_believed() -> None:
    for text in ("Xyzzy qwv.", "It rained.", "a", "Zoo, wood!"):
        assert letters.text(reading.read(heard(text, 0.999), english())) == text


def test_silence_is_nothing() -> None:
    sounds = np.log(np.full((50, len(LETTERS)), 1e-6, np.float32))
    sounds[:, letters.BLANK] = 0.0
    assert reading.read(sounds, english()) == []
    assert reading.read(sounds[:0], english()) == []
