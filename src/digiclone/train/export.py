"""The trained network as one ONNX file that says where it comes from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper

from digiclone.artifacts import write_atomically
from digiclone.nn.visemes import VisemeNet
from digiclone.onnx import session
from digiclone.train.traced import OPSET

TOLERANCE = 2e-2
"""The largest difference that storing weights in 16 bits may make to a probability."""


class Differs(Exception):
    """The file does not compute what the network computes."""


def write(net: VisemeNet, place: Path, facts: Mapping[str, str]) -> float:
    """Write `net` to `place` with `facts` as its metadata; the largest difference between the two on noise.

    Input `mels` (1, past + n, mels), output `likely` (1, n, visemes), which are probabilities. Batch norms are folded
    into their convolutions; weights are stored in 16 bits and computed with in 32. Raises `Differs`, and then writes
    nothing.
    """
    data = encode(net, facts)
    worst = difference(net, data)
    if worst > TOLERANCE:
        raise Differs(f"ONNX and torch differ by {worst:.3f}: train again, and if that does not help look at `encode`")
    write_atomically(place, data)
    return worst


def encode(net: VisemeNet, facts: Mapping[str, str]) -> bytes:
    """The bytes of the file."""
    nodes: list[Any] = []
    weights: list[Any] = []

    def node(kind: str, inputs: list[str], **attributes: Any) -> str:
        output = f"{kind.lower()}-{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def weight(values: np.ndarray) -> str:
        name = f"weight-{len(weights)}"
        weights.append(numpy_helper.from_array(values.astype(np.float16), name))
        return node("Cast", [name], to=TensorProto.FLOAT)

    def whole(*numbers: int) -> str:
        name = f"whole-{len(weights)}"
        weights.append(numpy_helper.from_array(np.array(numbers, np.int64), name))
        return name

    sound = node("Transpose", ["mels"], perm=[0, 2, 1])
    for layer, (kernel, bias) in enumerate(folded(net)):
        dilation = net.dims.dilations[layer]
        heard = node("Conv", [sound, weight(kernel), weight(bias)], dilations=[dilation])
        heard = node("Relu", [heard])
        if layer:
            end = np.iinfo(np.int64).max
            kept = node("Slice", [sound, whole((net.dims.kernel - 1) * dilation), whole(int(end)), whole(2)])
            heard = node("Add", [heard, kept])
        sound = heard
    leave = [weight(p.detach().numpy()) for p in (net.leave.weight, net.leave.bias) if p is not None]
    spoken = node("Transpose", [node("Conv", [sound, *leave])], perm=[0, 2, 1])
    nodes.append(helper.make_node("Softmax", [spoken], ["likely"], axis=2))

    shape = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "visemes",
        [shape("mels", TensorProto.FLOAT, [1, "frames", net.dims.mels])],
        [shape("likely", TensorProto.FLOAT, [1, "answers", net.dims.visemes])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    helper.set_model_props(model, {"past": str(net.dims.past), **facts})
    return model.SerializeToString()


def folded(net: VisemeNet) -> list[tuple[np.ndarray, np.ndarray]]:
    """The kernels and biases of the convolutions with their batch norms inside."""
    result: list[tuple[np.ndarray, np.ndarray]] = []
    for conv, norm in zip(net.convs, net.norms, strict=True):
        state = {**{f"conv.{k}": v for k, v in conv.state_dict().items()}, **norm.state_dict()}
        scale = state["weight"] / torch.sqrt(state["running_var"] + 1e-5)
        bias = (state["conv.bias"] - state["running_mean"]) * scale + state["bias"]
        result.append(((state["conv.weight"] * scale[:, None, None]).numpy(), bias.numpy()))
    return result


def difference(net: VisemeNet, data: bytes) -> float:
    """The largest difference between a probability of `net` and of its file, on noise."""
    mels = np.random.default_rng(0).uniform(-1, 1, (1, net.dims.past + 200, net.dims.mels)).astype(np.float32)
    net.eval()
    with torch.no_grad():
        wanted = torch.softmax(net(torch.from_numpy(mels)), dim=2).numpy()
    (got,) = session(data, threads=1).run(None, {"mels": mels})
    return float(np.abs(got - wanted).max())
