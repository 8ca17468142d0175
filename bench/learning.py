"""Monotonic alignment search and a training step of Glow-TTS, each beside a plain reference, in one run.

    python bench/learning.py [--quick] [--json]

The reference searches as the paper prints it, phone by phone and frame by frame, and takes likelihoods by their
formula, one number of a mel frame at a time. Both must find the same.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor

from digiclone.nn import glow_tts
from digiclone.nn.alignment import search
from digiclone.nn.glow_tts import GlowTTS
from digiclone.train import base, glow
from digiclone.train.speech import Sentence, batch

PHONES, FRAMES, SENTENCES = 150, 640, 12
"""Of a batch like those of a training: 7.4 s of speech each."""


def figures(quick: bool) -> dict[str, Any]:
    """Seconds, and how many times quicker ours is."""
    times = 1 if quick else 3
    chance = np.random.default_rng(0)
    likelihood = torch.from_numpy(chance.normal(0, 3, (SENTENCES, PHONES, FRAMES)).astype(np.float32))
    sizes = torch.full((SENTENCES,), PHONES), torch.full((SENTENCES,), FRAMES)
    assert torch.equal(search(likelihood, *sizes), plain_search(likelihood, *sizes)), "they find different alignments"
    ours, plain = (_seconds(lambda f=f: f(likelihood, *sizes), times) for f in (search, plain_search))
    step, plain_step = _step(times), 0.0
    with (
        mock.patch.object(glow_tts, "search", plain_search),
        mock.patch.object(glow_tts, "log_likelihood", plain_likelihood),
    ):
        plain_step = _step(times)
    return {
        "alignment_search_s": ours,
        "alignment_search_plain_s": plain,
        "alignment_search_times": plain / ours,
        "training_step_s": step,
        "training_step_plain_s": plain_step,
        "training_step_times": plain_step / step,
    }


def plain_search(likelihood: Tensor, phones: Tensor, frames: Tensor) -> Tensor:
    """Glow-TTS, algorithm 1."""
    path = torch.zeros_like(likelihood)
    for row, (p, f) in enumerate(zip(phones.tolist(), frames.tolist(), strict=True)):
        value = likelihood[row].tolist()
        best = [[-math.inf] * f for _ in range(p)]
        for j in range(f):
            for i in range(min(p, j + 1)):
                stay = best[i][j - 1] if j else -math.inf
                come = best[i - 1][j - 1] if i and j else -math.inf
                best[i][j] = value[i][j] + (max(stay, come) if j else 0.0)
        i = p - 1
        for j in range(f - 1, -1, -1):
            path[row, i, j] = 1
            if i and j and (i == j or best[i - 1][j - 1] >= best[i][j - 1]):
                i -= 1
    return path


def plain_likelihood(noise: Tensor, mean: Tensor) -> Tensor:
    """As the formula is printed, for each phone against each frame."""
    off = noise[:, :, None, :] - mean[:, :, :, None]
    return (-0.5 * math.log(2 * math.pi) - 0.5 * off**2).sum(1)


def _step(times: int) -> float:
    chance = np.random.default_rng(0)
    said = [
        Sentence(str(n), chance.integers(1, 60, PHONES), chance.normal(-5, 2, (80, FRAMES)).astype(np.float16))
        for n in range(SENTENCES)
    ]
    torch.manual_seed(0)
    net = GlowTTS(base.DIMS)
    optimiser = torch.optim.Adam(net.parameters(), 1e-4)
    return _seconds(lambda: glow.learn(glow.Recipe(dims=base.DIMS), net, optimiser, batch(said), 0), times)


def _seconds(work: Callable[[], object], times: int) -> float:
    """The quickest of some."""
    work()
    took = list[float]()
    for _ in range(times):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return min(took)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="once, not three times")
    parser.add_argument("--json", action="store_true", help="one line")
    chosen = parser.parse_args()
    print(json.dumps(figures(chosen.quick), indent=None if chosen.json else 2))
