"""What a bridge learns from: one person's sentences, in the clone's own folder, in LJSpeech's layout.

pairs/wavs/NAME.wav    16 kHz, mono, 16 bits
pairs/metadata.csv     NAME|as it came out|as it was meant

They are brought from a TalkBank corpus, from a dataset in LJSpeech's layout, or one by one as the person corrects what
was understood.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import soundfile
from filelock import FileLock

from digiclone.align.chat import LEAST, LONGEST, Found, Utterance
from digiclone.artifacts import replacing, write_atomically
from digiclone.config import ConfigError
from digiclone.dsp import resample, rms, to_pcm16
from digiclone.stages import RATE
from digiclone.types import Audio
from digiclone.voice.read import RATE as READ
from digiclone.voice.read import BadRecording, blocks, whole

METADATA, WAVS = "metadata.csv", "wavs"
ENOUGH = 20
"""Sentences from which on a person can be learnt; with 100 it is better."""
KEPT = 0.1
"""The share of pairs that nothing is trained on."""
SILENT = 1e-4


@dataclass(frozen=True)
class Pair:
    """A sentence: its sound file, the words as they came out and as they were meant."""

    name: str
    file: Path
    verbatim: str
    cleaned: str

    def text(self, words: str) -> str:
        """As it came out, if `words` is "verbatim"; else as it was meant."""
        return self.verbatim if words == "verbatim" else self.cleaned

    def audio(self) -> Audio:
        """At `stages.RATE`."""
        samples, rate = soundfile.read(self.file, dtype="float32")
        return Audio(samples, rate)


def read(folder: Path) -> list[Pair]:
    """The pairs in `folder`, in the order in which they came; those whose sound is gone are none."""
    place = folder / METADATA
    rows = csv.reader(io.StringIO(place.read_text("utf-8") if place.is_file() else ""), delimiter="|", quoting=3)
    found = {row[0]: Pair(row[0], folder / WAVS / f"{row[0]}.wav", row[1], row[2]) for row in rows if len(row) == 3}
    return [pair for pair in found.values() if pair.file.is_file()]


def split(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Those to learn from and those kept, by their names: who stays and who goes does not change as pairs are added.
    One at least is kept."""
    lots = {pair.name: hashlib.sha256(pair.name.encode()).digest() for pair in pairs}
    first = min(lots.values(), default=b"")
    kept = {name for name, lot in lots.items() if lot[0] < 256 * KEPT or lot == first}
    return [pair for pair in pairs if pair.name not in kept], [pair for pair in pairs if pair.name in kept]


def add(folder: Path, made: Iterable[tuple[str, Audio, str, str]]) -> int:
    """Write pairs (name, sound, as it came out, as it was meant), beside those that are there; one of the same name
    takes the place of the old one. Each is whole on disk before the next is asked for. How many there were.

    The page and the command line may add to the same folder at once.
    """
    count = 0
    for name, audio, verbatim, cleaned in made:
        with replacing(folder / WAVS / f"{name}.wav") as out:
            pcm = np.frombuffer(to_pcm16(resample(audio, RATE)), "<i2")
            soundfile.write(out, pcm, RATE, "PCM_16", format="WAV")
        with FileLock(folder / "metadata.lock"):
            rows = {pair.name: (pair.verbatim, pair.cleaned) for pair in read(folder)}
            rows[name] = (_one_line(verbatim), _one_line(cleaned))
            lines = "".join(f"{known}|{words[0]}|{words[1]}\n" for known, words in rows.items())
            write_atomically(folder / METADATA, lines.encode())
        count += 1
    return count


def _one_line(text: str) -> str:
    return " ".join(text.replace("|", " ").split())


def from_chat(found: Found) -> Iterator[tuple[str, Audio, str, str]]:
    """The sounds of sentences out of transcripts; what cannot be cut out of its recording is counted among the
    skipped."""
    by_media = groupby(sorted(found.utterances, key=lambda one: (str(one.media), one.begin)), lambda one: one.media)
    for media, utterances in by_media:
        wanted = list(utterances)
        try:
            for one, audio in _cut(media, wanted):
                wanted.remove(one)
                if rms(audio.samples) < SILENT:
                    found.skipped["there is silence in the recording"] += 1
                else:
                    yield one.name, audio, one.verbatim, one.cleaned
            why = "it lies past the end of the recording"
        except BadRecording:
            why = "the recording is damaged"
        found.skipped.update(why for _ in wanted)


def _cut(media: Path, wanted: Sequence[Utterance]) -> Iterator[tuple[Utterance, Audio]]:
    """The sound of each sentence that is in a recording; an hour of it takes no more memory than minutes."""
    held, begin, left = np.zeros(0, np.float32), 0, list(wanted)
    for block in blocks(media):
        held = np.concatenate([held, block.samples])
        while left and round(left[0].end * READ) <= begin + len(held):
            one = left.pop(0)
            first, last = (round(time * READ) - begin for time in (one.begin, one.end))
            yield one, Audio(held[first:last], READ)
        gone = min(len(held), max(0, (round(left[0].begin * READ) if left else 0) - begin))
        held, begin = held[gone:], begin + gone


def from_dataset(folder: Path) -> tuple[Iterator[tuple[str, Audio, str, str]], Counter[str]]:
    """The clips of a dataset in LJSpeech's layout, and why clips were skipped, which is known when all were taken.

    Raises `ConfigError` where there is no such dataset.
    """
    metadata = folder / METADATA
    if not metadata.is_file():
        raise ConfigError(f"there is no {metadata}: a dataset in LJSpeech's layout has lines of ID|TEXT, and ID.wav")
    rows = csv.reader(io.StringIO(metadata.read_text("utf-8", "replace")), delimiter="|", quoting=3)
    skipped = Counter[str]()
    return _clips(folder, [row for row in rows if row], skipped), skipped


def _clips(folder: Path, rows: Sequence[Sequence[str]], skipped: Counter[str]) -> Iterator[tuple[str, Audio, str, str]]:
    for row in rows:
        text = row[-1].strip() if len(row) > 1 else ""
        files = (
            folder / place / f"{row[0]}.{kind}" for place in (WAVS, "clips", "") for kind in ("wav", "flac", "mp3")
        )
        file = next((one for one in files if one.is_file()), None)
        if file is None or not text:
            skipped["there is no recording" if text else "there is no text"] += 1
            continue
        try:
            audio = whole(file)
        except BadRecording:
            skipped["the recording is damaged"] += 1
            continue
        if not LEAST <= audio.seconds <= LONGEST:
            skipped[f"it is shorter than {LEAST:g} or longer than {LONGEST:g} seconds"] += 1
        elif rms(audio.samples) < SILENT:
            skipped["there is silence in the recording"] += 1
        else:
            yield Path(row[0]).name, audio, text, text
