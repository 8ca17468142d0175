"""What was said long ago, when it matters again: talks that share a telling word with what is said now, or, where
`meaning` is on this machine, mean something like it.

A word tells something if it is said seldom. What comes back stands as turns of the talk just before the question, where
a small model looks most, and is left away where nothing tells.
"""

import re
from collections.abc import Sequence

import numpy as np

from digiclone.history import History
from digiclone.meaning import Meaning
from digiclone.types import Memory

MOST, BUDGET = 2, 400
"""Memories at once, and their characters: about a hundred tokens, which take a twentieth of a second to read."""
SELDOM, FEW = 0.05, 4
"""The share of all messages in which a telling word stands at most; in so few it may always."""
ALIKE = 0.4
"""The cosine from which texts may mean something alike: for a question and an answer to another one, one in three
hundred is that high."""
AT_ONCE = 64
"""Messages whose meaning is read at once: half a second."""
_COMMON = """
about after again all also always and another any anything are ask asked because been before being but call
called can come could did does doing done don't even ever every few first for from get give goes going good
got had has have hello her here hers him his hour how into isn't it's its just kind know last let like little
long look lot made make many may maybe mean might mine more most much must name need never new not nothing now
off okay old one only other our out over own people please put really remember right said same say says see
she should some something still such sure take talk tell than thank thanks that that's the their them then
there these they thing things think this those though time today too two under until use used very want was
way week well went were what what's when where which while who whole whose why will with without word would
year years yes yesterday yet you your yours
"""
COMMON = frozenset(_COMMON.split())
"""Words that never tell what somebody talks about."""


def recall(history: History, text: str, shown: int, mind: Meaning | None = None) -> list[Memory]:
    """What has to do with `text`, oldest first; nothing of the last messages, of which so many are `shown` to the model
    already. What was told stands before what was asked. Raises `sqlite3.Error`."""
    found = _sharing(history, text, shown)
    if mind:
        found = list(dict.fromkeys([*found, *_meant(history, text, shown, mind)]))
    found.sort(key=lambda one: one.asked.rstrip().endswith("?"))  # stable: the best first of each
    return sorted(_fitting(found[:MOST]), key=lambda one: one.number)


def read(history: History, mind: Meaning) -> None:
    """What was said is read for what it means, a little at a time. Raises `sqlite3.Error`."""
    for number, text in history.unread(AT_ONCE):
        history.learn(number, text, mind.of([text]).tobytes())


def _sharing(history: History, text: str, shown: int) -> list[Memory]:
    """By telling words, the best first."""
    total = history.count()
    telling = [word for word in words(text) if 0 < history.holding(word) <= max(FEW, SELDOM * total)]
    return history.search(telling, 4 * MOST, shown) if telling else []


def _meant(history: History, text: str, shown: int, mind: Meaning) -> list[Memory]:
    """By meaning, the most alike first."""
    known = history.meanings(shown)
    if not known or not text.strip():
        return []
    directions = np.frombuffer(b"".join(row for _, row in known), np.float32).reshape(len(known), -1)
    close = directions @ mind.of([text])[0]
    best = [place for place in np.argsort(-close, kind="stable")[: 4 * MOST] if close[place] >= ALIKE]
    return history.talks([known[place][0] for place in best])


def words(text: str) -> list[str]:
    """Those of a text that may tell what it is about, each once."""
    found = re.findall(r"[^\W\d_]{3,}(?:['’][^\W\d_]+)?|\d{2,}", text.lower())
    return [word for word in dict.fromkeys(found) if word not in COMMON]


def _fitting(memories: Sequence[Memory]) -> list[Memory]:
    found, left = list[Memory](), BUDGET
    for one in memories:
        left -= len(one.asked) + len(one.answered)
        if left >= 0:
            found.append(one)
    return found
