"""How well `digiclone voice build` makes a dataset of one long recording, of which everything is known.

    python bench/dataset.py [--quick] [--json]

The recording is put together from Kathleen's test sentences (`../shared/data/kathleen`, never trained on), with pauses
of 0.2 to 1.2 s between them; once as it is, once with white noise 10 dB below the speech. Reported are the share of the
speech that is kept, how many cuts lie inside a word, the share of clips of 5 to 10 s, and the word error rate of the
transcripts, without and with the texts of the sentences as the person's own transcript. A cut lies inside a word if
the original, clean sound is not quiet in the 40 ms around it. And Algorithm 1, as meant and as printed, on 2000 random
traces of a voice activity detector.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from digiclone.measure.recordings import Listed, data, listed
from digiclone.voice.cut import LONGEST, SHORTEST
from digiclone.voice.dataset import Dataset, build
from digiclone.voice.segment import as_printed, segments, violations
from digiclone.voice.words import Reading, compare, total

RATE = 22_050
STEP = 0.02
QUIET = 28.0
"""Decibels below its loudest tenth where clean speech is silent: the microphone's own noise lies just below."""
AROUND = 0.04
"""Seconds that must be quiet around a cut."""
TRACES = 2000


@dataclass(frozen=True)
class Recording:
    """`samples`; from when to when each sentence is heard (seconds), and its `texts`."""

    samples: NDArray[np.float32]
    heard: list[tuple[float, float]]
    texts: list[str]


def figures(quick: bool) -> dict[str, Any]:
    """All of it."""
    recording = assembled(listed(data() / "kathleen" / "metadata.csv", "test")[: 20 if quick else None])
    noisy = Recording(with_noise(recording.samples, 10.0), recording.heard, recording.texts)
    return {
        "dataset": judged(recording, recording.samples),
        "dataset_noisy_10_db": judged(noisy, recording.samples),
        "algorithm1": algorithm1(),
    }


def assembled(sentences: list[Listed]) -> Recording:
    """The sentences one after the other, with pauses."""
    chance = np.random.default_rng(0)
    parts, heard, now = list[NDArray[np.float32]](), list[tuple[float, float]](), 0
    for one in sentences:
        sound, rate = soundfile.read(one.file, dtype="float32")
        assert rate == RATE
        samples = np.asarray(sound, np.float32)
        loud = np.flatnonzero(~quiet(samples))
        heard.append((now / RATE + loud[0] * STEP, now / RATE + (loud[-1] + 1) * STEP))
        pause = np.zeros(round(chance.uniform(0.2, 1.2) * RATE), np.float32)
        parts += [samples, pause]
        now += len(samples) + len(pause)
    return Recording(np.concatenate(parts), heard, [one.text for one in sentences])


