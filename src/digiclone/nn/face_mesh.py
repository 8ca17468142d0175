"""Where the points of a face are, in three dimensions, from one picture of it: Face Mesh (Kartynnik et al. 2019, arXiv
1907.06724), begun with MediaPipe's weights, and a second opinion on its early features.

MediaPipe's network squeezes a face through 288 numbers; of how a drawn face differs from the mean, its points show two
fifths. The second opinion has a wider way out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

POINTS = 468
SIDE = 192
"""Pixels along each side of the picture, which shows the face upright."""
FEATURES, FEATURE_SIDE = 64, 24
# How far a second opinion of 1 moves a point, in pixels.
REACH = 0.05 * SIDE


class Block(nn.Module):
    """A depthwise and a pointwise convolution beside the identity; what grows, grows by zeros (BlazeFace, 2019)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.stride, self.grown = stride, outputs - inputs
        self.depth = nn.Conv2d(inputs, inputs, 3, stride, padding=0 if stride > 1 else 1, groups=inputs)
        self.point = nn.Conv2d(inputs, outputs, 1)
        self.bend = nn.PReLU(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        kept = functional.max_pool2d(x, 2) if self.stride > 1 else x
        moved = self.point(self.depth(_halved(x) if self.stride > 1 else x))
        return self.bend(functional.pad(kept, (0, 0, 0, 0, 0, self.grown)) + moved)


class Stem(nn.Module):
    """The first convolution."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, outputs, 3, 2)
        self.bend = nn.PReLU(outputs)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, outputs, H / 2, W / 2)."""
        return self.bend(self.conv(_halved(pictures)))


def _halved(x: Tensor) -> Tensor:
    """Padded as TensorFlow pads before a stride of 2."""
    return functional.pad(x, (0, 1, 0, 1))


class Widened(nn.Module):
    """An inverted residual (Sandler et al. 2018)."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        inner = 2 * width
        self.layers = nn.Sequential(
            *(nn.Conv2d(width, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU()),
            *(nn.Conv2d(inner, inner, kernel, padding=kernel // 2, groups=inner, bias=False), nn.BatchNorm2d(inner)),
            *(nn.ReLU(), nn.Conv2d(inner, width, 1, bias=False), nn.BatchNorm2d(width)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) both."""
        return x + self.layers(x)


def _second_opinion() -> nn.Sequential:
    def half(inputs: int, outputs: int) -> list[nn.Module]:
        return [nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]

    last = nn.Linear(320, 3 * POINTS)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(
        *half(FEATURES, 128), *(Widened(128, 5) for _ in range(3)),
        *half(128, 256), *(Widened(256, 3) for _ in range(3)),
        *half(256, 128), nn.Flatten(), nn.Linear(9 * 128, 320), nn.ReLU(), last,
    )  # fmt: skip


class FaceMesh(nn.Module):
    """`early` features of a picture, then MediaPipe's way from them to the points, and the second opinion."""

    def __init__(self) -> None:
        super().__init__()
        self.early = nn.Sequential(
            Stem(16), Block(16, 16), Block(16, 16),
            Block(16, 32, 2), Block(32, 32), Block(32, 32),
            Block(32, FEATURES, 2),
        )  # fmt: skip
        self.late = nn.Sequential(
            Block(64, 64), Block(64, 64),
            Block(64, 128, 2), Block(128, 128), Block(128, 128),
            Block(128, 128, 2), Block(128, 128), Block(128, 128),
            Block(128, 128, 2), Block(128, 128), Block(128, 128),
            nn.Conv2d(128, 32, 1), nn.PReLU(32), Block(32, 32), nn.Conv2d(32, 3 * POINTS, 3), nn.Flatten(),
        )  # fmt: skip
        self.second = _second_opinion()

    def forward(self, pictures: Tensor) -> Tensor:
        """Points (B, 468, 3) in pixels, z away from the camera, of pictures (B, 3, 192, 192) in 0..1."""
        return self.points(self.early(pictures))

    def points(self, features: Tensor) -> Tensor:
        """The same from early features (B, 64, 24, 24)."""
        return (self.late(features) + REACH * self.second(features)).unflatten(1, (POINTS, 3))


class BothWays(nn.Module):
    """What `net` says of a picture and of its mirror image, on average; `mirror` (468,) is the other side's point."""

    def __init__(self, net: FaceMesh, mirror: Tensor) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("mirror", mirror)

    def forward(self, pictures: Tensor) -> Tensor:
        """As `FaceMesh.forward`."""
        seen, turned = self.net(torch.cat([pictures, pictures.flip(3)])).chunk(2)
        x, y, z = turned[:, self.mirror].unbind(2)
        return (seen + torch.stack([SIDE - x, y, z], 2)) / 2


def taught_on_photos(file: Path) -> FaceMesh:
    """With the weights of MediaPipe's `face_landmark.tflite`; the second opinion still says nothing."""
    net = FaceMesh()
    weights = _weights(file)
    for part in nn.Sequential(net.early, net.late).modules():
        if isinstance(part, nn.Conv2d):
            kernel, bias = next(weights)
            # TFLite keeps (out, H, W, in), and of depthwise ones (1, H, W, channels)
            kernel = kernel.transpose(3, 0, 1, 2) if part.groups > 1 else kernel.transpose(0, 3, 1, 2)
            _set(part.weight, kernel)
            _set(part.bias, bias)
        elif isinstance(part, nn.PReLU):
            _set(part.weight, next(weights)[0].ravel())
    return net


def _set(parameter: Tensor | None, values: np.ndarray) -> None:
    assert parameter is not None
    parameter.data = torch.from_numpy(values.astype(np.float32)).reshape(parameter.shape)


def _weights(file: Path) -> Iterator[list[np.ndarray]]:
    """Of every layer on the way from the picture to the points, in this order."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType  # noqa: PLC0415  heavy

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    network = Interpreter(str(file), experimental_op_resolver_type=plain, experimental_preserve_all_tensors=True)
    network.allocate_tensors()
    network.invoke()  # which is when weights of 16 bits become ones of 32
    operations: Sequence[dict[str, Any]] = network._get_ops_details()  # there is no public way
    wanted, layers = {int(network.get_output_details()[0]["index"])}, list[list[np.ndarray]]()
    for operation in reversed(operations):
        inputs = [int(index) for index in operation["inputs"]]
        if wanted.isdisjoint(int(index) for index in operation["outputs"]):
            continue  # the way to whether there is a face at all
        wanted.update(inputs)
        if operation["op_name"] in ("CONV_2D", "DEPTHWISE_CONV_2D", "PRELU"):
            layers.append([np.array(network.get_tensor(index)) for index in inputs[1:]])
    return reversed(layers)
