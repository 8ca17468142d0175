"""Judges who do not exist, whose preferences are known: an election among them has a right result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from digiclone.vote.ballot import Ballot, rotations


@dataclass(frozen=True)
class Crowd:
    """Worth of candidates, places and length is in logarithms of odds."""

    worth: Mapping[str, float]
    judges: int = 4
    first: float = 0.0
    """What standing first is worth."""
    longer: float = 0.0
    """What twice the length is worth."""
    question: float = 0.0
    """How differently questions suit a candidate."""
    taste: float = 0.0
    """How differently judges like a candidate."""
    nobody: float = -np.inf
    """What nobody is worth."""
    abstain: float = 0.0
    lengths: Mapping[str, float] = field(default_factory=dict)
    """How much longer, in doublings, a candidate's answers are."""


def held(
    crowd: Crowd, questions: int, chance: np.random.Generator, born: np.random.Generator | None = None
) -> list[Ballot]:
    """An election among the crowd: every rotation for every judge and question. Judges are `born` with their tastes:
    by the same chance, they are the same."""
    names, found = list(crowd.worth), list[Ballot]()
    tastes = (born or chance).normal(0, crowd.taste, (crowd.judges, len(names)))
    for question in range(questions):
        suits = chance.normal(0, crowd.question, len(names))
        lengths = {name: 100 * 2 ** (crowd.lengths.get(name, 0.0) + chance.normal(0, 0.5)) for name in names}
        mean = np.mean([np.log2(length) for length in lengths.values()])
        for judge in range(crowd.judges):
            for order in rotations(names):
                worth = [
                    crowd.worth[name] + suits[names.index(name)] + tastes[judge, names.index(name)]
                    + crowd.first * (place == 0) + crowd.longer * (np.log2(lengths[name]) - mean)
                    for place, name in enumerate(order)
                ]  # fmt: skip
                drawn = np.array([*worth, crowd.nobody]) + chance.gumbel(size=len(order) + 1)
                found.append(_ballot(question, judge, order, lengths, int(drawn.argmax()), crowd, chance))
    return found


def _ballot(
    question: int, judge: int, order: Sequence[str], lengths: Mapping[str, float], pick: int, crowd: Crowd,
    chance: np.random.Generator,
) -> Ballot:  # fmt: skip
    sizes = tuple(round(lengths[name]) for name in order)
    about = f"q{question:03}", f"j{judge}", "humour", tuple(order), sizes
    if chance.random() < crowd.abstain:
        return Ballot(*about, "abstained")
    return Ballot(*about, "none") if pick == len(order) else Ballot(*about, "chosen", order[pick])
