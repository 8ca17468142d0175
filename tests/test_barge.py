"""Echo, "mm-hmm" or interruption, by the words alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone.barge import BACKCHANNELS, judge

SPOKEN = "The weather in London will be cold tomorrow, so take a coat"


@pytest.mark.parametrize(
    ("heard", "final", "verdict"),
    [
        ("the weather in London", False, "echo"),
        ("the whether in london", False, "echo"),  # the recogniser errs
        ("weather in lunden will be cold", True, "echo"),
        ("so take a coat", False, "echo"),
        ("London tomorrow coat", True, "echo"),  # an echo with gaps
        ("cold", True, "echo"),
        ("cold", False, "unsure"),  # one word is not enough yet
        ("stop", False, "interruption"),
        ("wait a moment please", False, "interruption"),
        ("will it be cold in Paris next week as well", False, "interruption"),  # some words are the same
        ("coat a take so tomorrow", True, "interruption"),  # the same words, but not in order
        ("tomorrow, tomorrow, tomorrow!", True, "interruption"),  # it was said once
        ("mm-hmm", True, "backchannel"),
        ("mm-hmm", False, "unsure"),
        ("Yeah, right.", True, "backchannel"),
        ("Oh really?", True, "backchannel"),
        ("yeah but no", False, "interruption"),
        ("", False, "unsure"),
        ("", True, "backchannel"),  # nothing was said: nothing is interrupted
        ("... !?", True, "backchannel"),
    ],
)
def test_verdicts(heard: str, final: bool, verdict: str) -> None:
    assert judge(heard, SPOKEN, final=final) == verdict


def test_before_anything_was_spoken_nothing_is_an_echo() -> None:
    assert judge("hello there", "", final=True) == "interruption"


words = st.lists(st.sampled_from([*SPOKEN.lower().replace(",", "").split(), "yeah", "stop", "why"]), max_size=12)


@given(words, words)
def test_a_final_transcript_is_decided(heard: list[str], spoken: list[str]) -> None:
    assert judge(" ".join(heard), " ".join(spoken), final=True) != "unsure"


@given(words, st.data())
def test_any_part_of_what_is_spoken_is_an_echo(spoken: list[str], data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(spoken)))
    part = spoken[begin : data.draw(st.integers(begin, len(spoken)))]
    if part:
        assert judge(" ".join(part), " ".join(spoken), final=True) == "echo"


@given(words)
def test_an_open_doubt_is_never_a_backchannel(heard: list[str]) -> None:
    verdict = judge(" ".join(heard), "", final=False)
    assert verdict == ("unsure" if set(heard) <= BACKCHANNELS else "interruption")
