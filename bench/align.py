"""Tiny-Align, measured: a bridge for one person against the recogniser in front of the language model, and against ways
of teaching that run the model (the paper's A1 to A3, and stronger ones).

    python bench/align.py [--quick] [--json] [--person NAME] [--part PART]…

`Output_L` is the reply of SmolLM2-135M to the text, `Output_A` to the sound; ROUGE-1 and ROUGE-L of the one against the
other. Beside each: the share of words wrong of what was read, R@1 of the utterances, seconds of an epoch, seconds to
converge by the paper's two definitions, peak memory of the process. A line a run goes to bench/results; what takes
hours resumes where it was killed. `--quick`: few sentences, few epochs.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from align_people import Person, Replies, Sentence, encoder, reader
from keep import keep

from digiclone.align import score
from digiclone.nn import llama
from digiclone.nn.bridgeformer import Dims
from digiclone.train import bridge, person, reader_base, through
from digiclone.train import reader as readers
from digiclone.train.bridge import Pair
from digiclone.weights import home

T = TypeVar("T")
Said = str | np.ndarray
SPEAKERS = ("kathleen", "ljspeech")


@dataclass(frozen=True)
class Size:
    """How much is done."""

    learnt: int
    unseen: int
    seeds: tuple[int, ...]
    epochs: int
    through: int
    """Epochs of what runs the language model."""


QUICK, FULL = Size(40, 10, (0,), 20, 1), Size(100, 40, (0, 1, 2), 400, 3)


@dataclass(frozen=True)
class Made:
    """What a method makes of sentences: what is said to the model, and what of it can be read; and what it took."""

    said: dict[str, list[Said]]
    """By "seen" and "unseen"."""
    read: dict[str, list[str]]
    s_per_epoch: float = float("nan")
    epochs_to_converge: tuple[int | None, int | None] = (None, None)
    peak_mb: float = float("nan")


Method = Callable[[Person, Size, int], Made]


def both(somebody: Person, size: Size) -> dict[str, list[Sentence]]:
    """Sentences that are learnt from, as many as those that are not, and those."""
    return {"seen": somebody.learnt[: size.unseen], "unseen": somebody.unseen}


def each(somebody: Person, size: Size, make: Callable[[Sentence], T]) -> dict[str, list[T]]:
    """Something of each sentence, by "seen" and "unseen"."""
    return {key: [make(one) for one in some] for key, some in both(somebody, size).items()}


# -- what is measured --------------------------------------------------------------------------------------------------


def cascade(somebody: Person, size: Size, _seed: int) -> Made:
    """The recogniser's text."""
    ears = encoder("moonshine")
    return written(each(somebody, size, lambda one: ears.transcribe(one.audio)))


def oracle(somebody: Person, size: Size, _seed: int) -> Made:
    """The embeddings of the true text."""
    replies = Replies()
    return Made(each(somebody, size, lambda one: replies.rows(one.text)), each(somebody, size, lambda one: one.text))


def floor(somebody: Person, size: Size, _seed: int) -> Made:
    """The text of another sentence."""
    texts = each(somebody, size, lambda one: one.text)
    return written({key: [*some[1:], some[0]] for key, some in texts.items()})


def mean(somebody: Person, size: Size, _seed: int) -> Made:
    """The mean of all embeddings, thirty times."""
    rows_ = np.repeat(Replies().table.mean(axis=0, keepdims=True), 30, axis=0)
    return Made(each(somebody, size, lambda _: rows_), each(somebody, size, lambda _: ""))


def paper(somebody: Person, size: Size, seed: int) -> Made:
    """BridgeFormer and EmbedLink, as printed."""
    replies, hear = Replies(), heard_by("moonshine")
    table = torch.from_numpy(replies.table)
    known = [pair(hear, replies, one) for one in somebody.learnt[: size.learnt]]
    recipe = bridge.Recipe(Dims(known[0].features.shape[1], table.shape[1]), replies.end, epochs=size.epochs, seed=seed)
    begun = time.perf_counter()
    net, losses = bridge.fit(recipe, known, [], table, place(somebody, f"paper-{seed}"), silent)
    took = (time.perf_counter() - begun) / recipe.epochs
    said = each(somebody, size, lambda one: bridge.spoken(recipe, net, pair(hear, replies, one))[0].numpy())
    return embedded(said, replies, took, bridge.converged(losses))


def plus(somebody: Person, size: Size, seed: int) -> Made:
    """Letters, from the base of readers."""
    hear = heard_by("moonshine")
    training = readers.Recipe(reader_base.DIMS, steps=600, frames=4_000, rate=5e-4, warm=50, every=100, seed=seed)
    begun = time.perf_counter()
    with somebody.pairs(size.learnt) as known:
        found = person.train(
            person.Recipe(training), known, reader_base.SHIPPED, encoder("moonshine"), "moonshine:tiny-en",
            place(somebody, f"plus-{size.learnt}-{seed}"), silent,
        )  # fmt: skip
    took = time.perf_counter() - begun
    read = each(somebody, size, lambda one: person.read(readers.likely(found.net, readers.Heard("", hear(one), ""))))
    return written(read, took)


