"""Crowd Score (Goes et al. 2022, arXiv 2212.11214), as its authors' notebook has it: four voters, one for each humour
style, find a text funny or boring; each may be asked why, and a vote whose reason does not fit is not valid.

    score = 1 + 3 v / 4        v: voters who find it funny
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from digiclone.measure.intervals import of_many
from digiclone.text.orders import disarmed
from digiclone.types import Message
from digiclone.vote import panels
from digiclone.vote.choosers import Reasoner
from digiclone.vote.election import Election
from digiclone.vote.holding import Progress, shortened
from digiclone.vote.store import Store

STYLES = tuple(panels.STYLES)
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


@dataclass(frozen=True)
class Mean:
    """Of the scores of a candidate's answers, with an interval of 95 % over questions; none if there are none."""

    all_votes: float | None
    all_votes_interval: tuple[float, float] | None
    valid_votes: float | None
    valid_votes_interval: tuple[float, float] | None
    funny: float | None
    """The share of votes that find it funny."""
    valid: float | None
    """The share of votes that the audit lets stand; none without one."""


def score(opinions: Sequence[Opinion]) -> Score:
    """Of voters on one text."""
    return Score(
        tuple(opinions),
        _score([one.funny for one in opinions if one.funny is not None]),
        _score([one.funny for one in opinions if one.funny is not None and one.valid]),
    )


def of_answers(
    election: Election, store: Store, voter: Reasoner, name: str, audited: bool, tell: Progress
) -> dict[str, Mean]:
    """By candidate. Each opinion is kept under the voter's `name` as soon as it is there, and is not asked for again.
    Raises `KeyError` if an answer is missing."""
    wanted = [
        (one.name, asked, style) for one in election.candidate for asked in election.questions for style in STYLES
    ]
    found: dict[str, dict[str, list[Opinion]]] = {}
    for number, (who, asked, style) in enumerate(wanted):
        tell(f"{style} humour votes on what {who} said", number / len(wanted))
        key = who, asked, style, f"{name}, {'audited' if audited else 'not audited'}"
        if (kept := store.opinion(key)) is None:
            kept = asdict(opinion(shortened(election, store, who, asked), style, voter, audited))
            store.keep_opinion(key, kept)
        found.setdefault(who, {}).setdefault(asked, []).append(Opinion(**kept))
    return {who: _mean([score(each) for each in by.values()]) for who, by in found.items()}


def _mean(scores: Sequence[Score]) -> Mean:
    opinions = [one for each in scores for one in each.opinions if one.funny is not None]
    asked_why = [one.valid for one in opinions if one.valid is not None]
    both = [[value for value in values if value is not None]
            for values in ([one.all_votes for one in scores], [one.valid_votes for one in scores])]  # fmt: skip
    (all_, all_interval), (valid, valid_interval) = ((_of(each), of_many(each) if each else None) for each in both)
    return Mean(
        all_, all_interval, valid, valid_interval, _of([bool(one.funny) for one in opinions]), _of(asked_why)
    )  # fmt: skip


def _of(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _score(votes: Sequence[bool]) -> float | None:
    """Where voters fail, those that are left stand for all."""
    return 1 + 3 * sum(votes) / len(votes) if votes else None


def opinion(text: str, style: str, voter: Reasoner, audited: bool) -> Opinion:
    """Let one voter vote, and say why if it is `audited`."""
    plain = disarmed(text)
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
