"""EdgeQAT, measured: what few bits take from a language model, what training with them wins back, and how quick the
engine is with them.

    python bench/quant.py [--quick] [--json] [--part PART]… [--model FILE.gguf]

The model is SmolLM2-135M, of which only a file in Q4_1 can be had: that is "whole" here, and everything starts from it.
Judged on what training never saw: perplexity over WikiText-2's test text (the second half of each window of 512), the
divergence from the whole model there, and BLiMP (so many pairs of each paradigm; phenomena count alike). Learnt from is
WikiText-2's validation text, and what the model writes. `arms` simulate every grid in torch; `deployed` are files that
llama.cpp runs.

Each measurement is kept (`cells.py`): what takes hours goes on where it was killed; `--part` measures only
that. `--quick`: the small Llama that lies beside this file, few tokens, few pairs, few steps, one seed.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import quant_looks
import quant_parts as parts
import quant_pictures
from cells import cell
from keep import keep
from quant_parts import Asked, Judge

from digiclone.measure import intervals
from digiclone.train.arms import SETTINGS

Cell = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How much is done."""

    judge: Judge
    files: Judge
    """Of those that the engine runs."""
    steps: int
    """Of an arm."""
    rate: float
    """Of its weights."""
    seeds: tuple[int, ...]
    arms: Mapping[str, Sequence[str]]
    """By setting; those that are compared by seeds are in `close`."""
    close: tuple[str, ...]
    deployed: int
    """Steps of a file for the engine."""
    looks: str
    """The setting of which pictures are drawn."""


QUICK = Size(
    Judge(2048, 5),
    Judge(2048, 5),
    10,
    1e-4,
    (0,),
    {"W4A8": ("rtn", "lsq"), "W4A4": ("rtn", "llm-qat", "lsq", "edgeqat")},
    (),
    20,
    "W4A4",
)
FULL = Size(
    Judge(8192, 10),
    Judge(16_384, 100),
    40,
    3e-5,
    (0,),
    {
        "W8A8": ("rtn", "lsq"),
        "W4A8": ("rtn", "llm-qat", "torchao", "lsq", "edgeqat"),
        "W4A4:8": ("rtn",),
        "W4A4": ("rtn",),
    },
    (),
    720,
    "W4A8",
)
"""Of a hundred million weights: some hours on two cores, which do not win it back where what flows has 4 bits."""
TERMS = ("entropy", "distribution", "edgeqat, a hundredth")
PRINTED = ("lsq, printed loss", "edgeqat, printed loss")
EVERYWHERE = {
    "W8A8": ("rtn", "lsq", "edgeqat"),
    "W4A8": ("rtn", "pact", "llm-qat", "lsq", "edgeqat"),
    "W4A4:8": ("rtn", "llm-qat", "lsq", "edgeqat"),
    "W4A4": ("rtn", "pact", "llm-qat", "lsq", "edgeqat"),
}
"""What is compared in every setting, with keys and values in few bits, too (of which torchao knows nothing)."""
SMALL = Size(
    Judge(16_384, 50),
    Judge(16_384, 50),
    200,
    1e-4,
    (0, 1, 2),
    {
        "W8A8": EVERYWHERE["W8A8"],
        "W4A8": (*EVERYWHERE["W4A8"], "torchao"),
        "W4A4:8": (*EVERYWHERE["W4A4:8"], "edgeqat, a hundredth"),
        "W4A4": (*EVERYWHERE["W4A4"], *TERMS, *PRINTED, "edgeqat, printed sign", "edgeqat, printed start"),
        **{f"{setting}, cache {bits}": names for setting, names in EVERYWHERE.items() for bits in (8, 4)},
    },
    ("llm-qat", "lsq", "edgeqat", *TERMS, *PRINTED),
    300,
    "W4A4",
)
"""Of a few million, such as `train/scratch.py` makes; the rate is chosen by windows that were kept (dev/LOG.md)."""
FEW = 20e6
SMALLEST = Path(__file__).parent / "small.gguf"


def _made_of() -> tuple[object, ...]:
    """All that decides a measurement beside what is asked."""
    return parts.VERSION, *([parts.source().stat().st_size] if parts.MODEL in os.environ else [])


def arms(size: Size) -> list[Cell]:
    """A row for each arm and setting."""
    found = list[Cell]()
    for setting, names in size.arms.items():
        for arm in names:
            several = arm in size.close and setting in ("W4A4", "W4A4:8")
            seeds = size.seeds if several else size.seeds[:1]
            cells = [_arm(size, arm, setting, seed) for seed in seeds]
            bits = SETTINGS[setting]
            found.append(
                {"arm": arm, "setting": setting, "weights": bits.weights, "activations": bits.flows,
                 "mixed": bits.mixed, "kv": bits.cache, "seeds": len(seeds), **summary(cells)}
            )  # fmt: skip
    return found


