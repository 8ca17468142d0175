"""The answers of an election, said aloud: each clone in its own voice, the others in the default one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile

from digiclone.artifacts import replacing
from digiclone.clone import choices, files, find, part
from digiclone.config import Choice, choose
from digiclone.dsp import joined
from digiclone.text.phrases import phrases
from digiclone.vote.election import Election
from digiclone.vote.holding import Progress
from digiclone.weights import fetch


def spoken(
    election: Election, answers: Mapping[str, Mapping[str, str]], folder: Path, tell: Progress
) -> dict[tuple[str, str], str]:
    """Names of MP3 files in `folder`, by question and candidate; those that are there are not made again."""
    folder.mkdir(parents=True, exist_ok=True)
    found = dict[tuple[str, str], str]()
    for number, one in enumerate(election.candidate):
        choice = _voice(one.clone)
        for place, (question, said) in enumerate(answers.items()):
            tell(f"{one.name} speaks", (number + place / len(answers)) / len(election.candidate))
            text = said.get(one.name, "")
            key = hashlib.sha256(f"{choice!r} {text}".encode()).hexdigest()[:16]
            if _say(choice, text, folder / f"{key}.mp3"):
                found[question, one.name] = f"{folder.name}/{key}.mp3"
    return found


def _voice(clone: str) -> Choice:
    return choices(find(clone))["tts"] if clone else choose("tts", {})


def _say(choice: Choice, text: str, file: Path) -> bool:
    """Whether there was anything to say."""
    pieces = [piece for piece in phrases([text]) if any(c.isalnum() for c in piece)]
    if pieces and not file.exists():
        for needed in files({"tts": choice}):
            fetch(needed)
        voice = part("tts", choice)
        sound = joined(chunk for piece in pieces for chunk in voice.speak(piece))
        with replacing(file) as out:
            soundfile.write(out, np.clip(sound.samples, -1, 1), sound.rate, format="MP3", subtype="MPEG_LAYER_III")
    return bool(pieces)
