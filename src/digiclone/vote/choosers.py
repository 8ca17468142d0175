"""How a judge makes its choice: by how likely a local model finds each letter, or by what any model says."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np

from digiclone.clone import files
from digiclone.config import Choice
from digiclone.llama import Llama, common
from digiclone.llm import llamacpp
from digiclone.measure.judge import JUDGING
from digiclone.measure.respondent import Respondent, meant, respondent
from digiclone.types import Message
from digiclone.vote.election import Election, Judge
from digiclone.vote.judging import LETTERS, NONE, read
from digiclone.vote.store import Vote
from digiclone.weights import fetch

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
    What a judge is told is read once; all else anew for each ballot, so that no choice depends on those before it."""

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
        self._take(messages)
        said = list(islice(self._model.write(1.0, 1.0, 1.0, 0), REASON))
        return self._model.text(said).decode("utf-8", "replace").strip()

    def _likely(self, messages: Sequence[Message], words: Sequence[str]) -> tuple[str, dict[str, float]]:
        """The prompt, and the log-probability of each word, by its first token, as the beginning of a reply: a letter
        that follows a prompt is another token than one that stands alone."""
        prompt, before = self._take(messages)
        logits = self._model.logits().astype(np.float64)
        logits -= logits.max()
        logits -= np.log(np.exp(logits).sum())
        follows = {word: self._model.tokens(prompt + word, begin=True) for word in words}
        return prompt, {word: float(logits[whole[common(before, whole)]]) for word, whole in follows.items()}

    def forget(self) -> None:
        """All that was read."""
        self._read = []

    def _take(self, messages: Sequence[Message]) -> tuple[str, list[int]]:
        """Read a prompt, which is given back with its tokens. The engine's numbers differ in their last digits by what
        is read together: that is always what a judge is told, then the ballot."""
        prompt = self._model.chat(messages)
        tokens, told = (
            self._model.tokens(text, begin=True)
            for text in (prompt, self._model.chat([*messages[:-1], Message(messages[-1].role, "")]))
        )
        told = tokens[: min(common(told, tokens), len(tokens) - 1)]
        if self._read != told:
            self._model.forget(0)
            self._model.read(told)
            self.evaluated += len(told)
            self._read = told
        self._model.forget(len(told))
        self._model.read(tokens[len(told) :])
        self.evaluated += len(tokens) - len(told)
        return prompt, tokens


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


def choosers(election: Election) -> Callable[[Judge], Chooser]:
    """By judge; judges with the same model share it, one after the other. Fetches the weights that are not here."""
    made: dict[str, Chooser] = {}
    for llm in dict.fromkeys(one.llm for one in election.judge):
        _fetched(llm)

    def chooser(judge: Judge) -> Chooser:
        if judge.llm not in made:
            made[judge.llm] = model(judge.llm)
        return made[judge.llm]

    return chooser


def model(llm: str) -> Local | Speaking:
    """What a judge's `llm` means; empty: the default one. Fetches its weights."""
    choice = _fetched(llm)
    if choice.backend == "llamacpp":
        return Local(llamacpp.weights(llamacpp.Options(**choice.options)))
    return Speaking(respondent(choice, JUDGING))


def _fetched(llm: str) -> Choice:
    choice = meant(llm or "llamacpp")
    for file in files({"llm": choice}):
        fetch(file)
    return choice
