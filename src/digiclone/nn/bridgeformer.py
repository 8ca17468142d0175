"""BridgeFormer (Qin et al. 2024, "Tiny-Align", arXiv 2411.13766, section III-B): what a speech encoder hears becomes
vectors that a language model takes for embeddings of words.

    features (B, N, audio) → MLP (eq. 1) → transformer encoder without places (2) → pooled to T (3) → MLP (4)
    → (B, T, words)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Dims:
    """The paper's names are in brackets. `words` is the width of the language model; the paper does not tell `inner`,
    the width inside its transformer's layers."""

    audio: int
    words: int
    hidden: int = 256
    """(H)"""
    heads: int = 4
    """(M)"""
    layers: int = 4
    """(E)"""
    tokens: int = 30
    """(T), the "casted token size"."""
    inner: int = 1024
    dropout: float = 0.1
    stacked: int = 1
    """Frames that stand side by side and enter as one: of four there is a quarter to look at, in a third of the
    time."""


class Layer(nn.Module):
    """A transformer encoder's: attention, then an MLP, each behind a norm and beside a way around (Vaswani et al. 2017;
    torch's own does not go into an ONNX file that takes any length)."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.dims = dims
        self.before, self.between = nn.LayerNorm(dims.hidden), nn.LayerNorm(dims.hidden)
        self.ask, self.answer = nn.Linear(dims.hidden, 3 * dims.hidden), nn.Linear(dims.hidden, dims.hidden)
        self.mix = nn.Sequential(
            nn.Linear(dims.hidden, dims.inner), nn.GELU(), nn.Dropout(dims.dropout), nn.Linear(dims.inner, dims.hidden)
        )
        self.drop = nn.Dropout(dims.dropout)

    def forward(self, x: Tensor, inside: Tensor) -> Tensor:
        """(B, N, H); `inside` (B, N) is true where there is something to look at."""
        rows, count = x.shape[:2]
        asked = self.ask(self.before(x)).reshape(rows, count, 3, self.dims.heads, -1)
        query, key, value = asked.permute(2, 0, 3, 1, 4)
        rate = self.dims.dropout if self.training else 0.0
        seen = functional.scaled_dot_product_attention(query, key, value, inside[:, None, None], rate)
        x = x + self.drop(self.answer(seen.transpose(1, 2).reshape(rows, count, -1)))
        return x + self.drop(self.mix(self.between(x)))


class BridgeFormer(nn.Module):
    """Sees all of an utterance at once. Nothing in it knows the order of what it sees but the pooling, as printed."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.dims = dims
        wide = dims.audio * dims.stacked
        self.enter = nn.Sequential(nn.Linear(wide, dims.hidden), nn.GELU(), nn.Linear(dims.hidden, dims.hidden))
        self.layers = nn.ModuleList(Layer(dims) for _ in range(dims.layers))
        self.norm = nn.LayerNorm(dims.hidden)
        self.leave = nn.Sequential(nn.Linear(dims.hidden, dims.hidden), nn.GELU(), nn.Linear(dims.hidden, dims.words))
        self.length = nn.Linear(dims.hidden, dims.tokens + 1)
        """How many of the T tokens are words; the paper has nothing of the kind."""

    def forward(self, features: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """`features` (B, N, audio), of which row b has `frames[b]`: embeddings (B, T, words), and unnormalised
        log-probabilities of each number of words (B, T + 1). What is behind the frames of a row changes nothing."""
        if features.shape[2] != self.dims.audio:
            raise ValueError(f"features of width {features.shape[2]}, where the bridge takes {self.dims.audio}")
        features, frames = beside(features, frames, self.dims.stacked)
        inside = torch.arange(features.shape[1], device=features.device) < frames[:, None]
        x = self.enter(features)
        for layer in self.layers:
            x = layer(x, inside)
        seen = self.norm(x)
        mean = (seen * inside[..., None]).sum(1) / frames[:, None]
        return self.leave(pool(seen, frames, self.dims.tokens)), self.length(mean)


def beside(features: Tensor, frames: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """(B, N, audio) → (B, N / count, count audio), and the frames of each row then; zeros fill up its last one."""
    inside = torch.arange(features.shape[1], device=features.device) < frames[:, None]
    filled = functional.pad(features * inside[..., None], (0, 0, 0, -features.shape[1] % count))
    rows, many, width = filled.shape
    return filled.reshape(rows, many // count, count * width), (frames + count - 1) // count


def pool(x: Tensor, frames: Tensor, tokens: int) -> Tensor:
    """(B, N, H) → (B, tokens, H): token t of row b is the mean of its frames from floor(t F / T) up to
    ceil((t + 1) F / T), F being `frames[b]`: adaptive average pooling of each row without its padding."""
    cell = torch.arange(tokens, device=x.device)
    begin = cell * frames[:, None] // tokens
    end = ((cell + 1) * frames[:, None] + tokens - 1) // tokens
    place = torch.arange(x.shape[1], device=x.device)
    inside = ((place >= begin[..., None]) & (place < end[..., None])).to(x.dtype)
    return inside @ x / inside.sum(2, keepdim=True)