def quiet(samples: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which fiftieths of a second of clean sound are silent."""
    hop = round(STEP * RATE)
    frames = samples[: len(samples) // hop * hop].reshape(-1, hop)
    level = 10 * np.log10(np.mean(np.square(frames, dtype=np.float64), axis=1) + 1e-12)
    return level < np.percentile(level, 90) - QUIET


def with_noise(samples: NDArray[np.float32], decibels: float) -> NDArray[np.float32]:
    """White noise, so many dB below the mean power of what is not silent."""
    hop = round(STEP * RATE)
    loud = np.repeat(~quiet(samples), hop)
    power = np.mean(np.square(samples[: len(loud)][loud], dtype=np.float64)) / 10 ** (decibels / 10)
    noise = np.random.default_rng(1).standard_normal(len(samples)) * np.sqrt(power)
    return np.clip(samples + noise, -1, 1).astype(np.float32)


def judged(recording: Recording, clean: NDArray[np.float32]) -> dict[str, Any]:
    """Build a dataset of the recording and compare it with what is known."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "recording.wav"
        soundfile.write(file, recording.samples, RATE, subtype="PCM_16")
        made = build(Path(folder) / "voice", [file], _told)
        file.with_suffix(".txt").write_text("\n".join(recording.texts), "utf-8")
        with_transcript = build(Path(folder) / "voice", [file], _told)
    lengths = np.array([one.clip.figures.seconds for one in made.used])
    return {
        "kept": round(kept(made, recording), 4),
        "cut_inside_words": inside_words(made, clean),
        "cuts": len(cuts(made)),
        "in_5_10_s": round(float(np.mean((lengths >= SHORTEST) & (lengths <= LONGEST))), 4),
        "wer": round(read(made, recording).wer, 4),
        "wer_with_transcript": round(read(with_transcript, recording).wer, 4),
        "clips": len(made.used),
        "dropped": len(made.clips) - len(made.used),
        "minutes": round(len(recording.samples) / RATE / 60, 2),
    }


def kept(made: Dataset, recording: Recording) -> float:
    """The share of the time in which sentences are heard that lies in a clip."""
    time = np.zeros(int(len(recording.samples) / RATE / STEP) + 2, bool)
    spoken = np.zeros_like(time)
    for start, end in recording.heard:
        spoken[round(start / STEP) : round(end / STEP)] = True
    for one in made.used:
        time[round(one.clip.start / STEP) : round(one.clip.end / STEP)] = True
    return float((time & spoken).sum() / spoken.sum())


def cuts(made: Dataset) -> list[float]:
    """When clips begin and end, seconds; where the recording itself begins nothing was cut."""
    return [edge for one in made.used for edge in (one.clip.start, one.clip.end) if edge > 0]


def inside_words(made: Dataset, clean: NDArray[np.float32]) -> int:
    """How many beginnings and ends of clips lie where the clean sound is not quiet all around."""
    silent = np.concatenate([quiet(clean), np.ones(100, bool)])
    reach = round(AROUND / STEP / 2)
    return sum(not silent[max(0, round(e / STEP) - reach) : round(e / STEP) + reach + 1].all() for e in cuts(made))


def read(made: Dataset, recording: Recording) -> Reading:
    """The clips' words against those of the sentences that they hold at least half of."""
    readings = list[Reading]()
    for one in made.used:
        inside = [
            text
            for (start, end), text in zip(recording.heard, recording.texts, strict=True)
            if one.clip.start <= (start + end) / 2 <= one.clip.end
        ]
        if inside:
            readings.append(compare(" ".join(inside), one.clip.text))
    return total(readings)


def algorithm1() -> dict[str, Any]:
    """Of 2000 random traces, those in which something is wrong, and how often what is."""
    meant, printed = 0, 0
    kinds = dict[str, int]()
    for seed in range(TRACES):
        scores, longest = trace(np.random.default_rng(seed)), 250
        meant += bool(violations(segments(scores, longest), scores, longest))
        try:
            wrong = violations(as_printed(scores, longest * 0.04, 0.04), scores, longest)
        except ValueError:
            wrong = ["crash"]
        printed += bool(wrong)
        for kind in wrong:
            kinds[kind] = kinds.get(kind, 0) + 1
    return {"traces": TRACES, "violations": meant, "printed_violations": printed, "printed_kinds": kinds}


def trace(chance: np.random.Generator) -> NDArray[np.float32]:
    """Speech of 0.5 to 20 s and pauses of 0.1 to 2 s, 40 ms a step, with the doubts of a detector."""
    parts = list[NDArray[np.float64]]()
    for _ in range(chance.integers(2, 12)):
        parts += [chance.beta(8, 2, chance.integers(12, 500)), chance.beta(1, 9, chance.integers(2, 50))]
    scores = np.concatenate(parts[: -1 if chance.uniform() < 0.5 else None])
    return np.convolve(scores, np.ones(3) / 3, "same").astype(np.float32)


def _told(what: str, share: float) -> None:
    print(f"{share:4.0%} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="twenty sentences")
    parser.add_argument("--json", action="store_true", help="one line")
    chosen = parser.parse_args()
    print(json.dumps(figures(chosen.quick), indent=None if chosen.json else 2))
