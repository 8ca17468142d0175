"""Crowd Vote, measured: whether elections find what is true, and whether a judge can be believed.

    python bench/vote.py [--quick] [--json] [--part PART]… [--judge WHO]…

`simulated`: a thousand elections among judges whose preferences, and whose biases for places and lengths, are known.
`judge`: what real models do with ballots whose right result is known: the same answer twice must get half of the
votes, an answer to another question, and one of mixed-up letters, nearly none, even if it orders the judge to choose
it; the same ballot in another order must get the same choice. The judge that is named last is the one that the others
are to agree with. `cost`: an election of 3 candidates, 8 judges and 3 metrics: what it was said to take and what it
took, with and without what is read once, and on Ray. `strategies`: who said this (`speeches.py`). `recall`: what finds
an answer. A line a run goes to bench/results/vote-<device>.jsonl.

Each measurement is kept (`cells.py`): what takes hours goes on where it was killed; `--part` measures only that.
`--quick`: fewer of everything.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import vote_parts as parts
from cells import cell
from keep import keep
from speeches import STRATEGIES, with_interval
from vote_parts import CROWDS, Asked

from digiclone.measure.recordings import data

Cell = dict[str, Any]
BESIDE = {"tell": "none", "show-random": "tell", "show-retrieved": "tell", "show-meant": "tell"}
"""What a strategy is compared with."""
JUDGES = ("llamacpp:smollm2-135m", "llamacpp:tinyllama-1.1b-chat")


@dataclass(frozen=True)
class Size:
    """How much is done."""

    elections: int
    truth: int
    """Questions of an election that stands for the truth."""
    ballots: int
    """Questions that a real judge is asked in each way."""
    questions: int
    """Of the election whose cost is foretold."""
    presidents: int
    topics: int


QUICK = Size(60, 500, 3, 2, 2, 2)
FULL = Size(1_000, 4_000, 50, 50, 11, 10)


def simulated(size: Size, _: Sequence[str]) -> Cell:
    """Elections among judges who do not exist."""
    of = {name: _cell(size, "crowd", Asked(name, size.elections, size.truth), parts.crowd) for name in CROWDS}
    return {"crowds": of, **_cell(size, "controls", Asked("", 0, size.truth), parts.controls)}


def judges(size: Size, who: Sequence[str]) -> dict[str, Cell]:
    """What real judges do, and how often each chooses what the last of them does."""
    of = {one: _cell(size, "judge", Asked(one, size.ballots), parts.real, timed=True) for one in who}
    last = of[who[-1]]["picks"]
    for one, found in of.items():
        picks = found.pop("picks")
        found["agreement"] = None if one == who[-1] else _agreement(picks, last)
    return of


def _agreement(ours: Sequence[str], theirs: Sequence[str]) -> float:
    """The share of ballots on which two judges choose the same; half of them by chance."""
    return float(np.mean([a == b for a, b in zip(ours, theirs, strict=True)]))


def cost(size: Size, who: Sequence[str]) -> Cell:
    """An election, foretold and held; and the same on Ray."""
    return _cell(size, "cost", Asked(who[0], size.questions), parts.cost, timed=True)


def strategies(size: Size, who: Sequence[str]) -> list[Cell]:
    """A row for each, and for the real texts; none without speeches. `over`: by how much it is above the one that it
    is compared with, the same people and questions drawn for both."""
    if not (data() / "speeches").is_dir():
        return []
    names = ("real", *STRATEGIES)
    asked = [Asked(name, size.presidents, size.topics, who[0]) for name in names]
    rows = [_cell(size, "strategy", one, parts.strategy) for one in asked]
    right = {one["name"]: one.pop("right") for one in rows}
    for one in rows:
        del one["said"]  # it stays in the cell, for who wants to read it
        if other := BESIDE.get(one["name"]):
            one["over"] = {"name": other} | {
                figure: with_interval(np.subtract(right[one["name"]][figure], right[other][figure]))
                for figure in ("authorship", "retrieval")
            }
    return rows


def recall(size: Size, _: Sequence[str]) -> Cell:
    """What finds an answer."""
    return _cell(size, "recall", Asked("", 100), parts.recalled)


def _cell(size: Size, name: str, asked: Asked, measure: Any, timed: bool = False) -> Cell:
    return cell(f"vote/{name} {asked.what}".strip(), asked, parts.VERSION, measure, size is QUICK, timed)


PARTS = {
    "simulated": simulated, "judge": judges, "cost": cost, "strategies": strategies, "recall": recall,
}  # fmt: skip


def summary(found: Cell) -> Cell:
    """The figures that are asked for most."""
    told = Cell()
    if sim := found.get("simulated"):
        crowds = sim["crowds"].values()
        told |= {
            "coverage": [one["coverage"] for one in crowds],
            "winner_found": min(one["true_winner_first"] for one in crowds),
            "duplicate_share": sim["twins"],
            "garbled_share": sim["garbled"],
        }
    if of := found.get("judge"):
        told["judge"] = {who: _believed(one) for who, one in of.items()}
    if taken := found.get("cost"):
        told |= {
            "prefix_speedup": taken["prefix_speedup"],
            "cost_prediction_error": max(taken["error_s"], taken["error_tokens"], key=abs),
            "ray_equal": taken.get("ray_equal"),
        }
    return {**told, **{name: found[name] for name in ("strategies", "recall") if name in found}, "measured": found}


def _believed(one: Cell) -> Cell:
    first = one["twin"]["first_place_chosen"]
    return {
        "position_bias": max(first, 1 - first),
        "self_consistency": one["answer to another question"]["same_choice_in_both_orders"],
        "known_loser": one["letters mixed up"]["share_of_the_other"],
        **{name: one[name] for name in ("swayed", "believable", "agreement", "seconds_a_ballot")},
    }


def main() -> None:
    """Measure, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer of everything")
    parser.add_argument("--json", action="store_true", help="one line, for machines")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this; again for more")
    parser.add_argument("--judge", action="append", help="BACKEND:MODEL or a GGUF file; the last one is the strongest")
    options = parser.parse_args()
    size, who = QUICK if options.quick else FULL, options.judge or JUDGES
    found = summary({name: PARTS[name](size, who) for name in options.part or PARTS})
    if not options.part:
        keep("vote", options.quick, found)
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
