"""How well a language model foresees a text."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from digiclone.train.guides import divergence
from digiclone.train.precision import DEVICE


@dataclass(frozen=True)
class Perplexity:
    """Among how many equally likely tokens the model hesitates on average; 1 is perfect."""

    value: float
    tokens: int
    """That were foreseen; the others only led up to them."""
    losses: tuple[float, ...] = ()
    """Of each window, the mean of -ln p of these."""
    apart: tuple[float, ...] = ()
    """Of each window, KL(teacher || net) of a token, in nats, if there was a teacher."""


@torch.no_grad()
def perplexity(
    net: nn.Module,
    windows: np.ndarray,
    tell: Callable[[str, float], None] = lambda what, share: None,
    teacher: nn.Module | None = None,
) -> Perplexity:
    """exp of the mean of -ln p(token | those before it in its window), over `windows` (N, W) of tokens; and how far
    what `net` foresees, at every place, is from what a `teacher` does.

    As `llama-perplexity` counts: only what the second half of each window says, so that nothing is asked of a model
    that has hardly read anything; W/2 - 1 tokens each. What is judged are the weights that the file holds, in 32-bit
    arithmetic: an engine that also rounds what flows between them is a little worse.
    """
    net, half = net.to(DEVICE), windows.shape[1] // 2
    losses, apart = list[float](), list[float]()
    for number, window in enumerate(windows):
        tell("reading for the perplexity", number / len(windows))
        tokens = torch.from_numpy(window).to(DEVICE)
        logits = net(tokens[None])
        losses.append(float(functional.cross_entropy(logits[0, half:-1], tokens[half + 1 :])))
        if teacher:
            apart.append(float(divergence(logits, teacher(tokens[None]), 1.0)))
    return Perplexity(math.exp(np.mean(losses)), len(windows) * (half - 1), tuple(losses), tuple(apart))
