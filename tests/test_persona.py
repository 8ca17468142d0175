"""How much of the past the language model is given."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from digiclone.persona import BUDGET, STEP, TEMPLATE, shorten, window
from digiclone.types import Message

sizes = st.lists(st.integers(0, 900) | st.integers(3000, 5000), max_size=60)


def talk(sizes: list[int]) -> list[Message]:
    return [
        Message("assistant" if i % 2 else "user", f"{i:04}"[:size] + "x" * (size - 4)) for i, size in enumerate(sizes)
    ]


@given(sizes)
def test_the_window_is_the_end_of_the_past_and_fits(sizes: list[int]) -> None:
    past = talk(sizes)
    seen = window(past)
    assert seen == past[len(past) - len(seen) :]
    assert sum(len(m.text) for m in seen) <= BUDGET


@given(sizes)
def test_no_more_is_left_out_than_a_step(sizes: list[int]) -> None:
    past = talk(sizes)
    seen = window(past)
    more = past[max(0, len(past) - len(seen) - STEP) :]
    assert seen == past or sum(len(m.text) for m in more) > BUDGET


def test_the_beginning_stays_for_eight_messages() -> None:
    past = talk([100] * 400)
    starts = [window(past[:n])[0].text[:4] for n in range(2, 400)]
    changes = [i for i, (a, b) in enumerate(itertools.pairwise(starts)) if a != b]
    assert all(b - a == STEP for a, b in itertools.pairwise(changes))
    assert all(int(start) % STEP == 0 for start in starts)


def test_a_clone_is_named_in_its_prompt() -> None:
    assert "You are Ada." in TEMPLATE.format(name="Ada")


@given(st.text(), st.integers(1, 50))
def test_a_long_message_is_shortened_to_whole_words(text: str, budget: int) -> None:
    short = shorten(text, budget)
    assert len(short) <= budget
    assert text.strip().endswith(short)
    assert short == text.strip() or len(text.strip()) > budget


def test_shortening_cuts_no_word_in_two() -> None:
    assert shorten("one two three", 8) == "three"
    assert shorten("one two three", 13) == "one two three"
    assert shorten("x" * 20, 8) == "x" * 8
