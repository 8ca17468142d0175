"""The networks that find and measure a face, and how to run one.

All but one come out of the last MediaPipe wheel that carried them; the one beside this file is its Face Mesh, taught by
`train.faces` what a picture shows of a face in space. MediaPipe itself is not installed: it pins an old numpy, and what
its graphs do around the networks (anchors, crops, coordinates) is little. Its model cards: BlazeFace (arXiv
1907.05047), Face Mesh (1907.06724), Iris (2006.11341).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digiclone.avatar.mesh import Floats
from digiclone.avatar.texture import Pixels
from digiclone.onnx import session
from digiclone.weights import File, Model, path

NEEDS = ("ai_edge_litert",)
# Built for one Python; only its data is wanted, so any Python may fetch it.
_WHEEL = "pypi:mediapipe==0.10.21@cp311-manylinux_2_28_x86_64!mediapipe/modules/"


def _file(member: str, sha256: str, size: int) -> File:
    return File(member.rpartition("/")[2], sha256, size, (_WHEEL + member,))


NEAR = _file(
    "face_detection/face_detection_short_range.tflite",
    "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    229_714,
)
FAR = _file(
    "face_detection/face_detection_full_range_sparse.tflite",
    "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
    676_746,
)
MESH = _file(
    "face_landmark/face_landmark.tflite",
    "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    1_242_398,
)
IRIS = _file(
    "iris_landmark/iris_landmark.tflite",
    "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
    2_640_568,
)
SELFIE = _file(
    "selfie_segmentation/selfie_segmentation.tflite",
    "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
    249_505,
)
FILES = (NEAR, FAR, MESH, IRIS, SELFIE)
MODELS = (Model("face", FILES, "Apache-2.0", "Google (MediaPipe)"),)

TAUGHT = Path(__file__).with_name("face_mesh.onnx")


def run(file: File, picture: Pixels) -> list[NDArray[np.float32]]:
    """All outputs of a network, in its own order, for one picture (H, W, 3) of the size and range that it wants."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType  # noqa: PLC0415  heavy

    # One picture needs no XNNPACK, which announces itself on stderr; but only it knows an operation of SELFIE.
    plain, quick = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, OpResolverType.AUTO
    kernels = quick if file is SELFIE else plain
    network = Interpreter(str(path(file)), num_threads=2, experimental_op_resolver_type=kernels)
    network.allocate_tensors()
    network.set_tensor(network.get_input_details()[0]["index"], np.ascontiguousarray(picture[None], np.float32))
    network.invoke()
    return [network.get_tensor(output["index"])[0] for output in network.get_output_details()]


def measure(pictures: Sequence[Pixels]) -> Floats:
    """The 468 points (N, 468, 3) of an upright face in each of N pictures (192, 192, 3), in their pixels, z away from
    the camera."""
    network = session(TAUGHT, threads=2)
    found = [network.run(None, {"picture": picture.transpose(2, 0, 1)[None]})[0][0] for picture in pictures]
    return np.asarray(found, dtype=np.float64)
