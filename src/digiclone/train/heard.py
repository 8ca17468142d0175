"""What the base of readers learns from: sentences in many voices, spoilt by rooms and noises, as a frozen speech
encoder hears them. Kept on disk in parts, so that a run can go on.

Half of the sentences are what people say; the others are words of the lexicon in no order: whoever learns only from
sentences learns which words there are.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Protocol

import numpy as np

from digiclone import registry
from digiclone.artifacts import replacing
from digiclone.dsp import joined, resample
from digiclone.stages import RATE, TTS
from digiclone.train import base
from digiclone.train.augment import spoil
from digiclone.train.parts import Parts
from digiclone.train.reader import Heard
from digiclone.train.voices import kokoro_voices, speak
from digiclone.types import Audio

PART = 200
"""Sentences in a file of features."""
TOGETHER = 8
"""Sentences that are spoilt together: some of the noise is other people."""
ROOM = 0.3
"""Seconds of it after the last word, with its echo."""


class Encoder(Protocol):
    """A recogniser through whose ears others can hear."""

    def transcribe(self, audio: Audio) -> str:
        """As `stages.ASR`."""
        ...

    def features(self, audio: Audio) -> np.ndarray:
        """(1, N, width) of sound at `stages.RATE`."""
        ...


@dataclass(frozen=True)
class Casting:
    """Who says how much. `taller`: pitch and formants fall or rise by up to this, as a natural logarithm: one voice
    is many speakers."""

    hibari: int = 9_000
    flite: int = 1_800
    """Of each of its voices."""
    kokoro: int = 600
    """Of all of its voices together."""
    taller: float = 0.2
    seed: int = 0
    lines: int | None = None
    """If so, only the first of all."""


FLITE = ("awb", "kal16", "rms", "slt")


@dataclass(frozen=True)
class Line:
    """A sentence for a speaker (`voices.speak`)."""

    speaker: str
    text: str
    speed: float
    hertz: float
    taller: float


def script(casting: Casting) -> list[Line]:
    """Who says what, in a fair order: any part of it is a sample of the whole."""
    chance = random.Random(casting.seed)
    crowd = kokoro_voices() if casting.kokoro else []
    speakers = ["hibari"] * casting.hibari + [f"flite:{name}" for name in FLITE] * casting.flite
    speakers += [f"kokoro:{chance.choice(crowd)}+{chance.choice(crowd)}" for _ in range(casting.kokoro)]
    chance.shuffle(speakers)
    said, salads = base.texts(casting.seed), salad(casting.seed)
    return [
        Line(
            speaker,
            said[number // 2 % len(said)] if number % 2 else next(salads),
            round(chance.uniform(0.8, 1.25), 2),
            float(chance.randrange(80, 240)) if speaker.startswith("flite") else 0.0,
            round(float(np.exp(chance.uniform(-casting.taller, casting.taller))), 3),
        )
        for number, speaker in enumerate(speakers[: casting.lines])
    ]


def salad(seed: int) -> Iterator[str]:
    """Words in no order, with capitals and marks: half as often as people say them, half any of the lexicon."""
    chance = random.Random(seed)
    often = Counter(word for text in base.texts(seed) for word in re.findall(r"[A-Za-z][a-z']*", text))
    usual, shares = list(often), list(often.values())
    known = lexicon()
    while True:
        count = chance.randint(3, 9)
        words = [chance.choice(known) if chance.random() < 0.5 else w for w in chance.choices(usual, shares, k=count)]
        words[0] = words[0][0].upper() + words[0][1:]
        marked = [word + ("," if chance.random() < 0.06 else "") for word in words[:-1]]
        yield " ".join([*marked, words[-1] + chance.choice("....?!")])


def lexicon() -> list[str]:
    """English words that the default voice can say, without names and abbreviations."""
    packed = (files("hibari") / "assets" / "lexicon_us_gold.json.gz").read_bytes()
    return sorted(word for word in json.loads(gzip.decompress(packed)) if re.fullmatch(r"[a-z]{3,}", word))


def heard(casting: Casting, encoder: Encoder, name: str, folder: Path) -> list[Heard]:
    """All of it, as the encoder of that `name` hears it; what is in `folder` is not made again."""
    kept = Parts[Line, Heard]("heard", PART, name, lambda some, first: _made(some, encoder, first), save, load)
    return kept.of(script(casting), folder)


def _made(lines: Sequence[Line], encoder: Encoder, first: int) -> Iterator[Heard]:
    for start in range(0, len(lines), TOGETHER):
        some = lines[start : start + TOGETHER]
        sounds = [spoken(line) for line in some]
        rows = np.zeros((len(some), max(map(len, sounds)) + round(ROOM * RATE)), np.float32)
        for row, sound in zip(rows, sounds, strict=True):
            row[: len(sound)] = sound
        spoilt = spoil(rows, np.random.default_rng((first, start))).astype(np.float32)
        for number, (line, sound, row) in enumerate(zip(some, sounds, spoilt, strict=True), first + start):
            audio = Audio(row[: len(sound) + round(ROOM * RATE)], RATE)
            yield Heard(f"{line.speaker}-{number}", encoder.features(audio)[0].astype(np.float16), line.text)


def spoken(line: Line) -> np.ndarray:
    """A line as samples at `stages.RATE`."""
    speed = line.speed / line.taller
    if line.speaker == "hibari":
        audio = joined(_hibari(round(20 * speed) / 20).speak(line.text))
    else:
        audio = speak(line.speaker, line.text, speed, line.hertz)
    return resample(Audio(audio.samples, round(audio.rate * line.taller)), RATE).samples


@cache
def _hibari(speed: float) -> TTS:
    return registry.load("tts", "hibari", speed=speed)


def save(some: Sequence[Heard], place: Path) -> None:
    """Write a part."""
    with replacing(place) as out:
        np.savez(
            out,
            names=np.array([one.name for one in some]),
            texts=np.array([one.text for one in some]),
            features=np.concatenate([one.features for one in some]),
            sizes=np.array([len(one.features) for one in some]),
        )


def load(place: Path) -> list[Heard]:
    """What `save` wrote."""
    with np.load(place) as kept:
        names, texts, features, sizes = (kept[name] for name in ("names", "texts", "features", "sizes"))
    parts = np.split(features, np.cumsum(sizes)[:-1])
    return [Heard(*one) for one in zip(names.tolist(), parts, texts.tolist(), strict=True)]
