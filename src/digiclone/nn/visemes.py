"""Sound to visemes: log-mel frames in, 15 classes out. Convolutions over the past alone, so a stream gives what a file
gives."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Dims:
    mels: int = 40
    width: int = 112
    kernel: int = 3
    dilations: tuple[int, ...] = (1, 1, 2, 4, 8, 16)
    visemes: int = 15

    @property
    def past(self) -> int:
        """Frames before the present one that an answer depends on."""
        return (self.kernel - 1) * sum(self.dilations)


class VisemeNet(nn.Module):
    """A stack of dilated convolutions, each but the first added to what it heard (Bai et al. 2018, "TCN", without their
    second convolution)."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.dims = dims
        inputs = [dims.mels] + [dims.width] * (len(dims.dilations) - 1)
        self.convs = nn.ModuleList(
            nn.Conv1d(i, dims.width, dims.kernel, dilation=d) for i, d in zip(inputs, dims.dilations, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(dims.width) for _ in dims.dilations)
        self.leave = nn.Conv1d(dims.width, dims.visemes, 1)
        self.drop = nn.Dropout(0.1)

    def forward(self, mels: Tensor) -> Tensor:
        """Logits (batch, frames - past, visemes) for `mels` (batch, frames, mels)."""
        sound = mels.transpose(1, 2)
        for layer, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            heard = self.drop(torch.relu(norm(conv(sound))))
            sound = heard + sound[:, :, -heard.shape[2] :] if layer else heard
        return self.leave(sound).transpose(1, 2)
