"""The taught Face Mesh as one ONNX file: weights stored in 16 bits, computed with in 32."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from digiclone.artifacts import write_atomically
from digiclone.nn.face_mesh import SIDE
from digiclone.onnx import session
from digiclone.train.export import OPSET, Differs

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
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the newer exporter needs two more packages and gives the same graph
        whole = Path(folder) / "whole.onnx"
        torch.onnx.export(
            net.eval(), (torch.zeros(1, 3, SIDE, SIDE),), whole, dynamo=False, opset_version=OPSET,
            input_names=["picture"], output_names=["points"],
        )  # fmt: skip
        model = onnx.load(whole)
    for weight in [w for w in model.graph.initializer if w.data_type == TensorProto.FLOAT]:
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), f"{name}-half"))
        model.graph.node.insert(0, helper.make_node("Cast", [weight.name], [name], to=TensorProto.FLOAT))
    helper.set_model_props(model, dict(facts))
    return model.SerializeToString()


def difference(net: nn.Module, data: bytes) -> float:
    """The largest difference in pixels between a point of `net` and of its file, on noise."""
    noise = np.random.default_rng(0).uniform(0, 1, (1, 3, SIDE, SIDE)).astype(np.float32)
    with torch.no_grad():
        wanted = net.eval()(torch.from_numpy(noise)).numpy()
    (got,) = session(data, threads=1).run(None, {"picture": noise})
    return float(np.abs(got - wanted).max())
