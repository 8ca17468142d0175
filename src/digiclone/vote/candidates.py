"""Who stands for election: somebody whose answers are written down, or a language model that is told who it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from digiclone import examples, showing
from digiclone.clone import choices, find
from digiclone.config import Choice, ConfigError
from digiclone.examples import Examples
from digiclone.measure.answers import ANSWERING
from digiclone.measure.respondent import Respondent, meant, respondent
from digiclone.registry import module
from digiclone.types import Message
from digiclone.vote.election import Candidate, Election, recorded


class Answering(Protocol):
    """A candidate."""

    def prompt(self, question: str) -> list[Message]:
        """All that it is given."""
        ...

    def answer(self, messages: Sequence[Message]) -> str:
        """What it says to that."""
        ...


@dataclass(frozen=True)
class Recorded:
    """Somebody whose answers are known."""

    answers: Mapping[str, str]

    @property
    def identity(self) -> str:
        """All that the answers depend on."""
        return hashlib.sha256(json.dumps(dict(self.answers), sort_keys=True).encode()).hexdigest()

    def prompt(self, question: str) -> list[Message]:
        """The question alone."""
        return [Message("user", question)]

    def answer(self, messages: Sequence[Message]) -> str:
        """What is written down."""
        return self.answers[messages[-1].text]


@dataclass(frozen=True)
class Thinking:
    """A language model that is told who it is by a strategy."""

    who: Respondent
    how: showing.How
    persona: str
    examples: Examples

    @property
    def identity(self) -> str:
        """All that the answers depend on."""
        said = [[one.question, one.answer] for one in self.examples]
        told = [self.who.identity, self.how.model_dump(), self.persona, said]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def prompt(self, question: str) -> list[Message]:
        """What the strategy makes of it. An example with this very question is no example of it."""
        known = self.examples.without(question)
        return [*showing.prompt(self.how, self.persona, known, question), Message("user", question)]

    def answer(self, messages: Sequence[Message]) -> str:
        """What the model says to that. Raises what `Respondent.ask` does."""
        return self.who.ask(messages)


def candidates(election: Election, beside: Path) -> dict[str, Recorded | Thinking]:
    """Those of an election whose file lies in the folder `beside`. Raises `ConfigError` for one that cannot stand."""
    return {one.name: _candidate(one, election, beside) for one in election.candidate}


def identity(election: Election, who: Mapping[str, Recorded | Thinking], samples: Mapping[str, str]) -> str:
    """All that the ballots of an election depend on."""
    answering = {name: one.identity for name, one in who.items()}
    return json.dumps([election.model_dump(mode="json"), answering, dict(samples)])


def _candidate(one: Candidate, election: Election, beside: Path) -> Recorded | Thinking:
    if one.answers:
        return Recorded(recorded(beside / one.answers, election))
    if one.llm:
        return Thinking(respondent(meant(one.llm), ANSWERING), _how(one, showing.How(strategy="none")), "", Examples())
    folder = find(one.clone)
    how = _how(one, showing.chosen(folder))
    persona = (folder / "persona.md").read_text("utf-8") if (folder / "persona.md").is_file() else ""
    said = examples.of(folder)
    if not said and one.strategy.startswith("show"):
        raise ConfigError(f"candidate {one.name!r}: {one.clone} has no examples to show; put some into examples.jsonl")
    return Thinking(respondent(_mind(folder), ANSWERING), how, persona, said)


def _how(one: Candidate, usual: showing.How) -> showing.How:
    """As the election says, else as `usual`. Raises `ConfigError` for a strategy that there is not."""
    try:
        showing.known(one.strategy or usual.strategy)
    except ConfigError as error:
        raise ConfigError(f"candidate {one.name!r}: {error}") from None
    return showing.How(strategy=one.strategy or usual.strategy, budget=one.budget or usual.budget)


def _mind(folder: Path) -> Choice:
    """The language model of a clone; one that hears through a bridge reads here like any other."""
    chosen = choices(folder)["llm"]
    if chosen.backend != "bridge":
        return chosen
    known = module("llm", "llamacpp").Options.model_fields
    return Choice("llamacpp", {name: value for name, value in chosen.options.items() if name in known}, {})
