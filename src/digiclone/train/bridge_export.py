"""A trained bridge or reader as an ONNX file, as `digiclone.bridge` runs it: input `features` (1, N, audio).

A reader gives `likely` (1, N, letters); a bridge `embeddings` (1, T, words) and `lengths` (1, T + 1), which is empty
if it never learnt how many of the T are words.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from digiclone.nn.bridgeformer import BridgeFormer
from digiclone.nn.reader import Reader
from digiclone.onnx import session
from digiclone.train.export import Differs
from digiclone.train.traced import encoded, halved, traced

TOLERANCE = 0.05
"""By which weights in 16 bits may move an embedding or a log-probability, of its spread, at the median of many."""


class _Letters(nn.Module):
    def __init__(self, net: Reader) -> None:
        super().__init__()
        self.net = net

    def forward(self, features: Tensor) -> Tensor:
        return self.net(features, torch.full((1,), features.shape[1]))


class _Embeddings(nn.Module):
    def __init__(self, net: BridgeFormer, counted: bool) -> None:
        super().__init__()
        self.net, self.counted = net, counted

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        found, lengths = self.net(features, torch.full((1,), features.shape[1]))
        return found, lengths[:, : lengths.shape[1] if self.counted else 0]


def reader(net: Reader, facts: Mapping[str, str]) -> bytes:
    """The bytes of the file. Raises `Differs` if it does not compute what the network computes."""
    return _written(_Letters(net.eval()), net.dims.audio, ["likely"], facts)


def bridge(net: BridgeFormer, counted: bool, facts: Mapping[str, str]) -> bytes:
    """The bytes of the file; `counted`: whether the bridge learnt how many words there are. Raises `Differs`."""
    return _written(_Embeddings(net.eval(), counted), net.dims.audio, ["embeddings", "lengths"], facts)


def _written(net: nn.Module, width: int, outputs: list[str], facts: Mapping[str, str]) -> bytes:
    free = {"features": {1: "frames"}, **({"likely": {1: "frames"}} if outputs == ["likely"] else {})}
    example = torch.randn(1, 120, width, generator=torch.Generator().manual_seed(0))
    data = encoded(halved(traced(net, [example], ["features"], outputs, free)), facts)
    run = session(data, threads=1).run
    for count in (7, 120, 401):
        features = torch.randn(1, count, width, generator=torch.Generator().manual_seed(count))
        with torch.no_grad():
            wanted = net(features)
        (got, *_) = run(None, {"features": features.numpy()})
        values = (wanted[0] if isinstance(wanted, tuple) else wanted).numpy()
        off = float(np.median(np.abs(got - values))) / float(values.std())
        if not off < TOLERANCE:
            raise Differs(f"ONNX and torch differ by {off:.3f} of the spread on {count} frames: look at {__name__}")
    return data
