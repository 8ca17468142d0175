"""The decoder of Glow-TTS: mel frames to noise and, since each step can be undone, noise to mel frames (section 2.1,
appendix A.2). Every step knows by how much it stretches volume; the sum is the log-determinant of equation 2."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

SQUEEZE = 2
"""Frames that are stacked into one column."""


class ActNorm(nn.Module):
    """A scale and a shift per channel; the first batch sets them so that it leaves with mean 0 and variance 1."""

    started: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.logs = nn.Parameter(torch.zeros(1, channels, 1))
        self.bias = nn.Parameter(torch.zeros(1, channels, 1))
        self.register_buffer("started", torch.tensor(False))

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, T) both, and the log-determinant (B,)."""
        if self.training and not self.started:
            self._start(x, mask)
        return (self.bias + torch.exp(self.logs) * x) * mask, self.logs.sum() * mask.sum((1, 2))

    def inverse(self, z: Tensor) -> Tensor:
        """(B, C, T) both."""
        return (z - self.bias) * torch.exp(-self.logs)

    def _start(self, x: Tensor, mask: Tensor) -> None:
        with torch.no_grad():
            count = mask.sum()
            mean = (x * mask).sum((0, 2), keepdim=True) / count
            variance = ((x - mean) ** 2 * mask).sum((0, 2), keepdim=True) / count
            self.logs.copy_(-0.5 * torch.log(variance.clamp(min=1e-6)))
            self.bias.copy_(-mean * torch.exp(self.logs))
            self.started.fill_(True)


class InvertibleConv(nn.Module):
    """Groups of `split` channels, half of them from either half, are mixed by one matrix (Glow's 1x1 convolution, cheap
    enough to be inverted)."""

    def __init__(self, channels: int, split: int) -> None:
        super().__init__()
        self.split, self.groups = split, channels // split
        turn = torch.linalg.qr(torch.randn(split, split))[0]
        if torch.det(turn) < 0:
            turn[:, 0] = -turn[:, 0]
        self.weight = nn.Parameter(turn)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, T) both, and the log-determinant (B,)."""
        stretched = torch.slogdet(self.weight)[1] * self.groups * mask.sum((1, 2))
        return self.mixed(x, self.weight) * mask, stretched

    def inverse(self, z: Tensor) -> Tensor:
        """(B, C, T) both."""
        return self.mixed(z, torch.linalg.inv(self.weight))

    def mixed(self, x: Tensor, weight: Tensor) -> Tensor:
        """Each group of `x` (B, C, T) times a matrix (split, split)."""
        batch, channels, length = x.shape
        half = self.split // 2
        x = x.view(batch, 2, self.groups, half, length).permute(0, 1, 3, 2, 4)
        x = functional.conv2d(x.reshape(batch, self.split, self.groups, length), weight[:, :, None, None])
        x = x.view(batch, 2, half, self.groups, length).permute(0, 1, 3, 2, 4)
        return x.reshape(batch, channels, length)


class WaveNet(nn.Module):
    """Gated convolutions, each of which adds to a common output (van den Oord et al. 2016); not dilated."""

    def __init__(self, hidden: int, kernel: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.gates = nn.ModuleList(
            weight_norm(nn.Conv1d(hidden, 2 * hidden, kernel, padding=kernel // 2)) for _ in range(layers)
        )
        self.leave = nn.ModuleList(
            weight_norm(nn.Conv1d(hidden, 2 * hidden if layer < layers - 1 else hidden, 1)) for layer in range(layers)
        )
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, hidden, T) both."""
        told = torch.zeros_like(x)
        for gate, leave in zip(self.gates, self.leave, strict=True):
            signal, open_ = self.drop(gate(x)).chunk(2, dim=1)
            out = leave(torch.tanh(signal) * torch.sigmoid(open_))
            if out.shape[1] > x.shape[1]:
                more, out = out.chunk(2, dim=1)
                x = (x + more) * mask
            told = told + out
        return told * mask


