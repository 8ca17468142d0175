"""A stream of tokens in, pieces worth speaking out."""

import re
from collections.abc import Iterable, Iterator

_PIECE = re.compile(r"\s+|\S+")
"""What is looked at at once: phrases must not depend on how the model happens to cut its tokens."""
_STOP = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|[;:—](?=\s)")
_COMMA = re.compile(r",(?=\s)")
_JOINT = re.compile(r"\s(?=(?:and|but|so|because|which|who|when|where|while|if|that|or)\s)", re.IGNORECASE)
_PREPOSITION = re.compile(r"\s(?=(?:with|for|from|at|in|on|by|about|into|without|through|like)\s)", re.IGNORECASE)
_NO_STOP = re.compile(r"(?:\b(?:mr|mrs|ms|dr|prof|st|vs|jr|sr|e\.g|i\.e)|\b[a-z])\.$", re.IGNORECASE)
_UNSPEAKABLE = re.compile(r"[*_#`~|<>\[\]{}\\^]|[\u2190-\u2bff\ufe0f\u200d]|[\U0001f000-\U0001faff]")

FIRST_WORDS = 2
"""The first phrase may be as short as this at a comma: the sooner it sounds, the sooner the reply."""
COMMA_WORDS = 6
"""Later phrases break at a comma only when this long: whole sentences have the better melody."""
JOINT_WORDS = 5
"""A first phrase without punctuation breaks before a conjunction once it is this long."""
PREPOSITION_WORDS = 8
"""And before a preposition once it is this long."""
MOST_WORDS = 40
"""No phrase is longer: a reply without punctuation must still sound."""


def phrases(tokens: Iterable[str]) -> Iterator[str]:
    """Regroup tokens into phrases. The first is as short as sounds natural, the others are mostly sentences.

    Joined with single spaces the phrases are the reply, less what cannot be spoken (markup, emoji).
    """
    held = ""
    first = True
    for piece in (piece for token in tokens for piece in _PIECE.findall(token)):
        held += piece
        while (cut := _cut(held, first)) is not None:
            phrase, held = speakable(held[:cut]), held[cut:]
            if phrase:
                yield phrase
                first = False
    if phrase := speakable(held):
        yield phrase


def speakable(text: str) -> str:
    """`text` without markup and emoji, on one line."""
    return " ".join(_UNSPEAKABLE.sub("", text).split())


def _cut(held: str, first: bool) -> int | None:
    """Where to cut `held`, if a whole phrase stands at its start. Every rule needs a look at the character behind."""
    for stop in _STOP.finditer(held):
        if not _NO_STOP.search(held[: stop.end()]) and _any_word(held[: stop.end()]):
            return stop.end()
    for comma in _COMMA.finditer(held):
        if _words(held[: comma.end()]) >= (FIRST_WORDS if first else COMMA_WORDS):
            return comma.end()
    if first:
        for joint, words in ((_JOINT, JOINT_WORDS), (_PREPOSITION, PREPOSITION_WORDS)):
            for seam in joint.finditer(held):
                if _words(held[: seam.start()]) >= words:
                    return seam.end()
    if _words(held) > MOST_WORDS:
        return len(held.rstrip()) - len(held.rsplit(maxsplit=1)[-1])
    return None


def _words(text: str) -> int:
    return len(text.split())


def _any_word(text: str) -> bool:
    return any(c.isalnum() for c in text)
