"""A small glTF 2.0 binary writer: textured, skinned meshes with named morph targets.

Written from the Khronos glTF 2.0 and KHR_mesh_quantization specifications. One `Part` becomes one node with one mesh of
one primitive. Face shapes are named in `mesh.extras.targetNames`, as glTF readers expect. The same input gives the same
bytes.

Nodes of skinned meshes are not moved by their parents, so they lie in the scene itself, beside the skeleton's root; the
scene is named `Armature`, for the programs that look for the avatar under that name. One clear point marks the floor,
since some of them stand whatever is lowest on it, and here the legs are bones alone.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from digiclone.avatar.accessors import Accessors, Json
from digiclone.avatar.mesh import Floats, Ints
from digiclone.avatar.quantise import coordinates, directions, influences
from digiclone.avatar.skeleton import Skeleton

SCENE, FLOOR = "Armature", "Floor"
POINTS = 0
QUANTISED = "KHR_mesh_quantization"
LINEAR, LINEAR_MIPMAP_LINEAR, CLAMP = 9729, 9987, 33071


@dataclass(frozen=True)
class Image:
    """An encoded picture."""

    name: str
    data: bytes
    mime: Literal["image/jpeg", "image/png"]


@dataclass(frozen=True)
class Material:
    """A metal-rough material without metal. `color` is linear RGBA and multiplies the image."""

    name: str
    image: Image | None = None
    color: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    alpha: Literal["OPAQUE", "MASK", "BLEND"] = "OPAQUE"
    cutoff: float = 0.5
    double_sided: bool = False
    roughness: float = 0.6
    glow: float = 0.0


@dataclass(frozen=True)
class Part:
    """A mesh on a node of its own.

    `positions`, `normals` (N, 3) in metres of the scene; `uvs` (N, 2) from the top left; `faces` (F, 3), none for a
    cloud of points; `morphs` name -> offsets (N, 3); `weights` (N, J): how far each vertex follows each joint of the
    skeleton.
    """

    name: str
    positions: Floats
    normals: Floats
    uvs: Floats
    faces: Ints
    material: Material
    morphs: Mapping[str, Floats] = field(default_factory=dict[str, Floats])
    weights: Floats | None = None


def _material(material: Material, textures: dict[str, int]) -> Json:
    surface: Json = {
        "baseColorFactor": list(material.color),
        "metallicFactor": 0.0,
        "roughnessFactor": material.roughness,
    }
    document: Json = {"name": material.name, "pbrMetallicRoughness": surface}
    if material.image is not None:
        surface["baseColorTexture"] = {"index": textures[material.image.name]}
        if material.glow:
            document["emissiveTexture"] = {"index": textures[material.image.name]}
    if material.glow:
        document["emissiveFactor"] = [material.glow] * 3
    if material.alpha != "OPAQUE":
        document["alphaMode"] = material.alpha
    if material.alpha == "MASK":
        document["alphaCutoff"] = material.cutoff
    if material.double_sided:
        document["doubleSided"] = True
    return document


def _mesh(part: Part, buffer: Accessors, material: int) -> Json:
    attributes: Json = {
        "POSITION": buffer.positions(part.positions),
        "NORMAL": buffer.vertices(directions(part.normals), "VEC3"),
    }
    if part.material.image is not None:
        attributes["TEXCOORD_0"] = buffer.vertices(coordinates(part.uvs), "VEC2")
    if part.weights is not None:
        joints, weights = influences(part.weights)
        attributes |= {"JOINTS_0": buffer.joints(joints), "WEIGHTS_0": buffer.vertices(weights, "VEC4")}
    primitive: Json = {"attributes": attributes, "material": material}
    if len(part.faces):
        primitive["indices"] = buffer.triangles(part.faces, len(part.positions))
    else:
        primitive["mode"] = POINTS
    mesh: Json = {"name": part.name, "primitives": [primitive]}
    if part.morphs:
        primitive["targets"] = [{"POSITION": buffer.morph(offsets)} for offsets in part.morphs.values()]
        mesh["weights"] = [0] * len(part.morphs)
        mesh["extras"] = {"targetNames": list(part.morphs)}
    return mesh


def _joints(skeleton: Skeleton) -> list[Json]:
    """One node per joint, in the skeleton's order."""
    nodes: list[Json] = []
    for i, name in enumerate(skeleton.names):
        node: Json = {"name": name, "translation": skeleton.translations[i].tolist()}
        turn, children = skeleton.rotations[i].tolist(), skeleton.children(i)
        node |= {} if turn == [0, 0, 0, 1] else {"rotation": turn}
        nodes.append(node | ({"children": children} if children else {}))
    return nodes


