"""From files to examples: each is something the person was asked and said, traceable to where it stands."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from digiclone.config import ConfigError
from digiclone.examples import Example
from digiclone.portrait import chats, interviews
from digiclone.portrait.masking import masked
from digiclone.portrait.said import Line, joined
from digiclone.portrait.style import Style, style
from digiclone.text.orders import orders

MOST = 10_000
"""Examples, from first to last: some hundred times what is ever shown at once, and they are searched in every turn."""
LONGEST_QUESTION, LONGEST_ANSWER = 400, 800
"""Characters; of a longer question its end is kept, a longer answer is no example of how somebody talks."""
LETTERS, CHATS, SUBTITLES, MAIL = (".txt", ".md"), (".json", ".jsonl", ".ndjson"), (".srt", ".vtt"), (".mbox", ".mbx")
VOICE = (".csv",)
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


def portrait(
    files: Sequence[Path], me: Sequence[str], tell: Callable[[str, float], None] = lambda what, share: None
) -> Portrait:
    """Of all files together; `me` are the names under which the person speaks in them.

    Raises `ConfigError` for a file that cannot be read, and if the person does not speak.
    """
    lines = list[Line]()
    for number, file in enumerate(files):
        tell(f"reading {file.name}", 0.2 * number / len(files))
        lines += read(file)
    mine = _known(lines, me)
    others = sorted({line.speaker for line in lines if line.speaker and line.speaker not in mine})
    hidden, skipped = Counter[str](), Counter[str]()
    examples = _thinned(list(_unlike(_pairs(lines, mine, skipped), skipped)), skipped)
    made = list[Example]()
    for number, one in enumerate(examples):
        tell("taking out what is private", 0.2 + 0.7 * number / len(examples))
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
    kind = file.suffix.lower()
    if kind not in (known := (*LETTERS, *CHATS, *SUBTITLES, *MAIL, *VOICE)):
        raise ConfigError(f"{file.name} cannot be read; what can: {', '.join(known)}")
    if kind in MAIL:
        return list(chats.mail(file, file.name))
    text = _text(file).replace("\r\n", "\n")
    if kind in CHATS:
        return joined(list(chats.messages(text, file.name)))
    if kind in SUBTITLES:
        return joined(list(interviews.subtitles(text, file.name)))
    if kind in VOICE:
        return list(interviews.spoken(text, file.name))
    if chats.is_whatsapp(text):
        return joined(list(chats.whatsapp(text, file.name)))
    if interviews.is_labelled(text):
        return joined(list(interviews.labelled(text, file.name)))
    return list(interviews.letter(text, file.name))


def _text(file: Path) -> str:
    """In UTF-8, or in UTF-16 if it begins by saying so. Raises `ConfigError`."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error}") from error
    try:
        return data.decode("utf-16" if data[:2] in (BOM_UTF16_LE, BOM_UTF16_BE) else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"line {line} of {file.name} is not in UTF-8; old files of Windows become it by: "
            f"iconv -f CP1252 -t UTF-8 {file.name} > {file.stem}.utf8{file.suffix}"
        ) from error


def _known(lines: Sequence[Line], me: Sequence[str]) -> set[str]:
    """Names in the files that are the person's; what has no speaker is the person's, too."""
    speakers = Counter(line.speaker for line in lines if line.speaker)
    meant = {name.lower() for name in me}
    mine = {name for name in speakers if name.lower() in meant}
    if speakers and not mine and not any(not line.speaker for line in lines):
        there = ", ".join(f"{name} ({count})" for name, count in speakers.most_common(8))
        more = f" and {len(speakers) - 8} more" if len(speakers) > 8 else ""
        raise ConfigError(f"which of them is the person? Say --me NAME; there speak: {there}{more}")
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


def _thinned(examples: list[Example], skipped: Counter[str]) -> list[Example]:
    """At most so many, as far apart as can be: people change."""
    if len(examples) <= MOST:
        return examples
    skipped[f"more than the {MOST:,} that are kept, from first to last"] += len(examples) - MOST
    return [examples[number * len(examples) // MOST] for number in range(MOST)]


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
