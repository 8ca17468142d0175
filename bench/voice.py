"""Everything measured about voices, as one JSON object; a line a run goes to bench/results/voice-<device>.jsonl.

    python bench/voice.py [--quick] [--json]

`dataset.py`: how well a dataset is made of one long recording. `learning.py`: what a training step costs.
`variants.py`: the vocoder in fewer bits. Here: the card of the voice kathleen on the test sentences, which nothing
learnt from, with LJSpeech's reader as the stranger; the same sentences by other voices (the paper's Table III, ours);
and time and memory by the length of a text, to 1000 words. `--quick`: fewer sentences; otherwise the card is written to
bench/results/kathleen/.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from griffin_lim import GriffinLim
from keep import RESULTS, keep

from digiclone import registry
from digiclone.asr import whisper
from digiclone.measure.recordings import data, listed, recordings
from digiclone.measure.speaking import Pace, pace
from digiclone.stages import TTS
from digiclone.types import Audio
from digiclone.voice import card_page, page
from digiclone.voice.card import Card, Sentence, judge, listened

VOICE = "kathleen"
OTHERS = {"hibari": {}, "kokoro": {}}
TEN = "The boat left the harbour early in the morning mist."
WORDS = (1, 3, 10, 30, 100, 300, 1000)


def figures(quick: bool) -> dict[str, Any]:
    """All of it. What cannot be measured on this machine is missing, and `unmeasured` says why."""
    found: dict[str, Any] = {}
    unmeasured: dict[str, str] = {}
    for part in (speed, cards, lengths, "variants", "learning", "dataset"):
        name = part if isinstance(part, str) else part.__name__
        _tell(name, 0.0)
        try:
            found |= importlib.import_module(part).figures(quick) if isinstance(part, str) else part(quick)
        except Exception as error:  # noqa: BLE001  data or weights may lack: the other figures stand
            unmeasured[name] = f"{type(error).__name__}: {error}"
            _tell(f"not measured: {name}: {unmeasured[name]}", 0.0)
    return {**found, "unmeasured": unmeasured}


def speed(quick: bool) -> dict[str, Any]:
    """Seconds until the first sound of ten words, and of computing for a second of speech; MB; on two cores."""
    found = pace("glow", {"voice": VOICE, "threads": 2}, [TEN] * (5 if quick else 20))
    return {"first_audio_s": found.first_audio_s, "rtf": found.rtf, "memory_mb": found.memory_mb}


def cards(quick: bool) -> dict[str, Any]:
    """The card, and the table: each voice on the same sentences, judged beside the same person."""
    kept, strangers = test_sentences(12 if quick else None), ljspeech(8 if quick else 20)
    texts = [one.text for one in kept]
    ears = whisper.Backend(whisper.Options())
    glow = registry.load("tts", "glow", voice=VOICE)
    some = texts[:20]
    voices: dict[str, tuple[TTS, Pace]] = {"glow": (glow, pace("glow", {"voice": VOICE}, some))}
    floor = GriffinLim(glow)
    voices["griffin-lim"] = floor, _paced(floor, some)
    for name, options in OTHERS.items():
        voices[name] = registry.load("tts", name, **options), pace(name, options, some)
    person, made = listened(ears, kept, strangers, _tell), dict[str, Card]()
    for name, (voice, took) in voices.items():
        made[name] = judge(person, voice, took, lambda _, share, name=name: _tell(name, share))
    if not quick:
        card_page.write(RESULTS / VOICE, made["glow"])
    table = {name: _rounded(card.figures) for name, card in made.items()}
    return {"card": table["glow"] | {"faults": made["glow"].faults, "sentences": len(kept)}, "table": table}


def lengths(_quick: bool) -> dict[str, Any]:
    """Computing per second of speech, and memory, by the number of words; and a plot of the seconds."""
    words = " ".join(one.text for one in recordings(200) if one.text).split()
    by_words, memory = dict[int, float](), dict[int, float]()
    seconds = list[tuple[float, float]]()
    for count in WORDS:
        text = " ".join((words * (count // len(words) + 1))[:count])
        found = pace("glow", {"voice": VOICE}, [text])
        by_words[count], memory[count] = round(found.rtf, 4), round(found.memory_mb, 1)
        seconds.append((float(count), found.each[0][0]))
    drawn = page.lines("seconds of computing, by the words of a text", {VOICE: seconds})
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "voice-lengths.html").write_text(page.page("Length and time", [drawn]), "utf-8")
    return {"rtf_by_words": by_words, "memory_mb_by_words": memory}


def test_sentences(count: int | None) -> list[Sentence]:
    """Kathleen's, of the test split: no voice learns from them."""
    return [
        Sentence(one.text, _sound(one.file)) for one in listed(data() / "kathleen" / "metadata.csv", "test")[:count]
    ]


def ljspeech(count: int) -> list[Audio]:
    """Another woman, who reads."""
    return [one.audio for one in recordings(200) if one.name.startswith("LJ")][:count]


def _paced(voice: TTS, texts: Sequence[str]) -> Pace:
    """The pace of a voice that is no backend; its memory is not known."""
    each = list[tuple[float, float]]()
    for text in texts:
        begun = time.perf_counter()
        spoke = sum(piece.seconds for piece in voice.speak(text))
        each.append((time.perf_counter() - begun, spoke))
    took, spoke = (sum(one[i] for one in each) for i in (0, 1))
    return Pace(float(np.median([took for took, _ in each])), took / spoke, float("nan"), each)


def _sound(file: Path) -> Audio:
    return Audio(*soundfile.read(file, dtype="float32"))


def _rounded(values: dict[str, float]) -> dict[str, float | None]:
    return {name: round(value, 4) if np.isfinite(value) else None for name, value in values.items()}


def _tell(what: str, share: float) -> None:
    print(f"{share:4.0%} {what}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer sentences")
    parser.add_argument("--json", action="store_true", help="one line, for machines")
    options = parser.parse_args()
    found = figures(options.quick)
    keep("voice", options.quick, found)
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
