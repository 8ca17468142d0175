"""Who stands for election: somebody whose answers are written down, or a language model that is told who it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from digiclone import showing
from digiclone.clone import choices, find
from digiclone.config import Choice, ConfigError, nearest
from digiclone.measure.answers import ANSWERING
from digiclone.measure.respondent import Respondent, meant, respondent
from digiclone.registry import module
from digiclone.types import Message
from digiclone.vote.election import Candidate, Election, recorded


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
    strategy: str
    persona: str
    examples: Sequence[showing.Example]

    @property
    def identity(self) -> str:
        """All that the answers depend on."""
        told = [self.who.identity, self.strategy, self.persona, [[one.question, one.answer] for one in self.examples]]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def prompt(self, question: str) -> list[Message]:
        """What the strategy makes of it. An example with this very question is no example of it."""
        known = [one for one in self.examples if one.question.strip().lower() != question.strip().lower()]
        return [
            *showing.STRATEGIES[self.strategy](self.persona, known, question, showing.BUDGET),
            Message("user", question),
        ]

    def answer(self, messages: Sequence[Message]) -> str:
        """What the model says to that. Raises what `Respondent.ask` does."""
        return self.who.ask(messages)


def candidates(election: Election, beside: Path) -> dict[str, Recorded | Thinking]:
    """Those of an election whose file lies in the folder `beside`. Raises `ConfigError` for one that cannot stand."""
    return {one.name: _candidate(one, election, beside) for one in election.candidate}


def _candidate(one: Candidate, election: Election, beside: Path) -> Recorded | Thinking:
    if one.answers:
        return Recorded(recorded(beside / one.answers, election))
    strategy = one.strategy or ("show+tell" if one.clone else "none")
    if strategy not in showing.STRATEGIES:
        known = sorted(showing.STRATEGIES)
        raise ConfigError(f"candidate {one.name!r}: there is no strategy {strategy!r}; {nearest(strategy, known)}")
    if one.llm:
        return Thinking(respondent(meant(one.llm), ANSWERING), strategy, "", ())
    folder = find(one.clone)
    persona = (folder / "persona.md").read_text("utf-8") if (folder / "persona.md").is_file() else ""
    examples = showing.read(folder / "examples.jsonl")
    if not examples and strategy.startswith("show"):
        raise ConfigError(f"candidate {one.name!r}: {one.clone} has no examples to show; put some into examples.jsonl")
    return Thinking(respondent(_mind(folder), ANSWERING), strategy, persona, examples)


def _mind(folder: Path) -> Choice:
    """The language model of a clone; one that hears through a bridge reads here like any other."""
    chosen = choices(folder)["llm"]
    if chosen.backend != "bridge":
        return chosen
    known = module("llm", "llamacpp").Options.model_fields
    return Choice("llamacpp", {name: value for name, value in chosen.options.items() if name in known}, {})
