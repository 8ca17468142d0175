"""A postfilter: gives the mel frames of a flow, which are smoother than real ones, the detail that they lack. It learns
in a game with a critic that tells made frames from real ones (Kaneko et al. 2017, "Generative adversarial network-based
postfilter for statistical parametric speech synthesis")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from digiclone.nn.discriminators import Seen, seen
from digiclone.nn.hifigan import SLOPE


@dataclass(frozen=True)
class Dims:
    """`layers` convolutions over time between one that widens and one that narrows."""

    mels: int = 80
    hidden: int = 192
    layers: int = 2
    kernel: int = 5


class Postfilter(nn.Module):
    """Adds to log-mel frames; begins by adding nothing. `mean` and `spread` (mels,) are those of real frames."""

    mean: Tensor
    spread: Tensor

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.dims = dims
        pad = dims.kernel // 2
        self.enter = nn.Conv1d(dims.mels, dims.hidden, dims.kernel, padding=pad)
        self.convs = nn.ModuleList(
            nn.Conv1d(dims.hidden, dims.hidden, dims.kernel, padding=pad) for _ in range(dims.layers)
        )
        self.leave = nn.Conv1d(dims.hidden, dims.mels, dims.kernel, padding=pad)
        for weight in self.leave.parameters():
            nn.init.zeros_(weight)
        self.register_buffer("mean", torch.zeros(dims.mels, 1))
        self.register_buffer("spread", torch.ones(dims.mels, 1))

    def forward(self, mels: Tensor) -> Tensor:
        """(B, mels, F) both."""
        x = functional.leaky_relu(self.enter((mels - self.mean) / self.spread), SLOPE)
        for conv in self.convs:
            x = x + functional.leaky_relu(conv(x), SLOPE)
        return mels + self.leave(x) * self.spread


class Critic(nn.Module):
    """Looks at frames as at a picture, at patches of some 30 bands by 30 frames."""

    def __init__(self, widths: Sequence[int] = (24, 48, 96)) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            weight_norm(nn.Conv2d(narrow, wide, 5, stride=2, padding=2))
            for narrow, wide in zip((1, *widths[:-1]), widths, strict=True)
        )
        self.last = weight_norm(nn.Conv2d(widths[-1], 1, 3, padding=1))

    def forward(self, frames: Tensor) -> Seen:
        """Of frames (B, mels, F) in units of their spread."""
        return seen(frames[:, None], cast(Sequence[nn.Module], self.convs), self.last)
