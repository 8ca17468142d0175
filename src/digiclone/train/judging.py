"""What a file of few bits is worth beside the one that it was made of: by the weights that it holds, in 32-bit
arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from digiclone.nn.llama import load
from digiclone.train import blimp
from digiclone.train.perplexity import perplexity
from digiclone.train.precision import DEVICE


def judged(
    file: Path, source: Path, windows: np.ndarray, grammar: Path | None, pairs: int, tell: Callable[[str, float], None]
) -> dict[str, Any]:
    """Perplexity over `windows` (N, W); the divergence from `source` there, nats a token; and the share that is
    right of so many `pairs` of each paradigm of BLiMP, in the folder `grammar`."""
    net = load(file).to(DEVICE)
    read = perplexity(net, windows, tell, load(source).to(DEVICE) if file != source else None)
    found: dict[str, Any] = {"perplexity": read.value, "divergence": float(np.mean(read.apart or 0.0))}
    if grammar:
        some = blimp.pairs(grammar, source, pairs)
        phenomena = blimp.grouped(some, blimp.right(net, some, tell))
        found |= {"grammar": phenomena["all"], "phenomena": phenomena}
    return found
