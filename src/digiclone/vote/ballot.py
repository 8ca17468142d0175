"""A ballot: what a judge was shown, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

T = TypeVar("T")
Outcome = Literal["chosen", "none", "abstained", "unreadable"]


@dataclass(frozen=True, slots=True)
class Ballot:
    """One question, one judge, one metric, one order of the candidates."""

    question: str
    judge: str
    metric: str
    order: tuple[str, ...]
    """Candidates as they were shown, from first to last; the judge never learnt their names."""
    lengths: tuple[int, ...]
    """Characters of each answer, in that order."""
    outcome: Outcome
    """None: nobody deserves it, which is an opinion. Abstained: no opinion. Unreadable: no choice could be found in
    what the judge said. All are counted, the first alone has a candidate."""
    choice: str | None = None
    """The candidate that was chosen."""


def rotations(candidates: Sequence[T]) -> Iterator[tuple[T, ...]]:
    """As many orders as there are candidates, in which each stands once in each place: whoever prefers a place, not an
    answer, votes for everybody alike."""
    for first in range(len(candidates)):
        yield (*candidates[first:], *candidates[:first])
