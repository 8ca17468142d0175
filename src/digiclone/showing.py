"""How a clone is told who it is: not at all, in words (tell), or by what the person said (show).

Crowd Vote (IJCAI 2024) calls its strategy "show, don't tell" and prints no more of it. Here each strategy is a function
of the persona, the examples and the question, and so can stand for election beside the others.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from digiclone.config import ConfigError
from digiclone.types import Message

BUDGET = 3_000
"""Characters of examples in a prompt: about 750 tokens."""
BARE = "You talk with people face to face, so you answer in one or two short spoken sentences."


@dataclass(frozen=True, slots=True)
class Example:
    """What the person was asked, and said; where that stands, and when it was, if that is known."""

    question: str
    answer: str
    source: str = ""
    at: str = ""


Strategy = Callable[[str, Sequence[Example], str, int], list[Message]]
"""The persona's text, the examples, the question, and a budget in characters: the messages before the question."""


def read(file: Path) -> list[Example]:
    """The examples in a file of JSON lines; none if there is no such. Raises `ConfigError` for a line that is none."""
    if not file.is_file():
        return []
    found = list[Example]()
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            found.append(Example(row["question"], row["answer"], row.get("source", ""), row.get("at", "")))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ConfigError(f'{file}, line {number}: write {{"question": …, "answer": …}}') from None
    return found


def none(_persona: str, _examples: Sequence[Example], _question: str, _budget: int = BUDGET) -> list[Message]:
    """Nothing about the person."""
    return [Message("system", BARE)]


def tell(persona: str, _examples: Sequence[Example], _question: str, _budget: int = BUDGET) -> list[Message]:
    """What is written about the person."""
    return [Message("system", persona.strip())]


def show_random(_persona: str, examples: Sequence[Example], _question: str, budget: int = BUDGET) -> list[Message]:
    """Some of what the person said, always the same: it stays evaluated from turn to turn."""
    return [Message("system", BARE), *_turns(_fitting(_mixed(examples), budget))]


def show_retrieved(_persona: str, examples: Sequence[Example], question: str, budget: int = BUDGET) -> list[Message]:
    """What the person said on something like it; the nearest last, where a model looks most."""
    return [Message("system", BARE), *_turns(reversed(_fitting(nearest(examples, question), budget)))]


def show_and_tell(persona: str, examples: Sequence[Example], question: str, budget: int = BUDGET) -> list[Message]:
    """Both: what is written first, for it never changes."""
    return [Message("system", persona.strip()), *show_retrieved("", examples, question, budget)[1:]]


STRATEGIES: dict[str, Strategy] = {
    "none": none,
    "tell": tell,
    "show-random": show_random,
    "show-retrieved": show_retrieved,
    "show+tell": show_and_tell,
}


def nearest(examples: Sequence[Example], question: str) -> list[Example]:
    """Those that share words with a question, the likeliest first (BM25, as SQLite's FTS5 has it); behind them the
    others, in an order that is always the same."""
    words = re.findall(r"\w+", question.lower())
    with sqlite3.connect(":memory:") as db:
        db.execute("CREATE VIRTUAL TABLE said USING fts5(question, answer, tokenize = 'porter unicode61')")
        db.executemany("INSERT INTO said VALUES (?, ?)", [(one.question, one.answer) for one in examples])
        asked = " OR ".join(f'"{word}"' for word in dict.fromkeys(words))
        ranked = "SELECT rowid FROM said WHERE said MATCH ? ORDER BY bm25(said, 2.0, 1.0), rowid"
        found = [row - 1 for (row,) in db.execute(ranked, (asked,))] if words else []
    db.close()
    near = [examples[number] for number in found]
    there = set(near)
    return [*near, *(one for one in _mixed(examples) if one not in there)]


def copied(said: str, examples: Sequence[Example]) -> int:
    """The longest run of words that stands in an example, too: quoting is not the same as speaking like somebody."""
    words = re.findall(r"\w+", said.lower())
    return max((_longest(words, re.findall(r"\w+", one.answer.lower())) for one in examples), default=0)


def _longest(one: Sequence[str], other: Sequence[str]) -> int:
    best, before = 0, [0] * (len(other) + 1)
    for word in one:
        now = [0] * (len(other) + 1)
        for place, theirs in enumerate(other, 1):
            if word == theirs:
                now[place] = before[place - 1] + 1
        best, before = max(best, *now), now
    return best


def _mixed(examples: Sequence[Example]) -> list[Example]:
    return random.Random(0).sample(list(examples), len(examples))


def _fitting(examples: Sequence[Example], budget: int) -> list[Example]:
    """The first ones that fit; one that is too long for all of it is left out, not cut."""
    found, size = list[Example](), 0
    for one in examples:
        more = len(one.question) + len(one.answer)
        if size + more <= budget:
            found.append(one)
            size += more
    return found


def _turns(examples: Iterable[Example]) -> list[Message]:
    return [m for one in examples for m in (Message("user", one.question), Message("assistant", one.answer))]
