"""What an election is: candidates, questions, judges and metrics, as a person writes them down (`ELECTION.toml`)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from digiclone.config import ConfigError, Strict, load_toml, nearest, parse
from digiclone.vote.ballot import rotations
from digiclone.vote.panels import seated

Metric = Literal["humour", "authenticity", "favourability"]
METRICS: tuple[Metric, ...] = ("humour", "authenticity", "favourability")
MOST = 6
"""Candidates that a judge can compare at once, and answers that fit into a small model's context."""


class Candidate(Strict):
    """Who answers: a clone under a prompt strategy, any other language model, or somebody whose answers are written
    down."""

    name: str
    clone: str = ""
    strategy: str = ""
    """How it is told who it is (`showing.py`); empty: as it is when one talks to it."""
    budget: int = 0
    """Characters of examples; 0: as when one talks to it."""
    llm: str = ""
    """As `digiclone bench answers` takes it: openai:URL#MODEL, BACKEND:MODEL, or a GGUF file."""
    answers: str = ""
    """A file of JSON lines {"question": …, "answer": …}, beside the election."""


class Judge(Strict):
    """Who votes: a language model that is somebody."""

    name: str
    personality: str
    llm: str = ""
    """Empty: the default one."""
    metrics: tuple[Metric, ...] = METRICS
    samples: str = ""
    """A text by the real person, beside the election: who judges authenticity must know whom to compare with."""


class Election(Strict):
    """The file."""

    name: str
    questions: tuple[str, ...]
    candidate: tuple[Candidate, ...]
    judge: tuple[Judge, ...]
    metrics: tuple[Metric, ...] = METRICS
    none: bool = True
    """Whether "none of these" may be chosen."""
    longest: int = 600
    """Characters of an answer that judges see: nobody wins by talking more."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Slot:
    """A ballot that is to be cast: by whom, on what, the candidates in which order."""

    question: str
    judge: str
    metric: Metric
    turn: int
    """Which of the rotations."""
    order: tuple[str, ...]


def load(file: Path) -> Election:
    """The election in a file. Raises `ConfigError` for one that cannot be held, and says why."""
    if not file.is_file():
        raise ConfigError(f"there is no file {file}")
    values = dict(load_toml(file))
    stand = _rows(values, "candidate", file)
    values["candidate"] = tuple(parse(Candidate, row, where) for where, row in stand)
    judge = [(where, one) for where, row in _rows(values, "judge", file) for one in seated(row, where)]
    values["judge"] = tuple(parse(Judge, row, where) for where, row in judge)
    for key in ("questions", "metrics"):
        if isinstance(values.get(key), list):
            values[key] = tuple(values[key])
    election = parse(Election, values, str(file))
    _checked(election, file)
    return election


def _rows(values: Mapping[str, Any], key: str, file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each table under `[[key]]`, and where it stands."""
    rows = values.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError(f"{file}: write each {key} under [[{key}]]")
    for number, row in enumerate(rows, 1):
        yield f"{file}, {key} {number}", row


def _checked(election: Election, file: Path) -> None:
    names = [one.name for one in election.candidate]
    wrong = [
        (not election.questions, "there is no question"),
        (len(names) < 2, "an election takes two candidates at least"),
        (len(names) > MOST, f"{len(names)} candidates are too many to compare at once: {MOST} at most"),
        (len(set(names)) < len(names), "two candidates have the same name"),
        (not election.judge, "there is no judge"),
        (len({one.name for one in election.judge}) < len(election.judge), "two judges have the same name"),
        (len(set(election.questions)) < len(election.questions), "a question stands there twice"),
        *(
            (
                not {*one.metrics} & {*election.metrics},
                f"judge {one.name!r} judges nothing that is asked for in metrics",
            )
            for one in election.judge
        ),
    ]
    for is_so, what in wrong:
        if is_so:
            raise ConfigError(f"{file}: {what}")
    for one in election.candidate:
        given = [key for key in ("clone", "llm", "answers") if getattr(one, key)]
        if len(given) != 1:
            raise ConfigError(
                f"{file}: candidate {one.name!r} needs one of clone, llm and answers, not {given or 'none'}"
            )


def slots(election: Election) -> Iterator[Slot]:
    """All ballots of an election. Those that one judge casts on one metric stand together, so that what the judge is
    told is read once; candidates are shuffled anew for each question before they are rotated, so that neighbours
    change, too."""
    names = [one.name for one in election.candidate]
    for judge in election.judge:
        for metric in election.metrics:
            if metric not in judge.metrics:
                continue
            for question in election.questions:
                for turn, order in enumerate(rotations(shuffled(names, election.seed, question))):
                    yield Slot(question, judge.name, metric, turn, order)


def shuffled(names: list[str], seed: int, question: str) -> list[str]:
    """The candidates in an order that follows from the seed and the question."""
    return sorted(names, key=lambda name: hashlib.sha256(f"{seed} {question} {name}".encode()).digest())


def recorded(file: Path, election: Election) -> dict[str, str]:
    """What somebody answered, by question. Raises `ConfigError` if an answer is missing."""
    found = dict[str, str]()
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {error}") from error
    for number, line in enumerate(filter(str.strip, lines), 1):
        try:
            row: Any = json.loads(line)
            found[str(row["question"])] = str(row["answer"])
        except (ValueError, TypeError, KeyError):
            raise ConfigError(f'{file}, line {number}: write {{"question": …, "answer": …}}') from None
    lacking = [question for question in election.questions if question not in found]
    if lacking:
        raise ConfigError(f"{file} has no answer to {lacking[0]!r}; {nearest(lacking[0], sorted(found))}")
    return found
