"""What somebody said, wherever it stood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Line:
    """By one speaker, in one go."""

    speaker: str
    """Empty: the person, who is the only one in a letter or speech."""
    text: str
    source: str
    """File and line, so that it can be looked up."""
    at: str = ""
    """When, as ISO 8601 or what the file has; empty if it is not known."""
    to: str = ""
    """What it answers, if the file says so; else what was said before it."""


def joined(lines: Sequence[Line]) -> list[Line]:
    """What one speaker says without a break is one: people send a thought in several messages."""
    found = list[Line]()
    for line in lines:
        if found and found[-1].speaker == line.speaker and not line.to and line.speaker:
            found[-1] = replace(found[-1], text=f"{found[-1].text}\n{line.text}")
        else:
            found.append(line)
    return found
