"""The mouth from sound alone: how often `lipsync:heard` names the right viseme for voices that it never heard.

    python bench/visemes.py [--quick] [--json]

The voices are two of Debian's `flite`, which says exactly when each phone sounds, and four of Kokoro's where its
weights are; the sentences are in `bench/visemes.txt`. Beside it, on the same sound: `lipsync:energy` and npm's
`@met4citizen/headaudio`, the latter with the parameters and the constant delay that suit it best *on this very sound*.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from digiclone import registry, weights
from digiclone.dsp import resample
from digiclone.lipsync.heard import HOP, RATE
from digiclone.measure.recordings import recordings
from digiclone.stages import VISEMES
from digiclone.text.g2p import phonemize
from digiclone.train.corpus import Utterance, labels, rhotic, utterance
from digiclone.train.voices import Missing, speak
from digiclone.types import Audio, Mark, Speech

FLITE = ("flite:slt", "flite:rms")
KOKORO = ("kokoro:af_sarah", "kokoro:am_puck", "kokoro:bf_lily", "kokoro:bm_daniel")
HEADAUDIO = weights.File(
    "headaudio-0.1.0.tgz",
    "4281922839e1ab9732aecffdbd86c92b9e22aca3c72bbaa9901c04abe875131d",
    47_710,
    ("npm:@met4citizen/headaudio@0.1.0",),
)
PITCHES = (90, 110, 130, 150, 180, 210, 240)
"""Hertz: what headaudio may be told of the speaker."""
DELAYS = range(-5, 21)
"""Hops by which headaudio's mouth may be taken back."""
NEAR = 0.04
"""Seconds within which closed lips are in time."""
Heard = list[np.ndarray]
"""For each utterance, the viseme of each hop."""


def figures(quick: bool) -> dict[str, Any]:
    """The table as JSON. Accuracies are shares of the hops whose true viseme is not silence."""
    said = test_set(quick)
    mouth = registry.load("lipsync", "heard").mouth
    heard = {voice: by_marks(mouth, some) for voice, some in said.items()}
    energy = registry.load("lipsync", "energy").mouth
    flite = {voice: said[voice] for voice in FLITE}
    head = headaudio(flite)
    every = [one for some in flite.values() for one in some]
    ours = [visemes for voice in flite for visemes in heard[voice]]
    return {
        "unseen_voice_accuracy": accuracy(every, ours),
        "headaudio_accuracy": accuracy(every, [v for voice in flite for v in head[voice][0]]) if head else None,
        "energy_accuracy": accuracy(every, by_marks(energy, every)),
        "lookahead_ms": round(1000 * lookahead(every[0].samples), 1),
        "rtf": rtf(mouth, every),
        "silence_recall": accuracy(every, ours, silent=True),
        "closures": closures(every, ours),
        "voices": {
            voice: {"heard": accuracy(some, heard[voice])}
            | ({"headaudio": accuracy(some, head[voice][0]), "headaudio_at": head[voice][1]} if voice in head else {})
            | {"energy": accuracy(some, by_marks(energy, some)), "closures": closures(some, heard[voice])}
            for voice, some in said.items()
        },
        "recall": recall(every, ours),
        "confusions": confusions(every, ours),
        "people": people(10 if quick else 60),
        "frames": int(sum((one.visemes > 0).sum() for one in every)),
    }


def test_set(quick: bool) -> dict[str, list[Utterance]]:
    """What is said, by voice."""
    sentences = (Path(__file__).parent / "visemes.txt").read_text("utf-8").splitlines()[: 10 if quick else None]
    model = registry.find("tts", "kokoro", "82m-int8").files[0]
    voices = [*FLITE, *(KOKORO if weights.present(model) and not quick else ())]
    return {
        voice: [utterance(voice, speak(voice, text)) for text in sentences[: None if voice in FLITE else 10]]
        for voice in voices
    }


# -- measures ---------------------------------------------------------------------------------------------------------


