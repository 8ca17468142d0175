"""Interviews: text with names before what is said, subtitles; and letters and speeches, which are by one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from digiclone.portrait.said import Line

_LABEL = re.compile(r"^\s*(?:\*\*|\[)?([A-Z][\w .'’-]{0,40}?)(?:\*\*|\])?\s*(?:\([^)]*\)\s*)?:(?:\*\*)?\s+(.*)$")
_TIMES = re.compile(r"^(?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3}\s+-->")
_TAGS = re.compile(r"<v(?:\.[^ >]*)? ([^>]+)>|</?[^>]+>|\{\\[^}]*\}")
LONGEST = 600
"""Characters of a piece of a letter."""


def is_labelled(text: str) -> bool:
    """Whether lines begin with names, of which at least two come more than once or which are at least a third of it."""
    lines = [line for line in text.splitlines() if line.strip()]
    names = [match[1] for line in lines if (match := _LABEL.match(line))]
    often = {name for name in names if names.count(name) > 1}
    return len(often) > 1 or (len(names) > 1 and len(names) >= len(lines) / 3)


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
    pieces = list(_pieces(text))
    begun = [text.count("\n", 0, text.find(piece[:40])) + 1 for piece in pieces]
    for number, (piece, line) in enumerate(zip(pieces, begun, strict=True)):
        yield Line("", piece, f"{source}:{line}", "", "" if number else "What do you want to say?")


def _pieces(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text):
        plain = " ".join(paragraph.split())
        if len(plain) <= LONGEST:
            if len(plain.split()) > 3:
                yield plain
            continue
        ends = [0, *(match.end() for match in re.finditer(r"[.!?][\"”’)]?\s", plain)), len(plain)]
        found = ""
        for begin, end in pairwise(ends):
            if found and len(found) + end - begin > LONGEST:
                yield found.strip()
                found = ""
            found += plain[begin:end]
        if len(found.split()) > 3:
            yield found.strip()
