"""Tiny-Align, measured: a bridge for one person against the recogniser in front of the language model, and against ways
of teaching that run the model (the paper's A1 to A3, and stronger ones).

    python bench/align.py [--quick] [--json] [--part PART]… [--llm FILE.gguf]

`Output_L` is the reply of SmolLM2-135M to the text, `Output_A` to the sound; ROUGE-1 and ROUGE-L of the one against the
other. Beside each: the share of words wrong of what was read, R@1 of the utterances, seconds of an epoch, seconds to
converge by the paper's two definitions, peak memory of the process. Intervals are over seeds where there are several,
over sentences where there is one.

Each measurement is a process of its own and is kept (`cells.py`): what takes hours goes on where it was killed;
`--part` measures only that, `--llm` with another language model (those of the paper are in a hub: Llama 3.2, Gemma 2,
Phi 3.5, StableLM 2; what runs the model in every step knows the Llama family alone). A line a run goes to
bench/results, with pictures. `--quick`: one reader, few sentences, few epochs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import align_methods
import align_pictures
import numpy as np
from align_people import ENCODERS, READERS, family
from align_runtime import ALONE
from cells import cell as kept
from keep import keep

from digiclone.measure import intervals
from digiclone.train import person, reader_base

Cell = dict[str, Any]
NAMES = {"nextgpt": "A1", "xvila": "A2", "binding": "A3"}
IMPAIRED = (
    "kathleen, slurred 0.5", "kathleen, phonological 1.0", "kathleen, aphasic 0.5", "kathleen, slurred 0.7",
    "kathleen, stuttering 1.0", "kathleen, phonological 0.5", "kathleen, aphasic 1.0", "kathleen, halting 1.0",
    "ljspeech, slurred 0.5",
)  # fmt: skip
LEARNT_FROM_BASE = ("base", "plus", "frozen", "scratch", "plain", "runtime")
BASE = hashlib.sha256(reader_base.SHIPPED.read_bytes() + repr(person.Recipe()).encode()).hexdigest()[:12]
TIMED = ("paper", *NAMES, "plus", "runtime", "ears")
"""Whose seconds are compared: measured anew on every kind of machine, with one reader and the first seed. Those of the
others are left out: they were measured beside each other."""
BRIEF = 60
"""Epochs that show how the paper's form converges, by an encoder."""
SECONDS = ("s_per_epoch", "s_to_converge", "s_all")
INSTRUCTION = "Answer in one short sentence:"


@dataclass(frozen=True)
class Size:
    """How much is done."""

    readers: tuple[str, ...]
    learnt: int
    unseen: int
    seeds: tuple[int, ...]
    epochs: int
    through: int
    """Epochs of what runs the language model."""
    steps: int
    """Of a reader."""
    curve: tuple[int, ...]
    impaired: tuple[str, ...]
    through_it: tuple[str, ...]
    """Methods that run the language model."""
    ablations: tuple[str, ...]
    llm: str = ""
    """A GGUF file, if not the clone's own model."""


QUICK = Size(("kathleen",), 24, 6, (0,), 20, 1, 16, (24,), (), tuple(NAMES), ())
FULL = Size(
    READERS, 100, 40, (0, 1, 2), 400, 3, 300, (20, 50, 100, 490), IMPAIRED,
    (*NAMES, "xvila-lora", "slam", "ultravox"), ("frozen", "scratch", "plain"),
)  # fmt: skip


def rows(size: Size) -> list[Cell]:
    """A row for each method, reader, and kind of sentences."""
    return [row for reader in size.readers for name in _methods(size, reader) for row in _rows(size, name, reader)]


def _methods(size: Size, reader: str) -> list[str]:
    """Ablations, and what takes an hour for a row, are measured with one reader."""
    first = reader == size.readers[0]
    controls = ["floor", "mean", "oracle", "ceiling", "cascade"]
    trained = size.through_it if not size.llm or family(Path(size.llm)) == "llama" else ()
    printed = ["paper", "paper/rows", "trimmed", "trimmed/rows", "proj-only", *trained, *size.ablations]
    return [*controls, *(printed if first else []), "base", "plus/alone", "plus"]


def _rows(size: Size, method: str, reader: str) -> Iterator[Cell]:
    measured, _, other = method.partition("/")
    first = reader == size.readers[0]
    seeds = size.seeds if measured in ("paper", "trimmed", "plus") else size.seeds[:1]
    cells = [cell(size, measured, reader, seed) for seed in seeds]
    if (
        other
    ):  # the rows of the table that are nearest, in place of what the bridge gives; letters without the recogniser
        cells = [one | one[other] for one in cells]
    for which in ("seen", "unseen"):
        yield {
            "method": method, "encoder": "moonshine", "llm": Path(size.llm).stem or "smollm2-135m", "speaker": reader,
            "seen": which == "seen", "seeds": len(cells), **summary(cells, which),
            **{name: cells[0].get(name) if measured in TIMED and first else None for name in SECONDS},
            "peak_mb": cells[0].get("peak_mb"),
        }  # fmt: skip


def summary(cells: Sequence[Cell], which: str) -> dict[str, Any]:
    """Means with intervals."""
    found = dict[str, Any]()
    for name in ("rouge1", "rougeL"):
        each = [cell[which][name] for cell in cells]
        found[name] = float(np.mean(each))
        found[f"{name}_interval"] = _over([float(np.mean(one)) for one in each], each[0])
    for name in ("wer", "r_at_1"):
        each = [cell[which][name] for cell in cells]
        found[name] = float(np.mean(each))
        found[f"{name}_interval"] = _over(each, None)
    return found


