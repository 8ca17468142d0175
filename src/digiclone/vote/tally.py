"""What an election found: shares with intervals, and whether they could be chance.

Ballots about one question are alike, so questions, not ballots, are what is drawn again for intervals (cluster
bootstrap). "None of these" counts as a vote for nobody; who abstained, or could not be read, is counted apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, norm, t

from digiclone.vote.ballot import Ballot

DRAWS = 4_000
"""Elections that are drawn again from the questions of one."""


@dataclass(frozen=True)
class Share:
    """Of the votes, with an interval of 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Result:
    """Of one metric, over all judges or for one of them."""

    shares: dict[str, Share]
    """By candidate, those with more votes first."""
    none: Share
    lead: Share
    """By how much the first candidate is ahead of the second."""
    questions: int
    ballots: int
    outcomes: dict[str, int]
    """How many ballots were chosen, none, abstained, unreadable."""
    won: dict[str, int]
    """Questions in which a candidate had more votes than any other."""
    by_chance: dict[str, float]
    """How likely it is that a candidate would win as many questions, or as few, if all were alike (exact binomial
    test; questions without a winner are left out)."""

    @property
    def winner(self) -> str | None:
        """The candidate that is ahead by more than the interval, if there is one."""
        return next(iter(self.shares)) if self.lead.low > 0 else None


def tally(ballots: Sequence[Ballot], candidates: Sequence[str], seed: int = 0) -> Result:
    """Count. Raises `ValueError` if no ballot says anything."""
    votes = counted(ballots, candidates)
    valid = votes.sum(1)
    votes, valid = votes[valid > 0], valid[valid > 0]
    if not len(votes):
        raise ValueError("no ballot says anything: nothing can be counted")
    drawn = _drawn(votes, valid, seed)
    value = votes.sum(0) / valid.sum()
    order: list[int] = np.argsort(-value[:-1], kind="stable").tolist()
    names = [candidates[number] for number in order]
    won = _won(votes[:, :-1])
    several = len(candidates) > 1
    first, second = (order[0], order[1]) if several else (order[0], order[0])
    return Result(
        shares={name: _share(value[n], drawn[:, n], len(votes)) for name, n in zip(names, order, strict=True)},
        none=_share(value[-1], drawn[:, -1], len(votes)),
        lead=_share(value[first] - value[second], drawn[:, first] - drawn[:, second], len(votes)),
        questions=len(votes),
        ballots=len(ballots),
        outcomes=dict(Counter(one.outcome for one in ballots)),
        won={name: won[candidates.index(name)] for name in names},
        by_chance={
            name: float(binomtest(won[candidates.index(name)], sum(won), 1 / len(candidates)).pvalue)
            if several and sum(won) else 1.0
            for name in names
        },
    )  # fmt: skip


def counted(ballots: Sequence[Ballot], candidates: Sequence[str]) -> NDArray[np.float64]:
    """Votes (questions, candidates + 1) in the order of the questions' names; the last column is for nobody."""
    rows = {name: number for number, name in enumerate(sorted({one.question for one in ballots}))}
    columns = {name: number for number, name in enumerate(candidates)}
    found = np.zeros((len(rows), len(candidates) + 1))
    for one in ballots:
        if one.outcome == "chosen" and one.choice is not None:
            found[rows[one.question], columns[one.choice]] += 1
        elif one.outcome == "none":
            found[rows[one.question], -1] += 1
    return found


def _drawn(votes: NDArray[np.float64], valid: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Shares (DRAWS, candidates + 1) of elections whose questions are drawn from these."""
    count = len(votes)
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), DRAWS)
    return (times @ votes) / (times @ valid)[:, None]


def _share(value: float, drawn: NDArray[np.float64], count: int) -> Share:
    """Percentiles, wider by as much as so few questions vary less among themselves than among all that could be asked
    (Hesterberg 2015, "What teachers should know about the bootstrap", section 5.3)."""
    if count < 2:
        return Share(float(value), -1.0 if value < 0 else 0.0, 1.0)
    tail = float(norm.cdf(-((count / (count - 1)) ** 0.5) * t.ppf(0.975, count - 1)))
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Share(float(value), float(low), float(high))


def _won(votes: NDArray[np.float64]) -> list[int]:
    """Questions that each candidate won alone."""
    best = votes.max(1, keepdims=True)
    alone = (votes == best).sum(1) == 1
    return ((votes == best) & alone[:, None]).sum(0).tolist()
