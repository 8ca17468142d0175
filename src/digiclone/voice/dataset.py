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
from digiclone.voice.script import Script, recordings, scripts
from digiclone.voice.speaker import Embedding, centre_of, strangers

Progress = Callable[[str, float], None]
SOMEBODY_ELSE = "somebody else's voice"
LEAST_RATE = 16_000
"""Samples a second below which a voice sounds like a telephone."""
FITTING, NOTED = 0.9, 5
"""Share of a recording's words below which it is noted that its transcript has not all of them; so many notes."""
ENOUGH, GOOD = 300.0, 900.0
"""Seconds of clips below which a voice will be poor, and with which it is good (tinyDigiClones: 15 minutes)."""


@dataclass(frozen=True)
class Source:
    """A recording, what it says of itself, and what is said in it if that is known."""

    file: Path
    about: About
    script: Script | None
    digest: str

    @property
    def key(self) -> str:
        """Names what is made of it: another script makes other clips."""
        both = hashlib.sha256(f"{self.digest}{self.script.digest}".encode()).hexdigest() if self.script else self.digest
        return both[:12]


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
    notes = list[str]()
    sources = _sources(recordings(list(_files(paths))), notes)
    found = list[tuple[Path, Block]]()
    for source, block in _blocks(voice / "blocks", sources, notes, tell):
        found.append((source.file, block))
    notes += [_telephone(source.file) for source in sources if source.about.rate < LEAST_RATE]
    notes += _misfits(sources, found)
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


def _sources(files: Sequence[Path], notes: list[str]) -> list[Source]:
    """Those of the files that are recordings, each once."""
    found = dict[str, tuple[Path, About]]()
    for file in files:
        try:
            found.setdefault(_digest(file), (file, about(file)))
        except BadRecording as error:
            notes.append(str(error))
    said = scripts([file for file, _ in found.values()], notes)
    return [Source(file, says, said.get(file), digest) for digest, (file, says) in found.items()]


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()[:12]
    except OSError as error:
        raise BadRecording(f"{file.name} cannot be read: {error.strerror}") from error


def _blocks(
    folder: Path, sources: Sequence[Source], notes: list[str], tell: Progress
) -> Iterator[tuple[Source, Block]]:
    """Each block of each recording, and what became of it."""
    total = sum(max(source.about.seconds, 1.0) for source in sources)
    before = 0.0
    for source in sources:
        name, seconds, here = source.file.name, max(source.about.seconds, 1.0), 0.0
        try:
            for number, sound in enumerate(blocks(source.file)):
                share = (before + min(here, seconds)) / total
                tell(f"{name}, minute {here / 60:.0f}" if here >= BLOCK else name, share)
                yield source, clips_of(sound, here, folder / f"{source.key}-{number:03}", source.script)
                here += sound.seconds
        except BadRecording as error:
            notes.append(str(error))
        before += seconds
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


def _misfits(sources: Sequence[Source], found: Sequence[tuple[Path, Block]]) -> list[str]:
    """What is to be said of scripts that have not all that is heard; of the first few."""
    parts = {source.file: list[tuple[float, float]]() for source in sources}
    for file, block in found:
        if block.fit is not None:
            parts[file].append((block.fit * block.speech, block.speech))
    notes = list[str]()
    for source in sources:
        fitting, speech = map(sum, zip((0.0, 0.0), *parts[source.file], strict=True))
        if source.script and fitting < FITTING * speech:
            notes.append(_misfit(source.script, source.file, fitting / speech))
    more = [f"{len(notes) - NOTED} more transcripts have not all that is said"] if len(notes) > NOTED else []
    return notes[:NOTED] + more


def _misfit(script: Script, file: Path, share: float) -> str:
    if not share:
        return f"{script.name} does not say what is said in {file.name}, which was written down by ear"
    return f"{script.name} has only {share:.0%} of what is said in {file.name}; the rest was written down by ear"


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
