"""Interviews: text with names before what is said, subtitles; and letters, speeches and a voice's dataset, which are by
one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from digiclone.portrait.said import Line

_LABEL = re.compile(r"^\s*(?:\*\*|\[)?([A-Z][\w .'’-]{0,40}?)(?:\*\*|\])?\s*(?:\([^)]*\)\s*)?:(?:\*\*)?\s+(.*)$")
_TIMES = re.compile(r"^(?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3}\s+-->")
_TAGS = re.compile(r"<v(?:\.[^ >]*)? ([^>]+)>|</?[^>]+>|\{\\[^}]*\}")
LONGEST = 600
"""Characters of a piece of a letter."""


def is_labelled(text: str) -> bool:
    """Whether lines begin with names: at least a third of them, or a twentieth if two names come more than once."""
    lines = [line for line in text.splitlines() if line.strip()]
    names = Counter(match[1] for line in lines if (match := _LABEL.match(line)))
    several = sum(count > 1 for count in names.values()) > 1
    return names.total() > 1 and names.total() >= len(lines) / (20 if several else 3)


def labelled(text: str, source: str) -> Iterator[Line]:
    """What each says; a line without a name goes on with what was said before it."""
    who, found, begun = "", list[str](), 0
    lines = [*text.splitlines(), ""]
    for number, line in enumerate(lines, 1):
        match = _LABEL.match(line)
        if match or number == len(lines):
            said = "\n".join(found).strip()
            if who and said:
                yield Line(who, said, f"{source}:{begun}")
            if match:
                who, found, begun = match[1].strip(), [match[2]], number
        else:
            found.append(line)


def subtitles(text: str, source: str) -> Iterator[Line]:
    """SubRip and WebVTT: names before the text, or in <v>; whoever has none goes on speaking."""
    who, at = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        if _TIMES.match(line):
            at = line.split()[0]
            continue
        named = re.match(r"<v(?:\.[^ >]*)? ([^>]+)>", line)
        plain = _TAGS.sub("", line).strip().removeprefix("-").strip()
        if not at or not plain or plain.isdigit():
            continue
        label = _LABEL.match(plain)
        if named or label:
            who = named[1] if named else label[1] if label else who
            plain = plain if named or not label else label[2]
        yield Line(who.strip(), plain, f"{source}:{number}", "")


def letter(text: str, source: str) -> Iterator[Line]:
    """A letter or speech in pieces of whole paragraphs, or of sentences where a paragraph is too long."""
    first = True
    for begun, paragraph in _paragraphs(text):
        for piece in _pieces(" ".join(paragraph.split())):
            yield Line("", piece, f"{source}:{begun}", "", "What do you want to say?" if first else "")
            first = False


def spoken(text: str, source: str) -> Iterator[Line]:
    """The `metadata.csv` of a voice's dataset (LJSpeech's layout): a clip a line, its text behind the last stroke."""
    for number, line in enumerate(text.splitlines(), 1):
        name, _, said = line.rpartition("|")
        if name and said.strip():
            yield Line("", said.strip(), f"{source}:{number}", "", "What do you want to say?" if number == 1 else "")


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Each, and the line on which it begins."""
    found, begun = list[str](), 1
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip():
            begun = begun if found else number
            found.append(line)
        elif found:
            yield begun, "\n".join(found)
            found.clear()


def _pieces(paragraph: str) -> Iterator[str]:
    """What has more than three words, on one line."""
    ends = [0, *(match.end() for match in re.finditer(r"[.!?][\"”’)]?\s", paragraph)), len(paragraph)]
    found = ""
    for begin, end in pairwise(ends):
        if found and len(found) + end - begin > LONGEST:
            if len(found.split()) > 3:
                yield found.strip()
            found = ""
        found += paragraph[begin:end]
    if len(found.split()) > 3:
        yield found.strip()
