"""The course of a training, which is the same for all: steps, looks at what was learnt, a checkpoint every minute."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from digiclone.train import checkpoint
from digiclone.train.journal import Journal, Plots

T = TypeVar("T")
L = TypeVar("L")
Progress = Callable[[str, float], None]
MINUTE = 60.0
"""Seconds of work that a kill may cost."""


@dataclass(frozen=True)
class Course:
    """Of so many steps. `parts` are what a checkpoint holds, in the file `place`; the journal with its `plots` lies in
    `folder`. `name` is said before everything that is told."""

    name: str
    steps: int
    every: int
    """Steps between two looks."""
    parts: Mapping[str, Any]
    place: Path
    folder: Path
    plots: Plots


def run(
    course: Course,
    material: Callable[[int], Iterable[T]],
    learn: Callable[[T, int], L],
    look: Callable[[L], tuple[Mapping[str, float], str]],
    tell: Progress,
    enough: Callable[[], bool] = lambda: False,
    first: Callable[[], Mapping[str, float]] | None = None,
) -> None:
    """Learn from what `material` yields for the steps from a given one on, until there were `enough`.

    `learn` gives the losses of a step; `look` makes of them, and of what it finds itself, the numbers for the journal
    and a word for people. `first` looks before anything was learnt. `tell` hears after each step how it goes and the
    share that is behind. A course that was killed and runs again ends where it would have ended.
    """
    course.place.parent.mkdir(parents=True, exist_ok=True)
    begun = checkpoint.resume(course.parts, course.place)
    journal = Journal(course.folder, course.plots, begun)
    if first and not begun:
        journal.add(0, first())
    how = f"{course.name}, {'going on' if begun else 'beginning'}"
    started = written = time.monotonic()
    for step, some in enumerate(material(begun), begun):
        if enough():
            break
        losses = learn(some, step)
        done = step + 1
        if done % course.every == 0 or done == course.steps:
            numbers, said = look(losses)
            journal.add(done, numbers)
            left = (time.monotonic() - started) / (done - begun) * (course.steps - done) / 60
            how = f"{course.name}, step {done} of {course.steps}: {said}; {left:.0f} min left"
        if time.monotonic() - written > MINUTE or done == course.steps:
            checkpoint.keep(course.parts, done, course.place)
            written = time.monotonic()
        tell(how, done / course.steps)
    journal.close()


def descend(found: Tensor, step: int, optimiser: Optimizer, schedule: LRScheduler, clip: float | None = None) -> float:
    """One step down the gradient of the loss `found`, whose norm is at most `clip`; the loss.

    Raises `ValueError` if that is no number: nothing has changed, and what was kept until then stays.
    """
    if not torch.isfinite(found):
        raise ValueError(f"the loss of step {step} is no number; the checkpoint before it is kept: lower the rate")
    optimiser.zero_grad()
    found.backward()
    if clip is not None:
        weights = [weight for group in optimiser.param_groups for weight in group["params"]]
        torch.nn.utils.clip_grad_norm_(weights, clip)
    optimiser.step()
    schedule.step()
    return found.item()


def cosine(step: int, warm: int, steps: int) -> float:
    """The share of the learning rate at a step: it rises in a line, then falls like a cosine to a fiftieth."""
    if step < warm:
        return (step + 1) / warm
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def drawn(lengths: Sequence[int], room: int, seed: int, steps: range) -> Iterator[list[int]]:
    """What is learnt together at each of the `steps`: the numbers of things that take no more `room` side by side.

    All come once, and again in other lots; those of like length stand together, for what is padded is lost.
    """
    step, turn = 0, 0
    while step < steps.stop:
        for lot in _lots(np.asarray(lengths), room, np.random.default_rng(seed + turn)):
            if step in steps:
                yield lot
            step += 1
        turn += 1


def _lots(lengths: NDArray[np.int64], room: int, chance: np.random.Generator) -> list[list[int]]:
    lots, lot, longest = list[list[int]](), list[int](), 0
    for number in np.argsort(lengths * chance.uniform(0.9, 1.1, len(lengths))).tolist():
        longest = max(longest, int(lengths[number]))
        if lot and (len(lot) + 1) * longest > room:
            lots.append(lot)
            lot, longest = [], int(lengths[number])
        lot.append(number)
    lots.append(lot)
    return [lots[number] for number in chance.permutation(len(lots))]
