"""What was read aloud, where the person has it in writing: found beside the recordings.

    me.wav, me.txt       what is said in it; or its subtitles, me.srt or me.vtt
    metadata.csv         in LJSpeech's layout, id|text or id|text|text as it is read; beside the recordings or above

It need not be exact; `follow` lays it along what is heard.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from digiclone.config import ConfigError
from digiclone.voice.words import normalised

METADATA = "metadata.csv"
SUBTITLES = (".srt", ".vtt")
ENDINGS = (".txt", *SUBTITLES)
LARGEST = 8_000_000
"""Bytes: what is said in a hundred hours."""
_MARKS = re.compile("[-–—…]+")
"""A token of these belongs to the word before: there the reader pauses."""
_TIMES = re.compile(r"(?:\d+:)?\d+:\d+[.,]\d+ --> .*")
_TAG = re.compile(r"<[^<>]*>|\{\\[^{}]*\}|^\s*[-–]\s", re.MULTILINE)
"""Of subtitles: slanted, placed, or said by another person."""


@cache
def spelt(word: str) -> str:
    """One word as it is compared with others; all spellings of it are alike."""
    return "".join(normalised(word)) or word.lower()


class BadScript(ConfigError):
    """A file that is no transcript; says what to do."""


@dataclass(frozen=True)
class Script:
    """The `words` that are said in a recording, with their punctuation, and the `name` of the file that says so."""

    name: str
    words: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The same for the same words."""
        return hashlib.sha256(" ".join(self.words).encode()).hexdigest()

    @cached_property
    def spelt(self) -> list[str]:
        """The words, to be compared."""
        return [spelt(word) for word in self.words]


def recordings(files: Sequence[Path]) -> list[Path]:
    """Those of `files` that are not there to say what is said in another."""
    spoken = {file.with_suffix("") for file in files if file.suffix not in ENDINGS}
    return [
        file
        for file in files
        if file.name != METADATA and not (file.suffix in ENDINGS and file.with_suffix("") in spoken)
    ]


def scripts(files: Iterable[Path], notes: list[str]) -> dict[Path, Script]:
    """The scripts of those recordings that have one; what is wrong with the others' is noted."""
    tables, found = dict[Path, dict[str, str]](), dict[Path, Script]()
    for file in files:
        try:
            script = _beside(file, notes) or _listed(file, tables, notes)
        except BadScript as error:
            notes.append(f"{error}; {file.name} was written down by ear")
            continue
        if script:
            found[file] = script
    if any(tables.values()) and not any(script.name == METADATA for script in found.values()):
        notes.append(f"{METADATA} names none of the recordings: a line is id|text, the id is the name of a sound file")
    return found


def _beside(recording: Path, notes: list[str]) -> Script | None:
    for file in map(recording.with_suffix, ENDINGS):
        if file.is_file():
            text = _text(file, notes)
            words = words_of(undertitled(text) if file.suffix in SUBTITLES else text)
            if not words:
                raise BadScript(f"{file.name} holds no words")
            return Script(file.name, words)
    return None


def _listed(recording: Path, tables: dict[Path, dict[str, str]], notes: list[str]) -> Script | None:
    """By one of the tables; each is read once and kept in `tables`."""
    for table in (folder / METADATA for folder in recording.absolute().parents[:2]):
        if table not in tables:
            tables[table] = _table(table, notes)
        words = words_of(tables[table].get(recording.name) or tables[table].get(recording.stem, ""))
        if words:
            return Script(METADATA, words)
    return None


def _table(file: Path, notes: list[str]) -> dict[str, str]:
    """Text by the name of its recording, of a file that may not be there. The last column counts: it has numbers as
    they are read."""
    try:
        lines = _text(file, notes).split("\n") if file.is_file() else []
    except BadScript as error:
        notes.append(f"{error}; the recordings that it names were written down by ear")
        return {}
    rows = (line.split("|") for line in lines)
    return {Path(row[0].strip()).name: row[-1].strip() or row[1] for row in rows if len(row) > 1}


def undertitled(text: str) -> str:
    """What subtitles (SubRip or WebVTT) say, without numbers, times and marks."""
    said = list[str]()
    for part in re.split(r"\n\s*\n", text):
        lines = part.strip().splitlines()
        times = [number for number, line in enumerate(lines) if _TIMES.match(line.strip())]
        if times:  # a part without is a heading, a style or a note
            said += lines[times[0] + 1 :]
    return _TAG.sub("", "\n".join(said))


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text with their punctuation."""
    found = list[str]()
    for token in text.split():
        word = token.strip("_*")  # as plain text marks what is in italics
        if any(letter.isalnum() for letter in word):
            found.append(word)
        elif found and _MARKS.fullmatch(word):
            found[-1] += f" {word}"
    return tuple(found)


def _text(file: Path, notes: list[str]) -> str:
    try:
        if file.stat().st_size > LARGEST:
            raise BadScript(f"{file.name} is too large for a transcript: cut it into what each recording says")
        content = file.read_bytes()
    except OSError as error:
        raise BadScript(f"{file.name} cannot be read ({error.strerror})") from error
    try:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = content.decode("utf-16")
        else:
            text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
        notes.append(f"{file.name} is not in UTF-8 and was read as Western European: save it as UTF-8 to be sure")
    if "\0" in text:
        raise BadScript(f"{file.name} is no text: save it as plain text, in UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")
