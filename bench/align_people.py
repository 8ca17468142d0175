"""Whom `align.py` measures with: real readers, and readers with simulated impairments; what encoders hear of them, what
the language model replies."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from digiclone import registry
from digiclone.align import pairs, simulate
from digiclone.align.impaired import Impairment
from digiclone.align.pairs import Pair
from digiclone.dsp import resample
from digiclone.llama import Llama, embeddings
from digiclone.llm import bridge as minds
from digiclone.llm import llamacpp
from digiclone.measure.recordings import data, listed
from digiclone.stages import RATE
from digiclone.types import Audio, Message

PERSONA = Message("system", "You are a friendly person. Answer in one or two sentences.")
ENCODERS = {"moonshine": ("moonshine", "tiny-en"), "whisper": ("whisper", "base")}
REPLY = 40
"""Tokens of a reply."""


@dataclass(frozen=True)
class Sentence:
    """What somebody read, at `stages.RATE`."""

    name: str
    audio: Audio
    text: str


@dataclass(frozen=True)
class Person:
    """The sentences that are learnt from, and those that are not."""

    name: str
    learnt: list[Sentence]
    unseen: list[Sentence]

    @contextmanager
    def pairs(self, count: int) -> Iterator[list[Pair]]:
        """The first of those to learn from as a clone keeps them."""
        with tempfile.TemporaryDirectory() as folder:
            some = ((one.name, one.audio, one.text, one.text) for one in self.learnt[:count])
            pairs.add(Path(folder), some)
            yield pairs.read(Path(folder))


def reader(name: str, learnt: int, unseen: int) -> Person:
    """A real one: `kathleen` or `ljspeech`. Nothing is ever learnt from the test split."""
    metadata = data() / name / "metadata.csv"
    some = {
        split: [Sentence(one.file.stem, _sound(one.file), one.text) for one in listed(metadata, split)[:count]]
        for split, count in (("train", learnt), ("test", unseen))
    }
    return Person(name, some["train"], some["test"])


def impaired(person: Person, how: Impairment, name: str) -> Person:
    """The same, as somebody with that impairment would have read."""

    def changed(some: Sequence[Sentence]) -> list[Sentence]:
        return [
            Sentence(one.name, simulate.impaired(one.audio, how, number), one.text) for number, one in enumerate(some)
        ]

    return Person(f"{person.name}, {name}", changed(person.learnt), changed(person.unseen))


def _sound(file: Path) -> Audio:
    return resample(Audio(*soundfile.read(file, dtype="float32")), RATE)


def encoder(name: str) -> Any:
    """A recogniser through whose ears others hear."""
    backend, model = ENCODERS[name]
    return registry.load("asr", backend, model=model, threads=2)


class Replies:
    """What the language model says to words or to embeddings, and the words and embeddings that it has."""

    def __init__(self) -> None:
        self.file = llamacpp.weights(llamacpp.Options())
        self._minds: dict[int, minds.Mind] = {}
        self._engine = Llama(self.file, 64, threads=1)

    @cached_property
    def table(self) -> np.ndarray:
        """(vocabulary, width)."""
        return embeddings(self.file)

    def tokens(self, text: str) -> list[int]:
        """A text as the model's tokens."""
        return self._engine.tokens(text, marks=False)

    def text(self, tokens: Sequence[int]) -> str:
        """Tokens as text."""
        return self._engine.text(tokens).decode("utf-8", "replace")

    def rows(self, text: str) -> np.ndarray:
        """A text as embeddings (T, width)."""
        return self.table[self.tokens(text) or self.tokens(".")]

    @property
    def end(self) -> int:
        """The token that ends a reply."""
        return next(token for token in range(self._engine.size) if self._engine.ends(token))

    def to(self, said: Sequence[str | np.ndarray], seed: int, instruction: str = "") -> list[str]:
        """A reply to each, at the paper's temperature."""
        mind = self._mind(seed, instruction)
        return ["".join(mind.reply([PERSONA, Message("user", "")], one)).strip() for one in said]

    def _mind(self, seed: int, instruction: str) -> minds.Mind:
        key = hash((seed, instruction))
        if key not in self._minds:
            options = minds.Options(
                context=512, temperature=0.1, top_p=1.0, repeat_penalty=1.0, seed=seed,
                enough_tokens=REPLY, most_tokens=REPLY, instruction=instruction,
            )  # fmt: skip
            self._minds[key] = minds.Mind(self.file, options)
        return self._minds[key]
