"""A reader: what a frozen speech encoder hears becomes letters, each frame by itself and what is around it.

The bridge of the paper (`bridgeformer.py`) gives thirty vectors for any utterance and learns its sentences by heart;
what it learns does not carry over to new ones. Letters do: there are few of them, each is
said in every sentence, and connectionist temporal classification (Graves et al. 2006) finds out where. The blocks are
ConvNeXt's (Liu et al. 2022) over time: the encoder has looked at the whole utterance already.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Dims:
    """Widths of what is heard and of a block, the number of blocks, letters (the first of which is the blank)."""

    audio: int
    letters: int
    hidden: int = 288
    inner: int = 1152
    blocks: int = 6
    kernel: int = 15
    dropout: float = 0.1


class Block(nn.Module):
    """Looks around in each channel by itself, then mixes the channels of each frame."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.around = nn.Conv1d(dims.hidden, dims.hidden, dims.kernel, padding=dims.kernel // 2, groups=dims.hidden)
        self.norm = nn.LayerNorm(dims.hidden)
        self.mix = nn.Sequential(
            nn.Linear(dims.hidden, dims.inner), nn.GELU(), nn.Dropout(dims.dropout), nn.Linear(dims.inner, dims.hidden)
        )
        self.share = nn.Parameter(torch.full((dims.hidden,), 0.1))

    def forward(self, x: Tensor, inside: Tensor) -> Tensor:
        """(B, N, hidden) both; `inside` (B, N, 1) is 1 for frames and 0 for what is behind them."""
        seen = self.around((x * inside).transpose(1, 2)).transpose(1, 2)
        return x + self.share * self.mix(self.norm(seen))


class Reader(nn.Module):
    """Features to letters."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.dims = dims
        self.norm = nn.LayerNorm(dims.audio)
        self.enter = nn.Linear(dims.audio, dims.hidden)
        self.blocks = nn.ModuleList(Block(dims) for _ in range(dims.blocks))
        self.leave = nn.Sequential(
            nn.LayerNorm(dims.hidden), nn.Dropout(dims.dropout), nn.Linear(dims.hidden, dims.letters)
        )

    def forward(self, features: Tensor, frames: Tensor) -> Tensor:
        """`features` (B, N, audio), of which row b has `frames[b]`: log-probabilities (B, N, letters). What is behind
        the frames of a row changes nothing before their end."""
        if features.shape[2] != self.dims.audio:
            raise ValueError(f"features of width {features.shape[2]}, where the reader takes {self.dims.audio}")
        place = torch.arange(features.shape[1], device=features.device)
        inside = (place < frames[:, None])[..., None].to(features.dtype)
        x = self.enter(self.norm(features))
        for block in self.blocks:
            x = block(x, inside)
        return functional.log_softmax(self.leave(x), dim=2)
