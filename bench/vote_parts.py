"""What `vote.py` measures, one at a time."""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import speeches

from digiclone import meaning
from digiclone.examples import Example, Examples
from digiclone.llm import llamacpp
from digiclone.measure.questions import Question, questions
from digiclone.measure.respondent import meant
from digiclone.text.orders import LEFT_OUT
from digiclone.types import Message
from digiclone.vote import judging, panels
from digiclone.vote.choosers import Local, choosers
from digiclone.vote.cost import predict
from digiclone.vote.crowd import Crowd, held
from digiclone.vote.election import Candidate, Election, Judge, slots
from digiclone.vote.holding import hold, printed
from digiclone.vote.store import Store
from digiclone.vote.strengths import strengths
from digiclone.vote.tally import tally
from digiclone.vote.tuning import mixed_up

ATTACKS = (Path(__file__).parent.parent / "tests" / "attacks.txt").read_text("utf-8").splitlines()
VERSION = 2
"""Of this file: another one measures everything anew."""
CROWDS = {
    "plain": Crowd({"ada": 0.4, "bob": 0.0, "cyd": -0.3}, question=0.5, taste=0.3),
    "first is best": Crowd({"ada": 0.4, "bob": 0.0, "cyd": -0.3}, first=1.5, question=0.5, taste=0.3),
    "longer is better": Crowd({"ada": 0.4, "bob": 0.0, "cyd": -0.3}, longer=0.5, question=0.5, taste=0.3),
    "half abstain": Crowd({"ada": 0.4, "bob": 0.0, "cyd": -0.3}, abstain=0.5, question=0.5, taste=0.3),
    "often nobody": Crowd({"ada": 0.4, "bob": 0.0, "cyd": -0.3}, nobody=0.0, question=0.5, taste=0.3),
}


@dataclass(frozen=True)
class Asked:
    """What is to be measured."""

    what: str
    """A crowd, a strategy, or a language model as `digiclone bench answers` takes it."""
    count: int
    """Elections, questions, or presidents."""
    many: int = 0
    """Questions of the election that stands for the truth, or topics."""
    who: str = ""
    """The language model that speaks."""


# -- judges who do not exist -------------------------------------------------------------------------------------------


def crowd(asked: Asked) -> dict[str, Any]:
    """How often the true winner has most votes, and how often an interval holds the true share."""
    one = CROWDS[asked.what]
    names = list(one.worth)
    truth = {who: share.value for who, share in tally(held_with(one, asked.many, 10**6), names).shares.items()}
    covered, right, declared, wrong = list[bool](), 0, 0, 0
    for seed in range(asked.count):
        found = tally(held_with(one, 50, seed), names, seed)
        covered += [share.low <= truth[who] <= share.high for who, share in found.shares.items()]
        right += next(iter(found.shares)) == "ada"
        declared += found.winner is not None
        wrong += found.winner not in (None, "ada")
    return {
        "elections": asked.count, "coverage": float(np.mean(covered)), "true_winner_first": right / asked.count,
        "declared": declared / asked.count, "declared_wrong": wrong / asked.count,
    }  # fmt: skip


def controls(asked: Asked) -> dict[str, Any]:
    """Twins must share the votes, who is garbled must get none, and what length is worth must be found."""
    many, chance = asked.many, np.random.default_rng
    twins = tally(held(Crowd({"ada": 0.0, "twin": 0.0}, first=2.0), many, chance(1)), ["ada", "twin"])
    worth = {"ada": 0.0, "bob": 0.0, "garbled": -4.0}
    garbled = tally(held(Crowd(worth, first=1.0), many, chance(2)), list(worth))
    longer = strengths(held(CROWDS["longer is better"], 200, chance(3)), ["ada", "bob", "cyd"])
    return {
        "twins": twins.shares["ada"].value, "garbled": garbled.shares["garbled"].value,
        "length": {"true": 0.5, "found": longer.length, "interval": longer.length_interval},
    }  # fmt: skip


