"""A skeleton for any person: joints placed by vertices of the base mesh, and how far each vertex follows them.

The joints are those of Mixamo, which most programs that move people know, from MPFB's rig for this mesh (CC0), named as
Ready Player Me named them: `Head`, not `mixamorig:Head`. Eyes are added. A joint's Y axis points along its bone and its
Z axis is turned as Mixamo turns it, since poses made elsewhere are angles about these axes; from hips to head the axes
are the scene's, so that a pose of zeros stands as straight as it does elsewhere, whatever the curve of this spine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NotRequired, TypedDict, cast

import numpy as np
from scipy.spatial import KDTree

from digiclone.avatar.mesh import Floats, Ints, Mesh
from digiclone.avatar.skeleton import Skeleton, plant

PREFIX = "mixamorig:"
HEAD, CROWN = "Head", "HeadTop_End"
EYES = {"LeftEye": "helper-l-eye", "RightEye": "helper-r-eye"}
UPRIGHT = ("Hips", "Spine", "Neck", "Head", "LeftEye", "RightEye")
# Where the Z axis of a limb's joint looks, by what its name holds: ahead from the legs, up from the feet, else down,
# out of the palms; thumbs stand apart, and look inward.
Z_AXES = {"Leg": (0.0, 0.0, 1.0), "Foot": (0.0, 1.0, 0.0), "Toe": (0.0, 1.0, 0.0)}
Z_AXES |= {"LeftHandThumb": (-0.7, -0.7, 0.0), "RightHandThumb": (0.7, -0.7, 0.0)}
PALM = (0.0, -1.0, 0.0)
# Poses made elsewhere hold shoulders level; a bone that slopes down from the neck would shrug.
LEVEL = np.array([1.0, 0.0, 1.0])
# What clothes hang on; how many points of the skin lend it their weights; nearer than this, dm, they count alike.
CLOTH = "helper-tights"
NEIGHBOURS, TOUCHING = 4, 1e-3


class _Point(TypedDict):
    strategy: str
    vertex_indices: NotRequired[list[int]]
    cube_name: NotRequired[str]


class _Bone(TypedDict):
    head: _Point
    tail: _Point
    parent: str


@dataclass(frozen=True)
class Rig:
    """Joints over the base mesh.

    `names` (J), parents first; `parents` (J), -1 for the root; a joint sits at the mean of the vertices `heads[j]` and
    points to the mean of `tails[j]`; `weights` (V, J), rows sum to 1.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    heads: tuple[Ints, ...]
    tails: tuple[Ints, ...]
    weights: Floats


def read_rig(rig: bytes, weights: bytes, mesh: Mesh) -> Rig:
    """Parse MPFB's rig and weights JSON for the base mesh, and add the eyes and the top of the head."""
    read = cast("dict[str, _Bone]", json.loads(rig)["bones"])
    bones = {name.removeprefix(PREFIX): bone for name, bone in read.items()}
    tree = {name: bone["parent"].removeprefix(PREFIX) for name, bone in bones.items()} | {CROWN: HEAD}
    tree |= dict.fromkeys(EYES, HEAD)
    heads = {name: _vertices(bone["head"], mesh) for name, bone in bones.items()}
    tails = {name: _vertices(bone["tail"], mesh) for name, bone in bones.items()}
    heads[CROWN] = tails[CROWN] = tails[HEAD]
    for name, group in EYES.items():
        heads[name] = tails[name] = np.unique(mesh.quads[mesh.in_group(group)])
    names = _downward(tree)
    painted = _painted(json.loads(weights)["weights"], names, len(mesh.vertices))
    return Rig(
        names=names,
        parents=tuple(names.index(tree[name]) if tree[name] else -1 for name in names),
        heads=tuple(heads[name] for name in names),
        tails=tuple(tails[name] for name in names),
        weights=_eyes_apart(_on_the_skin(painted, mesh), names, heads),
    )


def _vertices(point: _Point, mesh: Mesh) -> Ints:
    """A bone's end is the middle of some vertices, or of a small cube that the mesh carries for it."""
    if point["strategy"] == "CUBE" and "cube_name" in point:
        return np.unique(mesh.quads[mesh.in_group(point["cube_name"])])
    if point["strategy"] == "MEAN" and "vertex_indices" in point:
        return np.array(point["vertex_indices"], dtype=np.int64)
    raise ValueError(f"a bone is placed by {point['strategy']!r}; only CUBE and MEAN are understood")


def _downward(tree: Mapping[str, str]) -> tuple[str, ...]:
    """Names with every parent before its children."""
    rank = [name for name in tree if not tree[name]]
    names: list[str] = []
    while rank:
        names += rank
        rank = [child for name in rank for child in tree if tree[child] == name]
    return tuple(names)


def _painted(table: Mapping[str, list[tuple[int, float]]], names: tuple[str, ...], count: int) -> Floats:
    """The file's weights, dense (V, J), as shares."""
    dense = np.zeros((count, len(names)))
    for name, rows in table.items():
        index, weight = np.array(rows, dtype=np.float64).reshape(-1, 2).T
        dense[index.astype(np.int64), names.index(name.removeprefix(PREFIX))] = weight
    total = dense.sum(axis=1, keepdims=True)
    if np.any(total <= 0):
        raise ValueError(f"vertex {int(np.argmin(total))} of the base mesh follows no bone")
    return dense / total


def _on_the_skin(weights: Floats, mesh: Mesh) -> Floats:
    """What clothes hang on follows the skin beneath it: painted on its own, it is torn at a shoulder."""
    body, cloth = np.unique(mesh.quads[mesh.in_group("body")]), np.unique(mesh.quads[mesh.in_group(CLOTH)])
    distance, nearest = KDTree(mesh.vertices[body]).query(mesh.vertices[cloth], k=NEIGHBOURS)
    share = 1 / np.maximum(distance, TOUCHING) ** 2
    share /= share.sum(axis=1, keepdims=True)
    follows = weights.copy()
    follows[cloth] = np.einsum("nk,nkj->nj", share, weights[body[nearest]])
    return follows


def _eyes_apart(weights: Floats, names: tuple[str, ...], heads: Mapping[str, Ints]) -> Floats:
    """An eyeball follows its own joint alone."""
    apart = weights.copy()
    for name in EYES:
        apart[heads[name]] = np.eye(len(names))[names.index(name)]
    return apart


def skeleton(rig: Rig, places: Floats) -> Skeleton:
    """The joints on a person whose base vertices (V, 3) lie at `places`, metres."""
    heads = np.array([places[vertices].mean(axis=0) for vertices in rig.heads])
    tails = np.array([places[vertices].mean(axis=0) for vertices in rig.tails])
    axes = np.array([_axes(name, tail - head) for name, head, tail in zip(rig.names, heads, tails, strict=True)])
    return plant(rig.names, rig.parents, heads, axes)


def _axes(name: str, along: Floats) -> Floats:
    """A joint's axes as columns (3, 3): Y along the bone, Z as near as can be to where it should look."""
    if name.startswith(UPRIGHT):
        return np.eye(3)
    toward = np.array(next((axis for part, axis in Z_AXES.items() if part in name), PALM))
    y = along * LEVEL if name.endswith("Shoulder") else along
    y = y / np.linalg.norm(y)
    z = toward - (toward @ y) * y
    z /= np.linalg.norm(z)
    return np.stack([np.cross(y, z), y, z], axis=1)
