"""From one block of a recording to clips: cleaned, written down, cut, measured. Each step of it is kept on disk, so a
build that was killed goes on with the next block."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from digiclone.dsp import VOICE_RATE, resample
from digiclone.types import Audio
from digiclone.voice import cut
from digiclone.voice.check import Figures, faults, figures
from digiclone.voice.cut import EDGE, KEPT_PAUSE, Word
from digiclone.voice.denoise import denoised
from digiclone.voice.follow import followed
from digiclone.voice.script import Script
from digiclone.voice.speaker import embed
from digiclone.voice.transcribe import Chunk, transcribed

KEPT, VOICES = "block.json", "voices.npy"
LOUDNESS = -23.0
"""Of speech, in LUFS (EBU R 128)."""
FADE = 0.01
"""Seconds at a cut, so that it does not click."""


@dataclass(frozen=True)
class Clip:
    """A clip on disk: `name` of its 16-bit mono file at 22,050 Hz, its `text`, from when to when it lies in the
    recording (seconds), and its `figures`."""

    name: str
    text: str
    start: float
    end: float
    figures: Figures


@dataclass(frozen=True)
class Block:
    """What became of a block of `seconds`: its clips, in `folder`; the seconds of `speech` in it, and of those in other
    languages; the share of its words where its script does `fit`, None if there is no script, or no word."""

    folder: Path
    seconds: float
    speech: float
    foreign: float
    fit: float | None
    clips: tuple[Clip, ...]

    @property
    def voices(self) -> NDArray[np.float32]:
        """Who speaks in each clip, (clips, 192); 0 where something else is wrong with it."""
        return np.load(self.folder / VOICES)


def clips_of(audio: Audio, begin: float, folder: Path, script: Script | None = None) -> Block:
    """The clips of a block that begins at `begin` seconds, in the words of the `script` of its recording, written into
    `folder`; what is there already is read and not made again."""
    if (folder / KEPT).exists():
        return _read(folder)
    clean = denoised(audio)
    heard = transcribed(clean)
    chunks, fit = followed(heard, script) if script else (heard, None)
    gain = _gain(clean)
    half = folder.with_name(folder.name + ".part")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    found = list[Clip]()
    for chunk in chunks:
        for first, last in cut.clips(chunk.words):
            words = chunk.words[first:last]
            times = stretches(chunk.words, first, last)
            raw, sound = taken(audio, times), taken(clean, times)
            name = f"{folder.name}-{len(found):03}"
            _write(half / f"{name}.wav", Audio(sound.samples * gain, sound.rate))
            about = figures(raw.samples, sound.samples, sound.seconds, words)
            text = " ".join(word.text for word in words)
            found.append(Clip(name, text, begin + max(0.0, times[0][0]), begin + times[-1][1], about))
    np.save(half / VOICES, _voices(found, half))
    speech = {"speech": _speech(chunks), "foreign": _speech(c for c in chunks if c.language != "en")}
    about = {"seconds": audio.seconds, **speech, "fit": fit, "clips": [asdict(clip) for clip in found]}
    (half / KEPT).write_text(json.dumps(about, indent=1), "utf-8")
    half.rename(folder)
    return _read(folder)


def stretches(words: Sequence[Word], first: int, last: int) -> list[tuple[float, float]]:
    """From when to when the words `first` to `last` are taken: with a little silence around them, and without the
    middle of long pauses."""
    before = words[first - 1].end if first else -np.inf
    after = words[last].start if last < len(words) else np.inf
    edges = [max(words[first].start - EDGE, (before + words[first].start) / 2)]
    for one, other in pairwise(words[first:last]):
        if other.start - one.end > KEPT_PAUSE:
            edges += [one.end + KEPT_PAUSE / 2, other.start - KEPT_PAUSE / 2]
    edges.append(min(words[last - 1].end + EDGE, (words[last - 1].end + after) / 2))
    return list(zip(edges[::2], edges[1::2], strict=True))


def taken(audio: Audio, times: Sequence[tuple[float, float]]) -> Audio:
    """The sound of those times, one after the other."""
    return Audio(np.concatenate([_stretch(audio, start, end) for start, end in times]), audio.rate)


def _stretch(audio: Audio, start: float, end: float) -> NDArray[np.float32]:
    """From `start` to `end` in seconds, silence beyond both ends of the sound; faded in and out."""
    first, last = round(start * audio.rate), round(end * audio.rate)
    inside = audio.samples[max(0, first) : max(0, last)]
    sound = np.pad(inside, (max(0, -first), max(0, last - len(audio.samples))))
    length = min(round(FADE * audio.rate), len(sound) // 2)
    ramp = np.linspace(0, 1, length, dtype=np.float32)
    ramps = np.concatenate([ramp, np.ones(len(sound) - 2 * length, np.float32), ramp[::-1]])
    return np.asarray(sound * ramps, dtype=np.float32)


def _gain(clean: Audio) -> float:
    """By which the block gets the loudness of all others, as far as no sample goes beyond full scale."""
    import pyloudnorm  # noqa: PLC0415  only those who make a voice have it

    if clean.seconds < 0.5 or not np.any(clean.samples):
        return 1.0
    loudness = pyloudnorm.Meter(clean.rate).integrated_loudness(clean.samples)
    gain = 10 ** ((LOUDNESS - loudness) / 20) if np.isfinite(loudness) else 1.0
    return float(min(gain, 0.99 / float(np.abs(clean.samples).max())))


def _voices(clips: Sequence[Clip], folder: Path) -> NDArray[np.float32]:
    """Who speaks in each clip, (clips, 192); zeros for those that are not used anyway."""
    found = np.zeros((len(clips), 192), np.float32)
    for row, clip in zip(found, clips, strict=True):
        if not faults(clip.figures):
            row[:] = embed(Audio(*soundfile.read(folder / f"{clip.name}.wav", dtype="float32")))
    return found


def _speech(chunks: Iterable[Chunk]) -> float:
    return sum(chunk.end - chunk.start for chunk in chunks)


def _write(file: Path, audio: Audio) -> None:
    soundfile.write(file, resample(audio, VOICE_RATE).samples, VOICE_RATE, subtype="PCM_16")


def _read(folder: Path) -> Block:
    kept = json.loads((folder / KEPT).read_text("utf-8"))
    clips = tuple(Clip(**{**clip, "figures": Figures(**clip["figures"])}) for clip in kept["clips"])
    return Block(folder, kept["seconds"], kept["speech"], kept["foreign"], kept.get("fit"), clips)
