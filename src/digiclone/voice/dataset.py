"""From recordings of a person to a dataset in LJSpeech's layout: `voice/dataset/` of a clone.

    metadata.csv    id|text|text, of the clips that are good enough
    wavs/           those clips, 16-bit mono at 22,050 Hz
    dataset.json    every clip with its figures, the others with what is wrong with them
    report.html     the same to look at and listen to

What each block of sound became lies in `voice/blocks/`; from there a build that was killed goes on, and one with more
recordings begins.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from digiclone.voice.check import faults
from digiclone.voice.clips import VOICES, Block, Clip, clips_of
from digiclone.voice.read import BLOCK, About, BadRecording, about, blocks
from digiclone.voice.speaker import Embedding, centre_of, strangers

Progress = Callable[[str, float], None]
SOMEBODY_ELSE = "somebody else's voice"
LEAST_RATE = 16_000
"""Samples a second below which a voice sounds like a telephone."""
ENOUGH, GOOD = 300.0, 900.0
"""Seconds of clips below which a voice will be poor, and with which it is good (tinyDigiClones: 15 minutes)."""


@dataclass(frozen=True)
class Judged:
    """A clip, its file, the recording it is from, and what is wrong with it: nothing if it is used."""

    clip: Clip
    file: Path
    source: str
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Dataset:
    """All clips in the order in which they were said; `notes` are sentences about the recordings."""

    seconds: float
    speech: float
    clips: tuple[Judged, ...]
    notes: tuple[str, ...]

    @property
    def used(self) -> list[Judged]:
        """Those that a voice learns from."""
        return [one for one in self.clips if not one.faults]

    @property
    def used_seconds(self) -> float:
        """How long those are together."""
        return sum(one.clip.figures.seconds for one in self.used)


def build(voice: Path, paths: Sequence[Path], tell: Progress) -> Dataset:
    """The dataset of the recordings in `paths` (files and folders), written into the folder `voice`.

    `tell` hears what is being done and the share that is behind. Raises `BadRecording` when there is no clip to use;
    what is wrong with single files is noted.
    """
    notes, sources = list[str](), dict[str, tuple[Path, About]]()
    for file in _files(paths):
        try:
            sources.setdefault(_digest(file), (file, about(file)))
        except BadRecording as error:
            notes.append(str(error))
    found = list[tuple[Path, Block]]()
    for source, block in _blocks(voice / "blocks", sources, notes, tell):
        found.append((source, block))
    notes += [_telephone(file) for file, says in sources.values() if says.rate < LEAST_RATE]
    made = _judged(found, notes)
    if not made.used:
        raise BadRecording(_nothing(made))
    write(voice / "dataset", made)
    return made


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
        else:
            yield path


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()[:12]
    except OSError as error:
        raise BadRecording(f"{file.name} cannot be read: {error.strerror}") from error


def _blocks(
    folder: Path, sources: dict[str, tuple[Path, About]], notes: list[str], tell: Progress
) -> Iterator[tuple[Path, Block]]:
    """Each block of each recording, and what became of it."""
    total = sum(max(says.seconds, 1.0) for _, says in sources.values())
    before = 0.0
    for digest, (file, says) in sources.items():
        here = 0.0
        try:
            for number, sound in enumerate(blocks(file)):
                share = (before + min(here, max(says.seconds, 1.0))) / total
                tell(f"{file.name}, minute {here / 60:.0f}" if here >= BLOCK else file.name, share)
                yield file, clips_of(sound, here, folder / f"{digest}-{number:03}")
                here += sound.seconds
        except BadRecording as error:
            notes.append(str(error))
        before += max(says.seconds, 1.0)
    tell("looking for other voices", 1.0)


def _judged(found: Sequence[tuple[Path, Block]], notes: Sequence[str]) -> Dataset:
    clips = [
        Judged(clip, block.folder / f"{clip.name}.wav", source.name, tuple(faults(clip.figures)))
        for source, block in found
        for clip in block.clips
    ]
    good = np.array([not one.faults for one in clips], bool)
    if good.any():
        voices = np.concatenate([block.voices for _, block in found])
        for number in np.flatnonzero(good)[strangers(voices[good])]:
            clips[number] = replace(clips[number], faults=(SOMEBODY_ELSE,))
    seconds = sum(block.seconds for _, block in found)
    speech = sum(block.speech for _, block in found)
    foreign = sum(block.foreign for _, block in found)
    strange = [f"{foreign:.0f} of {speech:.0f} s of speech are not English and were left out"] if foreign else []
    return Dataset(seconds, speech, tuple(clips), (*notes, *strange))


def _telephone(file: Path) -> str:
    return f"{file.name} was recorded like a telephone: the voice will sound like one; record again if you can"


def _nothing(made: Dataset) -> str:
    """Why there is no clip to use."""
    reasons = sorted({fault for one in made.clips for fault in one.faults})
    why = f"no clip of {len(made.clips)} can be used: {'; '.join(reasons)}" if made.clips else "no speech was found"
    return ". ".join([why, *made.notes, "Record a few minutes of one person reading aloud in a quiet room"])


def whose(voice: Path) -> Embedding:
    """Whose voice the clips in the folder `voice` have. Raises `BadRecording` when there are none."""
    kept = [np.load(file) for file in sorted((voice / "blocks").glob(f"*/{VOICES}"))]
    found = np.concatenate(kept) if kept else np.zeros((0, 1), np.float32)
    found = found[np.any(found, axis=1)]
    if not len(found):
        raise BadRecording("there are no recordings yet; begin with: digiclone voice build CLONE --audio FILE")
    return centre_of(found)


# -- files ------------------------------------------------------------------------------------------------------------


def write(folder: Path, made: Dataset) -> None:
    """Write the dataset; the old one stays until the new one is whole."""
    from digiclone.voice.report import page  # noqa: PLC0415

    half, old = folder.with_name(folder.name + ".part"), folder.with_name(folder.name + ".old")
    shutil.rmtree(half, ignore_errors=True)
    (half / "wavs").mkdir(parents=True)
    for one in made.used:
        shutil.copyfile(one.file, half / "wavs" / one.file.name)
    lines = [f"{one.clip.name}|{text}|{text}" for one in made.used for text in [one.clip.text.replace("|", " ")]]
    (half / "metadata.csv").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    (half / "dataset.json").write_text(json.dumps(told(made), indent=1), "utf-8")
    (half / "report.html").write_text(page(made), "utf-8")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    half.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def told(made: Dataset) -> dict[str, object]:
    """The dataset as one JSON object."""
    return {
        "seconds": round(made.seconds, 1),
        "speech": round(made.speech, 1),
        "used": round(made.used_seconds, 1),
        "clips": [asdict(one.clip) | {"source": one.source, "faults": list(one.faults)} for one in made.clips],
        "notes": list(made.notes),
    }
