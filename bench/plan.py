"""Everything measured about the planner, as one JSON object; a line a run goes to bench/results/plan-<device>.jsonl.

    python bench/plan.py [--quick] [--json]

This machine is calibrated as `digiclone bench llm`, `asr` and `tts` do it; then what the cost model says of models,
lengths, texts and numbers of threads that it was not fitted on is compared with what they take. The search is compared
with looking at everything, and timed on a catalogue of 10,000 rows. `paper_tables.py`: Table IV. And the plan for this
machine is run, as `digiclone bench talk` does it: does it answer as soon as was promised? Nothing of it is kept as this
machine's calibration. `--quick` takes the calibration that there is, and less of everything.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import paper_tables
import psutil
from keep import keep
from problems import ROWS, by_looking_at_everything, large, random_problem

from digiclone.measure import hearing, speaking, talk
from digiclone.plan import catalogue, choices, cost, measured, measuring, places
from digiclone.plan.fit import BATCH, Fit
from digiclone.plan.measured import Measured
from digiclone.plan.search import solve
from digiclone.registry import find
from digiclone.weights import present

HELD = (
    ("smollm2-360m-instruct", "Q8_0"),
    ("smollm2-360m-instruct", "Q4_0"),
    ("smollm2-360m-instruct", "F16"),
    ("llama-3.2-1b-instruct", "Q8_0"),
    ("llama-3.2-1b-instruct", "Q4_0"),
    ("qwen2.5-1.5b-instruct", "Q4_0"),
)
"""Language models that nothing is fitted on."""
JOBS = ((100, 24), (500, 24))
SOUNDS = (2.2, 4.5, 9.0, 15.0)
TEXTS = (
    "No, thank you.",
    "The museum opens at ten, and on Sundays you need not pay.",
    "If the weather stays as it is, we shall take the small boat and row across the lake before breakfast.",
    "He had promised to write every week, but the letters grew shorter, then rare, and in the end there came only "
    "postcards with a picture of the harbour on them.",
)


@dataclass(frozen=True)
class Pair:
    """What was said of something beforehand, and what it was."""

    stage: str
    what: str
    config: str
    said: float
    was: float

    @property
    def error(self) -> float:
        """As a share of what it was."""
        return self.said / self.was - 1


def figures(quick: bool) -> dict[str, Any]:
    """All of it. What cannot be measured on this machine is missing, and `unmeasured` says why."""
    found: dict[str, Any] = {}
    unmeasured: dict[str, str] = {}
    for part in (search, paper, predicted, promised):
        try:
            found |= part(quick)
        except Exception as error:  # noqa: BLE001  weights may lack: the other figures stand
            unmeasured[part.__name__] = f"{type(error).__name__}: {error}"
            _tell(f"not measured: {part.__name__}: {unmeasured[part.__name__]}", 0.0)
    return {**found, "unmeasured": unmeasured}


# -- the search --------------------------------------------------------------------------------------------------------


def search(quick: bool) -> dict[str, Any]:
    """Against looking at everything, and on a large catalogue."""
    problems, equal = 200 if quick else 1000, 0
    for seed in range(problems):
        problem = random_problem(seed)
        solution = solve(problem)
        equal += (solution.aims if solution else None) == by_looking_at_everything(problem)
        _tell("search", seed / problems)
    runs = list(map(_large, range(1 if quick else 5)))
    worst = max(runs, key=lambda run: run["seconds"])
    return {"brute_force": {"problems": problems, "equal": equal}, "large": {"rows": ROWS, **worst, "runs": runs}}


def _large(seed: int) -> dict[str, float]:
    problem = large(seed)
    begun = time.perf_counter()
    solution = solve(problem)
    seconds = time.perf_counter() - begun
    plain = solve(problem, heuristics=False)
    assert solution
    assert plain
    assert np.allclose(solution.aims, plain.aims)
    return {"seconds": round(seconds, 3), "nodes": solution.nodes, "nodes_without_heuristics": plain.nodes}


def paper(quick: bool) -> dict[str, Any]:
    """Table IV, which takes no measuring."""
    table = paper_tables.figures()["table4"]
    return {"table4": {name: value for name, value in table.items() if name != "rows"}}


# -- what was said and what it was -------------------------------------------------------------------------------------


def predicted(quick: bool) -> dict[str, Any]:
    """The cost model on what it was not fitted on."""
    site = places.here(again=True)
    cores, host, known = site.cores, site.host, site.known
    if not quick:
        known, _ = measuring.llm(measured.shipped().scaled(host.flops), cores, host.bandwidth, _tell)
        known = measuring.tts(measuring.asr(known, cores, _tell), cores, _tell)
    threads = [cores] if quick else sorted({1, cores})
    held = HELD[:2] if quick else HELD
    pairs = [*_minds(known, host, held, threads), *_ears(known, threads), *_voices(known, threads)]
    kinds = sorted({(one.stage, one.what) for one in pairs})
    memory = [one for one in pairs if one.what == "memory"]
    return {
        "mape": {
            f"{stage}_{what}": _mape([one for one in pairs if (one.stage, one.what) == (stage, what)])
            for stage, what in kinds
        },
        "configurations": len({(one.stage, one.config) for one in pairs}),
        "memory_worst_underestimate": round(max(0.0, *(-one.error for one in memory)), 4),
        "rates": known.rates.model_dump(),
        "pairs": [
            {"stage": one.stage, "what": one.what, "config": one.config, "said": one.said, "was": one.was,
             "error": round(one.error, 4)}
            for one in pairs
        ],
    }  # fmt: skip


def _minds(
    known: Measured, host: places.Place, held: Sequence[tuple[str, str]], threads: Sequence[int]
) -> Iterator[Pair]:
    rates = known.rates
    for taken in measuring.models(held, threads, JOBS, _tell):
        one, engine = taken.sample, taken.sample.engine
        name = f"{taken.model} {one.form}, {engine.threads} threads"
        said = cost.llm_bytes(one.shape, one.form, one.weights, engine.context, BATCH, rates)
        yield Pair("llm", "memory", name, said, engine.memory)
        for run in engine.runs:
            where = f"{name}, {run.prompt} tokens"
            write = cost.write_s(
                one.shape, one.form, one.weights, run.past, engine.threads, host.flops, host.bandwidth, rates
            )
            yield Pair("llm", "write", where, write, run.token_s)
            read = cost.read_s(one.shape, one.form, run.prompt, engine.threads, host.flops, rates)
            yield Pair("llm", "read", where, read, run.read_s)


def _ears(known: Measured, several: Sequence[int]) -> Iterator[Pair]:
    for code, ears in known.asr.items():
        _, backend, model = code.split(":")
        if all(map(present, find("asr", backend, model).files)):
            for threads in several:
                _tell(f"{code}, {threads} threads", 0.5)
                took = hearing.hearing(backend, {"model": model, "threads": threads}, SOUNDS)
                for sound, seconds in took.each:
                    said = ears.line.seconds(sound) / cost.worth(threads, ears.scaling)
                    yield Pair("asr", "time", f"{code}, {threads} threads, {sound} s", said, seconds)
                yield Pair("asr", "memory", f"{code}, {threads} threads", ears.memory_mb, took.memory_mb)


def _voices(known: Measured, several: Sequence[int]) -> Iterator[Pair]:
    for code, mouth in known.tts.items():
        _, backend, model = code.split(":")
        for threads in several:
            _tell(f"{code}, {threads} threads", 0.7)
            took = speaking.pace(backend, {**catalogue.voice(backend, model), "threads": threads}, TEXTS)
            for text, (seconds, spoken) in zip(TEXTS, took.each, strict=True):
                said = mouth.rtf * spoken / cost.worth(threads, mouth.scaling)
                yield Pair("tts", "time", f"{code}, {threads} threads, {len(text.split())} words", said, seconds)
            yield Pair("tts", "memory", f"{code}, {threads} threads", mouth.memory_mb, took.memory_mb)


def _mape(pairs: Sequence[Pair]) -> float:
    return round(float(np.mean([abs(one.error) for one in pairs])), 4)


# -- the promise -------------------------------------------------------------------------------------------------------


def promised(quick: bool) -> dict[str, Any]:
    """The plan for this machine, talked with; and how long it took to make and explain."""
    places.here()  # memory and processor are measured once, and remembered
    before, begun = psutil.Process().memory_info().rss, time.perf_counter()
    site = places.here()
    offer = choices.offer(site.known, site.cores, card=False)
    fit = Fit(offer.menu, site.bits, site.host)
    solution = fit.solve()
    assert solution, "nothing fits this machine"
    fit.runners_up(solution)
    planner = {
        "seconds": round(time.perf_counter() - begun, 3),
        "memory_mb": round((psutil.Process().memory_info().rss - before) / 1e6, 1),
    }
    sections = offer.settings(fit.chosen(solution))
    flags = [f"{kind}.{name}={value}" for kind, section in sections.items() for name, value in section.items()]
    found = talk.measure(2 if quick else 12, flags, None, lambda what: _tell(what, 0.9))
    first, memory = fit.promise(solution), fit.spent(solution)["memory"]
    was = found["voice_to_voice_s"]["p50"]
    return {
        "planner": planner,
        "promised_vs_measured": {
            "chosen": fit.chosen(solution), "promised_s": round(first, 3), "measured_s": was,
            "error": round(was / first - 1, 3), "measured_p95_s": found["voice_to_voice_s"]["p95"],
            "memory_said_mb": round(memory / 1e6), "memory_was_mb": round(found["peak_rss_mb"] * 2**20 / 1e6),
        }
    }  # fmt: skip


def _tell(what: str, share: float) -> None:
    if what not in _SAID:
        print(f"{share:4.0%} {what}", file=sys.stderr, flush=True)
    _SAID.add(what)


_SAID: set[str] = set()


def main() -> None:
    """Measure, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="fewer problems, models, threads and turns: within ten minutes"
    )
    parser.add_argument("--json", action="store_true", help="one line, for machines")
    options = parser.parse_args()
    found = figures(options.quick)
    keep("plan", options.quick, found)
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
