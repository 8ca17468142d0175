"""How strong candidates are if places and lengths had no say: a choice is likelier, the stronger an answer's author,
the better its place, and the more of it there is (conditional logit, McFadden 1974; of two candidates without places
and lengths it is Bradley and Terry's model of 1952, of more Luce's).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from digiclone.vote.ballot import Ballot

PRIOR = 0.1
"""Of the squares of all numbers: keeps one who never won at a finite place, and says next to nothing otherwise."""


@dataclass(frozen=True)
class Strengths:
    """Natural logarithms, so that differences are logarithms of odds; candidates' and places' add up to nought."""

    candidates: dict[str, float]
    places: tuple[float, ...]
    """What standing there is worth."""
    places_interval: tuple[tuple[float, float], ...]
    length: float
    """What an answer of twice the length is worth beside one of the same."""
    length_interval: tuple[float, float]
    position_bias: float
    """How much likelier the best place is chosen than the worst, if answers are equally good: 1 is fair."""


def strengths(ballots: Sequence[Ballot], candidates: Sequence[str], seed: int = 0) -> Strengths:
    """From all ballots on which a candidate was chosen; intervals of 95 % over questions drawn again. Raises
    `ValueError` if there is none."""
    chosen = [one for one in ballots if one.outcome == "chosen" and one.choice is not None and len(one.order) > 1]
    if not chosen:
        raise ValueError("nobody was chosen on any ballot of several candidates")
    looks, picks = _looks(chosen, candidates)
    found = _fitted(looks, picks, np.ones(len(picks)))
    names = sorted({one.question for one in chosen})
    rows = np.array([names.index(one.question) for one in chosen])
    chance = np.random.default_rng(seed)
    times = chance.multinomial(len(names), np.full(len(names), 1 / len(names)), 200).astype(np.float64)
    again = np.array([_fitted(looks, picks, each[rows], found) for each in times])
    low, high = np.quantile(again, [0.025, 0.975], axis=0)
    count, places = len(candidates), looks.shape[1]
    of_places = slice(count, count + places)
    return Strengths(
        candidates=dict(zip(candidates, found[:count].tolist(), strict=True)),
        places=tuple(found[of_places].tolist()),
        places_interval=tuple(zip(low[of_places].tolist(), high[of_places].tolist(), strict=True)),
        length=float(found[-1]),
        length_interval=(float(low[-1]), float(high[-1])),
        position_bias=float(np.exp(np.ptp(found[of_places]))),
    )


def _looks(ballots: Sequence[Ballot], candidates: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(ballots, places, candidates + places + 1): what stands in each place of each ballot; and the place that was
    chosen. Places that a ballot does not have are no numbers."""
    places = max(len(one.order) for one in ballots)
    found = np.full((len(ballots), places, len(candidates) + places + 1), np.nan)
    picks = np.zeros(len(ballots), np.int64)
    for row, one in enumerate(ballots):
        lengths = np.log2(np.maximum(1, np.array(one.lengths, float)))
        for place, name in enumerate(one.order):
            found[row, place] = 0.0
            found[row, place, candidates.index(name)] = 1.0
            found[row, place, len(candidates) + place] = 1.0
            found[row, place, -1] = lengths[place] - lengths.mean()
        assert one.choice is not None
        picks[row] = one.order.index(one.choice)
    return found, picks


def _fitted(
    looks: NDArray[np.float64],
    picks: NDArray[np.int64],
    times: NDArray[np.float64],
    begin: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """The numbers that make the choices likeliest, each ballot counting so many `times`. The prior makes groups of
    them, of which only differences matter, add up to nought."""
    there = ~np.isnan(looks[:, :, 0])
    clean = np.nan_to_num(looks)
    rows = np.arange(len(picks))
    wanted = (clean[rows, picks] * times[:, None]).sum(0)

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        worth = np.where(there, clean @ values, -np.inf)
        top = worth.max(1, keepdims=True)
        shares = np.exp(worth - top)
        sums = shares.sum(1, keepdims=True)
        likely = worth[rows, picks] - top[:, 0] - np.log(sums[:, 0])
        meant = np.einsum("bp,bpk->k", times[:, None] * shares / sums, clean)
        total = -(times * likely).sum() + PRIOR * (values**2).sum()
        return float(total), meant - wanted + 2 * PRIOR * values

    start = np.zeros(looks.shape[2]) if begin is None else begin
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B").x)
