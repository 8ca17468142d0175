"""How a judge makes its choice: by how likely a local model finds each letter, or by what any model says."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import Protocol

import numpy as np

from digiclone.llama import Llama
from digiclone.llm import llamacpp
from digiclone.measure.respondent import Respondent
from digiclone.types import Message
from digiclone.vote.judging import NONE, read
from digiclone.vote.store import Vote

CONTEXT = 4096
LONGEST = 40
"""Characters of what a judge says that are read: more of them cannot be a letter."""


class Chooser(Protocol):
    """Somebody who chooses a letter."""

    def choose(self, messages: Sequence[Message], order: Sequence[str], allowed: str) -> Vote:
        """Of the candidates in that `order`, by the letters that are `allowed`."""
        ...


class Local:
    """A model of this machine. It says nothing: the likeliest letter is its choice, so that no ballot is unreadable.
    What prompts have in common is read once."""

    def __init__(self, file: Path, context: int = CONTEXT) -> None:
        threads = llamacpp.cores()
        self._model = Llama(file, context, threads, llamacpp.writers(threads))
        self._read = list[int]()
        self.evaluated = 0
        """Tokens that were read so far."""

    def choose(self, messages: Sequence[Message], order: Sequence[str], allowed: str) -> Vote:
        """See `Chooser`. Raises `llama.EngineError` for a ballot that does not fit into the context."""
        begun = time.perf_counter()
        prompt = self._model.chat(messages)
        self._take(self._model.tokens(prompt, begin=True))
        logits = self._model.logits().astype(np.float64)
        logits -= logits.max()
        logits -= np.log(np.exp(logits).sum())
        likely = {letter: float(logits[self._model.tokens(letter)[0]]) for letter in allowed}
        letter = max(likely, key=lambda one: likely[one])
        said = json.dumps({one: round(value, 3) for one, value in likely.items()})
        return _vote(letter, order, said, prompt, time.perf_counter() - begun)

    def forget(self) -> None:
        """All that was read."""
        self._read = []

    def _take(self, tokens: list[int]) -> None:
        pairs = zip(self._read, tokens, strict=False)
        same = min(sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs)), len(tokens) - 1)
        self._model.forget(same)
        self._model.read(tokens[same:])
        self.evaluated += len(tokens) - same
        self._read = tokens


class Speaking:
    """Any language model, asked for a letter. What is none is counted as unreadable; nothing at all abstains."""

    def __init__(self, who: Respondent) -> None:
        self._who = who

    def choose(self, messages: Sequence[Message], order: Sequence[str], allowed: str) -> Vote:
        """See `Chooser`. Raises what `Respondent.ask` does."""
        begun = time.perf_counter()
        said = self._who.ask(messages, LONGEST)
        prompt = json.dumps([[one.role, one.text] for one in messages])
        return _vote(read(said, allowed), order, said, prompt, time.perf_counter() - begun)


def _vote(letter: str | None, order: Sequence[str], said: str, prompt: str, seconds: float) -> Vote:
    if letter is None:
        return Vote("unreadable" if said.strip() else "abstained", None, said, prompt, seconds)
    if letter == NONE:
        return Vote("none", None, said, prompt, seconds)
    return Vote("chosen", order["ABCDEF".index(letter)], said, prompt, seconds)
