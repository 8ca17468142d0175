"""Algorithm 1: on any scores, what comes out is speech, in order, whole, and not too long."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone.voice.segment import OFFSET, ONSET, as_printed, segments, violations

TRACES = st.lists(st.floats(0, 1, width=32), min_size=0, max_size=200).map(lambda s: np.array(s, np.float32))


def brute(scores: np.ndarray, longest: int) -> list[tuple[int, int]]:
    """Speech by hysteresis as runs, each then cut from its left as long as it is too long."""
    active, runs = False, list[list[int]]()
    for i, score in enumerate(scores):
        started = not active and score > ONSET
        active = started or (active and score >= OFFSET)
        if started:
            runs.append([])
        if active:
            runs[-1].append(i)
    found = list[tuple[int, int]]()
    for run in runs:
        start, end = run[0], run[-1] + 1
        while end - start > longest:
            half = start + longest // 2
            cut = min(range(half, start + longest + 1), key=lambda i: (scores[i], i))
            found.append((start, cut))
            start = cut
        found.append((start, end))
    return found


@given(scores=TRACES, longest=st.integers(2, 40))
def test_nothing_is_ever_wrong_with_segments(scores: np.ndarray, longest: int) -> None:
    assert violations(segments(scores, longest), scores, longest) == []


@given(scores=TRACES, longest=st.integers(2, 40))
def test_it_is_hysteresis_with_cuts_at_the_quietest_moments(scores: np.ndarray, longest: int) -> None:
    assert segments(scores, longest) == brute(scores, longest)


def test_speech_to_the_very_end_is_kept() -> None:
    scores = np.array([0.0, 0.9, 0.9, 0.9])
    assert segments(scores, 10) == [(1, 4)]
    assert as_printed(scores, 10, 1) == []


def test_it_is_cut_at_the_pause_of_its_second_half() -> None:
    scores = np.full(30, 0.9)
    scores[[3, 14]] = 0.4, 0.5
    assert segments(scores, 20) == [(0, 14), (14, 30)]


def test_a_segment_of_one_step_cannot_be_cut() -> None:
    with pytest.raises(ValueError, match="second half"):
        segments(np.ones(5), 1)


def test_the_printed_form_fails_in_each_of_its_ways() -> None:
    assert "speech left out" in violations(as_printed(np.array([0.0, 0.9]), 9, 1), np.array([0.0, 0.9]), 9)
    sentence = np.concatenate([np.full(16, 0.9), np.zeros(30)])
    wrong = violations(as_printed(sentence, 10, 1), sentence, 10)
    assert {"too long", "empty or backwards"} <= set(wrong)
    with pytest.raises(ValueError, match="empty"):
        as_printed(np.full(14, 0.9), 10, 1)
