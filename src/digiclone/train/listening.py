"""What one person said, as a frozen speech encoder hears it: what both forms of a bridge learn from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digiclone.align.pairs import Pair
from digiclone.dsp import resample
from digiclone.stages import RATE
from digiclone.train import checkpoint, heard
from digiclone.train.augment import spoil
from digiclone.train.course import Progress
from digiclone.train.heard import ROOM, Encoder
from digiclone.train.reader import Heard
from digiclone.types import Audio
from digiclone.voice.words import compare, normalised, total

FASTER = 0.12
"""A variant is faster or slower by up to this, as a natural logarithm."""


def features(
    pairs: Sequence[Pair], words: str, variants: int, encoder: Encoder, name: str, folder: Path, tell: Progress
) -> list[Heard]:
    """The pairs as the encoder of that `name` hears them, as they are and in so many `variants`, in other rooms and
    with other noises; kept in `folder`, pair by pair. `words`: "cleaned" or "verbatim"."""
    found = list[Heard]()
    for number, pair in enumerate(pairs):
        tell("listening", number / len(pairs))
        text = pair.text(words)
        place = folder / "heard" / f"{checkpoint.key((name, variants, FASTER, text), [pair.audio().samples])}.npz"
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            heard.save(list(_variants(pair, text, encoder, variants)), place)
        found += heard.load(place)
    return found


def _variants(pair: Pair, text: str, encoder: Encoder, count: int) -> list[Heard]:
    heard_ = (encoder.features(Audio(sound, RATE))[0].astype(np.float16) for sound in sounds(pair, count))
    return [Heard(f"{pair.name}-{number}", one, text) for number, one in enumerate(heard_)]


def sounds(pair: Pair, variants: int) -> list[NDArray[np.float32]]:
    """Samples of a pair as it is, and in so many variants; always the same ones."""
    audio, chance = pair.audio(), np.random.default_rng(list(pair.name.encode()))
    found = [audio.samples.astype(np.float32)]
    for _ in range(variants):
        factor = float(np.exp(chance.uniform(-FASTER, FASTER)))
        played = resample(Audio(audio.samples, round(RATE * factor)), RATE).samples
        row = np.concatenate([played, np.zeros(round(ROOM * RATE), np.float32)])
        found.append(spoil(row[None], chance)[0].astype(np.float32))
    return found


def usual(pairs: Sequence[Pair], words: str, recogniser: Encoder) -> float:
    """The share of words that the recogniser itself gets wrong; no number if nothing is kept."""
    return wrong([(pair.text(words), recogniser.transcribe(pair.audio())) for pair in pairs])


def wrong(read: Sequence[tuple[str, str]]) -> float:
    """The share of words wrong in pairs of what was said and what was read; no number if there are none."""
    judged = [(said, found) for said, found in read if normalised(said)]
    return total(compare(said, found) for said, found in judged).wer if judged else float("nan")
