"""Crowd Vote, measured: whether elections find what is true, and whether a judge can be believed.

    python bench/vote.py [--quick] [--json] [--judge WHO]…

`simulated`: a thousand elections among judges whose preferences, and whose biases for places and lengths, are known.
`judges`: what real models do with ballots whose right result is known: the same answer twice must get half of the
votes, an answer to another question, and one of mixed-up letters, nearly none; the same ballot in another order must
get the same choice. `cost`: seconds and tokens of a ballot, with and without what is read once, and what an election
was said to take. A line a run goes to bench/results/vote-<device>.jsonl. `--quick`: fewer of everything.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from keep import keep

from digiclone.llm import llamacpp
from digiclone.measure.questions import questions
from digiclone.measure.respondent import meant
from digiclone.types import Message
from digiclone.vote import judging
from digiclone.vote.choosers import Local
from digiclone.vote.crowd import Crowd, held
from digiclone.vote.election import METRICS, Judge, Metric
from digiclone.vote.strengths import strengths
from digiclone.vote.tally import tally

JUDGES = ("llamacpp:smollm2-135m", "llamacpp:tinyllama-1.1b-chat")
CROWDS = {
    "plain": Crowd({"ada": 0.4, "bob": 0.0, "cyd": -0.3}, question=0.5, taste=0.3),
    "first is best": Crowd({"ada": 0.4, "bob": 0.0, "cyd": -0.3}, first=1.5, question=0.5, taste=0.3),
    "longer is better": Crowd({"ada": 0.4, "bob": 0.0, "cyd": -0.3}, longer=0.5, question=0.5, taste=0.3),
    "half abstain": Crowd({"ada": 0.4, "bob": 0.0, "cyd": -0.3}, abstain=0.5, question=0.5, taste=0.3),
    "often nobody": Crowd({"ada": 0.4, "bob": 0.0, "cyd": -0.3}, nobody=0.0, question=0.5, taste=0.3),
}


def simulated(elections: int, many: int) -> dict[str, Any]:
    """Of each crowd: how often the true winner has most votes, and how often an interval holds the true share."""
    found = dict[str, Any]()
    for name, crowd in CROWDS.items():
        fixed = held_with(crowd, many, 10**6)
        truth = {who: share.value for who, share in tally(fixed, list(crowd.worth)).shares.items()}
        covered, right, declared, wrong = list[bool](), 0, 0, 0
        for seed in range(elections):
            one = tally(held_with(crowd, 50, seed), list(crowd.worth), seed)
            covered += [share.low <= truth[who] <= share.high for who, share in one.shares.items()]
            right += next(iter(one.shares)) == "ada"
            declared += one.winner is not None
            wrong += one.winner not in (None, "ada")
        found[name] = {
            "coverage": float(np.mean(covered)), "true_winner_first": right / elections,
            "declared": declared / elections, "declared_wrong": wrong / elections,
        }  # fmt: skip
        print(name, found[name], file=sys.stderr, flush=True)
    twins = tally(held(Crowd({"ada": 0.0, "twin": 0.0}, first=2.0), many, np.random.default_rng(1)), ["ada", "twin"])
    garbled = tally(
        held(Crowd({"ada": 0.0, "bob": 0.0, "garbled": -4.0}, first=1.0), many, np.random.default_rng(2)),
        ["ada", "bob", "garbled"],
    )
    longer = strengths(held(CROWDS["longer is better"], 200, np.random.default_rng(3)), ["ada", "bob", "cyd"])
    return {
        "elections": elections, "crowds": found, "twins": twins.shares["ada"].value,
        "garbled": garbled.shares["garbled"].value,
        "length": {"true": 0.5, "found": longer.length, "interval": longer.length_interval},
    }  # fmt: skip


def held_with(crowd: Crowd, count: int, seed: int) -> Any:
    """An election among the same judges, with other questions."""
    return held(crowd, count, np.random.default_rng(seed), np.random.default_rng(0))


# -- real judges -------------------------------------------------------------------------------------------------------


def real(who: str, count: int) -> dict[str, Any]:
    """What a model does with ballots whose right result is known."""
    chooser = Local(llamacpp.weights(llamacpp.Options(**meant(who).options)))
    asked = questions(count)
    rights = [one.right for one in asked]
    others = [*rights[count // 2 :], *rights[: count // 2]]
    chance = random.Random(0)
    mixed = ["".join(chance.sample(text, len(text))) for text in rights]
    judge = Judge(name="judge", personality="You are a fair and attentive reader.")
    begun, found = time.perf_counter(), dict[str, Any]()
    for name, wrong in (("twin", rights), ("answer to another question", others), ("letters mixed up", mixed)):
        picks = list[tuple[str, str]]()
        for one, right, other in zip(asked, rights, wrong, strict=True):
            pair = {"right": right, "wrong": other}
            picks.append((_pick(chooser, judge, one.ask, pair, ("right", "wrong")),
                          _pick(chooser, judge, one.ask, pair, ("wrong", "right"))))  # fmt: skip
        firsts = np.mean([[a == "right", b == "wrong"] for a, b in picks])
        found[name] = {
            "share_of_the_other": float(np.mean([[a == "wrong", b == "wrong"] for a, b in picks])),
            "first_place_chosen": float(firsts),
            "same_choice_in_both_orders": float(np.mean([a == b for a, b in picks])),
        }  # fmt: skip
    found["believable"] = bool(
        found["letters mixed up"]["share_of_the_other"] <= 0.05
        and found["answer to another question"]["share_of_the_other"] <= 0.2
    )
    found["seconds_a_ballot"] = (time.perf_counter() - begun) / (6 * count)
    return found


def _pick(chooser: Local, judge: Judge, question: str, pair: dict[str, str], order: tuple[str, ...]) -> str:
    messages = judging.ballot(judge, "favourability", "", False, question, [pair[name] for name in order])
    return chooser.choose(messages, order, "AB").choice or ""


def cost(who: str, count: int) -> dict[str, Any]:
    """3 candidates, 8 judges, 3 metrics: what it was said to take after a first look, and what it took; and how much
    slower it is if everything is read again for each ballot."""
    file = llamacpp.weights(llamacpp.Options(**meant(who).options))
    asked = questions(count)
    answers = [(one.right, f"I think it is {one.right}", "I would rather talk about the weather.") for one in asked]
    people = [*judging.STYLES.items(), *list(judging.CROWD.items())[:4]]
    ballots = list[tuple[list[Message], str]]()
    for name, personality in people:
        judge = Judge(name=name, personality=personality)
        for metric in METRICS:
            for one, each in zip(asked, answers, strict=True):
                ballots += _rotated(judge, metric, one.ask, each)
    chooser, alone = Local(file), Local(file)
    begun = time.perf_counter()
    for messages, allowed in ballots[:30]:
        chooser.choose(messages, ("a", "b", "c"), allowed)
    told = (time.perf_counter() - begun) / 30 * len(ballots)
    for messages, allowed in ballots[30:]:
        chooser.choose(messages, ("a", "b", "c"), allowed)
    took = time.perf_counter() - begun
    some = ballots[:: max(1, len(ballots) // 24)]
    begun = time.perf_counter()
    for messages, allowed in some:
        alone.forget()
        alone.choose(messages, ("a", "b", "c"), allowed)
    again = (time.perf_counter() - begun) / len(some) * len(ballots)
    return {
        "ballots": len(ballots), "said_s": told, "took_s": took, "said_beside_took": told / took,
        "tokens_a_ballot": chooser.evaluated / len(ballots), "tokens_a_ballot_anew": alone.evaluated / len(some),
        "times_as_quick": again / took,
    }  # fmt: skip


def _rotated(judge: Judge, metric: Metric, question: str, each: Sequence[str]) -> list[tuple[list[Message], str]]:
    orders = [(*each[n:], *each[:n]) for n in range(len(each))]
    return [(judging.ballot(judge, metric, "", True, question, order), "ABCN") for order in orders]


def main() -> None:
    """Measure, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer of everything")
    parser.add_argument("--json", action="store_true", help="one line, for machines")
    parser.add_argument("--judge", action="append", help="openai:URL#MODEL is not asked here; BACKEND:MODEL or a file")
    options = parser.parse_args()
    quick = options.quick
    judges = options.judge or JUDGES
    found = {
        "simulated": simulated(60 if quick else 1000, 500 if quick else 4000),
        "judges": {who: real(who, 12 if quick else 50) for who in judges},
        "cost": cost(judges[0], 4 if quick else 50),
    }
    keep("vote", quick, found)
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
