"""How fast a voice speaks and how much memory it takes, measured in a process that does nothing else."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psutil

from digiclone import registry
from digiclone.measure import alone
from digiclone.measure.machine import peak_memory


@dataclass(frozen=True)
class Pace:
    """Of a voice that is loaded and warm: seconds until the first sound of a text, the median of all; seconds of
    computing for a second of speech; MB that it takes beyond those of Python; and of each text, in order, the seconds
    of computing and of speech."""

    first_audio_s: float
    rtf: float
    memory_mb: float
    each: list[tuple[float, float]]


def pace(name: str, options: Mapping[str, Any], texts: Sequence[str]) -> Pace:
    """Let `tts:<name>` say every text. Raises `alone.NotMeasured`."""
    found = alone.ask(__name__, f"tts:{name}", {"name": name, "options": dict(options), "texts": list(texts)})
    return Pace(**{**found, "each": [(took, spoke) for took, spoke in found["each"]]})


def _measured(name: str, options: Mapping[str, Any], texts: Sequence[str]) -> dict[str, Any]:
    me = psutil.Process()
    before = me.memory_info().rss / 2**20
    voice = registry.load("tts", name, **options)
    for text in ("Wake up now.", "And once more, a little longer than before."):
        list(voice.speak(text))
    firsts, each = list[float](), list[tuple[float, float]]()
    for text in texts:
        begun, first, spoke = time.perf_counter(), None, 0.0
        for piece in voice.speak(text):
            first = first or time.perf_counter() - begun
            spoke += piece.seconds
        each.append((time.perf_counter() - begun, spoke))
        firsts.append(first or each[-1][0])
    rtf = sum(took for took, _ in each) / max(sum(spoke for _, spoke in each), 1e-9)
    return asdict(Pace(sorted(firsts)[len(firsts) // 2], rtf, peak_memory(me.pid) - before, each))


if __name__ == "__main__":
    alone.answer(_measured)
