"""A trained voice as two ONNX files, which the runtime joins: symbols to means and durations, and means to mel frames.

Two, since between them the durations decide how many frames there are, and chance enters: both are easier in numpy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from digiclone.nn.flow import Block, squeeze, unsqueeze
from digiclone.nn.glow_tts import GlowTTS
from digiclone.nn.plain import plain
from digiclone.nn.postfilter import Postfilter
from digiclone.onnx import session
from digiclone.train.export import Differs
from digiclone.train.traced import encoded, halved, traced

TOLERANCE = 0.05
"""By which weights in 16 bits may move a log-mel value or a log duration, at the median of many; speech spreads over
about 2."""


class Forwards(nn.Module):
    """The text encoder and the duration predictor of a voice."""

    def __init__(self, net: GlowTTS) -> None:
        super().__init__()
        self.encoder, self.durations = net.encoder, net.durations

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """`ids` (1, P) to means (1, mels, P) and log durations (1, P)."""
        spoken = torch.ones_like(ids[:, None], dtype=torch.float32)
        hidden, mean = self.encoder(ids, spoken)
        return mean, self.durations(hidden, spoken)


class Backwards(nn.Module):
    """The flow of a voice from noise to sound, with its matrices inverted once and for all; then its postfilter."""

    def __init__(self, net: GlowTTS, postfilter: Postfilter | None = None) -> None:
        super().__init__()
        self.postfilter = postfilter or nn.Identity()
        self.blocks = net.decoder.blocks
        mixes = [cast(Block, block).mix for block in self.blocks]
        self.unmixing = [torch.linalg.inv(mix.weight.detach()) for mix in mixes]

    def forward(self, latent: Tensor) -> Tensor:
        """(1, mels, F) both; F is even."""
        z = squeeze(latent)
        mask = torch.ones_like(z[:, :1])
        for part, unmixing in reversed(list(zip(self.blocks, self.unmixing, strict=True))):
            block = cast(Block, part)
            z = block.norm.inverse(block.mix.mixed(block.couple.inverse(z, mask), unmixing))
        return self.postfilter(unsqueeze(z))


def encoder(net: GlowTTS, facts: Mapping[str, str]) -> bytes:
    """Input `ids` (1, P), outputs `mean` (1, mels, P) and `logs` (1, P). Raises `Differs`."""
    half = Forwards(plain(net))
    free = {"ids": {1: "symbols"}, "mean": {2: "symbols"}, "logs": {1: "symbols"}}
    example = torch.arange(7)[None] % net.dims.symbols
    data = encoded(halved(traced(half, [example], ["ids"], ["mean", "logs"], free)), facts)
    for count in (1, 40):
        ids = torch.randint(0, net.dims.symbols, (1, count), generator=torch.Generator().manual_seed(count))
        _same(half, data, {"ids": ids})
    return data


def decoder(net: GlowTTS, facts: Mapping[str, str], postfilter: Postfilter | None = None) -> bytes:
    """Input `latent` (1, mels, F), output `mels`. Raises `Differs`."""
    half = Backwards(plain(net), postfilter)
    free = {"latent": {2: "frames"}, "mels": {2: "frames"}}
    data = encoded(halved(traced(half, [torch.zeros(1, net.dims.mels, 8)], ["latent"], ["mels"], free)), facts)
    for count in (2, 100):
        noise = torch.randn(1, net.dims.mels, count, generator=torch.Generator().manual_seed(count))
        _same(half, data, {"latent": noise})
    return data


def same(wanted: Tensor, data: bytes, inputs: Mapping[str, Tensor]) -> None:
    """Raises `Differs` unless the one output of a file is what was `wanted`."""
    _near([wanted], data, inputs)


def _same(net: nn.Module, data: bytes, inputs: Mapping[str, Tensor]) -> None:
    """Raises `Differs` unless the file computes what `net` computes."""
    with torch.no_grad():
        found = net.eval()(*inputs.values())
    _near(found if isinstance(found, tuple) else (found,), data, inputs)


def _near(wanted: Sequence[Tensor], data: bytes, inputs: Mapping[str, Tensor]) -> None:
    got = session(data, threads=1).run(None, {name: value.numpy() for name, value in inputs.items()})
    for ours, theirs in zip(wanted, got, strict=True):
        worst = float(np.median(np.abs(ours.numpy() - theirs)))
        if worst > TOLERANCE:
            raise Differs(f"ONNX and torch differ by {worst:.3f}: look at the export")
