"""A small glTF 2.0 binary writer: textured meshes with named, sparse morph targets.

Written from the Khronos glTF 2.0 specification. One `Part` becomes one node with one mesh of one primitive. Morph
targets are stored sparsely, since a face shape moves a fraction of a head, and are named in `mesh.extras.targetNames`,
which three.js reads. The same input gives the same bytes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from digiclone.avatar.mesh import Floats, Ints

Json = dict[str, object]
Float32s = NDArray[np.float32]

FLOAT, UNSIGNED_SHORT, UNSIGNED_INT = 5126, 5123, 5125
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
LINEAR, LINEAR_MIPMAP_LINEAR, REPEAT, CLAMP = 9729, 9987, 10497, 33071


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

    `positions`, `normals` (N, 3) in metres around `origin`; `uvs` (N, 2) from the top left; `faces` (F, 3);
    `morphs` name -> offsets (N, 3); `parent` the name of an earlier part.
    """

    name: str
    positions: Floats
    normals: Floats
    uvs: Floats
    faces: Ints
    material: Material
    morphs: Mapping[str, Floats] = field(default_factory=dict[str, Floats])
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    parent: str | None = None


class _Buffer:
    """Grows the one binary chunk and the accessor tables that point into it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[Json] = []
        self.accessors: list[Json] = []

    def view(self, data: bytes, target: int | None = None) -> int:
        """Append bytes on a 4-byte boundary; returns the bufferView index."""
        self.data.extend(b"\0" * (-len(self.data) % 4))
        view: Json = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(data)}
        self.views.append(view if target is None else view | {"target": target})
        self.data.extend(data)
        return len(self.views) - 1

    def vectors(self, values: Floats, kind: Literal["VEC2", "VEC3"], *, bounds: bool = False) -> int:
        """A dense float attribute; returns the accessor index."""
        packed = np.ascontiguousarray(values, dtype="<f4")
        accessor: Json = {
            "bufferView": self.view(packed.tobytes(), ARRAY_BUFFER),
            "componentType": FLOAT,
            "count": len(packed),
            "type": kind,
        }
        self.accessors.append(accessor | _bounds(packed) if bounds else accessor)
        return len(self.accessors) - 1

    def indices(self, faces: Ints, vertex_count: int) -> int:
        """Triangle corners; returns the accessor index."""
        dtype, component = _index_type(vertex_count)
        packed = np.ascontiguousarray(faces.ravel(), dtype=dtype)
        view = self.view(packed.tobytes(), ELEMENT_ARRAY_BUFFER)
        self.accessors.append(
            {"bufferView": view, "componentType": component, "count": len(packed), "type": "SCALAR"},
        )
        return len(self.accessors) - 1

    def morphs(self, morphs: Mapping[str, Floats], vertex_count: int) -> list[Json]:
        """Sparse morph targets sharing one index view and one value view; returns the primitive's `targets`."""
        dtype, component = _index_type(vertex_count)
        packed = [np.ascontiguousarray(offsets, dtype="<f4") for offsets in morphs.values()]
        moved = [np.flatnonzero(np.any(offsets != 0, axis=1)) for offsets in packed]
        rows = [_aligned(index.astype(dtype).tobytes()) for index in moved]
        index_view = self.view(b"".join(rows))
        value_view = self.view(b"".join(o[index].tobytes() for o, index in zip(packed, moved, strict=True)))
        targets: list[Json] = []
        index_offset = value_offset = 0
        for offsets, index, row in zip(packed, moved, rows, strict=True):
            sparse: Json = {
                "count": len(index),
                "indices": {"bufferView": index_view, "byteOffset": index_offset, "componentType": component},
                "values": {"bufferView": value_view, "byteOffset": value_offset},
            }
            accessor: Json = {"componentType": FLOAT, "count": vertex_count, "type": "VEC3"} | _bounds(offsets)
            self.accessors.append(accessor | {"sparse": sparse} if len(index) else accessor)
            targets.append({"POSITION": len(self.accessors) - 1})
            index_offset += len(row)
            value_offset += 12 * len(index)
        return targets


