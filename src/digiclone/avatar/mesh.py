"""Readers for the MakeHuman file formats, and the mesh they describe.

Three formats: ``base.obj`` (Wavefront, quads), ``*.target`` (sparse vertex offsets, ``index dx dy dz`` per line,
optionally gzipped) and the proxy ``*.json`` (three.js model format 3 plus the MakeHuman binding; see `proxy`).
Lengths are decimetres, Y up, the face looks toward +Z, and texture coordinates start at the bottom left, as in the
files. Only `glb` speaks metres and top-left texture coordinates.
"""

from __future__ import annotations

import functools
import gzip
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# three.js format 3 packs a bit mask before every face: 1 = quad, 2 = has material, 8 = one uv index per corner.
QUAD_WITH_MATERIAL_AND_UVS = 1 | 2 | 8
QUAD_RECORD = 10


@dataclass(frozen=True, eq=False)
class Mesh:
    """Quads over shared vertices.

    `vertices` (V, 3) dm; `quads` (F, 4) into vertices; `uvs` (T, 2) in 0..1 from the bottom left;
    `uv_quads` (F, 4) into uvs; `groups` (F,) into `group_names`.
    """

    vertices: Floats
    quads: Ints
    uvs: Floats
    uv_quads: Ints
    groups: Ints
    group_names: tuple[str, ...]

    def in_group(self, name: str) -> NDArray[np.bool_]:
        """(F,) True where a face belongs to the named group."""
        if name not in self.group_names:
            raise ValueError(f"no group {name!r}; the mesh has {', '.join(self.group_names)}")
        return self.groups == self.group_names.index(name)


def read_obj(data: bytes) -> Mesh:
    """Parse a Wavefront file of textured quads (``f v/vt v/vt v/vt v/vt``)."""
    vertices: list[list[str]] = []
    uvs: list[list[str]] = []
    corners: list[list[str]] = []
    groups: list[int] = []
    names: dict[str, int] = {}
    current = 0
    for number, line in enumerate(data.decode("utf-8").splitlines(), 1):
        match line.split():
            case ["v", *values]:
                vertices.append(values[:3])
            case ["vt", *values]:
                uvs.append(values[:2])
            case ["g", name, *_]:
                current = names.setdefault(name, len(names))
            case ["f", *values]:
                if len(values) != 4 or any("/" not in value for value in values):
                    raise ValueError(f"line {number}: expected a textured quad, found {line!r}")
                corners.append([index for value in values for index in value.split("/")[:2]])
                groups.append(current)
            case _:
                continue
    indices = np.array(corners, dtype=np.int64).reshape(-1, 4, 2) - 1
    return Mesh(
        vertices=np.array(vertices, dtype=np.float64).reshape(-1, 3),
        quads=np.ascontiguousarray(indices[:, :, 0]),
        uvs=np.array(uvs, dtype=np.float64).reshape(-1, 2),
        uv_quads=np.ascontiguousarray(indices[:, :, 1]),
        groups=np.array(groups, dtype=np.int64),
        group_names=tuple(names) or ("default",),
    )


def read_target(data: bytes, vertex_count: int) -> Floats:
    """Parse a ``.target`` (plain or gzip) into dense offsets, shape (vertex_count, 3), dm."""
    index, moves = _sparse_target(data)
    if index.size and (index.min() < 0 or index.max() >= vertex_count):
        raise ValueError(f"target moves vertex {index.max()}, but the mesh has {vertex_count}")
    offsets = np.zeros((vertex_count, 3))
    offsets[index] = moves
    return offsets


@functools.lru_cache(maxsize=192)
def _sparse_target(data: bytes) -> tuple[Ints, Floats]:
    """Moved vertices (K,) and their offsets (K, 3); kept, since people are mixed again and again from the same few."""
    text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    rows = [line for line in text.decode("utf-8").splitlines() if line.strip() and not line.startswith("#")]
    table = np.array(" ".join(rows).split(), dtype=np.float64)
    if table.size % 4:
        raise ValueError(f"a target has four numbers per line, found {table.size} numbers")
    table = table.reshape(-1, 4)
    return table[:, 0].astype(np.int64), table[:, 1:].copy()


def quads_from_records(records: list[int]) -> tuple[Ints, Ints]:
    """Unpack three.js format 3 faces into vertex and uv indices, both (F, 4)."""
    table = np.array(records, dtype=np.int64)
    if table.size % QUAD_RECORD or np.any(table[::QUAD_RECORD] != QUAD_WITH_MATERIAL_AND_UVS):
        raise ValueError("only textured quads are understood (face type 11)")
    table = table.reshape(-1, QUAD_RECORD)
    return table[:, 1:5].copy(), table[:, 6:10].copy()


def triangles(quads: Ints) -> Ints:
    """Split quads (F, 4) along the first diagonal into (2F, 3); a repeated corner makes an empty half, which goes."""
    halves = np.stack([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]], axis=1).reshape(-1, 3)
    sound = (halves[:, 0] != halves[:, 1]) & (halves[:, 1] != halves[:, 2]) & (halves[:, 0] != halves[:, 2])
    return halves[sound]


def rim(quads: Ints) -> Ints:
    """Vertices on edges that only one of the quads (F, 4) has, each once."""
    edges = np.sort(np.stack([quads, np.roll(quads, -1, axis=1)], axis=-1).reshape(-1, 2), axis=1)
    edges = edges[edges[:, 0] != edges[:, 1]]
    found, count = np.unique(edges, axis=0, return_counts=True)
    return np.unique(found[count == 1])


def vertex_normals(vertices: Floats, faces: Ints) -> Floats:
    """Unit normals (V, 3), area weighted over the triangles (F, 3); vertices of no face point up."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    face_normals = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, faces[:, corner], face_normals)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    up = np.array([0.0, 1.0, 0.0])
    return np.where(length > 1e-12, normals / np.maximum(length, 1e-12), up)


def smoothstep(values: Floats, low: float, high: float) -> Floats:
    """0 up to `low`, 1 from `high`, smooth between."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)
