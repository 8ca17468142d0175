"""Who is speaking: a clip to a direction in 192 dimensions, much the same for all clips of one person, and which clips
of a set are somebody else's."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from digiclone import weights
from digiclone.dsp import resample
from digiclone.types import Audio
from digiclone.voice.models import ECAPA_VOXCELEB

if TYPE_CHECKING:
    from digiclone.nn.ecapa import ECAPA

RATE, WINDOW, HOP, MELS = 16_000, 400, 160, 80
"""Of the frames that the network was trained on."""
SHORTEST = 0.5
"""Seconds of sound below which nobody can be told."""

OWN = 0.5
"""Cosine to the centre of a person's clips from which on a clip is taken for theirs.

Of 40 + 40 clips of two women in the train splits, Kathleen (3.0 s on average) and LJSpeech's reader (6.5 s), their own
lie at 0.62 to 0.91 and the other's at 0.08 to 0.42. Against the same centre, of clips with noise 10 dB below, a
telephone's band, 0.3 s of reverberation or no more than 2 s, up to 2.5 % of their own fall below and none of the
other's above; of 1 s, 22 % fall below. Two clips alone tell less: of clean pairs 0.8 % are mistaken at the best
threshold, 0.42. A telephone's band in all clips makes everybody alike: half of the other's or more are then missed.
"""

MOVES = 100
"""After which a centre is taken as it is: rounding could make it go to and fro between two."""

Embedding = NDArray[np.float32]


def embed(audio: Audio) -> Embedding:
    """Who speaks in `audio`: (192,), of unit length. Takes some 10 MB per second of sound: meant for clips.

    Raises ValueError for less than half a second or for digital silence, `weights.Missing` without the weights.
    """
    if audio.seconds < SHORTEST:
        raise ValueError(f"{audio.seconds:.2f} s are too little to tell who speaks: give at least {SHORTEST} s")
    if not np.any(audio.samples):
        raise ValueError("The sound is silent, so nobody speaks in it: leave it out")
    from digiclone.nn.ecapa import embedding  # noqa: PLC0415  torch is for making and judging voices only

    return _unit(embedding(_net(), frames(resample(audio, RATE).samples)))


@cache
def _net() -> ECAPA:
    from digiclone.nn.ecapa import load  # noqa: PLC0415

    return load(weights.path(ECAPA_VOXCELEB))


def frames(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log-mel frames (80, n_samples // 160 + 1) of samples at 16 kHz, in dB less each band's mean over the clip.

    SpeechBrain's `Fbank` and sentence normalisation: 25 ms Hamming window, power, 80 dB below the clip's loudest.
    """
    padded = np.pad(samples.astype(np.float32), WINDOW // 2)
    hamming = (0.54 - 0.46 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
    pieces = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP] * hamming
    power = np.abs(np.fft.rfft(pieces, axis=1)) ** 2
    log = 10 * np.log10(np.maximum(power @ _filters(), 1e-10))
    log = np.maximum(log, log.max() - 80)
    return np.ascontiguousarray((log - log.mean(axis=0)).T, np.float32)


@cache
def _filters() -> NDArray[np.float32]:
    """Triangles on O'Shaughnessy's mel scale, (201, 80). Each is as wide above its centre as it is below, not up to the
    next centre: SpeechBrain's, which the weights know."""
    mel = np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), MELS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    width = np.diff(edges)[:-1]
    off = np.abs(np.linspace(0, RATE / 2, WINDOW // 2 + 1)[:, None] - edges[1:-1]) / width
    return np.maximum(0, 1 - off).astype(np.float32)


def alike(a: Embedding, b: Embedding) -> float:
    """The cosine between two embeddings, -1..1."""
    return float(a @ b)


def same_person(clip: Embedding, centre: Embedding) -> bool:
    """Whether a clip is by the person whose clips have this `centre`."""
    return alike(clip, centre) >= OWN


def strangers(embeddings: NDArray[np.float32]) -> NDArray[np.intp]:
    """Which of the clips (N, 192), in order, are not by the person who speaks in most of them."""
    return np.flatnonzero(embeddings @ centre_of(embeddings) < OWN)


def centre_of(embeddings: NDArray[np.float32]) -> Embedding:
    """The direction (192,) of the person who speaks in most of the clips (N, 192), N >= 1; of equals, the first.

    Begins at the clip with most others around it and moves to the mean of what lies near until that stays the same:
    each move raises the sum of `cosine - OWN` over what is near, so it ends, and never without a clip.
    """
    near = embeddings @ embeddings.T >= OWN
    own = near[np.argmax(near.sum(axis=0))]
    for _ in range(MOVES):
        before, own = own, embeddings @ _unit(embeddings[own].sum(axis=0)) >= OWN
        if (own == before).all():
            break
    return _unit(embeddings[own].sum(axis=0))


def _unit(vector: NDArray[np.float32]) -> Embedding:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)
