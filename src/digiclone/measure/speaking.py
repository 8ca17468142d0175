"""How fast a voice speaks and how much memory it takes, measured in a process that does nothing else."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psutil

from digiclone import registry
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
    """Let `tts:<name>` say every text. Raises RuntimeError with what the process wrote if it fails."""
    asked = json.dumps({"name": name, "options": dict(options), "texts": list(texts)})
    run = subprocess.run(
        [sys.executable, "-m", "digiclone.measure.speaking"], input=asked, capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise RuntimeError(f"tts:{name} could not be measured: {run.stderr.strip()[-2000:]}")
    found = json.loads(run.stdout.splitlines()[-1])
    return Pace(**{**found, "each": [(took, spoke) for took, spoke in found["each"]]})


def _measured(name: str, options: Mapping[str, Any], texts: Sequence[str]) -> Pace:
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
    return Pace(sorted(firsts)[len(firsts) // 2], rtf, peak_memory(me.pid) - before, each)


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump(asdict(_measured(asked["name"], asked["options"], asked["texts"])), sys.stdout)
