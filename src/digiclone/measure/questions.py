"""The questions of LLM-eval: `questions.toml`, which says of each what a right answer has."""

from __future__ import annotations

import tomllib
from collections import Counter
from importlib.resources import files

from digiclone.config import Strict, parse


class Question(Strict):
    """To be asked by itself, without a conversation around it."""

    topic: str
    ask: str
    right: str
    """What a right answer has, in words for a judge."""


def questions(most: int | None = None) -> list[Question]:
    """All of them, or `most`, in the order of the file.

    The fewer are among the more, and every topic has its share of them.
    """
    table = tomllib.loads((files("digiclone.measure") / "questions.toml").read_text("utf-8"))
    every = [parse(Question, row, "questions.toml") for row in table["question"]]
    sizes, seen, turns = Counter(question.topic for question in every), Counter[str](), list[float]()
    for question in every:
        seen[question.topic] += 1
        turns.append((seen[question.topic] - 0.5) / sizes[question.topic])  # all topics end at the same time
    first = sorted(range(len(every)), key=turns.__getitem__)[:most]
    return [every[place] for place in sorted(first)]
