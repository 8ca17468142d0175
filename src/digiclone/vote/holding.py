"""An election is held: candidates answer, judges vote. It can be killed at any time; what was said and voted stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from digiclone.text.orders import disarmed
from digiclone.types import Message
from digiclone.vote import judging
from digiclone.vote.candidates import Answering
from digiclone.vote.choosers import Chooser
from digiclone.vote.election import Election, Judge, Slot, slots
from digiclone.vote.store import Store

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Printed:
    """A ballot as a judge is given it, with the letters that are allowed and the lengths of the answers."""

    slot: Slot
    messages: tuple[Message, ...]
    allowed: str
    lengths: tuple[int, ...]


def hold(
    election: Election,
    store: Store,
    candidates: Mapping[str, Answering],
    chooser: Callable[[Judge], Chooser],
    samples: Mapping[str, str],
    tell: Progress,
) -> None:
    """Ask for what is not in the `store` yet. `samples`: texts of the real person, by judge."""
    answer(election, store, candidates, tell)
    wanted = [slot for slot in slots(election) if not store.is_cast(slot)]
    judges = {one.name: one for one in election.judge}
    begun = time.monotonic()
    for number, slot in enumerate(wanted):
        left = (time.monotonic() - begun) / number * (len(wanted) - number) / 60 if number else 0.0
        more = f", {left:.0f} min left" if left > 1 else ""
        tell(f"{slot.judge} votes on {slot.metric}{more}", number / len(wanted))
        cast(election, store, judges[slot.judge], chooser, samples.get(slot.judge, ""), slot)


def answer(election: Election, store: Store, candidates: Mapping[str, Answering], tell: Progress) -> None:
    """Let candidates answer what they have not answered yet."""
    for number, one in enumerate(election.candidate):
        for place, question in enumerate(election.questions):
            tell(f"{one.name} answers", (number + place / len(election.questions)) / len(election.candidate))
            answered(store, one.name, question, candidates[one.name])


def answered(store: Store, name: str, question: str, who: Answering) -> bool:
    """Let one candidate answer one question; whether it had not yet."""
    if store.answer(name, question) is not None:
        return False
    begun = time.perf_counter()
    messages = who.prompt(question)
    text = who.answer(messages)
    prompt = "\n\n".join(f"[{one.role}] {one.text}" for one in messages)
    store.keep_answer(name, question, text, prompt, time.perf_counter() - begun)
    return True


def cast(
    election: Election, store: Store, judge: Judge, chooser: Callable[[Judge], Chooser], samples: str, slot: Slot
) -> None:
    """One ballot, from asking to the file. Raises `KeyError` if an answer is missing."""
    ballot = printed(election, store, judge, samples, slot)
    store.cast(slot, ballot.lengths, chooser(judge).choose(ballot.messages, slot.order, ballot.allowed))


def printed(election: Election, store: Store, judge: Judge, samples: str, slot: Slot) -> Printed:
    """Raises `KeyError` if an answer is missing."""
    answers = shown(election, store, slot)
    messages = judging.ballot(judge, slot.metric, samples, election.none, slot.question, answers)
    allowed = judging.options(len(slot.order), election.none)
    return Printed(slot, tuple(messages), allowed, tuple(len(text) for text in answers))


def shown(election: Election, store: Store, slot: Slot) -> list[str]:
    """The answers in the order of a ballot. Raises `KeyError` if one is missing."""
    return [shortened(election, store, name, slot.question) for name in slot.order]


def shortened(election: Election, store: Store, name: str, question: str) -> str:
    """What a candidate answered, without orders to the judges (they are found line by line: before it is put on one
    line), and no longer than the election allows. Raises `KeyError` if it did not."""
    text = store.answer(name, question)
    if text is None:
        raise KeyError(f"{name} has not answered {question!r}")
    return _cut(disarmed(text), election.longest)


def _cut(text: str, most: int) -> str:
    """At a word."""
    return text if len(text) <= most else f"{text[:most].rsplit(' ', 1)[0]} …"
