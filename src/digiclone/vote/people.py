"""People vote: each sees each question once for each metric, in an order of the candidates that is their own, without
names; what they chose is a ballot like any judge's."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from digiclone.config import ConfigError
from digiclone.vote.ballot import Ballot, rotations
from digiclone.vote.election import Election, Metric, Slot, shuffled
from digiclone.vote.holding import shown
from digiclone.vote.judging import ASKED
from digiclone.vote.store import Store, Vote

PERSON = "person "
"""How the name of a judge begins who is one."""
_VOTER = re.compile(r"[a-z0-9]{8,32}")


def is_person(ballot: Ballot) -> bool:
    """Whether somebody cast it, not a model."""
    return ballot.judge.startswith(PERSON)


def slots(election: Election, voter: str) -> Iterator[Slot]:
    """All that a voter is asked, in their own order. Raises `ConfigError` for a name that is none."""
    if not _VOTER.fullmatch(voter):
        raise ConfigError("a voter is 8 to 32 small letters and digits")
    names = [one.name for one in election.candidate]
    asked: list[tuple[str, Metric]] = [(one, metric) for one in election.questions for metric in election.metrics]
    for question, metric in sorted(asked, key=lambda one: _chance(voter, *one)):
        orders = list(rotations(shuffled(names, election.seed, question)))
        turn = _chance(voter, question, metric, "turn")[0] % len(orders)
        yield Slot(question, f"{PERSON}{voter}", metric, turn, orders[turn])


def _chance(*words: str) -> bytes:
    return hashlib.sha256(" ".join(words).encode()).digest()


def next_ballot(election: Election, store: Store, voter: str) -> dict[str, object]:
    """What the voter is to be asked now, without names; that all is done, if it is. Raises `ConfigError`."""
    wanted = list(slots(election, voter))
    left = [slot for slot in wanted if not store.is_cast(slot)]
    about: dict[str, object] = {"name": election.name, "done": len(wanted) - len(left), "of": len(wanted)}
    if not left:
        return about
    slot = left[0]
    return about | {
        "question": slot.question, "metric": slot.metric, "asked": ASKED[slot.metric], "none": election.none,
        "answers": shown(election, store, slot),
    }  # fmt: skip


def vote(election: Election, store: Store, voter: str, question: str, metric: str, choice: object) -> None:
    """Cast a ballot: the number of an answer as it was shown, or none of them (`None`). The first one stays.

    Raises `ConfigError` for one that nobody asked for.
    """
    slot = next((one for one in slots(election, voter) if (one.question, one.metric) == (question, metric)), None)
    if slot is None:
        raise ConfigError("nobody asked that")
    if choice is None and election.none:
        found = Vote("none", None, "", "", 0.0)
    elif isinstance(choice, int) and not isinstance(choice, bool) and 0 <= choice < len(slot.order):
        found = Vote("chosen", slot.order[choice], "", "", 0.0)
    else:
        raise ConfigError("that is not one of the answers")
    store.cast(slot, [len(text) for text in shown(election, store, slot)], found)


def as_one(ballots: Sequence[Ballot]) -> list[Ballot]:
    """Everybody's ballots as those of two judges, people and models: to see whether these agree."""
    return [replace(one, judge="people" if is_person(one) else "models") for one in ballots]
