"""How strongly each column of a language model's matrices is driven: the mean of x², for the numbers x it meets.

A rounding error in a column that meets large numbers does more harm than one in a column that meets small ones
(llama.cpp calls this an importance matrix).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from digiclone.nn.llama import Llama
from digiclone.train.precision import DEVICE


def shipped() -> str:
    """The text that is read if nobody names another: speeches of presidents, which no evaluation uses."""
    lines = (files("digiclone.train") / "speeches.txt").read_text("utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("#"))


@torch.no_grad()
def mean_squares(
    net: Llama, windows: np.ndarray, tell: Callable[[str, float], None] = lambda what, share: None
) -> dict[str, np.ndarray]:
    """For each matrix, by its name in the GGUF file, the mean of x² of each column's input, float32 (columns,).

    `windows` (N, W) are tokens. The token table is not among them: it is looked up, not multiplied.
    """
    net = net.to(DEVICE)
    linear = {f"{name}.weight": part for name, part in net.named_modules() if isinstance(part, nn.Linear)}
    sums = {name: torch.zeros(part.in_features, device=DEVICE) for name, part in linear.items()}

    def adding(name: str) -> Callable[[nn.Module, Any], None]:
        def add(_part: nn.Module, given: tuple[Tensor, ...]) -> None:
            sums[name] += (given[0] ** 2).flatten(0, -2).sum(0)

        return add

    hooks = [part.register_forward_pre_hook(adding(name)) for name, part in linear.items()]
    try:
        for number, window in enumerate(windows):
            tell("reading for what matters", number / len(windows))
            net(torch.from_numpy(window).to(DEVICE)[None])
    finally:
        for hook in hooks:
            hook.remove()
    return {name: (total / windows.size).cpu().numpy() for name, total in sums.items()}
