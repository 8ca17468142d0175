"""Transcripts in TalkBank's CHAT format (MacWhinney 2000), in which the clinical corpora are: the sentences of one
speaker, each with its place in a recording.

What was said is kept twice: `verbatim`, as it came out ("the the boy is tooking"), and `cleaned`, as it was meant ("the
boy is taking"). For disordered speech the difference is the disorder, so it is for the user to choose.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from digiclone.config import ConfigError

LEAST, LONGEST = 0.3, 15.0
"""Seconds of a sentence."""
MEDIA = ("wav", "flac", "mp3", "m4a", "ogg", "opus", "mp4", "mov", "mpg", "avi", "webm")
_LOST = re.compile(r"\b(xxx|yyy|www)\b")
"""Speech that the transcriber did not understand, or would not write down."""
_MARKS = re.compile(
    r"""&=\S+           # laughs, coughs
    | \(\d*[.:]*\d*\)   # pauses
    | \+[^\s]*[/.?!]+   # how a sentence ends when it is broken off
    | \+[<,"^+]\S*      # how it goes on with another one
    | [‡„↑↓≈≋∆∇⁎°▁▔☺♋Ϋ∬⌈⌉⌊⌋]""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Utterance:
    """A sentence of `speaker`, from `begin` to `end` (seconds) of the file `media`."""

    name: str
    speaker: str
    media: Path
    begin: float
    end: float
    verbatim: str
    cleaned: str


@dataclass(frozen=True)
class Found:
    """The sentences of some transcripts, and how many were skipped for each reason."""

    utterances: list[Utterance] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def read(folder: Path, speakers: Sequence[str], media: Path | None = None) -> Found:
    """The sentences of those `speakers` ("PAR", "CHI") in the `.cha` files in `folder`, or in that one file.

    Recordings are looked for beside each transcript and in `media`. Raises `ConfigError` where there is no transcript,
    or no sentence of those speakers.
    """
    files = [folder] if folder.is_file() else sorted(folder.rglob("*.cha"))
    if not files:
        raise ConfigError(f"there is no .cha file in {folder}")
    found, others = Found(), Counter[str]()
    for file in files:
        _read(file, speakers, media, found, others)
    if not found.utterances and not found.skipped:
        there = ", ".join(f"{name} ({count})" for name, count in others.most_common()) or "nobody"
        raise ConfigError(f"{', '.join(speakers)} says nothing in {folder}; who speaks there: {there}")
    return found


def _read(file: Path, speakers: Sequence[str], media: Path | None, found: Found, others: Counter[str]) -> None:
    """One transcript, into what was found so far."""
    text = file.read_bytes().decode("utf-8", "replace").lstrip("\ufeff")
    if not text.startswith("@"):
        found.skipped["the file is no CHAT transcript"] += 1
        return
    said = _lines(text, found)
    others.update(line.participant for line in said if line.participant not in speakers)
    sound = _sound(file, text, media)
    crossed = _crossed(said)
    for number, line in enumerate(said):
        if line.participant in speakers:
            why = _fault(line, sound) or ("somebody else speaks at the same time" if number in crossed else None)
            verbatim, cleaned = _texts(line)
            if why or not cleaned:
                found.skipped[why or "nothing is left of it without marks"] += 1
            elif sound:
                begin, end = (mark / 1000 for mark in line.time_marks)
                name = f"{file.stem}-{line.participant}-{number:04}"
                found.utterances.append(Utterance(name, line.participant, sound, begin, end, verbatim, cleaned))


def _lines(text: str, found: Found) -> list[Any]:
    """Who says what, in a transcript. If all of it cannot be read, each sentence is read by itself."""
    said = _parsed(text)
    if said is None:
        parts = [_parsed(part) for part in re.split(r"^(?=\*)", text, flags=re.MULTILINE)[1:]]
        found.skipped["the file is damaged there"] += parts.count(None)
        said = [line for part in parts for line in part or ()]
    return [line for line in said if line.participant]


def _parsed(text: str) -> list[Any] | None:
    from rustling.chat import CHAT  # noqa: PLC0415  only those who import a corpus have it

    try:
        return list(CHAT.from_strs([text], strict=False, mor_tier=None, gra_tier=None, parallel=False).utterances())
    except ValueError:
        return None
    except BaseException as error:  # a panic of Rust is no Exception
        if type(error).__name__ != "PanicException":
            raise
        return None


def _sound(file: Path, text: str, media: Path | None) -> Path | None:
    """The recording that a transcript names, or one of its own name."""
    said = re.search(r"^@Media:\s*\"?([^\s,\"]+)", text, re.MULTILINE)
    stem = said.group(1) if said else file.stem
    for folder in filter(None, (file.parent, media)):
        for name in dict.fromkeys((stem, file.stem)):
            beside = (folder / f"{name}.{ending}" for ending in MEDIA)
            if hit := next((one for one in beside if one.is_file()), None):
                return hit
    if media:
        return next((one for one in sorted(media.rglob(f"{stem}.*")) if one.suffix[1:].lower() in MEDIA), None)
    return None


def _crossed(said: Sequence[Any]) -> set[int]:
    """The numbers of sentences during which another speaker speaks."""
    crossed, latest = set[int](), dict[str, tuple[int, int]]()
    for begin, end, number in sorted((*line.time_marks, n) for n, line in enumerate(said) if line.time_marks):
        speaker = said[number].participant
        for other, (until, before) in latest.items():
            if other != speaker and begin < until:
                crossed |= {before, number}
        latest[speaker] = max(latest.get(speaker, (0, 0)), (end, number))
    return crossed


def _fault(line: Any, sound: Path | None) -> str | None:
    """Why a sentence is of no use."""
    if sound is None:
        return "there is no recording"
    if line.time_marks is None:
        return "it has no times"
    begin, end = line.time_marks
    if end <= begin:
        return "it ends before it begins"
    if not LEAST <= (end - begin) / 1000 <= LONGEST:
        return f"it is shorter than {LEAST:g} or longer than {LONGEST:g} seconds"
    if _LOST.search(line.audible):
        return "a part of it was not understood"
    return None


def _texts(line: Any) -> tuple[str, str]:
    """What was said as it came out, and as it was meant."""
    return _written(line.audible.split()), _written([token.word for token in line.tokens])


def _written(words: Sequence[str]) -> str:
    """Words as people write them: marks joined to the word before, the first letter a capital."""
    plain = _MARKS.sub(" ", " ".join(words)).replace("_", " ").replace("+", " ")
    text = re.sub(r"\s+([.,?!])", r"\1", " ".join(plain.split())).strip(" ,")
    if not re.search(r"\w", text):
        return ""
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".?!" else f"{text}."
