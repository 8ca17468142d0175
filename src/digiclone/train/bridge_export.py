"""A trained bridge or reader as an ONNX file, as `digiclone.bridge` runs it: input `features` (1, N, audio), or, with
ears of its own, `samples` (1, S).

A reader gives `likely` (1, N, letters), and what its own ears heard, `features`; a bridge `embeddings` (1, T, words)
and `lengths` (1, T + 1), which is empty if it never learnt how many of the T are words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from digiclone.nn.bridgeformer import BridgeFormer
from digiclone.nn.reader import Reader
from digiclone.onnx import session
from digiclone.train.ears import Hearing
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


class _Heard(nn.Module):
    def __init__(self, net: Hearing) -> None:
        super().__init__()
        self.net = net

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        features = self.net.encoder(samples)
        return self.net.reader(features, torch.full((1,), features.shape[1])), features


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


def hearing(net: Hearing, facts: Mapping[str, str]) -> bytes:
    """The same with ears of its own."""
    free = {"samples": {1: "samples"}, "likely": {1: "frames"}, "features": {1: "frames"}}
    examples = [0.1 * _chance(1, count) for count in (48_000, 5_000, 160_000)]
    return _same(_Heard(net.eval()), "samples", examples, list(free)[1:], free, facts)


def bridge(net: BridgeFormer, counted: bool, facts: Mapping[str, str]) -> bytes:
    """The bytes of the file; `counted`: whether the bridge learnt how many words there are. Raises `Differs`."""
    return _written(_Embeddings(net.eval(), counted), net.dims.audio, ["embeddings", "lengths"], facts)


def _written(net: nn.Module, width: int, outputs: list[str], facts: Mapping[str, str]) -> bytes:
    free = {"features": {1: "frames"}, **({"likely": {1: "frames"}} if outputs == ["likely"] else {})}
    return _same(net, "features", [_chance(1, count, width) for count in (120, 7, 401)], outputs, free, facts)


def _chance(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(shape[1]))


def _same(
    net: nn.Module, input_: str, examples: Sequence[Tensor], outputs: list[str], free: Mapping[str, Mapping[int, str]],
    facts: Mapping[str, str],
) -> bytes:  # fmt: skip
    """The file, traced with the first of the examples, in which all of them come out the same."""
    data = encoded(halved(traced(net, examples[:1], [input_], outputs, free)), facts)
    run = session(data, threads=1).run
    for example in examples:
        with torch.no_grad():
            wanted = net(example)
        (got, *_) = run(None, {input_: example.numpy()})
        values = (wanted[0] if isinstance(wanted, tuple) else wanted).numpy()
        off = float(np.median(np.abs(got - values))) / float(values.std())
        if not off < TOLERANCE:
            raise Differs(f"ONNX and torch differ by {off:.3f} of the spread on {example.shape[1]}: look at {__name__}")
    return data
