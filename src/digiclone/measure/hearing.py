"""How fast a recogniser writes down what it hears and how much memory it takes, in a process that does nothing else."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import psutil

from digiclone import registry
from digiclone.config import DEFAULTS
from digiclone.dsp import resample
from digiclone.measure import alone
from digiclone.measure.machine import peak_memory
from digiclone.measure.recordings import clips
from digiclone.stages import RATE
from digiclone.types import Audio

ROUNDS = 3


@dataclass(frozen=True)
class Hearing:
    """Of a recogniser that is loaded and warm: pairs of seconds of speech and of computing, each the quickest of some;
    MB that it takes beyond those of Python."""

    each: list[tuple[float, float]]
    memory_mb: float


def hearing(name: str, options: Mapping[str, Any], seconds: Sequence[float]) -> Hearing:
    """Let `asr:<name>` write down speech of such lengths. Raises `alone.NotMeasured`."""
    asked = {"name": name, "options": dict(options), "seconds": list(seconds)}
    found = alone.ask(__name__, f"asr:{name}", asked)
    return Hearing([(sound, took) for sound, took in found["each"]], found["memory_mb"])


def speech(seconds: float) -> Audio:
    """So much of people talking, one after the other, again and again if need be."""
    some = np.concatenate([resample(one.audio, RATE).samples for one in clips()])
    count = round(seconds * RATE)
    return Audio(np.tile(some, -(-count // len(some)))[:count], RATE)


def deciding() -> float:
    """Seconds in which the listener for turns decides whether a sentence is finished; the quickest of some."""
    ears, audio, took = registry.load("vad", DEFAULTS["vad"]), speech(3.0), list[float]()
    for _ in range(2 * ROUNDS):
        begun = time.perf_counter()
        ears.finished(audio)
        took.append(time.perf_counter() - begun)
    return round(min(took), 4)


def _measured(name: str, options: Mapping[str, Any], seconds: Sequence[float]) -> dict[str, Any]:
    me = psutil.Process()
    before = me.memory_info().rss / 2**20
    ears = registry.load("asr", name, **options)
    ears.transcribe(speech(2.0))
    each = list[tuple[float, float]]()
    for length in seconds:
        audio, took = speech(length), list[float]()
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            ears.transcribe(audio)
            took.append(time.perf_counter() - begun)
        each.append((length, min(took)))
    return asdict(Hearing(each, peak_memory(me.pid) - before))


if __name__ == "__main__":
    alone.answer(_measured)
