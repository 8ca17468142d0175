"""Two readings become one that is worth at least as much."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from digiclone.text.settle import MOST, settled

WORDS = st.lists(st.sampled_from(["a", "b", "c", "the", "cat"]), max_size=8).map(" ".join)


def near(true: str):
    """Worth more, the more words are where they are in the true text."""

    def worth(texts: Sequence[str]) -> list[float]:
        return [-sum(a != b for a, b in zip(t.split() + [""] * 20, true.split() + [""] * 20)) for t in texts]  # noqa: B905

    return worth


def test_each_place_is_settled_by_itself() -> None:
    true = "the cat sat on the mat today"
    assert settled("the rat sat on the mat today", "the cat spat on the mat to-day", near(true)) == true


def test_a_single_place_is_one_question() -> None:
    asked: list[Sequence[str]] = []

    def worth(texts: Sequence[str]) -> list[float]:
        asked.append(texts)
        return [1.0 if text == "no" else 0.0 for text in texts]

    assert settled("yes", "no", worth) == "no"
    assert asked == [["yes", "no"]]


def test_what_nobody_can_judge_stays_with_the_bridge() -> None:
    assert settled("one two", "two three", lambda texts: [float("nan")] * len(texts)) == "one two"


def test_readings_that_have_little_in_common_are_not_mixed() -> None:
    mine, theirs = " ".join(f"w{n} x" for n in range(MOST + 1)), " ".join(f"v{n} x" for n in range(MOST + 1))
    assert settled(mine, theirs, near("v0 x w1 x")) in (mine, theirs)


@given(WORDS, WORDS, WORDS)
def test_it_is_worth_no_less_than_either(mine: str, theirs: str, true: str) -> None:
    worth = near(true)
    found = settled(mine, theirs, worth)
    assert worth([found])[0] >= max(worth([mine, theirs]))
    if mine == theirs:
        assert found == mine
