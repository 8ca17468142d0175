"""How a clone is told who it is: not at all, in words (tell), or by what the person said (show).

Crowd Vote (IJCAI 2024) calls its strategy "show, don't tell" and prints no more of it. Here strategies
stand for election beside each other, and the clone talks by the one that won.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from digiclone.config import ConfigError, Strict, load_toml, nearest, parse
from digiclone.examples import Example, Examples
from digiclone.types import Message

BUDGET = 3_000
"""Characters of examples in a prompt: about 750 tokens."""
FILE = "showing.toml"
BARE = "You talk with people face to face, so you answer in one or two short spoken sentences."


@dataclass(frozen=True)
class Strategy:
    """What a clone is given: what is written about the person; some of what the person said, always the same, which
    stays evaluated from turn to turn; and what they said on something like the question, just before it."""

    told: bool = False
    shown: bool = False
    retrieved: Literal["", "words", "meaning"] = ""
    """By what it is found."""


STRATEGIES = {
    "none": Strategy(),
    "tell": Strategy(told=True),
    "show-random": Strategy(shown=True),
    "show-retrieved": Strategy(retrieved="words"),
    "show-meant": Strategy(retrieved="meaning"),
    "show+tell": Strategy(told=True, retrieved="words"),
    "tell+show-random": Strategy(told=True, shown=True),
}
USUAL = "tell+show-random"
"""What a clone is given if nothing was found to be better."""


class How(Strict):
    """`showing.toml`: how this clone is told who it is, as `digiclone persona tune` found it best."""

    strategy: str = USUAL
    budget: int = BUDGET


def chosen(folder: Path) -> How:
    """That of the clone in `folder`. Raises `ConfigError` for a strategy that there is not."""
    how = parse(How, load_toml(folder / FILE), FILE) if (folder / FILE).is_file() else How()
    known(how.strategy)
    return how


def known(strategy: str) -> Strategy:
    """The one of that name. Raises `ConfigError` if there is none."""
    if strategy not in STRATEGIES:
        raise ConfigError(f"there is no strategy {strategy!r}; {nearest(strategy, sorted(STRATEGIES))}")
    return STRATEGIES[strategy]


def standing(how: How, persona: str, examples: Examples) -> list[Message]:
    """The messages that never change."""
    strategy = known(how.strategy)
    said = _fitting(examples.mixed, how.budget) if strategy.shown else ()
    return [Message("system", persona.strip() if strategy.told else BARE), *turns(said)]


def reminded(how: How, examples: Examples, question: str) -> list[Example]:
    """What the question calls up, the nearest last, where a model looks most. Raises `weights.Missing`."""
    by = known(how.strategy).retrieved
    if not by or not examples:
        return []
    near = examples.nearest(question) if by == "words" else examples.meant(question)
    return _fitting(near, how.budget)[::-1]


def prompt(how: How, persona: str, examples: Examples, question: str) -> list[Message]:
    """All messages before a first question."""
    return [*standing(how, persona, examples), *turns(reminded(how, examples, question))]


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


def _fitting(examples: Sequence[Example], budget: int) -> list[Example]:
    """The first ones that fit; one that is too long for all of it is left out, not cut."""
    found, size = list[Example](), 0
    for one in examples:
        more = len(one.question) + len(one.answer)
        if size + more <= budget:
            found.append(one)
            size += more
    return found


def turns(examples: Iterable[Example]) -> list[Message]:
    """Examples as turns of a talk."""
    return [m for one in examples for m in (Message("user", one.question), Message("assistant", one.answer))]
