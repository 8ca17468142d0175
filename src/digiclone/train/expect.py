"""Can this machine train a voice, and how long will it take?"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import torch

from digiclone.config import ConfigError
from digiclone.measure.machine import device
from digiclone.nn.glow_tts import GlowTTS
from digiclone.train import glow, postfilter
from digiclone.train.precision import DEVICE
from digiclone.train.speech import Sentence
from digiclone.train.voice import Recipe, Start

GIGABYTE = 2**30
MEMORY, DISK, DISK_VOCODER = 3.0, 1.0, 3.0
"""GB that must be free: of memory, of disk for the acoustic model, and for the vocoder with its discriminators."""

STEPS = 3
"""That are measured."""


def room(folder: Path, vocoder: bool) -> None:
    """Raises `ConfigError` unless there is enough memory and disk."""
    here = next(place for place in (folder, *folder.parents) if place.exists())
    disk, needed = shutil.disk_usage(here).free / GIGABYTE, DISK_VOCODER if vocoder else DISK
    if disk < needed:
        raise ConfigError(f"training needs {needed:.0f} GB of disk and {disk:.1f} GB are free: {_ELSEWHERE}")
    memory = psutil.virtual_memory().available / GIGABYTE
    if memory < MEMORY:
        raise ConfigError(f"training needs {MEMORY:.0f} GB of memory and {memory:.1f} GB are free: {_ELSEWHERE}")


_ELSEWHERE = "make room, or train on another machine (digiclone voice pack)"


def seconds(recipe: Recipe, said: Sequence[Sentence], start: Start) -> float:
    """About how long the acoustic model and its postfilter take here, at most: the former may stop early."""
    training = recipe.fitted(start.base.dims)
    net = GlowTTS(training.dims).to(DEVICE)
    net.load_state_dict(start.base.weights)
    optimiser = torch.optim.Adam(net.parameters(), 0.0)
    batches = glow.batches(replace(training, steps=STEPS), said, 0)
    # asking for a loss waits for a GPU
    acoustic = _quickest(lambda: float(glow.learn(training, net, optimiser, next(batches), 0).likelihood))
    whole = acoustic * training.steps
    if game := recipe.postfilter:
        noise = np.random.default_rng(0).normal(-5, 2, (net.dims.mels, game.frames)).astype(np.float16)
        pairs = [postfilter.Pair("", noise, noise)]
        sides = postfilter.Game(game, pairs, None)
        whole += game.steps * _quickest(lambda: float(sides.step(*postfilter.crops(game, pairs, 0))["critic"]))
    return whole


def _quickest(work: Callable[[], object]) -> float:
    took = list[float]()
    for _ in range(STEPS):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return min(took)


def machine() -> str:
    """What computes."""
    if DEVICE.type == "cuda":
        return torch.cuda.get_device_name()
    return f"{device()['cores']} cores, no GPU"


def spoken(seconds: float) -> str:
    """A time as people say it."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
