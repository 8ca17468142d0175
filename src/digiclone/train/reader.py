"""A reader learns to write the letters of what a frozen speech encoder hears, from nothing or from a base.

Nobody tells it when each letter sounds: the loss sums over all ways in which the letters could follow each other (CTC,
Graves et al. 2006). Which batch comes at which step, and every chance in it, follow from the recipe and the step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from torch import Tensor
from torch.nn import functional

from digiclone.nn.reader import Dims, Reader
from digiclone.text import letters
from digiclone.train import checkpoint
from digiclone.train.course import Course, Progress, cosine, descend, drawn, run
from digiclone.train.precision import DEVICE, mixed, side_by_side

PLOTS = {
    "loss of a letter, nats": {"learnt": "loss", "kept": "kept_loss"},
    "letters wrong": {"kept": "kept_letters_wrong"},
}


@dataclass(frozen=True, eq=False)
class Heard:
    """What an encoder heard, `features` (N, audio) in 16 bits, and the `text` that was said."""

    name: str
    features: NDArray[np.float16]
    text: str


@dataclass(frozen=True)
class Recipe:
    """All that decides what comes out, beside what was heard and the base."""

    dims: Dims
    version: int = 2
    """Of the code."""
    steps: int = 10_000
    frames: int = 6_000
    """Feature frames in a batch, padding included."""
    rate: float = 1e-3
    warm: int = 300
    """Steps over which the rate rises; then it falls like a cosine."""
    decay: float = 1e-2
    clip: float = 5.0
    """The largest norm of a gradient."""
    slower: float = 0.15
    """A batch is slower or quicker by up to this, as a natural logarithm."""
    hidden: float = 0.1
    """The share of frames that are hidden from the reader, in stretches of up to ten (SpecAugment)."""
    every: int = 500
    """Steps between two looks at what is kept from training."""
    seed: int = 0


@dataclass(frozen=True)
class Batch:
    """`features` (B, N, audio) of which row b has `frames[b]`; `wanted`, all letters one row after the other, of which
    row b has `lengths[b]`."""

    features: Tensor
    frames: Tensor
    wanted: Tensor
    lengths: Tensor


def fit(
    recipe: Recipe,
    heard: Sequence[Heard],
    kept: Sequence[Heard],
    folder: Path,
    base: Mapping[str, Tensor] | None,
    tell: Progress,
) -> Reader:
    """A reader of what was `heard`, from nothing or from the weights of a `base`; that after the last step.

    What is needed to go on lies in `folder`, at most a minute old; the losses too. Raises `ValueError` if the loss is
    no number: what was kept until then stays.
    """
    torch.manual_seed(recipe.seed)
    net = Reader(recipe.dims).to(DEVICE)
    if base is not None:
        net.load_state_dict(base)
    known = [one for one in heard if readable(one)]
    optimiser = torch.optim.AdamW(net.parameters(), recipe.rate, (0.9, 0.98), weight_decay=recipe.decay, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: cosine(step, recipe.warm, recipe.steps))

    def learn(some: Batch, step: int) -> float:
        torch.manual_seed((recipe.seed << 32) + step)  # dropout and what is hidden are the step's own
        net.train()
        with mixed():
            found = loss(net, hidden(stretched(some, recipe.slower), recipe.hidden))
        return descend(found, step, optimiser, schedule, recipe.clip)

    def look(now: float) -> tuple[dict[str, float], str]:
        return looked(now, judge(net, kept) if kept else ())

    parts: dict[str, Any] = {"net": net, "optimiser": optimiser, "schedule": schedule}
    material = (part for one in known for part in (one.name, one.features, one.text))
    place = folder / checkpoint.key(recipe, (*material, *(base or {}).values())) / "reader.pt"
    run(
        Course("the reader", recipe.steps, recipe.every, parts, place, folder, PLOTS),
        material=lambda begun: batches(recipe, known, begun),
        learn=learn,
        look=look,
        tell=tell,
    )
    return net.cpu().eval()


def looked(now: float, kept: Sequence[float]) -> tuple[dict[str, float], str]:
    """For the journal and for people: the loss of what is learnt `now`, and what `judge` found, if anything is kept."""
    judged, wrong = kept or (float("nan"), float("nan"))
    numbers = {"loss": now, **({"kept_loss": judged, "kept_letters_wrong": wrong} if kept else {})}
    return numbers, f"loss {now:.3f}; kept: {judged:.3f}, {wrong:.1%} of letters wrong"


def readable(one: Heard) -> bool:
    """Whether there is a frame for each letter, and one more between two that are alike."""
    wanted = letters.numbers(one.text)
    doubles = sum(a == b for a, b in pairwise(wanted))
    return 0 < len(wanted) + doubles <= len(one.features)


def stretched(some: Batch, most: float) -> Batch:
    """The same as if all had spoken slower, or quicker; never so quick that there is no frame for a letter."""
    least = float(torch.log(2 * some.lengths.to(some.frames.device) / some.frames).max())
    factor = float(torch.empty(1).uniform_(-most, most).clamp_min(least).exp())
    rows = functional.interpolate(some.features.transpose(1, 2), scale_factor=factor, mode="linear").transpose(1, 2)
    frames = (some.frames * factor).long().clamp(1, rows.shape[1])
    return Batch(rows, frames, some.wanted, some.lengths)


def hidden(some: Batch, share: float) -> Batch:
    """The same with stretches of frames at nought, a `share` of all."""
    count = some.features.shape[1]
    begins = torch.rand(some.features.shape[:2]) < share / 5.5
    ends = torch.cumsum(begins, 1)
    long = torch.randint(1, 11, (some.features.shape[0], count))
    since = torch.full_like(ends, 11)
    for row, column in begins.nonzero().tolist():
        since[row, column : column + int(long[row, column])] = 0
    seen = (since > 0).to(some.features)[..., None]
    return Batch(some.features * seen, some.frames, some.wanted, some.lengths)


def loss(net: Reader, some: Batch) -> Tensor:
    """Minus the log-likelihood of a letter."""
    found = net(some.features, some.frames).float().transpose(0, 1)
    each = functional.ctc_loss(found, some.wanted, some.frames, some.lengths, letters.BLANK, "none")
    return each.sum() / some.lengths.sum()


@torch.no_grad()
def judge(net: Reader, kept: Sequence[Heard]) -> tuple[float, float]:
    """The loss of a letter, and the share of letters that the likeliest path gets wrong; no numbers if none is kept."""
    net.eval()
    total, wrong, count = 0.0, 0, 0
    for one in kept:
        some = batch([one])
        letters_of = int(some.lengths[0])
        total += float(loss(net, some)) * letters_of
        count += letters_of
        wrong += Levenshtein.distance(letters.collapsed(likely(net, one).argmax(1).tolist()), letters.numbers(one.text))
    return (total / count, wrong / count) if count else (float("nan"), float("nan"))


@torch.no_grad()
def likely(net: Reader, one: Heard) -> NDArray[np.float32]:
    """The log-probabilities of letters (N, letters) in what was heard."""
    some = batch([one])
    return net.eval()(some.features, some.frames)[0].cpu().numpy()


def batches(recipe: Recipe, heard: Sequence[Heard], begun: int) -> Iterator[Batch]:
    """Those of the steps from `begun` on."""
    lengths = [len(one.features) for one in heard]
    for lot in drawn(lengths, recipe.frames, recipe.seed, range(begun, recipe.steps)):
        yield batch([heard[number] for number in lot])


def batch(heard: Sequence[Heard]) -> Batch:
    """What was heard side by side, padded with zeros."""
    return beside([one.features for one in heard], [one.text for one in heard])


def beside(rows: Sequence[NDArray[np.float16]], said: Sequence[str]) -> Batch:
    """Rows (N, width) of any kind side by side, with what was said in each."""
    features, frames = side_by_side(rows)
    texts = [letters.numbers(text) for text in said]
    wanted = torch.tensor([number for text in texts for number in text])
    lengths = torch.tensor([len(text) for text in texts])
    return Batch(features, frames, wanted.to(DEVICE), lengths.to(DEVICE))