def _aligned(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def _index_type(vertex_count: int) -> tuple[str, int]:
    # 65535 itself is the primitive-restart value and may not be used as an index.
    return ("<u2", UNSIGNED_SHORT) if vertex_count <= 65535 else ("<u4", UNSIGNED_INT)


def _bounds(packed: Float32s) -> Json:
    return {"min": packed.min(axis=0).tolist(), "max": packed.max(axis=0).tolist()}


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


def _mesh(part: Part, buffer: _Buffer, material: int) -> Json:
    count = len(part.positions)
    primitive: Json = {
        "attributes": {
            "POSITION": buffer.vectors(part.positions, "VEC3", bounds=True),
            "NORMAL": buffer.vectors(part.normals, "VEC3"),
            "TEXCOORD_0": buffer.vectors(part.uvs, "VEC2"),
        },
        "indices": buffer.indices(part.faces, count),
        "material": material,
    }
    mesh: Json = {"name": part.name, "primitives": [primitive]}
    if part.morphs:
        primitive["targets"] = buffer.morphs(part.morphs, count)
        mesh["weights"] = [0.0] * len(part.morphs)
        mesh["extras"] = {"targetNames": list(part.morphs)}
    return mesh


def _nodes(parts: Sequence[Part]) -> tuple[list[Json], list[int]]:
    index = {part.name: i for i, part in enumerate(parts)}
    if len(index) != len(parts):
        raise ValueError("two parts share a name")
    nodes: list[Json] = []
    for i, part in enumerate(parts):
        node: Json = {"name": part.name, "mesh": i}
        children = [index[child.name] for child in parts if child.parent == part.name]
        nodes.append(
            node
            | ({"translation": list(part.origin)} if any(part.origin) else {})
            | ({"children": children} if children else {}),
        )
    return nodes, [i for i, part in enumerate(parts) if part.parent is None]


def encode(parts: Sequence[Part], extras: Mapping[str, object]) -> bytes:
    """The whole file. `extras` goes to `asset.extras`."""
    buffer = _Buffer()
    materials = list({part.material.name: part.material for part in parts}.values())
    images = list({m.image.name: m.image for m in materials if m.image is not None}.values())
    textures = {image.name: i for i, image in enumerate(images)}
    order = {material.name: i for i, material in enumerate(materials)}
    meshes = [_mesh(part, buffer, order[part.material.name]) for part in parts]
    nodes, roots = _nodes(parts)
    document: Json = {
        "asset": {"version": "2.0", "generator": "digiclone", "extras": dict(extras)},
        "scene": 0,
        "scenes": [{"name": "Avatar", "nodes": roots}],
        "nodes": nodes,
        "meshes": meshes,
        "materials": [_material(material, textures) for material in materials],
    }
    if images:
        sampler = {"magFilter": LINEAR, "minFilter": LINEAR_MIPMAP_LINEAR, "wrapS": CLAMP, "wrapT": CLAMP}
        document |= {
            "samplers": [sampler],
            "textures": [{"source": i, "sampler": 0} for i in range(len(images))],
            "images": [{"name": i.name, "mimeType": i.mime, "bufferView": buffer.view(i.data)} for i in images],
        }
    document |= {
        "accessors": buffer.accessors,
        "bufferViews": buffer.views,
        "buffers": [{"byteLength": len(_aligned(bytes(buffer.data)))}],
    }
    return _container(document, _aligned(bytes(buffer.data)))


def _container(document: Json, binary: bytes) -> bytes:
    """GLB framing: header, JSON chunk padded with spaces, binary chunk padded with zeros."""
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    size = 12 + 8 + len(text) + 8 + len(binary)
    header = struct.pack("<4sII", b"glTF", 2, size)
    return header + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
