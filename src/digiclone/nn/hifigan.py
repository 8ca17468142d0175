"""HiFi-GAN's generator (Kong, Kim and Bae 2020), V1: mel frames to sound, by transposed convolutions and blocks that
look at several distances at once (section 2.2, "multi-receptive field fusion").

The names of its parts are those of the authors' checkpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

SLOPE = 0.1


@dataclass(frozen=True)
class Dims:
    """V1's sizes."""

    mels: int = 80
    channels: int = 512
    upsample: tuple[int, ...] = (8, 8, 2, 2)
    upsample_kernels: tuple[int, ...] = (16, 16, 4, 4)
    kernels: tuple[int, ...] = (3, 7, 11)
    dilations: tuple[int, ...] = (1, 3, 5)

    @property
    def hop(self) -> int:
        """Samples that a frame becomes."""
        samples = 1
        for factor in self.upsample:
            samples *= factor
        return samples


class ResBlock(nn.Module):
    """Pairs of a dilated and a plain convolution, each pair added to what it heard."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()

        def conv(dilation: int) -> nn.Module:
            padding = (kernel - 1) * dilation // 2
            return weight_norm(nn.Conv1d(channels, channels, kernel, dilation=dilation, padding=padding))

        self.convs1 = nn.ModuleList(conv(dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(conv(1) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, T) both."""
        for far, near in zip(self.convs1, self.convs2, strict=True):
            x = x + near(functional.leaky_relu(far(functional.leaky_relu(x, SLOPE)), SLOPE))
        return x


class Generator(nn.Module):
    """Mel frames to samples."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.dims = dims
        widths = [dims.channels >> level for level in range(len(dims.upsample) + 1)]
        self.conv_pre = weight_norm(nn.Conv1d(dims.mels, widths[0], 7, padding=3))
        self.ups = nn.ModuleList(
            weight_norm(nn.ConvTranspose1d(wide, narrow, kernel, factor, padding=(kernel - factor) // 2))
            for wide, narrow, factor, kernel in zip(
                widths[:-1], widths[1:], dims.upsample, dims.upsample_kernels, strict=True
            )
        )
        self.resblocks = nn.ModuleList(
            ResBlock(width, kernel, dims.dilations) for width in widths[1:] for kernel in dims.kernels
        )
        self.conv_post = weight_norm(nn.Conv1d(widths[-1], 1, 7, padding=3))

    def forward(self, mels: Tensor) -> Tensor:
        """(B, mels, F) to samples (B, F * hop) in -1..1."""
        x = self.conv_pre(mels)
        for number in range(len(self.ups)):
            x = self.level(x, number)
        return self.samples(x)[:, 0]

    def level(self, x: Tensor, number: int) -> Tensor:
        """What a level makes of the one before it: more samples, in fewer channels."""
        count = len(self.dims.kernels)
        x = self.ups[number](functional.leaky_relu(x, SLOPE))
        return cast(Tensor, sum(block(x) for block in self.resblocks[number * count : (number + 1) * count])) / count

    def samples(self, x: Tensor) -> Tensor:
        """What the last level has, as sound in one channel."""
        # 0.01 and not `SLOPE`: the authors' code leaves PyTorch's default here, and their weights know it
        return torch.tanh(self.conv_post(functional.leaky_relu(x)))


def load(file: Path) -> Generator:
    """V1 with the weights of a checkpoint of the authors' code, `{"generator": ...}`."""
    kept: Mapping[str, Tensor] = torch.load(file, map_location="cpu")["generator"]
    net = Generator(Dims())
    net.load_state_dict({_here(name): weight for name, weight in kept.items()})
    return net.eval()


def _here(name: str) -> str:
    """The name that weight norm gives in this version of torch to what it once called `weight_g` and `weight_v`."""
    part, _, kind = name.rpartition(".")
    number = {"weight_g": 0, "weight_v": 1}
    return f"{part}.parametrizations.weight.original{number[kind]}" if kind in number else name
