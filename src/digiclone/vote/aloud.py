"""The answers of an election, said aloud: each clone in its own voice, the others in the default one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile

from digiclone.artifacts import replacing, write_atomically
from digiclone.clone import choices, files, find, part
from digiclone.config import Choice, choose
from digiclone.dsp import joined
from digiclone.stages import TTS, Lipsync
from digiclone.text.phrases import phrases
from digiclone.types import Mark, Speech
from digiclone.vote.election import Election
from digiclone.vote.holding import Progress
from digiclone.weights import fetch

SPEAKS = "tts", "lipsync"


def spoken(
    election: Election, answers: Mapping[str, Mapping[str, str]], folder: Path, tell: Progress
) -> dict[tuple[str, str], Path]:
    """MP3 files in `folder`, by question and candidate; beside each, how the mouth moves (`mouth`). Those that are
    there are not made again."""
    folder.mkdir(parents=True, exist_ok=True)
    found = dict[tuple[str, str], Path]()
    for number, one in enumerate(election.candidate):
        chosen = _chosen(one.clone)
        for place, (question, said) in enumerate(answers.items()):
            tell(f"{one.name} speaks", (number + place / len(answers)) / len(election.candidate))
            text = said.get(one.name, "")
            file = folder / f"{hashlib.sha256(f'{chosen!r} {text}'.encode()).hexdigest()[:16]}.mp3"
            if _say(chosen, text, file):
                found[question, one.name] = file
    return found


def mouth(file: Path) -> Path:
    """Where it stands how the mouth moves to a sound: rows of viseme, start and end in seconds, as JSON."""
    return file.with_suffix(".json")


def _chosen(clone: str) -> dict[str, Choice]:
    found = choices(find(clone)) if clone else {kind: choose(kind, {}) for kind in SPEAKS}
    return {kind: found[kind] for kind in SPEAKS}


def _say(chosen: dict[str, Choice], text: str, file: Path) -> bool:
    """Whether there was anything to say."""
    pieces = [piece for piece in phrases([text]) if any(c.isalnum() for c in piece)]
    if pieces and not file.exists():
        for needed in files(chosen):
            fetch(needed)
        voice, lips = (part(kind, chosen[kind]) for kind in SPEAKS)
        _record(voice, lips, pieces, file)
    return bool(pieces)


def _record(voice: TTS, lips: Lipsync, pieces: list[str], file: Path) -> None:
    """The sound comes last: where it is, the mouth is, too."""
    chunks, marks, begun = list[Speech](), list[Mark](), 0.0
    for chunk in (chunk for piece in pieces for chunk in voice.speak(piece)):
        marks += [Mark(one.symbol, begun + one.start, begun + one.end) for one in lips.mouth(chunk)]
        chunks.append(chunk)
        begun += chunk.seconds
    sound = joined(chunks)
    rows = [(one.symbol, round(one.start, 3), round(one.end, 3)) for one in marks]
    write_atomically(mouth(file), json.dumps(rows).encode())
    with replacing(file) as out:
        soundfile.write(out, np.clip(sound.samples, -1, 1), sound.rate, format="MP3", subtype="MPEG_LAYER_III")