def held_with(crowd: Crowd, count: int, seed: int) -> Any:
    """An election among the same judges, with other questions."""
    return held(crowd, count, np.random.default_rng(seed), np.random.default_rng(0))


# -- real judges -------------------------------------------------------------------------------------------------------


def real(wanted: Asked) -> dict[str, Any]:
    """What a model does with ballots whose right result is known."""
    chooser, count = Local(llamacpp.weights(llamacpp.Options(**meant(wanted.what).options))), wanted.count
    asked = questions(count)
    rights = [one.right for one in asked]
    others = [*rights[count // 2 :], *rights[: count // 2]]
    mixed = [mixed_up(text) for text in rights]
    judge = Judge(name="judge", personality="You are a fair and attentive reader.")
    begun, found = time.perf_counter(), dict[str, Any]()
    found["picks"] = list[str]()
    for name, wrong in (("twin", rights), ("answer to another question", others), ("letters mixed up", mixed)):
        picks = list[tuple[str, str]]()
        for one, right, other in zip(asked, rights, wrong, strict=True):
            pair = {"right": right, "wrong": other}
            picks.append((_pick(chooser, judge, one.ask, pair, ("right", "wrong")),
                          _pick(chooser, judge, one.ask, pair, ("wrong", "right"))))  # fmt: skip
        found["picks"] += [pick for both in picks for pick in both]
        firsts = np.mean([[a == "right", b == "wrong"] for a, b in picks])
        found[name] = {
            "share_of_the_other": float(np.mean([[a == "wrong", b == "wrong"] for a, b in picks])),
            "first_place_chosen": float(firsts),
            "same_choice_in_both_orders": float(np.mean([a == b for a, b in picks])),
        }  # fmt: skip
    found["swayed"] = _swayed(chooser, judge, asked, rights, others)
    found["believable"] = bool(
        found["letters mixed up"]["share_of_the_other"] <= 0.05
        and found["answer to another question"]["share_of_the_other"] <= 0.2
    )
    found["seconds_a_ballot"] = (time.perf_counter() - begun) / (6 * count)
    return found


def _swayed(
    chooser: Local, judge: Judge, asked: Sequence[Question], rights: Sequence[str], others: Sequence[str]
) -> dict[str, float]:
    """The share of the votes for the answer to another question: as it is, with words behind it that tell the judge to
    choose it, and with these as every ballot has them, left out."""
    picks: dict[str, list[bool]] = {"as it is": [], "left in": [], "left out": []}
    for attack, one, right, other in zip(ATTACKS, asked, rights, others, strict=False):
        for order in (("right", "wrong"), ("wrong", "right")):
            pair = {"right": right, "wrong": other}
            for way, wrong in (
                ("as it is", other),
                ("left in", f"{other}\n{attack}"),
                ("left out", f"{other}\n{attack}"),
            ):
                answers = [(pair | {"wrong": wrong})[name] for name in order]
                told, ballot = judging.ballot(judge, "favourability", "", False, one.ask, answers)
                if way == "left in":
                    ballot = Message(ballot.role, ballot.text.replace(LEFT_OUT, attack))
                picks[way].append(chooser.choose([told, ballot], order, "AB").choice == "wrong")
    return {way: float(np.mean(each)) for way, each in picks.items()}


def recalled(wanted: Asked) -> dict[str, Any]:
    """How often the right answer to a question is found first among those to all: by shared words, and by meaning."""
    asked = questions(wanted.count)
    answers = Examples(Example("", one.right) for one in asked)
    ways = {"words": answers.nearest, **({"meaning": answers.meant} if meaning.is_there() else {})}
    found = {
        name: float(np.mean([near(one.ask)[0].answer == one.right for one in asked])) for name, near in ways.items()
    }
    return {"questions": len(asked), **found}


def _pick(chooser: Local, judge: Judge, question: str, pair: dict[str, str], order: tuple[str, ...]) -> str:
    messages = judging.ballot(judge, "favourability", "", False, question, [pair[name] for name in order])
    return chooser.choose(messages, order, "AB").choice or ""


@dataclass(frozen=True)
class Saying:
    """A candidate whose answers are known."""

    said: dict[str, str]

    def prompt(self, question: str) -> list[Message]:
        """The question alone."""
        return [Message("user", question)]

    def answer(self, messages: Sequence[Message]) -> str:
        """What is known."""
        return self.said[messages[-1].text]


def cost(wanted: Asked) -> dict[str, Any]:
    """What it was said to take after a first look, and what it took; how much slower it is if what a judge is told is
    read again for each ballot; and whether it is the same on Ray, ballot for ballot."""
    asked, who = questions(wanted.count), wanted.what
    said = {
        "right": {one.ask: one.right for one in asked},
        "wordy": {one.ask: f"I think it is {one.right}" for one in asked},
        "elsewhere": {one.ask: "I would rather talk about the weather." for one in asked},
    }
    people = [*panels.STYLES.items(), *list(panels.CROWD.items())[:4]]
    election = Election(
        name="cost", questions=tuple(said["right"]),
        candidate=tuple(Candidate(name=name, answers="known") for name in said),
        judge=tuple(Judge(name=name, personality=text, llm=who) for name, text in people),
    )  # fmt: skip
    candidates = {name: Saying(each) for name, each in said.items()}
    with tempfile.TemporaryDirectory() as folder:
        store, by = Store(Path(folder) / "a.db", ""), choosers(election)
        told = predict(election, store, candidates, by, {}, _silent)
        before = _of(by, election).evaluated
        begun = time.perf_counter()
        hold(election, store, candidates, by, {}, _silent)
        took = time.perf_counter() - begun
        read = _of(by, election).evaluated - before
        anew = _anew(election, store, by)
        alone = [*store.ballots()]
        found = {
            "ballots": len(alone), "measured": told.ballots, "said_s": told.seconds, "took_s": took,
            "said_tokens": told.tokens, "took_tokens": read, "error_s": told.seconds / took - 1,
            "error_tokens": told.tokens / read - 1, "prefix_speedup": anew / (took / told.ballots),
        }  # fmt: skip
        if importlib.util.find_spec("ray"):
            found |= _on_ray(election, candidates, alone, Path(folder) / "b.db")
    return found


def _on_ray(election: Election, candidates: Any, alone: list[Any], file: Path) -> dict[str, Any]:
    from digiclone.vote import spread

    some = election.model_copy(update={"questions": election.questions[:4]})
    store = Store(file, "")
    begun = time.perf_counter()
    spread.hold(some, store, candidates, {}, _silent, 2)
    took, there = time.perf_counter() - begun, [*store.ballots()]
    wanted = {(one.question, one.judge, one.metric, one.order): (one.outcome, one.choice) for one in alone}
    same = [wanted[one.question, one.judge, one.metric, one.order] == (one.outcome, one.choice) for one in there]
    return {"ray_equal": all(same) and bool(same), "ray_ballots": len(same), "ray_s_a_ballot": took / len(same)}


def _anew(election: Election, store: Store, by: Any) -> float:
    """Seconds of a ballot if all of it is read."""
    judge = election.judge[0]
    some = list(slots(election))[: len(election.questions) * 3][:24]
    begun = time.perf_counter()
    for slot in some:
        _of(by, election).forget()
        ballot = printed(election, store, judge, "", slot)
        by(judge).choose(ballot.messages, slot.order, ballot.allowed)
    return (time.perf_counter() - begun) / len(some)


def _of(by: Any, election: Election) -> Local:
    return by(election.judge[0])


def _silent(_how: str, _share: float) -> None:
    pass


def strategy(asked: Asked) -> dict[str, Any]:
    """Who said this, of what a clone says that is told by a strategy."""
    return speeches.strategy(asked.what, asked.who, asked.count, asked.many)
