"""Phones to what the sound of each should be like on average, and how long it lasts (Glow-TTS, figures 1b and 2; its
appendix A.1). Transformer blocks that know how far apart two phones are, but not where in the sentence (Shaw et al.
2018)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class ChannelNorm(nn.Module):
    """Layer norm over the channels of (B, C, T)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=1e-4)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) both."""
        return self.norm(x.transpose(1, 2)).transpose(1, 2)


class Attention(nn.Module):
    """Self-attention with learnt keys and values for distances of up to `window`."""

    def __init__(self, channels: int, heads: int, window: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.window, self.size = heads, window, channels // heads
        self.query, self.key, self.value, self.leave = (nn.Conv1d(channels, channels, 1) for _ in range(4))
        for conv in (self.query, self.key, self.value):
            nn.init.xavier_uniform_(conv.weight)
        near = torch.randn(2, 2 * window + 1, self.size) * self.size**-0.5
        self.near_keys, self.near_values = nn.Parameter(near[0]), nn.Parameter(near[1])
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, C, T) both; `mask` (B, 1, T) is 1 where there is a phone."""
        batch, channels, length = x.shape
        query, key, value = (
            conv(x).view(batch, self.heads, self.size, length).transpose(2, 3)
            for conv in (self.query, self.key, self.value)
        )
        query = query / math.sqrt(self.size)
        here = torch.arange(length, device=x.device)
        apart = here[None, :] - here[:, None] + self.window  # 0 for `window` before
        known = ((apart >= 0) & (apart <= 2 * self.window)).to(x.dtype)
        nearness = apart.clamp(0, 2 * self.window).expand(batch, self.heads, length, length)
        by_distance = (query @ self.near_keys.T).gather(3, nearness) * known
        scores = query @ key.transpose(2, 3) + by_distance
        scores = scores.masked_fill(mask[:, :, None] * mask[:, :, :, None] == 0, -1e4)
        weights = self.drop(scores.softmax(dim=3))
        mixed = weights @ value + self._near(weights, here) @ self.near_values
        return self.leave(mixed.transpose(2, 3).reshape(batch, channels, length))

    def _near(self, weights: Tensor, here: Tensor) -> Tensor:
        """Of the weights (B, H, T, T), those at each distance up to `window`: (B, H, T, 2 window + 1)."""
        batch, heads, length, _ = weights.shape
        there = here[:, None] + torch.arange(-self.window, self.window + 1, device=here.device)
        inside = ((there >= 0) & (there < length)).to(weights.dtype)
        there = there.clamp(min=0).minimum(here[-1:]).expand(batch, heads, length, 2 * self.window + 1)
        return weights.gather(3, there) * inside


class FeedForward(nn.Module):
    """Two convolutions with a ReLU between."""

    def __init__(self, channels: int, inner: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.widen = nn.Conv1d(channels, inner, kernel, padding=kernel // 2)
        self.narrow = nn.Conv1d(inner, channels, kernel, padding=kernel // 2)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, C, T) both."""
        return self.narrow(self.drop(torch.relu(self.widen(x * mask))) * mask) * mask


class Prenet(nn.Module):
    """Three convolutions that let neighbouring phones know of each other; begins as the identity."""

    def __init__(self, channels: int, kernel: int = 5, layers: int = 3, dropout: float = 0.5) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv1d(channels, channels, kernel, padding=kernel // 2) for _ in range(layers))
        self.norms = nn.ModuleList(ChannelNorm(channels) for _ in range(layers))
        self.leave = nn.Conv1d(channels, channels, 1)
        for weight in self.leave.parameters():
            nn.init.zeros_(weight)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, C, T) both."""
        moved = x
        for conv, norm in zip(self.convs, self.norms, strict=True):
            moved = self.drop(torch.relu(norm(conv(moved * mask))))
        return (x + self.leave(moved)) * mask


class TextEncoder(nn.Module):
    """Symbols to hidden states (B, hidden, P) and the mean mel frame of each symbol (B, mels, P)."""

    def __init__(
        self, symbols: int, hidden: int, inner: int, heads: int, layers: int, window: int, mels: int, dropout: float
    ) -> None:
        super().__init__()
        self.symbols = nn.Embedding(symbols, hidden)
        nn.init.normal_(self.symbols.weight, 0, hidden**-0.5)
        self.prenet = Prenet(hidden)
        self.attentions = nn.ModuleList(Attention(hidden, heads, window, dropout) for _ in range(layers))
        self.forwards = nn.ModuleList(FeedForward(hidden, inner, 3, dropout) for _ in range(layers))
        self.norms = nn.ModuleList(ChannelNorm(hidden) for _ in range(2 * layers))
        self.mean = nn.Conv1d(hidden, mels, 1)
        self.drop = nn.Dropout(dropout)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """`ids` (B, P), `mask` (B, 1, P)."""
        x = self.symbols(ids).transpose(1, 2) * math.sqrt(self.symbols.embedding_dim)
        x = self.prenet(x, mask)
        for layer, (attend, think) in enumerate(zip(self.attentions, self.forwards, strict=True)):
            x = self.norms[2 * layer](x + self.drop(attend(x * mask, mask)))
            x = self.norms[2 * layer + 1](x + self.drop(think(x, mask)))
        x = x * mask
        return x, self.mean(x) * mask


class DurationPredictor(nn.Module):
    """Hidden states of phones to the log of their lengths in frames."""

    def __init__(self, hidden: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv1d(width, inner, 3, padding=1) for width in (hidden, inner))
        self.norms = nn.ModuleList(ChannelNorm(inner) for _ in range(2))
        self.leave = nn.Conv1d(inner, 1, 1)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, hidden, P) to (B, P)."""
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = self.drop(norm(torch.relu(conv(x * mask))))
        return (self.leave(x * mask) * mask)[:, 0]
