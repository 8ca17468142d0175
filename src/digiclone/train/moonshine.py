"""The weights of Moonshine's encoder, out of the file that the recogniser runs: ONNX Runtime's own format, matrices in
8 bits, which are made 32 again (one scale and one zero for each matrix).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from onnxruntime.tools.ort_format_model.ort_flatbuffers_py.fbs.InferenceSession import InferenceSession

from digiclone import registry
from digiclone.config import ConfigError
from digiclone.nn.moonshine import Dims, Encoder
from digiclone.weights import path

TYPES = {1: np.float32, 2: np.uint8, 3: np.int8}
"""By their numbers in onnx.proto3."""
PARTS = {
    "self_attn/q_proj": "query", "self_attn/k_proj": "key", "self_attn/v_proj": "value", "self_attn/o_proj": "out",
    "mlp/fc1": "enter", "mlp/fc2": "leave",
}  # fmt: skip
"""What a matrix is for, in the file and here."""


def encoder(model: str) -> Encoder:
    """That of the recogniser's `model` ("tiny-en"), as it is before it learns."""
    weights, *_ = registry.find("asr", "moonshine", model).files
    return read(path(weights))


def read(file: Path) -> Encoder:
    """The encoder in a file. Raises `ConfigError` if there is another network in it."""
    whole: Any = InferenceSession.GetRootAsInferenceSession(file.read_bytes(), 0)
    graph = whole.Model().Graph()
    there = dict[str, NDArray[Any]]()
    for number in range(graph.InitializersLength()):
        one = graph.Initializers(number)
        if kind := TYPES.get(one.DataType()):
            shape = [one.Dims(axis) for axis in range(one.DimsLength())]
            there[one.Name().decode()] = np.frombuffer(one.RawDataAsNumpy().tobytes(), kind).reshape(shape)
    try:
        found = _plain(there)
        for number in range(graph.NodesLength()):
            node = graph.Nodes(number)
            _, _, place = node.Name().decode().partition("/layers.")
            if place.endswith("/MatMul_quant"):
                layer, _, part = place.removesuffix("/MatMul_quant").partition("/")
                inputs = [node.Inputs(at).decode() for at in range(node.InputsLength())]
                (matrix,) = (name for name in inputs if name.endswith("_quantized") and name in there)
                found[f"layers.{layer}.{PARTS[part]}.weight"] = _wide(matrix.removesuffix("_quantized"), there)
        net = Encoder(Dims())
        net.load_state_dict({name: torch.tensor(np.asarray(value, np.float32)) for name, value in found.items()})
    except (KeyError, ValueError, RuntimeError) as error:
        raise ConfigError(f"{file.name} is not the encoder that {__name__} knows: {error}") from error
    return net


def _plain(there: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """What is in 32 bits. The gain and offset of the first norm have lost their names."""
    gain, offset = (name for kind in ("Mul", "Add") for name in sorted(there) if name.startswith(f"onnx::{kind}_"))
    found = {
        "waves.weight": there["conv1.weight_add_tensor"],
        "level.weight": there[gain].ravel(),
        "level.bias": there[offset].ravel(),
        "wide.weight": there["conv2.weight_add_tensor"],
        "wide.bias": there["conv2.bias"],
        "narrow.weight": there["conv3.weight_add_tensor"],
        "narrow.bias": there["conv3.bias"],
        "last.weight": there["layer_norm.weight"],
    }
    for name, value in there.items():
        layer, _, part = name.removeprefix("layers.").partition(".")
        if part == "input_layernorm.weight":
            found[f"layers.{layer}.before.weight"] = value
        elif part == "post_attention_layernorm.weight":
            found[f"layers.{layer}.behind.weight"] = value
        elif part in ("mlp.fc1.bias", "mlp.fc2.bias"):
            found[f"layers.{layer}.{PARTS[part[:-5].replace('.', '/')]}.bias"] = value
    return found


def _wide(name: str, there: dict[str, NDArray[Any]]) -> NDArray[Any]:
    codes, zero = (there[f"{name}_{part}"].astype(np.float32) for part in ("quantized", "zero_point"))
    return ((codes - zero) * there[f"{name}_scale"]).T
