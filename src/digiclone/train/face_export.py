"""The taught Face Mesh as one ONNX file: weights stored in 16 bits, computed with in 32."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

from digiclone.artifacts import write_atomically
from digiclone.nn.face_mesh import SIDE
from digiclone.onnx import session
from digiclone.train.export import Differs
from digiclone.train.traced import encoded, halved, traced

TOLERANCE = 0.2
"""Pixels of 192 by which 16 bits may move a point."""


def write(net: nn.Module, place: Path, facts: Mapping[str, str]) -> float:
    """Write `net` with `facts` as its metadata; the largest difference in pixels between the two, on noise.

    Input `picture` (1, 3, 192, 192) in 0..1, output `points` (1, 468, 3). Raises `Differs`, and then writes nothing.
    """
    data = encode(net, facts)
    worst = difference(net, data)
    if worst > TOLERANCE:
        raise Differs(f"ONNX and torch differ by {worst:.3f} pixels: look at `encode`")
    write_atomically(place, data)
    return worst


def encode(net: nn.Module, facts: Mapping[str, str]) -> bytes:
    """The bytes of the file."""
    return encoded(halved(traced(net, [torch.zeros(1, 3, SIDE, SIDE)], ["picture"], ["points"])), facts)


def difference(net: nn.Module, data: bytes) -> float:
    """The largest difference in pixels between a point of `net` and of its file, on noise."""
    noise = np.random.default_rng(0).uniform(0, 1, (1, 3, SIDE, SIDE)).astype(np.float32)
    with torch.no_grad():
        wanted = net.eval()(torch.from_numpy(noise)).numpy()
    (got,) = session(data, threads=1).run(None, {"picture": noise})
    return float(np.abs(got - wanted).max())
