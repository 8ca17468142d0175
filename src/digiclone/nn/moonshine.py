"""Moonshine's encoder (Jeffries et al. 2024, arXiv 2410.15608): samples to what is heard, one vector per 24 ms.

The recogniser runs it from a file that cannot learn (`asr/moonshine.py`); this is the same network, that can.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Dims:
    """Width of a vector and inside a layer; layers, heads; numbers of a head that turn with time."""

    width: int = 288
    inner: int = 1152
    layers: int = 6
    heads: int = 8
    turning: int = 32


class Layer(nn.Module):
    """Attention, then an MLP, each behind a norm and beside what it changes."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.dims = dims
        self.before, self.behind = (nn.LayerNorm(dims.width, bias=False) for _ in range(2))
        self.query, self.key, self.value, self.out = (nn.Linear(dims.width, dims.width, bias=False) for _ in range(4))
        self.enter, self.leave = nn.Linear(dims.width, dims.inner), nn.Linear(dims.inner, dims.width)

    def forward(self, x: Tensor, angles: Tensor, seen: Tensor | None) -> Tensor:
        """`x` (B, N, width), with the `angles` (N, turning / 2) of each place; `seen` (B, 1, 1, N), if not all is."""
        y = self.before(x)
        query, key, value = (self._heads(part(y)) for part in (self.query, self.key, self.value))
        found = functional.scaled_dot_product_attention(turned(query, angles), turned(key, angles), value, seen)
        x = x + self.out(found.transpose(1, 2).flatten(2))
        return x + self.leave(functional.gelu(self.enter(self.behind(x))))

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.dims.heads, -1)).transpose(1, 2)


def turned(x: Tensor, angles: Tensor) -> Tensor:
    """Rotary places (Su et al. 2021): neighbouring numbers are turned in pairs; those behind stay as they are."""
    end = 2 * angles.shape[1]
    first, second, rest = x[..., :end:2], x[..., 1:end:2], x[..., end:]
    cosine, sine = angles.cos(), angles.sin()
    pairs = torch.stack([first * cosine - second * sine, second * cosine + first * sine], -1)
    return torch.cat([pairs.flatten(-2), rest], -1)


class Encoder(nn.Module):
    """Samples to vectors."""

    def __init__(self, dims: Dims | None = None) -> None:
        super().__init__()
        self.dims = dims = dims or Dims()
        self.waves = nn.Conv1d(1, dims.width, 127, stride=64, bias=False)
        self.level = nn.GroupNorm(1, dims.width)
        self.wide = nn.Conv1d(dims.width, 2 * dims.width, 7, stride=3)
        self.narrow = nn.Conv1d(2 * dims.width, dims.width, 3, stride=2)
        self.layers = nn.ModuleList(Layer(dims) for _ in range(dims.layers))
        self.last = nn.LayerNorm(dims.width, bias=False)

    def forward(self, samples: Tensor, lengths: Tensor | None = None) -> Tensor:
        """`samples` (B, S) at 16 kHz, of which row b has `lengths[b]` and zeros behind them: (B, N, width), of which it
        has `frames(lengths[b])`, the same as if it stood alone."""
        x = self._levelled(torch.tanh(self.waves(samples[:, None])), lengths)
        x = functional.gelu(self.narrow(functional.gelu(self.wide(x)))).transpose(1, 2)
        place = torch.arange(x.shape[1], device=x.device)
        seen = None if lengths is None else (place < frames(lengths)[:, None])[:, None, None]
        half = self.dims.turning // 2
        speeds = 10_000.0 ** -(torch.arange(half, device=x.device, dtype=torch.float32) / half)
        angles = place[:, None].float() * speeds
        for layer in self.layers:
            x = layer(x, angles, seen)
        return self.last(x)

    def _levelled(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """A whole row at one loudness; what is behind its end does not count."""
        if lengths is None:
            return self.level(x)
        count = (_waves(lengths) * x.shape[1])[:, None, None]
        x = x * (torch.arange(x.shape[2], device=x.device) < _waves(lengths)[:, None])[:, None]
        mean = x.sum((1, 2), keepdim=True) / count
        spread = (x * x).sum((1, 2), keepdim=True) / count - mean * mean
        level = (x - mean) * torch.rsqrt(spread + self.level.eps)
        return level * self.level.weight[:, None] + self.level.bias[:, None]


def frames(samples: Tensor) -> Tensor:
    """The vectors that so many samples become."""
    return ((_waves(samples) - 7) // 3 + 1 - 3) // 2 + 1


def _waves(samples: Tensor) -> Tensor:
    return (samples - 127) // 64 + 1
