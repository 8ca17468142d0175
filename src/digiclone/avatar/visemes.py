"""The 52 ARKit face shapes and the 15 visemes spoken with them.

Visemes are the set of Oculus LipSync (also OpenXR and TalkingHead), in its order. Our table says how much of each ARKit
shape makes each mouth; it was tuned on the rendered head, for its look and for the gap between the lips, which the
tests measure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from digiclone.avatar.mesh import Floats

_SIDED = (
    "browDown", "browOuterUp", "cheekSquint", "eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp",
    "eyeSquint", "eyeWide", "mouthDimple", "mouthFrown", "mouthLowerDown", "mouthPress", "mouthSmile", "mouthStretch",
    "mouthUpperUp", "noseSneer",
)  # fmt: skip
_CENTRAL = (
    "browInnerUp", "cheekPuff", "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose", "mouthFunnel",
    "mouthLeft", "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "tongueOut",
)  # fmt: skip

ARKIT: Final[tuple[str, ...]] = tuple(
    sorted([*_CENTRAL, *(name + side for name in _SIDED for side in ("Left", "Right"))]),
)

VISEMES: Final[tuple[str, ...]] = (
    "sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U",
)  # fmt: skip

# Shapes that come in a left and a right half are written once and applied to both.
_TABLE: Final[Mapping[str, Mapping[str, float]]] = {
    "sil": {},
    "PP": {"mouthPress": 0.40, "mouthRollLower": 0.22, "mouthRollUpper": 0.22},
    "FF": {"jawOpen": 0.05, "mouthRollLower": 0.70, "mouthUpperUp": 0.45, "mouthShrugLower": 0.20},
    "TH": {"jawOpen": 0.17, "tongueOut": 0.35, "mouthLowerDown": 0.20, "mouthUpperUp": 0.15},
    "DD": {"jawOpen": 0.13, "mouthLowerDown": 0.35, "mouthUpperUp": 0.20, "mouthStretch": 0.10},
    "kk": {"jawOpen": 0.19, "mouthLowerDown": 0.20, "mouthUpperUp": 0.15},
    "CH": {"jawOpen": 0.06, "mouthFunnel": 0.50, "mouthPucker": 0.30, "mouthLowerDown": 0.15},
    "SS": {"jawOpen": 0.05, "mouthStretch": 0.30, "mouthLowerDown": 0.40, "mouthUpperUp": 0.25, "mouthSmile": 0.15},
    "nn": {"jawOpen": 0.12, "mouthLowerDown": 0.28, "mouthUpperUp": 0.12},
    "RR": {"jawOpen": 0.11, "mouthFunnel": 0.30, "mouthPucker": 0.30, "mouthLowerDown": 0.10},
    "aa": {"jawOpen": 0.48, "mouthLowerDown": 0.20, "mouthUpperUp": 0.20},
    "E": {"jawOpen": 0.25, "mouthStretch": 0.30, "mouthLowerDown": 0.30, "mouthUpperUp": 0.20, "mouthSmile": 0.15},
    "I": {"jawOpen": 0.13, "mouthStretch": 0.35, "mouthLowerDown": 0.35, "mouthUpperUp": 0.25, "mouthSmile": 0.30},
    "O": {"jawOpen": 0.30, "mouthFunnel": 0.45, "mouthPucker": 0.70},
    "U": {"jawOpen": 0.11, "mouthPucker": 1.20, "mouthFunnel": 0.20},
}


def viseme_weights(name: str) -> dict[str, float]:
    """ARKit shape -> weight for one viseme."""
    if name not in _TABLE:
        raise ValueError(f"no viseme {name!r}; there are {', '.join(VISEMES)}")
    weights: dict[str, float] = {}
    for shape, weight in _TABLE[name].items():
        weights |= {shape + side: weight for side in ("Left", "Right")} if shape in _SIDED else {shape: weight}
    return weights


def mix(shapes: Mapping[str, Floats], weights: Mapping[str, float], like: Floats) -> Floats:
    """Weighted sum of shape offsets (V, 3); zeros of the form of `like` where nothing is mixed."""
    total = like * 0.0
    for name, weight in weights.items():
        total = total + weight * shapes[name]
    return total
