"""Faces in a picture: two BlazeFace detectors, one for faces near the camera, one for small ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image as Pillow

from digiclone.avatar.mesh import Floats
from digiclone.avatar.photo import networks
from digiclone.avatar.texture import Pixels
from digiclone.weights import File

# Boxes that share more than this of their area show the same face.
OVERLAP = 0.3
SURE = 0.5
# A face that fills the picture is found when there is some room around it.
ROOM = 0.5


@dataclass(frozen=True, eq=False)
class Found:
    """A face in pixels: `box` (left, top, right, bottom), `eyes` (2, 2), the person's right one first; `score` 0..1."""

    box: tuple[float, float, float, float]
    eyes: Floats
    score: float


@dataclass(frozen=True)
class _Detector:
    """`side` of its input in pixels; per square cell of `cells` a side, `anchors` boxes."""

    file: File
    side: int
    cells: tuple[tuple[int, int], ...]


_DETECTORS = (
    _Detector(networks.NEAR, 128, ((16, 2), (8, 6))),
    _Detector(networks.FAR, 192, ((48, 1),)),
)


def find_faces(picture: Pixels) -> list[Found]:
    """Every face in a picture (H, W, 3), from left to right."""
    return _all_in(picture, 0.0) or _all_in(picture, ROOM)


def _all_in(picture: Pixels, room: float) -> list[Found]:
    found = [face for detector in _DETECTORS for face in _detect(detector, picture, room)]
    kept: list[Found] = []
    for face in sorted(found, key=lambda face: -face.score):
        if all(_shared(face.box, other.box) < OVERLAP for other in kept):
            kept.append(face)
    return sorted(kept, key=lambda face: face.box[0])


def _detect(detector: _Detector, picture: Pixels, room: float) -> list[Found]:
    height, width = picture.shape[:2]
    square = max(height, width) * (1 + 2 * room)
    corner = np.array([width - square, height - square]) / 2
    boxes, logits = networks.run(detector.file, _letterbox(picture, square, detector.side) * 2 - 1)
    score = 1 / (1 + np.exp(-np.clip(logits[:, 0].astype(np.float64), -50, 50)))
    sure = score > SURE
    values = boxes[sure].astype(np.float64).reshape(-1, 8, 2) / detector.side
    values[:, [0, 2, 3]] += _anchors(detector)[sure][:, None]
    middle, size, *eyes = (values[:, i] for i in range(4))
    boxes = np.concatenate([middle - size / 2, middle + size / 2], axis=1) * square + np.tile(corner, 2)
    points = np.stack(eyes, axis=1) * square + corner
    return [
        Found((b[0], b[1], b[2], b[3]), p, float(s))
        for b, p, s in zip(boxes.tolist(), points, score[sure], strict=True)
    ]


def _letterbox(picture: Pixels, square: float, side: int) -> Pixels:
    """The picture in the middle of a black square, `side` pixels wide."""
    height, width = picture.shape[:2]
    wide, high = max(1, round(width * side / square)), max(1, round(height * side / square))
    small = Pillow.fromarray((picture * 255).astype(np.uint8)).resize((wide, high), Pillow.Resampling.BILINEAR)
    canvas = np.zeros((side, side, 3), dtype=np.float32)
    left, top = (side - wide) // 2, (side - high) // 2
    canvas[top : top + high, left : left + wide] = np.asarray(small, dtype=np.float32) / np.float32(255)
    return canvas


def _anchors(detector: _Detector) -> Floats:
    """Centres (N, 2) of the cells, in 0..1, in the order of the network's outputs."""
    layers: list[Floats] = []
    for cells, count in detector.cells:
        y, x = np.mgrid[0:cells, 0:cells].reshape(2, -1)
        layers.append(np.repeat((np.stack([x, y], axis=1) + 0.5) / cells, count, axis=0))
    return np.concatenate(layers)


def _shared(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(width, 0.0) * max(height, 0.0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return both / max(areas - both, 1e-9)
