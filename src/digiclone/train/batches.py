"""Training material: all utterances, end to end, made different, cut into rows, as features and labels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from digiclone.artifacts import replacing
from digiclone.lipsync.heard import BEFORE, HOP, WINDOW, centre, log_mel, usual
from digiclone.train.augment import spoil, stretch
from digiclone.train.corpus import Utterance

ROW = 65_600
"""Samples in a row, 4.1 s: a whole number of hops."""
STRETCH = 0.22
"""Speakers are made smaller and taller by up to this, as a natural logarithm."""


def copies(said: Sequence[Utterance], count: int, folder: Path, seed: int) -> list[Path]:
    """So many spoilt copies of the material in `folder`; those that are there already are not made again."""
    folder.mkdir(parents=True, exist_ok=True)
    places = [folder / f"copy-{i}.npz" for i in range(count)]
    for i, place in enumerate(places):
        if not place.exists():
            mels, visemes = copy(said, np.random.default_rng((seed, i)))
            with replacing(place) as file:
                np.savez(file, mels=mels.astype(np.float16), visemes=visemes.astype(np.int8))
    return places


def copy(said: Sequence[Utterance], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Features (rows, frames, mels) and visemes (rows, frames)."""
    sounds: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    for index in rng.permutation(len(said)):
        one = said[index]
        sound, visemes = stretch(one.samples, one.visemes, float(np.exp(rng.uniform(-STRETCH, STRETCH))))
        whole = len(sound) // HOP
        sounds.append(sound[: whole * HOP] * (0.1 / max(float(np.sqrt(np.mean(sound**2))), 1e-3)))
        labels.append(visemes[:whole])
    tape, track = np.concatenate(sounds), np.concatenate(labels)
    count = len(tape) // ROW
    rows = tape[: count * ROW].reshape(count, ROW)
    mels = [features(spoil(part, rng)) for part in np.array_split(rows, max(1, count // 32))]
    return np.concatenate(mels), track[: count * ROW // HOP].reshape(count, -1)


def features(rows: np.ndarray) -> np.ndarray:
    """What the network hears of each hop of each row, shape (rows, hops, mels)."""
    mels = log_mel(np.pad(rows, ((0, 0), (BEFORE, WINDOW - HOP - BEFORE))))
    return centre(mels, usual(len(rows)))[0]