def _nodes(parts: Sequence[Part], skeleton: Skeleton | None) -> list[Json]:
    """The joints, then the meshes. A mesh that is named like a joint gives way: readers want names to be unique."""
    joints = [] if skeleton is None else _joints(skeleton)
    taken = {joint["name"] for joint in joints}
    names = [f"{part.name}Mesh" if part.name in taken else part.name for part in parts]
    skins: list[Json] = [{} if part.weights is None else {"skin": 0} for part in parts]
    return joints + [{"name": name, "mesh": i} | skin for i, (name, skin) in enumerate(zip(names, skins, strict=True))]


def _floor() -> Part:
    """One point, under the person."""
    clear = Material(FLOOR, color=(0.0, 0.0, 0.0, 0.0), alpha="BLEND")
    nowhere, up = np.zeros((1, 3)), np.array([[0.0, 1.0, 0.0]])
    return Part(FLOOR, nowhere, up, np.zeros((1, 2)), np.zeros((0, 3), dtype=np.int64), clear)


def _skin(skeleton: Skeleton, buffer: Accessors) -> Json:
    binds: Floats = np.linalg.inv(skeleton.places()).astype(np.float64)
    return {"joints": list(range(len(skeleton.names))), "skeleton": 0, "inverseBindMatrices": buffer.matrices(binds)}


def encode(parts: Sequence[Part], extras: Mapping[str, object], skeleton: Skeleton | None = None) -> bytes:
    """The whole file. `extras` goes to `asset.extras`; with a `skeleton` every part needs its weights.

    Raises `ValueError` where two parts share a name, or a part's weights do not fit the skeleton.
    """
    _check(parts, skeleton)
    parts = parts if skeleton is None else [*parts, _floor()]
    buffer = Accessors()
    materials = list({part.material.name: part.material for part in parts}.values())
    images = list({m.image.name: m.image for m in materials if m.image is not None}.values())
    textures = {image.name: i for i, image in enumerate(images)}
    order = {material.name: i for i, material in enumerate(materials)}
    nodes = _nodes(parts, skeleton)
    roots = [] if skeleton is None else [0]
    document: Json = {
        "asset": {"version": "2.0", "generator": "digiclone", "extras": dict(extras)},
        "extensionsUsed": [QUANTISED],
        "extensionsRequired": [QUANTISED],
        "scene": 0,
        "scenes": [{"name": SCENE, "nodes": roots + list(range(len(nodes) - len(parts), len(nodes)))}],
        "nodes": nodes,
        "meshes": [_mesh(part, buffer, order[part.material.name]) for part in parts],
        "materials": [_material(material, textures) for material in materials],
    }
    if skeleton is not None:
        document["skins"] = [_skin(skeleton, buffer)]
    if images:
        sampler = {"magFilter": LINEAR, "minFilter": LINEAR_MIPMAP_LINEAR, "wrapS": CLAMP, "wrapT": CLAMP}
        document |= {
            "samplers": [sampler],
            "textures": [{"source": i, "sampler": 0} for i in range(len(images))],
            "images": [{"name": i.name, "mimeType": i.mime, "bufferView": buffer.view(i.data)} for i in images],
        }
    binary = bytes(buffer.data) + b"\0" * (-len(buffer.data) % 4)
    document |= {
        "accessors": buffer.accessors,
        "bufferViews": buffer.views,
        "buffers": [{"byteLength": len(binary)}],
    }
    return _container(document, binary)


def _check(parts: Sequence[Part], skeleton: Skeleton | None) -> None:
    if len({part.name for part in parts}) != len(parts):
        raise ValueError("two parts share a name")
    joints = None if skeleton is None else len(skeleton.names)
    for part in parts:
        if joints != (None if part.weights is None else part.weights.shape[1]):
            raise ValueError(f"{part.name} has weights for another skeleton than this file's; give both or neither")


def _container(document: Json, binary: bytes) -> bytes:
    """GLB framing: header, JSON chunk padded with spaces, binary chunk padded with zeros."""
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    size = 12 + 8 + len(text) + 8 + len(binary)
    header = struct.pack("<4sII", b"glTF", 2, size)
    return header + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
