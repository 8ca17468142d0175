"""Spellings of one reading are alike, and errors are counted as a table of all alignments would count them."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone.voice.words import Reading, compare, normalised, total

SAME = (
    ("In 1846, he", "in eighteen forty-six he"),
    ("1905", "nineteen oh five"),
    ("2005", "two thousand and five"),
    ("1,234 men", "one thousand two hundred and thirty-four men"),
    ("a hundred", "100"),
    ("half a million", "half a million"),
    ("the 1990s", "the nineteen nineties"),
    ("the 21st", "the twenty-first"),
    ("May 5", "May fifth"),
    ("$3.50", "three dollars and fifty cents"),
    ("$20 million", "twenty million dollars"),
    ("£5", "five pounds"),
    ("10%", "ten percent"),
    ("3.14", "three point one four"),
    ("0.5", "point five"),
    ("-5", "minus five"),
    ("20°", "twenty degrees"),
    ("7:30", "seven thirty"),
    ("7:00", "seven o'clock"),
    ("24/7", "twenty-four seven"),
    ("No. 5", "number five"),
    ("#5", "number five"),
    ("U.S. law at 8 a.m.", "US law at 8 AM"),
    ("Mr. and Mrs. Smith", "mister and missus Smith"),
    ("Dr. Jones vs. Prof. Hill, etc.", "Doctor Jones versus Professor Hill et cetera"),
    ("I don’t, I won't, it's", "I do not I will not it is"),
    ("the dog's tail", "the dogs tail"),
    ("the boys' hats", "the boy's hats"),
    ("the colour of the catalogue", "The color of the catalog!"),
    ("naïve café", "naive cafe"),
    ("ham & eggs", "ham and eggs"),
    ("a word (and another) [here]", "a word and another here"),
    ("Well-known every one", "well known everyone"),
    ("good-bye", "goodbye"),
    ("OK, alright", "okay all right"),
    ("“Yes,” she said — “no…”", "yes she said no"),
)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_spellings_of_one_reading_are_alike(one: str, other: str) -> None:
    assert compare(one, other).wer == 0
    assert compare(other, one).wer == 0


DIFFERENT = (
    ("In 1846 he", "in 1864 he"),
    ("ten percent", "ten"),
    ("the 21st", "the 20th"),
    ("it's here", "it was here"),
    ("he can do it", "he can't do it"),
    ("five pounds", "five dollars"),
    ("minus five", "five"),
    ("a word (and another)", "a word"),
)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_another_reading_is_not_alike(one: str, other: str) -> None:
    assert compare(one, other).wer > 0


@pytest.mark.parametrize(
    ("heard", "reading"),
    [
        ("the cat sat on the mat", Reading(6)),
        ("the cat sat on the hat", Reading(6, substituted=1)),
        ("the cat on mat", Reading(6, dropped=2)),
        ("the big cat sat on the mat", Reading(6, added=1)),
        ("the the cat sat on the mat mat", Reading(6, added=2, repeated=2)),
        ("the cat sat sat sat on the big mat", Reading(6, added=3, repeated=2)),
        ("", Reading(6, dropped=6)),
    ],
)
def test_each_kind_of_error_is_counted(heard: str, reading: Reading) -> None:
    assert compare("The cat sat on the mat.", heard) == reading


LETTERS = ("alpha", "bravo", "charlie", "delta")
texts = st.lists(st.sampled_from(LETTERS), max_size=7)


@given(texts.filter(bool), texts)
def test_the_alignment_has_as_few_errors_as_any(wanted: list[str], heard: list[str]) -> None:
    reading = compare(" ".join(wanted), " ".join(heard))
    errors = reading.substituted + reading.dropped + reading.added
    assert errors == _distance(tuple(wanted), tuple(heard))
    assert reading.wer == errors / len(wanted)
    assert reading.words - reading.dropped + reading.added == len(heard)
    assert 0 <= reading.repeated <= reading.added


@cache
def _distance(wanted: tuple[str, ...], heard: tuple[str, ...]) -> int:
    """All alignments, tried one by one."""
    if not wanted or not heard:
        return len(wanted) + len(heard)
    return min(
        (wanted[0] != heard[0]) + _distance(wanted[1:], heard[1:]),
        1 + _distance(wanted[1:], heard),
        1 + _distance(wanted, heard[1:]),
    )


@given(texts.filter(bool), st.data())
def test_a_word_said_twice_is_repeated(wanted: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(wanted) - 1))
    heard = [*wanted[: at + 1], *wanted[at:]]
    assert compare(" ".join(wanted), " ".join(heard)) == Reading(len(wanted), added=1, repeated=1)


@given(st.text(max_size=60))
def test_any_text_is_itself_in_plain_words(text: str) -> None:
    words = normalised(text)
    assert all(any(c.isalnum() for c in word) and len(word.split()) == 1 for word in words)
    if words:
        assert compare(text, text) == Reading(compare(text, text).words)
    else:
        with pytest.raises(ValueError, match="There is no word"):
            compare(text, "something")


def test_a_total_weighs_every_word_alike() -> None:
    whole = total([compare("one small step", "one small step"), compare("giant", "giant leap"), compare("a b", "c")])
    assert whole == Reading(6, substituted=1, dropped=1, added=1)
    assert whole.wer == 0.5
    with pytest.raises(ValueError, match="no readings"):
        total([])