def accuracy(said: Sequence[Utterance], heard: Heard, silent: bool = False) -> float:
    """The share of hops named right, of those that are speech or, if `silent`, of those that are silence."""
    true, named = np.concatenate([one.visemes for one in said]), np.concatenate(heard)
    asked = true == 0 if silent else true > 0
    return round(float(np.mean(named[asked] == true[asked])), 4)


def closures(said: Sequence[Utterance], heard: Heard) -> dict[str, float]:
    """Closed lips (p b m) and lips on teeth (f v): how many are found within `NEAR`, and how many found are true."""
    result: dict[str, float] = {}
    near = round(NEAR * RATE / HOP)
    for name in ("PP", "FF"):
        found = true = right = claimed = 0
        for one, visemes in zip(said, heard, strict=True):
            there, named = one.visemes == VISEMES.index(name), visemes == VISEMES.index(name)
            for start, end in spans(there):
                true += 1
                found += bool(named[max(0, start - near) : end + near].any())
            for start, end in spans(named):
                claimed += 1
                right += bool(there[max(0, start - near) : end + near].any())
        result |= {
            f"{name}_recall": round(found / max(1, true), 3),
            f"{name}_precision": round(right / max(1, claimed), 3),
        }
    return result


def spans(flags: np.ndarray) -> list[tuple[int, int]]:
    """Where `flags` is true without a break."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def recall(said: Sequence[Utterance], heard: Heard) -> dict[str, float]:
    """By viseme, the share of its hops that are named right."""
    table = confusion(said, heard)
    shares = np.diag(table) / np.maximum(1, table.sum(axis=1))
    return {name: round(float(share), 3) for name, share in zip(VISEMES, shares, strict=True)}


def confusions(said: Sequence[Utterance], heard: Heard) -> list[str]:
    """The ten mistakes that cost most, in per cent of the speech: `E->I 3.1`."""
    table = confusion(said, heard)[1:]
    share = 100 * table / table.sum()
    worst = sorted(((share[i, j], i + 1, j) for i in range(14) for j in range(15) if i + 1 != j), reverse=True)
    return [f"{VISEMES[i]}->{VISEMES[j]} {percent:.1f}" for percent, i, j in worst[:10]]


def confusion(said: Sequence[Utterance], heard: Heard) -> np.ndarray:
    """Hops by true viseme (rows) and by the one named."""
    table = np.zeros((len(VISEMES), len(VISEMES)), int)
    for one, visemes in zip(said, heard, strict=True):
        sure = one.visemes >= 0
        np.add.at(table, (one.visemes[sure], visemes[sure]), 1)
    return table


def people(count: int) -> dict[str, float]:
    """Recorded people, whose phones nobody timed: how well the order of the mouths agrees with the words.

    One minus the edits that turn the mouths heard into those of the text's phones, per mouth of the text; and how many
    closed lips are heard for each p, b or m. Test splits alone (`digiclone.measure.recordings`).
    """
    spoken = [one for one in recordings(count) if one.text]
    wanted = [_order(registry.load("lipsync", "phones").mouth(_read_aloud(one.text)), 0.0) for one in spoken]
    length = sum(map(len, wanted))
    result: dict[str, float] = {}
    for name in ("heard", "energy") if spoken else ():
        mouth = registry.load("lipsync", name).mouth
        named = [_order(mouth(Speech(one.audio.samples, one.audio.rate)), 0.03) for one in spoken]
        result[name] = round(1 - sum(map(edits, named, wanted)) / length, 3)
        lips = [sum(order.count("PP") for order in orders) for orders in (named, wanted)]
        result[f"{name}_closures"] = round(lips[0] / lips[1], 3)
    return result


def _read_aloud(text: str) -> Speech:
    phones = [p for p in phonemize(text) if (p.isalpha() and p not in "ʰʲ") or p == " "]
    return Speech(np.zeros(1, np.float32), RATE, text, rhotic([Mark(p, i, i + 1) for i, p in enumerate(phones)]))


def _order(marks: Sequence[Mark], least: float) -> list[str]:
    """The mouths that last at least so long, each once, without silence."""
    names = [m.symbol for m in marks if m.symbol != "sil" and m.end - m.start >= least]
    return [a for a, b in zip(names, [*names[1:], ""], strict=True) if a != b]


def edits(a: Sequence[str], b: Sequence[str]) -> int:
    """The fewest insertions, deletions and exchanges that turn `a` into `b` (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def lookahead(samples: np.ndarray) -> float:
    """Seconds from the beginning of a frame to the last sample that can change it: measured, by changing all that
    comes later."""
    frames = registry.load("lipsync", "heard").frames
    before, worst = frames(samples), 0.0
    for cut in range(RATE // 2, len(samples) - RATE // 4, RATE // 5 + 37):
        other = samples.copy()
        other[cut:] = np.random.default_rng(cut).uniform(-0.5, 0.5, len(samples) - cut)
        changed = np.flatnonzero(np.abs(frames(other) - before).max(axis=1) > 0)
        worst = max(worst, cut / RATE - changed[0] * HOP / RATE)
    return worst


def rtf(mouth: Any, said: Sequence[Utterance]) -> float:
    """Processor seconds per second of sound, on one thread."""
    start = time.process_time()
    by_marks(mouth, said)
    return round((time.process_time() - start) / sum(len(one.samples) / RATE for one in said), 4)


# -- who is measured --------------------------------------------------------------------------------------------------


def by_marks(mouth: Any, said: Sequence[Utterance]) -> Heard:
    """What a lip-sync backend names."""
    return [labels(mouth(Speech(one.samples, RATE)), len(one.samples)) for one in said]


def headaudio(said: Mapping[str, Sequence[Utterance]]) -> dict[str, tuple[Heard, dict[str, int]]]:
    """By voice, what headaudio names and with which parameters: the best ones, chosen with the answers in hand.

    Nothing where it cannot be had.
    """
    try:
        package = weights.fetch(HEADAUDIO)
    except weights.WeightsError as error:
        print(f"headaudio is left out: {error}", file=sys.stderr)
        return {}
    result: dict[str, tuple[Heard, dict[str, int]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(package) as archive:
            archive.extractall(folder, filter="data")
        for voice, some in said.items():
            tried = [
                (_shifted(marks, some, delay), {"speakerMeanHz": hertz, "vadMode": gate, "delay_ms": delay * 10})
                for hertz, gate in product(PITCHES, (0, 1))
                for marks in [_headaudio(Path(folder), some, {"speakerMeanHz": hertz, "vadMode": gate})]
                for delay in DELAYS
            ]
            result[voice] = max(tried, key=lambda t: accuracy(some, t[0]))
    return result


def _headaudio(folder: Path, said: Sequence[Utterance], settings: Mapping[str, float]) -> list[list[Mark]]:
    """The mouths of each utterance, as its worklet gives them at a browser's 48 kHz."""
    sounds: list[str] = []
    for i, one in enumerate(said):
        resample(Audio(one.samples, RATE), 48_000).samples.astype("<f4").tofile(folder / f"{i}.f32")
        sounds.append(str(folder / f"{i}.f32"))
    driver = str(Path(__file__).with_name("headaudio.mjs"))
    command = ["node", driver, str(folder / "package"), "48000", json.dumps(settings), *sounds]
    changes = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    ends = [[*(t for t, _ in each[1:]), len(one.samples) / RATE + 1] for each, one in zip(changes, said, strict=True)]
    return [
        [Mark(name, start, end) for (start, name), end in zip(each, stops, strict=True)]
        for each, stops in zip(changes, ends, strict=True)
    ]


def _shifted(mouths: Sequence[Sequence[Mark]], said: Sequence[Utterance], hops: int) -> Heard:
    """The visemes of each hop, `hops` earlier."""
    by = hops * HOP / RATE
    return [
        labels([Mark(m.symbol, m.start - by, m.end - by) for m in marks], len(one.samples))
        for marks, one in zip(mouths, said, strict=True)
    ]


def main() -> None:
    """Print the figures."""
    try:
        found = figures("--quick" in sys.argv)
    except Missing as error:
        sys.exit(str(error))
    if "--json" in sys.argv:
        print(json.dumps(found))
    else:
        print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