def _arm(size: Size, arm: str, setting: str, seed: int) -> Cell:
    learnt = arm != "rtn"
    asked = Asked(size.judge, arm, setting, learnt * size.steps, seed, learnt * size.rate)
    return cell(f"quant/{setting}-{arm}-{seed}", asked, _made_of(), parts.arm, size is QUICK, timed=False)


def summary(cells: Sequence[Cell]) -> Cell:
    """Means, with intervals over seeds where there are several, over sentences and windows where there is one."""
    found = Cell()
    for name, key in (("ppl", "perplexity"), ("kl", "divergence"), ("blimp", "grammar")):
        values = [one[key] for one in cells]
        found[name] = float(np.mean(values))
        one = cells[0].get(f"{key}_interval")
        found[f"{name}_interval"] = intervals.of_few(values) if len(values) > 1 else one
    return found


def deployed(size: Size) -> dict[str, Cell]:
    """Files that the engine runs: as it came, rounded, with searched scales, trained."""
    found = dict[str, Cell]()
    for way in parts.WAYS:
        asked = Asked(size.files, way, "", size.deployed if "trained" in way else 0, 0)
        found[way] = cell(f"quant/{way}", asked, _made_of(), parts.file, size is QUICK, timed=False)
    return found


def gap_recovered(files: Mapping[str, Cell]) -> dict[str, Cell]:
    """Of what plain rounding to Q4_0 loses, the share that is not lost, by perplexity and by divergence."""
    whole, rounded = files["whole"], files["Q4_0 rounded"]
    return {
        name: {
            "perplexity": (rounded["perplexity"] - one["perplexity"]) / (rounded["perplexity"] - whole["perplexity"]),
            "kl": 1 - one["divergence"] / rounded["divergence"],
        }
        for name, one in files.items() if name.startswith("Q4_0") and name != "Q4_0 rounded"
    }  # fmt: skip


def sensitivity(size: Size) -> list[Cell]:
    """Where it is lost: only some parts are put on 4 bits, nothing is learnt."""
    found = list[Cell]()
    for part in parts.ONLY:
        asked = Asked(size.judge, part, "", 0, 0)
        one = cell(f"quant/only-{part}", asked, _made_of(), parts.only, size is QUICK, timed=False)
        found.append({"part": part, **one})
    return found


def speed(size: Size) -> list[Cell]:
    """The engine with each format, and the whole-number reference beside a matrix of the same size in 32 bits."""
    return cell("quant/speed", Asked(size.judge, "speed", "", 0, 0), _made_of(), parts.speed, size is QUICK)["rows"]


def parity(size: Size) -> Cell:
    """How far logits of the engine and of the simulation are apart, of a trained file."""
    asked = Asked(size.files, "Q4_0 trained", "", size.deployed, 0)
    return cell("quant/parity", asked, _made_of(), parts.parity, size is QUICK, timed=False)


def step(size: Size) -> Cell:
    """What a training step with grids takes, beside one without."""
    return cell("quant/step", Asked(size.judge, "step", "", 0, 0), _made_of(), parts.step, size is QUICK)


def looks(size: Size) -> Cell:
    """What the model looks at, whole and with few bits."""
    asked = Asked(size.judge, "looks", size.looks, size.steps, 0, size.rate)
    return cell("quant/looks", asked, _made_of(), quant_looks.looks, size is QUICK, timed=False)


PARTS = {
    "arms": arms, "deployed": deployed, "sensitivity": sensitivity, "speed": speed, "parity": parity,
    "train_step": step, "looks": looks,
}  # fmt: skip


def main() -> None:
    """Measure, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the small Llama, few of everything, one seed")
    parser.add_argument("--json", action="store_true", help="one line, for machines")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this; again for more")
    parser.add_argument("--model", metavar="FILE.gguf", help="another Llama, such as train/scratch.py makes")
    options = parser.parse_args()
    if file := options.model or (SMALLEST if options.quick else ""):
        os.environ[parts.MODEL] = str(Path(file).resolve())
    size = QUICK if options.quick else FULL if parts.weights() > FEW else SMALL
    found: dict[str, Any] = {"model": parts.source().stem}
    found |= {name: PARTS[name](size) for name in options.part or PARTS}
    if "deployed" in found:
        found["gap_recovered"] = gap_recovered(found["deployed"])
    if "parity" in found:
        found["parity_max_abs"] = found["parity"]["f16"]["max_abs"]
    if "train_step" in found:
        found["train_step_ratio"] = found["train_step"]["ratio"]
    if not options.part:
        name = f"quant-{found['model']}" if file else "quant"
        if not options.quick:
            quant_pictures.draw(name, found)
        found.pop("looks")  # pictures say more
        keep(name, options.quick, found)
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
