"""What a language model of few bits is worth, beside the one that it was made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import nn

from digiclone.measure import intervals
from digiclone.train import blimp
from digiclone.train.blimp import Pair
from digiclone.train.perplexity import perplexity
from digiclone.train.precision import DEVICE


def judged(
    net: nn.Module,
    teacher: nn.Module | None,
    windows: np.ndarray,
    some: Sequence[Pair],
    tell: Callable[[str, float], None] = lambda what, share: None,
) -> dict[str, Any]:
    """Perplexity over `windows` (N, W); the divergence from the `teacher` there, nats a token, 0 without one; and, if
    there are `some` pairs of BLiMP, the share that is right. Intervals are over windows and over pairs."""
    read = perplexity(net, windows, tell, teacher.to(DEVICE) if teacher else None)
    apart = read.apart or (0.0,) * len(windows)
    found: dict[str, Any] = {
        "perplexity": read.value,
        "perplexity_interval": tuple(map(math.exp, intervals.of_many(read.losses))),
        "divergence": float(np.mean(apart)),
        "divergence_interval": intervals.of_many(apart),
    }
    if some:
        right = blimp.right(net, some, tell)
        phenomena = blimp.grouped(some, right)
        found |= {
            "grammar": phenomena["all"],
            "grammar_interval": blimp.interval(some, phenomena),
            "phenomena": phenomena,
        }
    return found
