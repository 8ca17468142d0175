"""Who the clone is: its prompt, and how much of the past it is given."""

from collections.abc import Sequence

from digiclone.types import Message

BUDGET = 4000
"""Characters of history in the prompt: about a thousand tokens."""
STEP = 8
"""Messages that leave the window together."""

TEMPLATE = """\
You are {name}. You talk with people face to face, so you answer in one or two short spoken sentences, warmly and
plainly. You never use lists, headings or emoji.
"""
"""The persona.md of a new clone."""


def window(past: Sequence[Message], budget: int = BUDGET) -> list[Message]:
    """The end of the `past` that fits `budget` characters.

    The engine keeps the evaluated prompt as long as its beginning stays the same. So the window's start does not creep
    by one message a turn: it stays, then jumps by `STEP` messages; `past` must begin at a multiple of it.
    """
    start = len(past)
    size = 0
    while start > 0 and size + len(past[start - 1].text) <= budget:
        start -= 1
        size += len(past[start].text)
    if start:
        start = min(len(past), -(-start // STEP) * STEP)
    return list(past[start:])


def shorten(text: str, budget: int = BUDGET) -> str:
    """The end of an over-long message, from a whole word on."""
    text = text.strip()
    return text if len(text) <= budget else text[-budget:].split(maxsplit=1)[-1]
