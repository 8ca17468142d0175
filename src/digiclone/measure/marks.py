"""What verdicts come to: means with intervals over questions, and whether the judge that gave them can be believed.

A judge is believed if it marks the accuracy of answers clearly higher than that of a known-bad control, in which each
question is shown with the answer to another one: the 95 % interval of the mean difference, by a paired bootstrap over
questions, lies above 0. Otherwise its marks are void, whatever they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from digiclone.measure.judge import Verdict
from digiclone.measure.questions import Question

RESAMPLES = 10_000
FEWEST = 20
"""Questions below which a bootstrap promises too much."""
READABLE = 0.9
"""Share of the verdicts that must be readable: what is left of fewer may be a selection."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer with its verdicts, one for each round, and that on another question's answer; None cannot be read."""

    question: Question
    answer: str
    verdicts: tuple[Verdict | None, ...]
    control: Verdict | None
    answering_s: float = 0.0
    judging_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Mean:
    """Over questions, with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Marks:
    """From 1 to 5, of so many questions; the score is the mean of the other two."""

    coherence: Mean
    accuracy: Mean
    score: Mean
    questions: int


@dataclass(frozen=True, slots=True)
class Control:
    """Accuracy of the answers and of the wrong ones, and the difference."""

    answers: Mean
    wrong: Mean
    difference: Mean


@dataclass(frozen=True, slots=True)
class Consistency:
    """Of two rounds about the same answer: share of the marks that are equal, and how far apart they are on average."""

    equal: float
    apart: float


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. Without marks if they are void."""

    void: str
    """Why; empty if they count."""
    marks: Marks | None
    topics: dict[str, Marks]
    verdicts: int
    unreadable: int
    control: Control | None
    consistency: Consistency | None
    """None after a single round."""
    answering_s: float
    judging_s: float


def report(judged: Sequence[Judged]) -> Report:
    """What the verdicts come to."""
    every = [verdict for one in judged for verdict in (*one.verdicts, one.control)]
    unreadable, control = every.count(None), _control(judged)
    void = _void(len(judged), 1 - unreadable / max(1, len(every)), control)
    topics = dict.fromkeys(one.question.topic for one in judged)
    return Report(
        void,
        None if void else _marks(judged),
        {} if void else {t: m for t in topics if (m := _marks([j for j in judged if j.question.topic == t]))},
        len(every),
        unreadable,
        control,
        _consistency(judged),
        round(sum(one.answering_s for one in judged), 1),
        round(sum(one.judging_s for one in judged), 1),
    )


def mean(values: Sequence[float]) -> Mean:
    """With the percentiles of a bootstrap. At least one value."""
    known = np.asarray(values, float)
    drawn = np.random.default_rng(0).integers(len(known), size=(RESAMPLES, len(known)))
    low, high = np.percentile(known[drawn].mean(axis=1), (2.5, 97.5))
    return Mean(round(float(known.mean()), 3), round(float(low), 3), round(float(high), 3))


def _void(count: int, readable: float, control: Control | None) -> str:
    if control is None or readable < READABLE:
        return f"{1 - readable:.0%} of the verdicts have not the form that was asked for"
    if count < FEWEST:
        return f"{count} questions cannot show whether the judge can be believed; ask {FEWEST} or more"
    if control.difference.low <= 0:
        return (
            "the judge cannot tell right from wrong: it marks answers to other questions no lower "
            "(or every answer is wrong)"
        )
    return ""


def _marks(judged: Sequence[Judged]) -> Marks | None:
    """Of the answers that have a readable verdict."""
    pairs = [pair for one in judged if (pair := _own(one))]
    if not pairs:
        return None
    coherence, accuracy = zip(*pairs, strict=True)
    return Marks(mean(coherence), mean(accuracy), mean([(c + a) / 2 for c, a in pairs]), len(pairs))


def _own(one: Judged) -> tuple[float, float] | None:
    """Coherence and accuracy over the rounds."""
    read = [verdict for verdict in one.verdicts if verdict]
    if not read:
        return None
    return sum(v.coherence for v in read) / len(read), sum(v.accuracy for v in read) / len(read)


def _control(judged: Sequence[Judged]) -> Control | None:
    """None if no question has readable verdicts on both answers."""
    pairs = [(own[1], one.control.accuracy) for one in judged if one.control and (own := _own(one))]
    if not pairs:
        return None
    answers, wrong = zip(*pairs, strict=True)
    return Control(mean(answers), mean(wrong), mean([a - w for a, w in pairs]))


def _consistency(judged: Sequence[Judged]) -> Consistency | None:
    pairs = [(a, b) for one in judged for a, b in combinations(one.verdicts, 2) if a and b]
    apart = [abs(x - y) for a, b in pairs for x, y in ((a.coherence, b.coherence), (a.accuracy, b.accuracy))]
    return Consistency(round(apart.count(0) / len(apart), 3), round(sum(apart) / len(apart), 3)) if apart else None
