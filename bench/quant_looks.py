"""What a model looks at, and how its queries and keys are spread: unquantised, on grids, and after learning with them
(figures of EdgeQAT)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from quant_parts import Asked, source, trained

from digiclone.measure.recordings import data
from digiclone.nn import llama
from digiclone.nn.quantised import Prepared, prepare
from digiclone.train import tokens
from digiclone.train.qat import FREE

WAYS = ("whole", "rtn", "lsq", "edgeqat")
TOKENS = 32
"""So many of WikiText-2's test text are looked at."""
BINS = np.linspace(-12, 12, 97)


def looks(asked: Asked) -> dict[str, Any]:
    """For the first, the middle and the last layer: attention maps (T, T), the mean of all heads, and the density of
    queries and keys in `BINS`, by way."""
    text = tokens.windows(source(), (data() / "wikitext2" / "test.txt").read_text("utf-8"), 512)[:1, :TOKENS]
    return {
        "setting": asked.setting,
        "bins": BINS.tolist(),
        "ways": {way: _seen(_prepared(asked, way), text) for way in WAYS},
    }


def _prepared(asked: Asked, way: str) -> Prepared:
    if way == "whole":
        return prepare(llama.load(source()), FREE)
    return trained(replace(asked, what=way, steps=0 if way == "rtn" else asked.steps))


@torch.no_grad()
def _seen(made: Prepared, text: np.ndarray) -> dict[str, Any]:
    made.watch().model(torch.from_numpy(text))
    every = made.seen()
    chosen = {"first": every[0], "middle": every[len(every) // 2], "last": every[-1]}
    found = dict[str, Any]()
    for name, one in chosen.items():
        hidden = one.logits[0].masked_fill(torch.ones(one.logits.shape[-2:]).triu(1).bool(), -torch.inf)
        spread = {
            part: np.histogram(x.numpy(), BINS, density=True)[0].round(4).tolist()
            for part, x in (("q", one.query), ("k", one.key))
        }
        found[name] = {"map": hidden.softmax(-1).mean(0).numpy().round(3).tolist(), **spread}
    return found
