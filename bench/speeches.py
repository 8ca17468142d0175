"""Who said this? What a clone of a president says by each strategy, beside what that president really said.

Examples are paragraphs of a president's speeches but the last, which is kept: from it come the real texts. All are
asked the same questions, so that no topic gives anybody away. A classifier that learnt from the examples (naive Bayes
on runs of four letters) names the author of each answer, and so does the example that is nearest by its words; by
chance they are right once in as many times as there are presidents. `copied`: the longest run of words that stands in
an example.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from digiclone import showing
from digiclone.examples import Example, Examples
from digiclone.measure.answers import ANSWERING
from digiclone.measure.recordings import data
from digiclone.measure.respondent import meant, respondent
from digiclone.portrait.interviews import letter
from digiclone.showing import How
from digiclone.types import Message

TOPICS = ("peace", "the economy", "schools", "taxes", "jobs", "freedom", "war", "health", "energy", "the future")
STRATEGIES = ("none", "tell", "show-random", "show-retrieved", "show-meant", "show+tell", "tell+show-random")
RUN = 4
"""Letters that are looked at together."""


@dataclass(frozen=True)
class President:
    """Somebody with examples, and paragraphs of a speech that was kept."""

    name: str
    years: str
    examples: Examples
    kept: tuple[str, ...]


def presidents(count: int) -> list[President]:
    """Those who said most, by their addresses on the state of the union."""
    speeches = defaultdict[str, list[tuple[int, str]]](list)
    for file in sorted((data() / "speeches" / "state_union").glob("*.txt")):
        year, _, name = file.stem.partition("-")
        name = name.partition("-")[0]
        known = [one for one in speeches if one.startswith(name)]
        who = known[-1] if known and int(year[:4]) - speeches[known[-1]][-1][0] <= 8 else f"{name} {year[:4]}"
        speeches[who].append((int(year[:4]), file.read_text("utf-8", "replace")))
    found = list[President]()
    for who, all_ in speeches.items():
        if len(all_) > 2:
            said = [(piece, year) for year, text in all_[:-1] for piece in _pieces(text)]
            examples = Examples(
                Example(f"What do you say about {_about(piece)}?", piece, at=str(y)) for piece, y in said
            )
            years = f"{all_[0][0]} to {all_[-1][0]}"
            found.append(President(who.split()[0], years, examples, tuple(_pieces(all_[-1][1]))))
    found.sort(key=lambda one: -len(one.examples))
    return found[:count]


def _pieces(text: str) -> list[str]:
    return [one.text for one in letter(text, "") if 15 <= len(one.text.split()) <= 90]


def _about(piece: str) -> str:
    """The two longest words of it: what it is about, roughly, and always the same."""
    words = sorted(set(re.findall(r"[a-z]{5,}", piece.lower())), key=lambda word: (-len(word), word))
    return " and ".join(words[:2]) or "this"


class Bayes:
    """Who writes like that, by runs of letters."""

    def __init__(self, texts: Mapping[str, Sequence[str]]) -> None:
        counts = {who: Counter(run for text in some for run in _runs(text)) for who, some in texts.items()}
        self._all = len({run for some in counts.values() for run in some})
        self._counts = {who: (some, math.log(sum(some.values()) + 0.1 * self._all)) for who, some in counts.items()}

    def who(self, text: str) -> str:
        """The likeliest author, all being as likely before."""
        runs = _runs(text)
        worth = {
            name: sum(math.log(some[run] + 0.1) - total for run in runs) for name, (some, total) in self._counts.items()
        }
        return max(worth, key=lambda name: worth[name])


def _runs(text: str) -> list[str]:
    plain = f" {' '.join(text.lower().split())} "
    return [plain[at : at + RUN] for at in range(len(plain) - RUN + 1)]


class Nearest:
    """Whose example is nearest, by words that few examples have (cosine of tf-idf)."""

    def __init__(self, texts: Mapping[str, Sequence[str]]) -> None:
        self._rows = [(who, Counter(_words(text))) for who, some in texts.items() for text in some]
        self._in = Counter(word for _, words in self._rows for word in words)
        self._rows = [(who, self._weighed(words)) for who, words in self._rows]

    def _weighed(self, words: Counter[str]) -> Any:
        weighed = {
            word: (1 + math.log(n)) * math.log(len(self._rows) / self._in[word])
            for word, n in words.items() if self._in[word]
        }  # fmt: skip
        size = math.sqrt(sum(value**2 for value in weighed.values())) or 1.0
        return {word: value / size for word, value in weighed.items()}

    def who(self, text: str) -> str:
        """The author of that example."""
        asked = self._weighed(Counter(_words(text)))
        near = [sum(value * row.get(word, 0.0) for word, value in asked.items()) for _, row in self._rows]
        return self._rows[int(np.argmax(near))][0]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def strategy(name: str, who: str, count: int, topics: int) -> dict[str, Any]:
    """Of the answers of a language model that is told by a strategy who it is, or of the real texts ("real")."""
    people = presidents(count)
    texts = {one.name: [example.answer for example in one.examples] for one in people}
    bayes, nearest, mind = Bayes(texts), Nearest(texts), respondent(meant(who), ANSWERING)
    asked = [f"What do you say about {topic}?" for topic in TOPICS[:topics]]
    right = {"authorship": list[list[float]](), "retrieval": list[list[float]](), "copied": list[list[float]]()}
    said_by = dict[str, list[str]]()
    for one in people:
        said = said_by[one.name] = (
            _real(one, asked) if name == "real" else [_said(mind, name, one, text) for text in asked]
        )
        right["authorship"].append([float(bayes.who(text) == one.name) for text in said])
        right["retrieval"].append([float(nearest.who(text) == one.name) for text in said])
        right["copied"].append([float(showing.copied(text, one.examples)) for text in said])
    figures = {figure: with_interval(found) for figure, found in right.items()}
    return {"name": name, **figures, "right": right, "said": said_by}


def _real(one: President, asked: Sequence[str]) -> list[str]:
    """Kept paragraphs that are nearest to the questions."""
    kept = Examples(Example(text, text) for text in one.kept)
    return [kept.nearest(question)[0].answer for question in asked]


def _said(mind: Any, strategy: str, one: President, question: str) -> str:
    told = (
        f"You are President {one.name}, who led the United States from {one.years}. You answer the way you speak in"
        " your addresses to the Congress, in two or three sentences."
    )
    messages = showing.prompt(How(strategy=strategy), told, one.examples, question)
    return mind.ask([*messages, Message("user", question)])


def with_interval(rows: Sequence[Sequence[float]]) -> dict[str, float]:
    """The mean of a row a person and a column a question, and an interval of 95 % over both drawn again."""
    values, chance = np.array(rows), np.random.default_rng(0)
    drawn = [
        values[chance.integers(0, len(values), len(values))][:, chance.integers(0, values.shape[1], values.shape[1])]
        for _ in range(2000)
    ]
    low, high = np.quantile([one.mean() for one in drawn], [0.025, 0.975])
    return {"value": float(values.mean()), "low": float(low), "high": float(high)}