def _over(seeds: Sequence[float], sentences: Sequence[float] | None) -> tuple[float, float] | None:
    """Of seeds, if there are several; else of sentences."""
    if len(seeds) > 1:
        return intervals.of_few(seeds)
    return intervals.of_many(sentences) if sentences else None


def speedup(size: Size) -> dict[str, float]:
    """Seconds of an epoch of the paper's form beside those of the methods that run the model."""
    reader = size.readers[0]
    ours = cell(size, "paper", reader, 0)["s_per_epoch"]
    found = {NAMES[name]: cell(size, name, reader, 0)["s_per_epoch"] / ours for name in NAMES}
    whole = cell(size, "plus", reader, 0)["s_all"]
    for name in NAMES:
        budget = cell(size, name, reader, 0)["s_per_epoch"] * FULL.epochs
        found[f"plus, all of it, beside {NAMES[name]}'s {FULL.epochs} epochs"] = budget / whole
    return found


def curve(size: Size) -> list[Cell]:
    """The more sentences, the better?"""
    found = list[Cell]()
    reader = size.readers[0]
    for count in size.curve:
        if count <= align_methods.most(reader):
            one = cell(size, "plus", reader, 0, learnt=count)
            found.append({"speaker": reader, "sentences": count, **summary([one], "unseen")})
    return found


def impaired(size: Size) -> list[Cell]:
    """The reason to exist: who is hard to understand."""
    found = list[Cell]()
    for name in size.impaired:
        usual, ours = (cell(size, method, name, 0) for method in ("cascade", "plus"))
        one: Cell = {"speaker": name}
        for key in ("wer", "rouge1", "rougeL"):
            pair = [np.asarray(made["unseen"]["each"][key], float) for made in (usual, ours)]
            better = pair[0] - pair[1] if key == "wer" else pair[1] - pair[0]
            one |= {
                f"cascade_{key}": usual["unseen"][key] if key == "wer" else float(pair[0].mean()),
                f"plus_{key}": ours["unseen"][key] if key == "wer" else float(pair[1].mean()),
                f"{key}_gain_interval": intervals.of_many(better.tolist()),
            }
        found.append(one)
    return found


def instruction(size: Size) -> dict[str, Any]:
    """With an instruction before the sound and before the words, that nothing was trained for."""
    made = cell(size, "plus", size.readers[0], 0, instruction=INSTRUCTION)
    plain = cell(size, "plus", size.readers[0], 0)
    return {"instruction": INSTRUCTION, "with": summary([made], "unseen"), "without": summary([plain], "unseen")}


def losses(size: Size) -> dict[str, Cell]:
    """How the loss falls with time (figure 6)."""
    found = {name: cell(size, name, size.readers[0], 0) for name in ("paper", *NAMES)}
    return {
        NAMES.get(name, "EmbedLink"): {key: one[key] for key in ("s_per_epoch", "losses")}
        for name, one in found.items()
    }


def encoders(size: Size) -> list[Cell]:
    """The paper's form through other ears: what they take, and how it converges (figure 5)."""
    found = list[Cell]()
    for name in ENCODERS:
        few = replace(size, epochs=min(size.epochs, BRIEF))
        hears, made = (cell(few, method, size.readers[0], 0, encoder=name) for method in ("ears", "paper"))
        kept = {key: made[key] for key in ("s_per_epoch", "s_to_converge", "losses")}
        found.append({"encoder": name, **hears, **kept, **summary([made], "seen")})
    return found


def runtime(size: Size) -> dict[str, float]:
    """From the end of an utterance to the first token of the reply."""
    return cell(size, "runtime", size.readers[0], 0)


PARTS = {
    "rows": rows, "speedup": speedup, "curve": curve, "impaired": impaired, "instruction": instruction,
    "losses": losses, "encoders": encoders, "runtime": runtime,
}  # fmt: skip


def cell(
    size: Size, method: str, who: str, seed: int, learnt: int = 0, instruction: str = "", encoder: str = "moonshine"
) -> Cell:
    """A measurement, made now if it was not yet."""
    asked = align_methods.Asked(
        method,
        who,
        seed,
        learnt or size.learnt,
        size.unseen,
        size.epochs,
        size.through,
        instruction,
        size.steps,
        encoder,
        size.llm,
    )
    made_of = align_methods.VERSION, BASE if method in LEARNT_FROM_BASE else "", *([size.llm] if size.llm else [])
    quick = size.learnt == QUICK.learnt
    name = f"align/{who}-{method}-{asked.learnt}-{seed}"
    return kept(name, asked, made_of, ALONE.get(method, align_methods.measure), quick, _timed(size, asked))


def _timed(size: Size, asked: align_methods.Asked) -> bool:
    first = size.readers[0], 0, size.learnt, ""
    return asked.method in TIMED and (asked.who, asked.seed, asked.learnt, asked.instruction) == first


def controls(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the figures lie between, on sentences that nothing was learnt from."""
    names = ("ceiling", "floor", "oracle", "cascade")
    return {
        f"{row['speaker']}: {row['method']}": {"rouge1": row["rouge1"], "rougeL": row["rougeL"], "wer": row["wer"]}
        for row in found if row["method"] in names and not row["seen"]
    }  # fmt: skip


def main() -> None:
    """Measure, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one reader, few sentences, few epochs")
    parser.add_argument("--json", action="store_true", help="one line, for machines")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this; again for more")
    parser.add_argument("--llm", default="", metavar="FILE.gguf", help="another language model")
    options = parser.parse_args()
    size = replace(QUICK if options.quick else FULL, llm=options.llm)
    found: dict[str, Any] = {name: PARTS[name](size) for name in options.part or PARTS}
    if "rows" in found:
        found["controls"] = controls(found["rows"])
    if not options.part:
        keep("align", options.quick, found)
        if not options.quick:
            align_pictures.draw(found)
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
