"""A torch network as an ONNX file: traced, with weights stored in 16 bits and computed with in 32."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn

OPSET = 17


def traced(
    net: nn.Module,
    example: Sequence[Tensor],
    inputs: Sequence[str],
    outputs: Sequence[str],
    free: Mapping[str, Mapping[int, str]] | None = None,
) -> ModelProto:
    """What `net` does with the `example`; `free` names the axes of inputs and outputs that may have any length."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the newer exporter needs two more packages and gives the same graph
        whole = Path(folder) / "whole.onnx"
        torch.onnx.export(
            net.eval(), tuple(example), whole, dynamo=False, opset_version=OPSET,
            input_names=list(inputs), output_names=list(outputs),
            dynamic_axes={name: dict(axes) for name, axes in (free or {}).items()},
        )  # fmt: skip
        return onnx.load(whole)


def halved(model: ModelProto) -> ModelProto:
    """The same file with weights in 16 bits; changes `model`."""
    for weight in [w for w in model.graph.initializer if w.data_type == TensorProto.FLOAT]:
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), f"{name}-half"))
        model.graph.node.insert(0, helper.make_node("Cast", [weight.name], [name], to=TensorProto.FLOAT))
    return model


def encoded(model: ModelProto, facts: Mapping[str, str]) -> bytes:
    """The bytes of the file, with facts about it in its metadata."""
    helper.set_model_props(model, dict(facts))
    return model.SerializeToString()
