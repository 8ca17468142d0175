"""What an election will take, before it is held: a few answers and ballots of it are asked for, and kept, so that
nothing is asked twice.

The first ballot of a judge on a metric takes longer than the others, for what that judge is told is read then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from digiclone.vote.candidates import Answering
from digiclone.vote.choosers import Chooser
from digiclone.vote.election import Election, Judge, Slot, slots
from digiclone.vote.holding import Progress, answered, cast
from digiclone.vote.store import Store

T = TypeVar("T")
QUESTIONS = 5
"""That are answered, and voted on once by each group that is looked at: short ones and long ones."""
GROUPS = 3
"""Of ballots, of which some are looked at."""


@dataclass(frozen=True)
class Cost:
    """Of what is not done yet. Tokens are those that judges of this machine must read; 0 if there are none such."""

    answers: int
    ballots: int
    seconds: float
    tokens: int


def predict(
    election: Election,
    store: Store,
    who: Mapping[str, Answering],
    chooser: Callable[[Judge], Chooser],
    samples: Mapping[str, str],
    tell: Progress,
) -> Cost:
    """Look at a few, and say what the rest will take."""
    some = _spread(sorted(election.questions, key=len), QUESTIONS)
    left, answering = 0, 0.0
    for one in election.candidate:
        took = list[float]()
        for question in some:
            tell(f"{one.name} answers", 0.1)
            begun = time.perf_counter()
            if answered(store, one.name, question, who[one.name]):
                took.append(time.perf_counter() - begun)
        open_ = sum(store.answer(one.name, question) is None for question in election.questions)
        left += open_
        answering += open_ * (sum(took) / len(took) if took else 0.0)
    groups = [list(group) for _, group in groupby(slots(election), lambda slot: (slot.judge, slot.metric))]
    looks = [_look(election, store, chooser, samples, group, some, tell) for group in _spread(groups, GROUPS)]
    uncast = [sum(not store.is_cast(slot) for slot in group) for group in groups]
    begins = sum(count == len(group) for group, count in zip(groups, uncast, strict=True))
    first, other = (_mean([look[part] for look in looks]) for part in (0, 1))
    rest = sum(uncast)
    return Cost(
        left, rest, answering + begins * first[0] + (rest - begins) * other[0],
        round(begins * first[1] + (rest - begins) * other[1]),
    )  # fmt: skip


Look = tuple[float, float]
"""Seconds and tokens of a ballot."""


def _look(
    election: Election, store: Store, chooser: Callable[[Judge], Chooser], samples: Mapping[str, str],
    group: Sequence[Slot], questions: Sequence[str], tell: Progress,
) -> tuple[Look, Look]:  # fmt: skip
    """What the first ballot of a group took, and what others took: one on each question."""
    judge = next(one for one in election.judge if one.name == group[0].judge)
    asked = chooser(judge)
    took = list[Look]()
    left = [one for one in group if one.question in questions and not store.is_cast(one)]
    for slot in [*left[:1], *{one.question: one for one in left[1:]}.values()]:
        tell(f"{judge.name} votes on {slot.metric}", 0.5)
        begun, read = time.perf_counter(), getattr(asked, "evaluated", 0)
        cast(election, store, judge, chooser, samples.get(judge.name, ""), slot)
        took.append((time.perf_counter() - begun, getattr(asked, "evaluated", 0) - read))
    if not took:
        return (0.0, 0.0), (0.0, 0.0)
    return took[0], _mean(took[1:] or took)


def _mean(looks: Sequence[Look]) -> Look:
    told = [look for look in looks if look[0] > 0]
    return (sum(s for s, _ in told) / len(told), sum(t for _, t in told) / len(told)) if told else (0.0, 0.0)


def _spread(all_: Sequence[T], most: int) -> list[T]:
    """At most so many: the middles of as many equal parts."""
    count = min(most, len(all_))
    return [all_[(2 * number + 1) * len(all_) // (2 * count)] for number in range(count)]
