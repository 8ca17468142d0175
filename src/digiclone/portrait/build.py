"""From files to examples: each is something the person was asked and said, traceable to where it stands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from digiclone.config import ConfigError, nearest
from digiclone.portrait import chats, interviews
from digiclone.portrait.masking import masked
from digiclone.portrait.said import Line, joined
from digiclone.portrait.style import Style, style
from digiclone.showing import Example
from digiclone.text.orders import orders

LONGEST_QUESTION, LONGEST_ANSWER = 400, 800
"""Characters; of a longer question its end is kept, a longer answer is no example of how somebody talks."""
AGAIN = "And then?"
"""What stands before a piece of a letter that goes on."""


@dataclass(frozen=True)
class Portrait:
    """What was made of the files."""

    examples: list[Example]
    style: Style
    masked: Counter[str]
    """How much was taken out, by kind."""
    skipped: Counter[str]
    """What is no example, by the reason."""
    others: list[str]
    """Who else speaks."""


def portrait(files: Sequence[Path], me: Sequence[str]) -> Portrait:
    """Of all files together; `me` are the names under which the person speaks in them.

    Raises `ConfigError` for a file that cannot be read, and if the person does not speak.
    """
    lines = [line for file in files for line in read(file)]
    mine = _known(lines, me)
    others = sorted({line.speaker for line in lines if line.speaker and line.speaker not in mine})
    hidden, skipped = Counter[str](), Counter[str]()
    examples = list(_unlike(_pairs(lines, mine, skipped), skipped))
    made = list[Example]()
    for one in examples:
        question, first = masked(one.question, others)
        answer, second = masked(one.answer, others)
        hidden += first + second
        made.append(Example(question, answer, one.source, one.at))
    theirs = [line.text for line in lines if line.speaker in others]
    return Portrait(made, style([one.answer for one in made], theirs), hidden, skipped, others)


def read(file: Path) -> list[Line]:
    """The lines of a file, whatever it is. Raises `ConfigError` if that cannot be told."""
    if not file.is_file():
        raise ConfigError(f"there is no file {file}")
    if file.suffix.lower() in (".mbox", ".mbx"):
        return list(chats.mail(file, file.name))
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {error}; text must be in UTF-8") from error
    text = text.replace("\r\n", "\n")
    kind = file.suffix.lower()
    if kind in (".json", ".jsonl", ".ndjson"):
        return joined(list(chats.messages(text, file.name)))
    if kind in (".srt", ".vtt"):
        return joined(list(interviews.subtitles(text, file.name)))
    if chats.is_whatsapp(text):
        return joined(list(chats.whatsapp(text, file.name)))
    if interviews.is_labelled(text):
        return joined(list(interviews.labelled(text, file.name)))
    return list(interviews.letter(text, file.name))


def _known(lines: Sequence[Line], me: Sequence[str]) -> set[str]:
    """Names in the files that are the person's; what has no speaker is the person's, too."""
    speakers = Counter(line.speaker for line in lines if line.speaker)
    meant = {name.lower() for name in me}
    mine = {name for name in speakers if name.lower() in meant}
    if speakers and not mine and not any(not line.speaker for line in lines):
        there = ", ".join(f"{name} ({count})" for name, count in speakers.most_common(8))
        hint = nearest(me[0], list(speakers)) if me else ""
        raise ConfigError(f"which of them is the person? Say --me NAME; there speak: {there}. {hint}".strip())
    if not lines:
        raise ConfigError("nobody says anything in these files")
    return mine | {""}


def _pairs(lines: Sequence[Line], mine: set[str], skipped: Counter[str]) -> Iterator[Example]:
    before: Line | None = None
    for line in lines:
        if line.speaker in mine:
            asked = line.to or (before.text if before and before.speaker not in mine else "")
            if not asked and not line.speaker:
                asked = AGAIN
            if not asked:
                skipped["nothing was said before it"] += 1
            elif len(line.text) > LONGEST_ANSWER:
                skipped[f"longer than {LONGEST_ANSWER} characters"] += 1
            elif not re.search(r"\w", line.text):
                skipped["no words"] += 1
            elif orders(asked) or orders(line.text):
                skipped["said to a language model"] += 1
            else:
                yield Example(_plain(asked)[-LONGEST_QUESTION:], _plain(line.text), line.source, line.at)
        before = line


def _plain(text: str) -> str:
    return " ".join(text.split())


def _unlike(examples: Iterable[Example], skipped: Counter[str]) -> Iterator[Example]:
    """Without what was said before in the same words."""
    seen = set[str]()
    for one in examples:
        key = re.sub(r"\W+", " ", one.answer.lower()).strip()
        if key in seen:
            skipped["said before in the same words"] += 1
        else:
            seen.add(key)
            yield one