def run_through(method: through.Method) -> Method:
    """What runs the language model."""

    def made(somebody: Person, size: Size, seed: int) -> Made:
        replies, hear = Replies(), heard_by("moonshine")
        known = [pair(hear, replies, one) for one in somebody.learnt[: size.learnt]]
        prompt = through.Prompt(tuple(replies.tokens("Say:")), tuple(replies.tokens("\n")), replies.end)
        recipe = through.Recipe(method, known[0].features.shape[1], prompt, epochs=size.through, seed=seed)
        begun = time.perf_counter()
        net, _ = through.fit(recipe, known, {}, llama.load(replies.file), place(somebody, f"{method}-{seed}"), silent)
        took = (time.perf_counter() - begun) / recipe.epochs
        speak = through.hearing(net)
        return embedded(each(somebody, size, lambda one: speak(pair(hear, replies, one)).numpy()), replies, took)

    return made


def written(read: dict[str, list[str]], s_per_epoch: float = float("nan")) -> Made:
    """What is said is what was read."""
    return Made({key: list[Said](texts) for key, texts in read.items()}, read, s_per_epoch)


def embedded(
    said: dict[str, list[np.ndarray]],
    replies: Replies,
    s_per_epoch: float,
    converged: tuple[int | None, int | None] = (None, None),
) -> Made:
    """What is read are the tokens whose embeddings are nearest."""
    table = torch.from_numpy(replies.table)

    def read(found: np.ndarray) -> str:
        return replies.text(bridge.until(bridge.nearest(torch.from_numpy(found), table).tolist(), replies.end))

    texts = {key: [read(found) for found in some] for key, some in said.items()}
    return Made({key: list[Said](some) for key, some in said.items()}, texts, s_per_epoch, converged)


def heard_by(name: str) -> Callable[[Sentence], np.ndarray]:
    """Features (N, audio) of a sentence, in 16 bits."""
    ears = encoder(name)
    return lambda one: ears.features(one.audio)[0].astype(np.float16)


def pair(hear: Callable[[Sentence], np.ndarray], replies: Replies, one: Sentence) -> Pair:
    """A sentence as a bridge learns it."""
    return Pair(one.name, hear(one), np.array(replies.tokens(one.text)))


def place(somebody: Person, name: str) -> Path:
    """Where a training keeps what it needs to go on."""
    return home() / "bench" / "align" / somebody.name.replace(", ", "-") / name


def silent(_how: str, _share: float) -> None:
    """Says nothing."""


METHODS: dict[str, Method] = {
    "floor": floor, "mean": mean, "oracle": oracle, "cascade": cascade, "paper": paper, "plus": plus,
    **{method: run_through(method) for method in ("nextgpt", "xvila", "xvila-lora", "binding", "slam", "ultravox")},
}  # fmt: skip


# -- the table ---------------------------------------------------------------------------------------------------------


def rows(somebody: Person, size: Size, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A row for each method, seed, and kind of sentences."""
    replies = Replies()
    wanted = {key: replies.to([one.text for one in some], 0) for key, some in both(somebody, size).items()}
    for name in names:
        for seed in size.seeds if name in ("paper", "plus") else size.seeds[:1]:
            print(f"{somebody.name}: {name}, seed {seed}", file=sys.stderr, flush=True)
            made = alone(name, somebody, size, seed)
            for key, some in both(somebody, size).items():
                yield {"method": name, "speaker": somebody.name, "seen": key == "seen", "seed": seed} | row(
                    made, key, some, replies, wanted[key]
                )
    again = {key: replies.to([one.text for one in some], 1) for key, some in both(somebody, size).items()}
    for key in again:
        near = score.near(again[key], wanted[key])
        yield {"method": "ceiling", "speaker": somebody.name, "seen": key == "seen", "seed": 1} | _rouge(near)


def row(made: Made, key: str, some: Sequence[Sentence], replies: Replies, wanted: Sequence[str]) -> dict[str, Any]:
    """The figures of a method on sentences."""
    near = score.near(replies.to(made.said[key], 0), wanted)
    heard = [replies.rows(one) if isinstance(one, str) else one for one in made.said[key]]
    texts = [one.text for one in some]
    return {
        "encoder": "moonshine",
        "llm": "smollm2-135m",
        **_rouge(near),
        "wer": score.words_wrong(texts, made.read[key]),
        "r_at_1": score.told_apart([replies.rows(text) for text in texts], heard),
        "s_per_epoch": made.s_per_epoch,
        "epochs_to_converge": made.epochs_to_converge,
        "peak_mb": made.peak_mb,
    }


def _rouge(near: score.Near) -> dict[str, Any]:
    return {
        "rouge1": float(np.mean(near.rouge1)),
        "rouge1_interval": score.interval(near.rouge1),
        "rougeL": float(np.mean(near.rouge_l)),
        "rougeL_interval": score.interval(near.rouge_l),
    }


def alone(name: str, somebody: Person, size: Size, seed: int) -> Made:
    """A method in a process of its own, so that its memory is its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        made, peak = pool.submit(_measured, name, somebody, size, seed).result()
    return Made(made.said, made.read, made.s_per_epoch, made.epochs_to_converge, peak)


def _measured(name: str, somebody: Person, size: Size, seed: int) -> tuple[Made, float]:
    made = METHODS[name](somebody, size, seed)
    return made, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> None:
    """Measure, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few sentences, few epochs")
    parser.add_argument("--json", action="store_true", help="one line, for machines")
    parser.add_argument("--person", action="append", choices=SPEAKERS)
    parser.add_argument("--method", action="append", choices=METHODS)
    options = parser.parse_args()
    size = QUICK if options.quick else FULL
    people = [reader(name, size.learnt, size.unseen) for name in options.person or SPEAKERS]
    found = {"rows": [one for somebody in people for one in rows(somebody, size, options.method or list(METHODS))]}
    keep("align", options.quick, found)
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
