"""Can this machine train a voice, and how long will it take?"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psutil
import torch
from torch import Tensor

from digiclone.config import ConfigError
from digiclone.measure.machine import device
from digiclone.nn.glow_tts import GlowTTS
from digiclone.train import glow
from digiclone.train.precision import DEVICE
from digiclone.train.speech import Sentence

GIGABYTE = 2**30
MEMORY, DISK, DISK_VOCODER = 3.0, 1.0, 3.0
"""GB that must be free: of memory, of disk for the acoustic model, and for the vocoder with its discriminators."""


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


def seconds(recipe: glow.Recipe, said: Sequence[Sentence], base: dict[str, Tensor]) -> float:
    """About how long so many steps take here, at most: it may stop early."""
    net = GlowTTS(recipe.dims).to(DEVICE)
    net.load_state_dict(base)
    optimiser = torch.optim.Adam(net.parameters(), 0.0)
    took = list[float]()
    for step, some in glow.steps(replace(recipe, steps=3), said, 0):
        begun = time.perf_counter()
        float(glow.learn(recipe, net, optimiser, some, step).likelihood)  # waits for a GPU
        took.append(time.perf_counter() - begun)
    return min(took) * recipe.steps


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
