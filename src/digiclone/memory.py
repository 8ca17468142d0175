"""What was said long ago, when it matters again: talks that share a telling word with what is said now.

A word tells something if it is said seldom. What comes back stands as turns of the talk just before the question, where
a small model looks most, and is left away where nothing tells.
"""

import re
from collections.abc import Sequence

from digiclone.history import History
from digiclone.types import Memory

MOST, BUDGET = 2, 400
"""Memories at once, and their characters: about a hundred tokens, which take a twentieth of a second to read."""
SELDOM, FEW = 0.05, 4
"""The share of all messages in which a telling word stands at most; in so few it may always."""
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


def recall(history: History, text: str, shown: int) -> list[Memory]:
    """What has to do with `text`, oldest first; nothing of the last messages, of which so many are `shown` to the model
    already. What was told stands before what was asked. Raises `sqlite3.Error`."""
    total = history.count()
    telling = [word for word in words(text) if 0 < history.holding(word) <= max(FEW, SELDOM * total)]
    if not telling:
        return []
    found = history.search(telling, 4 * MOST, shown)
    found.sort(key=lambda one: one.asked.rstrip().endswith("?"))  # stable: the best first of each
    return sorted(_fitting(found[:MOST]), key=lambda one: one.number)


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
