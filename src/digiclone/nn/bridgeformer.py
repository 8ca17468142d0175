"""BridgeFormer (Qin et al. 2024, "Tiny-Align", arXiv 2411.13766, section III-B): what a speech encoder hears becomes
vectors that a language model takes for embeddings of words.

    features (B, N, audio) → MLP (eq. 1) → transformer encoder without places (2) → pooled to T (3) → MLP (4)
    → (B, T, words)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


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


class BridgeFormer(nn.Module):
    """Sees all of an utterance at once. Nothing in it knows the order of what it sees but the pooling, as printed."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.dims = dims
        self.enter = nn.Sequential(nn.Linear(dims.audio, dims.hidden), nn.GELU(), nn.Linear(dims.hidden, dims.hidden))
        layer = nn.TransformerEncoderLayer(
            dims.hidden, dims.heads, dims.inner, dims.dropout, "gelu", batch_first=True, norm_first=True
        )
        self.transformer = nn.TransformerEncoder(
            layer, dims.layers, nn.LayerNorm(dims.hidden), enable_nested_tensor=False
        )
        self.leave = nn.Sequential(nn.Linear(dims.hidden, dims.hidden), nn.GELU(), nn.Linear(dims.hidden, dims.words))
        self.length = nn.Linear(dims.hidden, dims.tokens + 1)
        """How many of the T tokens are words; the paper has nothing of the kind."""

    def forward(self, features: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """`features` (B, N, audio), of which row b has `frames[b]`: embeddings (B, T, words), and unnormalised
        log-probabilities of each number of words (B, T + 1). What is behind the frames of a row changes nothing."""
        if features.shape[2] != self.dims.audio:
            raise ValueError(f"features of width {features.shape[2]}, where the bridge takes {self.dims.audio}")
        beyond = torch.arange(features.shape[1], device=features.device) >= frames[:, None]
        seen = self.transformer(self.enter(features), src_key_padding_mask=beyond)
        pooled = pool(seen, frames, self.dims.tokens)
        inside = seen.masked_fill(beyond[..., None], 0).sum(1) / frames[:, None]
        return self.leave(pooled), self.length(inside)


def pool(x: Tensor, frames: Tensor, tokens: int) -> Tensor:
    """(B, N, H) → (B, tokens, H): token t of row b is the mean of its frames from floor(t F / T) up to
    ceil((t + 1) F / T), F being `frames[b]`: adaptive average pooling of each row without its padding."""
    cell = torch.arange(tokens, device=x.device)
    begin = cell * frames[:, None] // tokens
    end = -((cell + 1) * -frames[:, None] // tokens)
    place = torch.arange(x.shape[1], device=x.device)
    inside = ((place >= begin[..., None]) & (place < end[..., None])).to(x.dtype)
    return inside @ x / inside.sum(2, keepdim=True)