class Coupling(nn.Module):
    """One half of the channels says how the other is scaled and shifted; begins as the identity."""

    def __init__(self, channels: int, hidden: int, kernel: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.enter = weight_norm(nn.Conv1d(channels // 2, hidden, 1))
        self.wavenet = WaveNet(hidden, kernel, layers, dropout)
        self.leave = nn.Conv1d(hidden, channels, 1)
        for weight in self.leave.parameters():
            nn.init.zeros_(weight)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, T) both, and the log-determinant (B,)."""
        kept, moved = x.chunk(2, dim=1)
        shift, logs = self._told(kept, mask)
        return torch.cat([kept, (shift + torch.exp(logs) * moved) * mask], 1), (logs * mask).sum((1, 2))

    def inverse(self, z: Tensor, mask: Tensor) -> Tensor:
        """(B, C, T) both."""
        kept, moved = z.chunk(2, dim=1)
        shift, logs = self._told(kept, mask)
        return torch.cat([kept, (moved - shift) * torch.exp(-logs) * mask], 1)

    def _told(self, kept: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        shift, logs = self.leave(self.wavenet(self.enter(kept) * mask, mask)).chunk(2, dim=1)
        return shift, logs


class Block(nn.Module):
    """Norm, mix, couple."""

    def __init__(self, channels: int, hidden: int, layers: int, kernel: int, split: int, dropout: float) -> None:
        super().__init__()
        self.norm = ActNorm(channels)
        self.mix = InvertibleConv(channels, split)
        self.couple = Coupling(channels, hidden, kernel, layers, dropout)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, T) both, and the log-determinant (B,)."""
        x, by_norm = self.norm(x, mask)
        x, by_mix = self.mix(x, mask)
        x, by_couple = self.couple(x, mask)
        return x, by_norm + by_mix + by_couple

    def inverse(self, z: Tensor, mask: Tensor) -> Tensor:
        """(B, C, T) both."""
        return self.norm.inverse(self.mix.inverse(self.couple.inverse(z, mask))) * mask


class Decoder(nn.Module):
    """So many blocks over squeezed mel frames."""

    def __init__(
        self, mels: int, hidden: int, blocks: int, layers: int, kernel: int, split: int, dropout: float
    ) -> None:
        super().__init__()
        sizes = (mels * SQUEEZE, hidden, layers, kernel, split, dropout)
        self.blocks = nn.ModuleList(Block(*sizes) for _ in range(blocks))

    def forward(self, mels: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Mel frames (B, mels, F) to noise of that shape, and the log-determinant (B,). F is even, `mask` (B, 1, F)."""
        x, mask = squeeze(mels), mask[:, :, SQUEEZE - 1 :: SQUEEZE]
        stretched = torch.zeros(len(x), device=x.device)
        for block in self.blocks:
            x, more = block(x, mask)
            stretched = stretched + more
        return unsqueeze(x), stretched

    def inverse(self, noise: Tensor, mask: Tensor) -> Tensor:
        """Noise (B, mels, F) to mel frames."""
        z, mask = squeeze(noise), mask[:, :, SQUEEZE - 1 :: SQUEEZE]
        for block in reversed(self.blocks):
            z = cast(Block, block).inverse(z, mask)
        return unsqueeze(z)


def squeeze(x: Tensor) -> Tensor:
    """(B, C, T) to (B, C * SQUEEZE, T / SQUEEZE)."""
    batch, channels, length = x.shape
    x = x.view(batch, channels, length // SQUEEZE, SQUEEZE).permute(0, 3, 1, 2)
    return x.reshape(batch, channels * SQUEEZE, length // SQUEEZE)


def unsqueeze(x: Tensor) -> Tensor:
    """And back."""
    batch, channels, length = x.shape
    x = x.view(batch, SQUEEZE, channels // SQUEEZE, length).permute(0, 2, 3, 1)
    return x.reshape(batch, channels // SQUEEZE, length * SQUEEZE)
