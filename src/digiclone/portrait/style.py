"""How a person speaks, counted: what makes them sound like themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt
from statistics import median

from digiclone.portrait.masking import PUT

FILLERS = (
    "um", "uh", "er", "well", "you know", "i mean", "like", "sort of", "kind of", "actually", "basically", "honestly",
    "look", "anyway", "right",
)  # fmt: skip
_LAUGHS = re.compile(r"\b(?:ha){2,}h?\b|\blol\b|\blmao\b|\brofl\b|[😂🤣😄😆😅😁]|\b(?:just )?kidding\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
PRIOR = 500.0
"""Words that are assumed to have been said before: rare ones must be said often to count."""


@dataclass(frozen=True)
class Style:
    """Of all that a person said. Shares are between 0 and 1."""

    answers: int
    words: int
    words_an_answer: float
    """The median."""
    words_a_sentence: float
    different_words: float
    """Of a thousand in a row, on average."""
    contractions: float
    """Share of words with an apostrophe."""
    questions: float
    """Share of sentences that ask."""
    exclamations: float
    laughs: float
    """Share of answers with a laugh in it."""
    fillers: dict[str, float]
    """Of a hundred words, those that occur."""
    favourites: tuple[str, ...]
    """Words that this person says more often than the others do."""
    phrases: tuple[str, ...]
    """Runs of three words that come again and again."""


def style(answers: Sequence[str], others: Sequence[str] = ()) -> Style:
    """Count. `others` are what those said to whom the person spoke."""
    texts = [" ".join(text.split()) for text in answers]
    words = [word.lower() for text in texts for word in _WORD.findall(text)]
    sentences = [one for text in texts for one in re.split(r"(?<=[.!?…])\s+", text) if _WORD.search(one)]
    per = 100 / max(1, len(words))
    plain = " " + " ".join(words) + " "
    counted = {filler: plain.count(f" {filler} ") * per for filler in FILLERS}
    return Style(
        answers=len(texts),
        words=len(words),
        words_an_answer=float(median([len(_WORD.findall(text)) for text in texts] or [0])),
        words_a_sentence=float(median([len(_WORD.findall(one)) for one in sentences] or [0])),
        different_words=_different(words),
        contractions=sum("'" in word or "’" in word for word in words) / max(1, len(words)),
        questions=sum(one.rstrip().endswith("?") for one in sentences) / max(1, len(sentences)),
        exclamations=sum(one.rstrip().endswith("!") for one in sentences) / max(1, len(sentences)),
        laughs=sum(bool(_LAUGHS.search(text)) for text in texts) / max(1, len(texts)),
        fillers={name: round(share, 2) for name, share in counted.items() if share > 0.05},
        favourites=favourites(words, [word.lower() for text in others for word in _WORD.findall(text)]),
        phrases=_phrases(texts),
    )


def favourites(ours: Sequence[str], theirs: Sequence[str], most: int = 12) -> tuple[str, ...]:
    """Words that are said more often than by others, by the size of the log-odds beside their error (Monroe et al.
    2008, "Fightin' Words", section 3.5.1); none that stands for what is private."""
    one, other = Counter(ours), Counter(theirs)
    if not other:
        return ()
    all_ = one + other
    scale = PRIOR / all_.total()
    found = dict[str, float]()
    for word in one.keys() - PUT:
        prior = all_[word] * scale
        odds = [
            log((count[word] + prior) / (count.total() + PRIOR - count[word] - prior)) for count in (one, other)
        ]  # fmt: skip
        found[word] = (odds[0] - odds[1]) / sqrt(1 / (one[word] + prior) + 1 / (other[word] + prior))
    best = sorted(found, key=lambda word: (-found[word], word))
    return tuple(word for word in best if found[word] > 1.96 and one[word] > 2)[:most]


def _phrases(texts: Sequence[str], most: int = 8) -> tuple[str, ...]:
    """Three words that are often said together, none of which stands for what is private."""
    counts = Counter[str]()
    for text in texts:
        words = [word.lower() for word in _WORD.findall(text)]
        runs = zip(words, words[1:], words[2:], strict=False)
        counts.update({" ".join(run) for run in runs if PUT.isdisjoint(run)})
    least = max(3, len(texts) // 50)
    often = sorted((phrase for phrase in counts if counts[phrase] >= least), key=lambda one: (-counts[one], one))
    return tuple(often[:most])


def _different(words: Sequence[str]) -> float:
    parts = [words[first : first + 1000] for first in range(0, len(words), 1000)]
    whole = [part for part in parts if len(part) == 1000] or parts
    return sum(len(set(part)) / len(part) * 1000 for part in whole if part) / max(1, len(whole))


def described(found: Style, name: str) -> str:
    """A persona in words, for people to edit."""
    long = found.words_an_answer
    lines = [
        f"You are {name}. You talk with people face to face, in your own voice, never as an assistant.",
        f"You answer in {'a few words' if long < 8 else 'a sentence or two' if long < 30 else 'several sentences'}:"
        f" usually about {max(1, round(min(long, 60)))} words, in sentences of about {round(found.words_a_sentence)}.",
    ]
    if found.contractions > 0.03:
        lines.append("You speak as people talk: it's, don't, I'd.")
    if found.laughs > 0.1:
        lines.append("You joke a lot, and laugh at it.")
    if found.questions > 0.2:
        lines.append("You like to ask back.")
    if found.exclamations > 0.2:
        lines.append("You speak with force!")
    if often := [filler for filler, share in found.fillers.items() if share > 0.5]:
        lines.append(f"You often say {', '.join(often)}.")
    if found.phrases:
        lines.append(f"Your turns of phrase: {'; '.join(found.phrases[:5])}.")
    if found.favourites:
        lines.append(f"Words that are yours: {', '.join(found.favourites[:8])}.")
    return "\n".join(lines) + "\n"
