"""Vertex data in small integers, as glTF and its extension KHR_mesh_quantization have them.

A reader turns normalised integers back into -1..1 or 0..1 by itself. Face shapes are offsets of less than a metre, so
that they need no scale: 16 bits are steps of 0.03 mm. Positions stay floats, in metres: integers would need a scale,
whose only place in a skinned mesh are the inverse bind matrices, from which Blender reads where bones rest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digiclone.avatar.mesh import Floats

Packed = NDArray[np.int8] | NDArray[np.uint8] | NDArray[np.int16] | NDArray[np.uint16] | NDArray[np.float32]
# glTF binds four joints to a vertex.
INFLUENCES = 4
_INT16, _INT8, _UINT16, _UINT8 = 32767, 127, 65535, 255
# Metres: what moves a vertex by no more along any axis is no move.
STILL = 0.5 / _INT16


def offsets(metres: Floats) -> NDArray[np.int16]:
    """Offsets (N, 3) of less than a metre, to 0.015 mm."""
    if np.abs(metres).max(initial=0) > 1:
        raise ValueError(f"a face shape moves a vertex by {np.abs(metres).max():.1f} m; are these metres?")
    return np.rint(metres * _INT16).astype("<i2")


def directions(normals: Floats) -> NDArray[np.int8]:
    """Unit vectors (N, 3), to half a degree."""
    return np.rint(np.clip(normals, -1, 1) * _INT8).astype("i1")


def coordinates(uvs: Floats) -> NDArray[np.uint16] | NDArray[np.float32]:
    """Texture coordinates (N, 2): integers where all lie in the picture, else floats, since the picture repeats."""
    if uvs.min() < 0 or uvs.max() > 1:
        return uvs.astype("<f4")
    return np.rint(uvs * _UINT16).astype("<u2")


def influences(weights: Floats) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The strongest four of the joints' weights (N, J): joints (N, 4) and weights (N, 4) that sum to 255."""
    if weights.shape[1] > _UINT8:
        raise ValueError(f"a skeleton has at most {_UINT8} joints, not {weights.shape[1]}")
    padded = np.pad(np.maximum(weights, 0), ((0, 0), (0, max(0, INFLUENCES - weights.shape[1]))))
    joints = np.argsort(-padded, axis=1, kind="stable")[:, :INFLUENCES]
    strongest = np.take_along_axis(padded, joints, axis=1)
    total = strongest.sum(axis=1, keepdims=True)
    if np.any(total <= 0):
        raise ValueError(f"vertex {int(np.argmin(total))} follows no joint; every vertex needs one")
    steps = np.rint(strongest / total * _UINT8).astype(np.int64)
    steps[:, 0] += _UINT8 - steps.sum(axis=1)
    return np.where(steps > 0, joints, 0).astype("u1"), steps.astype("u1")
