"""What a voice learns from: sentences as symbols and mel frames, and batches of them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from torch import Tensor

from digiclone.dsp import VOICE_RATE, resample, voice_mel
from digiclone.text.g2p import phonemize
from digiclone.text.symbols import ids, known
from digiclone.types import Audio

HISS = 1.5e-4
"""Noise added to all that is learnt from, root mean square (-76 dB, heard by nobody). In digital silence every mel
value is the same number, and a flow is paid without limit for hitting a number exactly: of a clean recording it would
learn the pauses first of all, and how to leap out of them badly."""


@dataclass(frozen=True, eq=False)
class Sentence:
    """`ids` (P,) of its symbols; `mels` (80, F) in 16 bits."""

    name: str
    ids: NDArray[np.int64]
    mels: NDArray[np.float16]


@dataclass(frozen=True, eq=False)
class Batch:
    """Sentences side by side: `ids` (B, P) of which row b has `phones[b]`, `mels` (B, 80, F) of which it has
    `frames[b]`."""

    ids: Tensor
    phones: Tensor
    mels: Tensor
    frames: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        return Batch(*(part.to(device) for part in (self.ids, self.phones, self.mels, self.frames)))


def sentence(name: str, text: str, audio: Audio) -> Sentence | None:
    """A clip and what is said in it; None if it has more symbols than frames, which no alignment could hold."""
    numbers = np.array(ids(known(phonemize(text))), np.int64)
    samples = resample(audio, VOICE_RATE).samples
    hiss = np.random.default_rng(crc32(name.encode())).standard_normal(len(samples), np.float32)
    mels = voice_mel(samples + HISS * hiss).astype(np.float16)
    return Sentence(name, numbers, mels) if 1 < len(numbers) <= mels.shape[1] - 1 else None


def clips(dataset: Path) -> Iterator[tuple[str, str, Audio]]:
    """Name, text and sound of each clip of a dataset in LJSpeech's layout."""
    with (dataset / "metadata.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row[0], row[-1]) for row in csv.reader(file, delimiter="|", quoting=csv.QUOTE_NONE)]
    for name, text in rows:
        samples, rate = soundfile.read(dataset / "wavs" / f"{name}.wav", dtype="float32", always_2d=True)
        yield name, text, Audio(samples.mean(axis=1), rate)


def read(dataset: Path) -> list[Sentence]:
    """The sentences of a dataset in LJSpeech's layout."""
    found = (sentence(name, text, audio) for name, text, audio in clips(dataset))
    return [one for one in found if one is not None]


def batch(said: Sequence[Sentence]) -> Batch:
    """Sentences side by side, padded with zeros."""
    phones = torch.tensor([len(one.ids) for one in said])
    frames = torch.tensor([one.mels.shape[1] for one in said])
    numbers = torch.zeros(len(said), int(phones.max()), dtype=torch.int64)
    mels = torch.zeros(len(said), said[0].mels.shape[0], int(frames.max()))
    for row, one in enumerate(said):
        numbers[row, : len(one.ids)] = torch.from_numpy(one.ids)
        mels[row, :, : one.mels.shape[1]] = torch.from_numpy(one.mels.astype(np.float32))
    return Batch(numbers, phones, mels, frames)
