"""What a language model writes by itself, to learn from when there is no text: what it says is what it knows (LLM-QAT,
Liu et al. 2023, section 3.1.1). A first token by chance, the next few the likeliest, the rest drawn as likely as they
are: without the likeliest few, texts begin with nonsense; without the draws, they repeat themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from digiclone.artifacts import replacing
from digiclone.llama import Llama
from digiclone.train.parts import Parts

LIKELIEST = 4
"""Tokens behind the first that are not drawn."""
PART = 8
"""Windows in a file."""


def written(
    file: Path, count: int, window: int, seed: int, folder: Path, tell: Callable[[str, float], None]
) -> np.ndarray:
    """(count, window) int64: tokens that the model in the GGUF `file` writes; texts that end are followed by others.

    What is in `folder` is not written again. A tenth of a second a token or less; it can be stopped at any time.
    """
    model = Llama(file, window, threads=1)

    def made(some: Sequence[int], first: int) -> Iterator[np.ndarray]:
        for number in some:
            tell("the model writes what it learns from", number / count)
            yield _window(model, window, seed, number)

    kept = Parts[int, np.ndarray]("written", PART, (file.name, file.stat().st_size, window, seed), made, _save, _load)
    return np.stack(kept.of(range(count), folder))


def _window(model: Llama, size: int, seed: int, number: int) -> np.ndarray:
    chance = np.random.default_rng((seed, number))
    tokens = list[int]()
    while len(tokens) < size:
        tokens += [*islice(_text(model, chance), size - len(tokens) - 1), model.end]
    return np.array(tokens, np.int64)


def _text(model: Llama, chance: np.random.Generator) -> Iterator[int]:
    model.forget(0)
    first = [*model.tokens("", begin=True), int(chance.integers(model.size))]
    model.read(first)
    yield from first[-1:]
    for _ in range(LIKELIEST):
        likeliest = int(model.logits().argmax())
        if model.ends(likeliest):
            return
        yield likeliest
        model.read([likeliest])
    yield from model.write(1.0, 1.0, 1.0, int(chance.integers(2**31)))


def _save(windows: Iterable[np.ndarray], place: Path) -> None:
    with replacing(place) as out:
        np.savez(out, windows=np.stack(list(windows)))


def _load(place: Path) -> list[np.ndarray]:
    with np.load(place) as kept:
        return list(kept["windows"])
