"""HiFi-GAN as an ONNX file that makes the sound of a piece of an utterance, exactly as if all of it were made at once.

Two things make it quicker than the plain network. The frames around a piece, on which its first and last samples
depend, are dropped as soon as nothing deeper depends on them: three quarters of the work lie behind that point. And
convolutions over time are written as those over pictures of height one, for which ONNX Runtime has better code.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import cast

import torch
from torch import Tensor, nn

from digiclone.nn.hifigan import Dims, Generator
from digiclone.nn.plain import plain
from digiclone.train.glow_export import same
from digiclone.train.traced import encoded, quartered, traced


def vocoder(net: Generator, facts: Mapping[str, str]) -> bytes:
    """Inputs `mels` (1, mels, F), of which the first `before` and the last `after` frames (1,) are only there to be
    looked at: none, or `around(net.dims)` at least. Output `samples` (1, (F - before - after) * hop). Raises `Differs`.
    """
    whole, piece = plain(net), Piece(plain(net))
    free = {"mels": {2: "frames"}, "samples": {1: "samples"}}
    some = around(net.dims)
    mels = torch.randn(1, net.dims.mels, 2 * some + 6, generator=torch.Generator().manual_seed(0)) * 2 - 5
    frames, none = torch.tensor([some]), torch.tensor([0])
    example = [mels, frames, frames]
    data = encoded(quartered(traced(piece, example, ["mels", "before", "after"], ["samples"], free)), facts)
    for before, after in ((none, none), (frames, none), (none, frames), (frames, frames)):
        hop = net.dims.hop
        with torch.no_grad():
            wanted = whole(mels)[:, int(before) * hop : (mels.shape[2] - int(after)) * hop]
        same(wanted, data, {"mels": mels, "before": before, "after": after})
    return data


def around(dims: Dims) -> int:
    """Frames on either side of a piece on which its samples depend."""
    return ceil((_needed(dims)[0] + _reach(dims)) / dims.upsample[0]) + 1 + 3


def _reach(dims: Dims) -> int:
    """Samples on either side that the widest block of a level looks at."""
    return max(kernel // 2 * (sum(dims.dilations) + len(dims.dilations)) for kernel in dims.kernels)


def _needed(dims: Dims) -> list[int]:
    """Samples on either side of a piece, at the rate of each level, on which something deeper depends: the next one's
    blocks, and its transposed convolution, which looks at one neighbour."""
    needed = [3]  # of the last convolution
    for factor in reversed(dims.upsample[1:]):
        needed.insert(0, ceil((needed[0] + _reach(dims)) / factor) + 1)
    return needed


class Piece(nn.Module):
    """The generator on part of an utterance."""

    def __init__(self, net: Generator) -> None:
        super().__init__()
        self.dims = net.dims
        self.net = cast(Generator, _flat(net))

    def forward(self, mels: Tensor, before: Tensor, after: Tensor) -> Tensor:
        """As `vocoder` says."""
        x = self.net.conv_pre(mels[:, :, None])
        for number, needed in enumerate(_needed(self.dims)):
            x = self.net.level(x, number)
            before, after = (side * self.dims.upsample[number] for side in (before, after))
            x = _inner(x, (before - needed).clamp(min=0), (after - needed).clamp(min=0))
            before, after = (side.clamp(max=needed) for side in (before, after))
        return _inner(self.net.samples(x), before, after)[:, 0, 0]


def _inner(x: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """Without so many at the beginning and at the end."""
    return x[..., before[0] : x.shape[-1] - after[0]]


def _flat(net: nn.Module) -> nn.Module:
    """The same network over pictures of height one; changes `net`."""
    for name, part in net.named_children():
        if isinstance(part, nn.Conv1d | nn.ConvTranspose1d):
            kind = nn.ConvTranspose2d if isinstance(part, nn.ConvTranspose1d) else nn.Conv2d
            assert not isinstance(part.padding, str)
            flat = kind(
                part.in_channels, part.out_channels, (1, part.kernel_size[0]), (1, part.stride[0]),
                (0, part.padding[0]), dilation=(1, part.dilation[0]),
            )  # fmt: skip
            assert part.bias is not None
            assert flat.bias is not None
            flat.weight, flat.bias = nn.Parameter(part.weight[:, :, None].detach()), part.bias
            net.register_module(name, flat)
        else:
            _flat(part)
    return net
