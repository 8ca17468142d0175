"""What the training voices say: sound with a viseme every 10 ms, kept on disk, so that a run can go on."""

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from pathlib import Path

import numpy as np

from digiclone.artifacts import replacing
from digiclone.dsp import from_pcm16, resample, to_pcm16
from digiclone.lipsync.heard import HOP, RATE
from digiclone.lipsync.phones import Backend, Options
from digiclone.stages import VISEMES
from digiclone.train.voices import speak
from digiclone.types import Mark, Speech

UNKNOWN = -1
"""The viseme of a frame whose label would be a guess."""
_PAUSE = 0.15
"""Seconds. Kokoro's family gives the gap between two words some time, be it silent or not; only a longer one is a
pause."""
_VOWELS = "aæɑɒɔəɛɜɪiʊuʌAIWYOQᵊᵻ"
_QUIET = 10 ** (-45 / 10)
"""The power that counts as silence in a pause, of the loudest hop."""


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence for one speaker (`voices.speak`)."""

    speaker: str
    text: str
    speed: float = 1.0
    hertz: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    speaker: str
    samples: np.ndarray
    """Mono float32 at `heard.RATE`, shape (n,)."""
    visemes: np.ndarray
    """Index into `VISEMES` for each hop, or `UNKNOWN`; shape (ceil(n / hop),), int64."""
    marks: tuple[Mark, ...]
    """The visemes as the synthesiser timed them."""

    @property
    def sure(self) -> bool:
        """Whether its times are those of its sound: flite's are, a neural voice's are what its attention learnt."""
        return self.speaker.startswith("flite")


def sentences() -> list[str]:
    """What there is to say."""
    lines = (files("digiclone.train") / "sentences.txt").read_text("utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def script(casting: Sequence[tuple[str, int]], seed: int) -> list[Line]:
    """Who says what: speakers, and how many sentences each. They take turns, so that a part of the list is a fair
    sample of the whole. Rather slow, for `augment.stretch` will make many of them quicker."""
    rng = random.Random(seed)
    said = sentences()
    rounds: list[tuple[int, Line]] = []
    for speaker, count in casting:
        for i in range(count):
            speed = round(rng.uniform(0.7, 1.15), 2)
            hertz = float(rng.randrange(80, 240)) if speaker.startswith("flite") else 0.0
            rounds.append((i, Line(speaker, rng.choice(said), speed, hertz)))
    return [line for _, line in sorted(rounds, key=lambda r: r[0])]


def crowd(names: Sequence[str], count: int, seed: int) -> list[Line]:
    """Kokoro's voices `names`, each with `count` sentences; every second is said halfway to another of them."""
    rng = random.Random(seed)
    said = sentences()
    rounds: list[tuple[int, Line]] = []
    for name in names:
        for i in range(count):
            speaker = f"kokoro:{name}+{rng.choice(names)}" if i % 2 else f"kokoro:{name}"
            speed = round(rng.uniform(0.85, 1.25), 2)
            rounds.append((i, Line(speaker, rng.choice(said), speed)))
    return [line for _, line in sorted(rounds, key=lambda r: r[0])]


def record(lines: Sequence[Line], folder: Path) -> Iterator[Utterance]:
    """Each line spoken, or read back from `folder` if it was spoken before."""
    folder.mkdir(parents=True, exist_ok=True)
    for line in lines:
        key = hashlib.sha256(json.dumps(asdict(line)).encode()).hexdigest()[:16]
        place = folder / f"{line.speaker.replace(':', '-')}-{key}.npz"
        if not place.exists():
            _save(speak(line.speaker, line.text, line.speed, line.hertz), place)
        yield utterance(line.speaker, _load(place))


def utterance(speaker: str, speech: Speech) -> Utterance:
    """What was said, labelled."""
    samples = resample(speech, RATE).samples
    marks = Backend(Options()).mouth(replace(speech, phones=rhotic(speech.phones)))
    said = Utterance(speaker, samples, labels(marks, len(samples)), marks)
    return said if said.sure else replace(said, visemes=_doubted(said))


def rhotic(phones: Sequence[Mark]) -> tuple[Mark, ...]:
    """With ɜɹ, and əɹ before anything but a vowel, as the one vowel that they are and that flite writes: ɝ.

    Misaki writes two letters, but no voice says one after the other, and an aligner could put the border anywhere.
    """
    joined: list[Mark] = []
    for i, phone in enumerate(phones):
        after = phones[i + 1].symbol if i + 1 < len(phones) else " "
        before = joined[-1].symbol if joined else " "
        if phone.symbol == "ɹ" and (before == "ɜ" or (before == "ə" and after not in _VOWELS)):
            joined[-1] = Mark("ɝ", joined[-1].start, phone.end)
        else:
            joined.append(phone)
    return tuple(joined)


def labels(marks: Sequence[Mark], samples: int) -> np.ndarray:
    """The viseme in the middle of each hop of so many samples at `RATE`."""
    middles = (np.arange(-(-samples // HOP)) + 0.5) * HOP / RATE
    said = np.full(len(middles), VISEMES.index("sil"))
    for mark in marks:
        said[(middles >= mark.start) & (middles < mark.end)] = VISEMES.index(mark.symbol)
    return said


def _doubted(said: Utterance) -> np.ndarray:
    """Its labels without what is not certain: short gaps, and sound in long ones."""
    visemes = np.where((said.visemes == VISEMES.index("sil")) & ~quiet(said.samples), UNKNOWN, said.visemes)
    middles = (np.arange(len(visemes)) + 0.5) * HOP / RATE
    for mark in said.marks:
        if mark.symbol == "sil" and mark.end - mark.start < _PAUSE:
            visemes[(middles >= mark.start) & (middles < mark.end)] = UNKNOWN
    return visemes


def quiet(samples: np.ndarray) -> np.ndarray:
    """Whether each hop is far below the loudest."""
    hops = np.pad(samples, (0, -len(samples) % HOP)).reshape(-1, HOP)
    power = np.mean(hops**2, axis=1)
    return power <= power.max(initial=0.0) * _QUIET


def _save(speech: Speech, place: Path) -> None:
    phones = [(p.symbol, p.start, p.end) for p in speech.phones]
    pcm = np.frombuffer(to_pcm16(resample(speech, RATE)), "<i2")
    with replacing(place) as file:
        np.savez_compressed(file, samples=pcm, phones=json.dumps(phones))


def _load(place: Path) -> Speech:
    with np.load(place) as kept:
        phones = tuple(Mark(*phone) for phone in json.loads(str(kept["phones"])))
        return Speech(from_pcm16(kept["samples"].tobytes(), RATE).samples, RATE, "", phones)
