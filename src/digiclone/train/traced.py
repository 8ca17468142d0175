"""A torch network as an ONNX file: traced, with weights stored in 16 or 8 bits and computed with in 32."""

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
    for weight in _weights(model):
        _halve(weight, model)
    return model


def quartered(model: ModelProto) -> ModelProto:
    """The same file with matrices and kernels in 8 bits and a scale for each of their rows, the rest in 16; changes
    `model`. ONNX Runtime multiplies them once, when it loads the file."""
    for weight in _weights(model):
        (_quarter if len(weight.dims) > 1 else _halve)(weight, model)
    return model


def _halve(weight: TensorProto, model: ModelProto) -> None:
    name = weight.name
    weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), f"{name}-half"))
    model.graph.node.insert(0, helper.make_node("Cast", [weight.name], [name], to=TensorProto.FLOAT))


def _quarter(weight: TensorProto, model: ModelProto) -> None:
    name, values = weight.name, numpy_helper.to_array(weight)
    scale = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True).clip(1e-12) / 127
    weight.CopyFrom(numpy_helper.from_array(np.round(values / scale).astype(np.int8), f"{name}-quarter"))
    model.graph.initializer.append(numpy_helper.from_array(scale.astype(np.float32), f"{name}-scale"))
    model.graph.node.insert(0, helper.make_node("Mul", [f"{name}-wide", f"{name}-scale"], [name]))
    model.graph.node.insert(0, helper.make_node("Cast", [weight.name], [f"{name}-wide"], to=TensorProto.FLOAT))


def _weights(model: ModelProto) -> list[TensorProto]:
    return [one for one in model.graph.initializer if one.data_type == TensorProto.FLOAT]


def encoded(model: ModelProto, facts: Mapping[str, str]) -> bytes:
    """The bytes of the file, with facts about it in its metadata."""
    helper.set_model_props(model, dict(facts))
    return model.SerializeToString()
