"""Into clips: which words of a recording are kept together. Cuts lie where a sentence ends, else in the longest pause
near by, and never inside a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

SHORTEST, LONGEST = 5.0, 10.0
"""Seconds that a clip should last (tinyDigiClones, section III-C)."""
KEPT_PAUSE = 0.5
"""Seconds of silence that are left of a longer pause inside a clip."""
EDGE = 0.15
"""Seconds of silence before the first word and after the last."""
PAUSE = 0.06
"""Seconds between two words in which a cut can be placed."""
FAR = 50.0
"""Price of a cut without a pause: it takes many seconds of a clip that is too long to be worth it."""


@dataclass(frozen=True)
class Word:
    """A word with its punctuation; `start` and `end` in seconds, `sure` how sure the recogniser is, 0..1."""

    text: str
    start: float
    end: float
    sure: float = 1.0


HOPELESS = 3 * LONGEST
"""Seconds after which a longer clip is not looked at: even without a pause it costs less to cut."""

Clip = tuple[int, int]
"""First word, and first word after it."""


def clips(words: Sequence[Word]) -> list[Clip]:
    """All `words` in clips, in order, the cheapest way: see `price`."""
    words = shortened(words)
    best, came = [0.0] + [float("inf")] * len(words), [0] * (len(words) + 1)
    for end in range(1, len(words) + 1):
        for start in range(end - 1, -1, -1):
            total = best[start] + price(words, start, end)
            if total < best[end]:
                best[end], came[end] = total, start
            if length(words, start, end) > HOPELESS:
                break
    cut, found = len(words), list[Clip]()
    while cut:
        found.append((came[cut], cut))
        cut = came[cut]
    return found[::-1]


def shortened(words: Sequence[Word]) -> list[Word]:
    """The same words with long pauses shortened."""
    found, off = list[Word](), 0.0
    for number, word in enumerate(words):
        off += max(0.0, word.start - words[number - 1].end - KEPT_PAUSE) if number else 0.0
        found.append(replace(word, start=word.start - off, end=word.end - off))
    return found


def price(words: Sequence[Word], start: int, end: int) -> float:
    """What is wrong with a clip of the shortened words `start` to `end`: its length, and where it ends."""
    seconds = length(words, start, end)
    short = 4 * max(0.0, SHORTEST - seconds) / SHORTEST
    return short + 4 * max(0.0, seconds - LONGEST) + (_cut(words, end) if end < len(words) else 0.0)


def length(words: Sequence[Word], start: int, end: int) -> float:
    """Seconds of such a clip."""
    return words[end - 1].end - words[start].start + 2 * EDGE


def _cut(words: Sequence[Word], at: int) -> float:
    """The price of a cut before word `at`."""
    before, after = words[at - 1], words[at]
    pause = after.start - before.end
    if pause < PAUSE:
        return FAR
    if before.text.rstrip("\"'”’)").endswith((".", "?", "!", "…")):
        return 0.1
    natural = before.text.endswith((",", ";", ":", "—", "–")) or pause >= KEPT_PAUSE
    return (0.5 if natural else 1.5) + 0.2 / (pause + 0.2)
