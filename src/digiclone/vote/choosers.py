"""How a judge makes its choice: by how likely a local model finds each letter, or by what any model says."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np

from digiclone.llama import Llama, common
from digiclone.llm import llamacpp
from digiclone.measure.respondent import Respondent
from digiclone.types import Message
from digiclone.vote.judging import LETTERS, NONE, read
from digiclone.vote.store import Vote

CONTEXT = 4096
REASON = 128
"""Tokens of a reason (Crowd Score's)."""
LONGEST = 40
"""Characters of what a judge says that are read: more of them cannot be a letter."""


class Chooser(Protocol):
    """Somebody who chooses a letter."""

    def choose(self, messages: Sequence[Message], order: Sequence[str], allowed: str) -> Vote:
        """Of the candidates in that `order`, by the letters that are `allowed`."""
        ...


class Reasoner(Protocol):
    """Somebody who classifies, and says why."""

    def word(self, messages: Sequence[Message], words: Sequence[str]) -> str | None:
        """One of some words that begin differently; none if none of them was said, or several."""
        ...

    def reason(self, messages: Sequence[Message]) -> str:
        """What it says, at some length."""
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
        prompt, likely = self._likely(messages, allowed)
        letter = max(likely, key=lambda one: likely[one])
        said = json.dumps({one: round(value, 3) for one, value in likely.items()})
        return _vote(letter, order, said, prompt, time.perf_counter() - begun)

    def word(self, messages: Sequence[Message], words: Sequence[str]) -> str | None:
        """See `Reasoner`."""
        _, likely = self._likely(messages, words)
        return max(likely, key=lambda one: likely[one])

    def reason(self, messages: Sequence[Message]) -> str:
        """See `Reasoner`."""
        self._take(self._model.tokens(self._model.chat(messages), begin=True))
        said = list(islice(self._model.write(1.0, 1.0, 1.0, 0), REASON))
        self._read += said[: self._model.past - len(self._read)]
        return self._model.text(said).decode("utf-8", "replace").strip()

    def _likely(self, messages: Sequence[Message], words: Sequence[str]) -> tuple[str, dict[str, float]]:
        """The prompt, and the log-probability of each word, by its first token, as the beginning of a reply."""
        prompt = self._model.chat(messages)
        self._take(self._model.tokens(prompt, begin=True))
        logits = self._model.logits().astype(np.float64)
        logits -= logits.max()
        logits -= np.log(np.exp(logits).sum())
        return prompt, {word: float(logits[self._model.tokens(word)[0]]) for word in words}

    def forget(self) -> None:
        """All that was read."""
        self._read = []

    def _take(self, tokens: list[int]) -> None:
        same = min(common(self._read, tokens), len(tokens) - 1)
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

    def word(self, messages: Sequence[Message], words: Sequence[str]) -> str | None:
        """See `Reasoner`."""
        said = self._who.ask(messages, LONGEST).lower()
        found = [word for word in words if word.lower() in said]
        return found[0] if len(found) == 1 else None

    def reason(self, messages: Sequence[Message]) -> str:
        """See `Reasoner`."""
        return self._who.ask(messages, 8 * REASON)


def _vote(letter: str | None, order: Sequence[str], said: str, prompt: str, seconds: float) -> Vote:
    if letter is None:
        return Vote("unreadable" if said.strip() else "abstained", None, said, prompt, seconds)
    if letter == NONE:
        return Vote("none", None, said, prompt, seconds)
    return Vote("chosen", order[LETTERS.index(letter)], said, prompt, seconds)
