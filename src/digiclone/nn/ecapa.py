"""ECAPA-TDNN (Desplanques, Thienpondt and Demuynck 2020): a clip of speech to 192 numbers that tell who is speaking.

Dilated convolutions look at a growing span of time, squeeze-and-excitation lets each block know the whole clip, and the
pooling pays attention to some frames more than to others, in each channel to its own. Only to be listened with: the
classifier that it was trained against is left out. The names of its parts are those of SpeechBrain's checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


@dataclass(frozen=True)
class Dims:
    """Of the network with C = 1024 (section 3 and figure 2); its three blocks look `dilations` frames apart."""

    mels: int = 80
    channels: int = 1024
    dilations: tuple[int, ...] = (2, 3, 4)
    scale: int = 8
    squeezed: int = 128
    gathered: int = 3072
    attention: int = 128
    embedding: int = 192


class TDNN(nn.Module):
    """A convolution over time, mirrored at both ends; ReLU; batch norm."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, dilation: int = 1) -> None:
        super().__init__()
        padding = (kernel - 1) * dilation // 2
        self.conv = nn.Conv1d(inputs, outputs, kernel, dilation=dilation, padding=padding, padding_mode="reflect")
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, T) to (B, outputs, T)."""
        return self.norm(torch.relu(self.conv(x)))


class Res2Net(nn.Module):
    """`scale` groups of channels, each of which hears the one before, and so further in time (Gao et al. 2019)."""

    def __init__(self, channels: int, scale: int, dilation: int) -> None:
        super().__init__()
        self.scale = scale
        self.blocks = nn.ModuleList(TDNN(channels // scale, channels // scale, 3, dilation) for _ in range(scale - 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, T) both."""
        first, *groups = x.chunk(self.scale, dim=1)
        heard, before = [first], torch.zeros_like(first)  # the second group hears only itself
        for block, group in zip(self.blocks, groups, strict=True):
            before = block(group + before)
            heard.append(before)
        return torch.cat(heard, dim=1)


class SqueezeExcite(nn.Module):
    """Scales each channel by what the whole clip says (section 2.2)."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(channels, squeezed, 1)
        self.conv2 = nn.Conv1d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, T) both."""
        mean = x.mean(dim=2, keepdim=True)
        return x * torch.sigmoid(self.conv2(torch.relu(self.conv1(mean))))


class Block(nn.Module):
    """An SE-Res2Block (figure 1), added to what it heard."""

    def __init__(self, dims: Dims, dilation: int) -> None:
        super().__init__()
        self.tdnn1 = TDNN(dims.channels, dims.channels)
        self.res2net_block = Res2Net(dims.channels, dims.scale, dilation)
        self.tdnn2 = TDNN(dims.channels, dims.channels)
        self.se_block = SqueezeExcite(dims.channels, dims.squeezed)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, T) both."""
        return x + self.se_block(self.tdnn2(self.res2net_block(self.tdnn1(x))))


class AttentivePooling(nn.Module):
    """Mean and deviation over time, in each channel of the frames that matter to it (section 2.1)."""

    def __init__(self, channels: int, attention: int) -> None:
        super().__init__()
        self.tdnn = TDNN(3 * channels, attention)
        self.conv = nn.Conv1d(attention, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, T) to (B, 2 channels)."""
        everywhere = torch.full_like(x[:, :1], 1 / x.shape[2])
        whole = _statistics(x, everywhere)[:, :, None].expand(-1, -1, x.shape[2])
        weight = self.conv(torch.tanh(self.tdnn(torch.cat([x, whole], dim=1)))).softmax(dim=2)
        return _statistics(x, weight)


def _statistics(x: Tensor, weight: Tensor) -> Tensor:
    """Mean and standard deviation over time of x (B, C, T) under weights that sum to 1: (B, 2 C)."""
    mean = (weight * x).sum(2)
    variance = (weight * (x - mean[:, :, None]) ** 2).sum(2)
    return torch.cat([mean, variance.clamp(min=1e-12).sqrt()], dim=1)


class ECAPA(nn.Module):
    """Log-mel frames of a clip to its embedding."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.dims = dims
        self.blocks = nn.ModuleList(
            [TDNN(dims.mels, dims.channels, 5), *(Block(dims, dilation) for dilation in dims.dilations)]
        )
        self.mfa = TDNN(len(dims.dilations) * dims.channels, dims.gathered)
        self.asp = AttentivePooling(dims.gathered, dims.attention)
        self.asp_bn = nn.BatchNorm1d(2 * dims.gathered)
        self.fc = nn.Conv1d(2 * dims.gathered, dims.embedding, 1)

    def forward(self, mels: Tensor) -> Tensor:
        """(B, mels, T) to (B, embedding), not of unit length. T must be above the largest dilation."""
        x, heard = self.blocks[0](mels), list[Tensor]()
        for block in self.blocks[1:]:
            x = block(x)
            heard.append(x)
        pooled = self.asp_bn(self.asp(self.mfa(torch.cat(heard, dim=1))))
        return self.fc(pooled[:, :, None])[:, :, 0]


def load(file: Path) -> ECAPA:
    """The network with the weights of SpeechBrain's `spkrec-ecapa-voxceleb`, which know 7205 people."""
    kept: Mapping[str, Tensor] = torch.load(file, map_location="cpu")
    net = ECAPA(Dims())
    net.load_state_dict({_here(name): weight for name, weight in kept.items()})
    return net.eval()


def _here(name: str) -> str:
    """SpeechBrain wraps every layer of torch in one of its own, of which the names here are free."""
    part, _, kind = name.rpartition(".")
    return f"{part.rpartition('.')[0]}.{kind}"


def embedding(net: ECAPA, mels: NDArray[np.float32]) -> NDArray[np.float32]:
    """(embedding,) of one clip's frames (mels, T)."""
    with torch.inference_mode():
        return net(torch.from_numpy(mels)[None])[0].numpy()
