"""Whom `align.py` measures with: real readers, and somebody with a simulated impairment; and through which ears."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile
from cells import plain

from digiclone import registry
from digiclone.align import impaired, pairs, simulate
from digiclone.align.pairs import Pair
from digiclone.dsp import joined, resample
from digiclone.llm import llamacpp
from digiclone.measure.recordings import data, listed
from digiclone.stages import RATE
from digiclone.types import Audio
from digiclone.weights import home

READERS = ("kathleen", "ljspeech")
ENCODERS = {"moonshine": {"model": "tiny-en"}, "whisper": {"model": "base"}}
if (OWN := home() / "wav2vec2").is_dir():  # of a hub: python -m digiclone.train.wav2vec2 fills it
    ENCODERS["wav2vec2"] = {"folder": str(OWN)}
WORDED = ("phonological", "aphasic")
"""Impairments of words, which no recording can be given: the voice of tts:glow says them, whom no base has heard."""


@dataclass(frozen=True)
class Person:
    """The sentences that are learnt from, and those that are not."""

    name: str
    learnt: list[Pair]
    unseen: list[Pair]


def person(name: str, learnt: int, unseen: int) -> Person:
    """A reader, "kathleen"; or as if impaired, "kathleen, slurred 0.6". Nothing is learnt from the test split.

    The sounds are kept beside the weights: simulating takes minutes.
    """
    reader, _, impairment = name.partition(", ")
    metadata = data() / reader / "metadata.csv"
    found = dict[str, list[Pair]]()
    for split, count in (("train", learnt), ("test", unseen)):
        folder = place(name) / split
        rows = listed(metadata, split)[:count]
        there = {one.name for one in pairs.read(folder)}
        new = [(number, one) for number, one in enumerate(rows) if one.file.stem not in there]
        pairs.add(folder, _said(new, impairment))
        by_name = {one.name: one for one in pairs.read(folder)}
        found[split] = [by_name[one.file.stem] for one in rows]
    return Person(name, found["train"], found["test"])


def place(name: str) -> Path:
    """Where everything of a person is kept."""
    return home() / "bench" / "align" / plain(name)


def _said(rows: Sequence[tuple[int, Any]], impairment: str) -> Iterator[tuple[str, Audio, str, str]]:
    kind, _, severity = impairment.partition(" ")
    how = impaired.speaker(kind, float(severity)) if kind else None
    voice = registry.load("tts", "glow") if kind in WORDED else None
    for number, one in rows:
        verbatim, audio = one.text, None
        if how and voice:
            verbatim = impaired.line(one.text, how, number).verbatim
            audio = joined(voice.speak(verbatim))
        audio = audio or resample(Audio(*soundfile.read(one.file, dtype="float32")), RATE)
        yield one.file.stem, simulate.impaired(audio, how, number) if how else audio, verbatim, one.text


def encoder(name: str) -> Any:
    """A recogniser through whose ears others hear."""
    return registry.load("asr", name, threads=2, **ENCODERS[name])


def family(file: Path) -> str:
    """What kind of network is in a GGUF file: "llama", "gemma2"."""
    from digiclone.gguffile import Reader

    return str(Reader(file).fields["general.architecture"].contents())


def model(file: str = "") -> Path:
    """The file of a language model; if none is given, of the clone's own."""
    return llamacpp.weights(llamacpp.Options(file=file))
