"""Crowd Score (Goes et al. 2022, arXiv 2212.11214), as its authors' notebook has it: four voters, one for each humour
style, find a text funny or boring; each may be asked why, and a vote whose reason does not fit is not valid.

    score = 1 + 3 v / 4        v: voters who find it funny
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from digiclone.types import Message
from digiclone.vote import judging
from digiclone.vote.choosers import Reasoner

STYLES = tuple(judging.STYLES)
FUNNY, BORING = "Funny", "Boring"


@dataclass(frozen=True)
class Opinion:
    """Of one voter. `funny` is none if it said neither; `valid` is none if nobody asked why."""

    style: str
    funny: bool | None
    reason: str = ""
    valid: bool | None = None


@dataclass(frozen=True)
class Score:
    """From 1 to 4, of all votes and of those that are valid; none if there are none of these."""

    opinions: tuple[Opinion, ...]
    all_votes: float | None
    valid_votes: float | None


def scored(text: str, voter: Reasoner, audited: bool = True, styles: Sequence[str] = STYLES) -> Score:
    """Let the voters vote, and audit them."""
    opinions = tuple(_opinion(text, style, voter, audited) for style in styles)
    return Score(
        opinions,
        _score([one.funny for one in opinions if one.funny is not None]),
        _score([one.funny for one in opinions if one.funny is not None and one.valid]),
    )


def _score(votes: Sequence[bool]) -> float | None:
    """Where voters fail, those that are left stand for all."""
    return 1 + 3 * sum(votes) / len(votes) if votes else None


def _opinion(text: str, style: str, voter: Reasoner, audited: bool) -> Opinion:
    plain = " ".join(text.split())
    asked = (
        f'Classify the following joke as "{FUNNY}" or "{BORING}" for a person that enjoys {style} humour.\n'
        f"Joke: {plain}\nClassification:"
    )
    word = voter.word([Message("user", asked)], (FUNNY, BORING))
    if word is None or not audited:
        return Opinion(style, None if word is None else word == FUNNY)
    why = f"Let's think step by step why this joke is {word} for a person that enjoys {style} humour.\nJoke: {plain}"
    reason = voter.reason([Message("user", why)])
    fits = (
        f"Joke: {plain}\nReasoning: {reason}\n\nDoes the reasoning explain why the joke is {word} for a person that"
        f" enjoys {style} humour? Answer Yes or No."
    )
    return Opinion(style, word == FUNNY, reason, voter.word([Message("user", fits)], ("Yes", "No")) == "Yes")
