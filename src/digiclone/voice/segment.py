"""Where speech begins and ends: tinyDigiClones' Algorithm 1, from the scores of a voice activity detector.

Printed, the algorithm looks for a pause to cut at in the future, compares durations with `duration * step` and forgets
the segment that is open at the end. What was meant is WhisperX's (Bain et al. 2023): hysteresis, and a segment that
grows too long is cut at the quietest moment of its own second half. `as_printed` keeps the other as an ablation;
`violations` says what is wrong with either.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]
ONSET, OFFSET = 0.5, 0.363
"""Scores at which speech begins and ends (pyannote's, as in WhisperX)."""

Segment = tuple[int, int]
"""First step of speech, and first step after it."""


def segments(scores: Scores, longest: int, onset: float = ONSET, offset: float = OFFSET) -> list[Segment]:
    """Speech in `scores` (N,), one per time step, in order; none is empty, none longer than `longest` steps (>= 2)."""
    if longest < 2:
        raise ValueError(f"a segment of {longest} steps has no second half to cut in")
    found: list[Segment] = []
    start: int | None = None
    for step, score in enumerate([*scores, -np.inf]):  # behind the last step there is silence
        if start is not None and step - start > longest:
            half = start + longest // 2
            cut = half + int(np.argmin(scores[half:step]))
            found.append((start, cut))
            start = cut
        if start is None:
            start = step if score > onset else None
        elif score < offset:
            found.append((start, step))
            start = None
    return found


def as_printed(
    scores: Scores, max_duration: float, step: float, onset: float = ONSET, offset: float = OFFSET
) -> list[Segment]:
    """Algorithm 1 line by line, for `max_duration` and `step` in seconds. Raises `ValueError` where its window is
    empty.

    `int(maxDuration * timeStep)` is below 1 for every real step; to give it a chance, it is read as
    `int(maxDuration / timeStep)`.
    """
    found: list[Segment] = []
    start, active = 0, bool(scores[0] > offset)
    longest = int(max_duration / step)
    for index in range(1, len(scores)):
        if active:
            if index - start >= longest:
                begin, end = index + longest // 2, index + longest
                cut = begin + int(np.argmin(scores[begin:end]))
                found.append((start, cut))
                start = cut
            elif scores[index] < offset:
                found.append((start, index))
                active = False
        elif scores[index] > onset:
            start, active = index, True
    return found


def violations(found: Sequence[Segment], scores: Scores, longest: int, onset: float = ONSET) -> list[str]:
    """What is wrong with segments of `scores` (N,): kinds of mistakes, each named once."""
    inside = np.zeros(len(scores) + 1, bool)
    for start, end in found:
        inside[start:end] = True
    wrong = {
        "empty or backwards": any(end <= start for start, end in found),
        "too long": any(end - start > longest for start, end in found),
        "beyond the end": any(end > len(scores) for _, end in found),
        "overlapping": any(after < before for (_, before), (after, _) in pairwise(found)),
        "speech left out": bool((~inside[: len(scores)] & (scores > onset)).any()),
    }
    return [name for name, is_so in wrong.items() if is_so]
