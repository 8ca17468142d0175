"""From bound meshes on a person to the parts of the file: crop, weld, place, carry the face shapes.

Everything here takes the person as plain vertex positions (V, 3) of the base mesh, so a head fitted to a photo goes the
same way as a head mixed from targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from digiclone.avatar.glb import Material, Part
from digiclone.avatar.lips import find_lips, seal
from digiclone.avatar.mesh import Floats, Ints, Mesh, triangles, vertex_normals
from digiclone.avatar.proxy import Proxy
from digiclone.avatar.quantise import STILL
from digiclone.avatar.rig import Rig, skeleton
from digiclone.avatar.skeleton import Skeleton

METRES_PER_UNIT = 0.1
# Both eyeballs of the base mesh.
EYE_VERTICES = slice(14598, 14742)
# How much of the gap between the lips is closed: on an F a little air passes over the lower one.
SEALED = {"viseme_PP": 1.0, "viseme_FF": 0.75}


@dataclass(frozen=True)
class Person:
    """`vertices` (V, 3) dm of the base mesh and what moves them: face shapes, name -> offsets (V, 3) dm, and a rig.

    `floor` is the height of the soles in dm: the file puts them at Y = 0.
    """

    vertices: Floats
    shapes: Mapping[str, Floats]
    floor: float
    rig: Rig

    def metres(self, points: Floats) -> Floats:
        """Points (N, 3) dm of the base mesh to metres above the floor."""
        return (points - np.array([0.0, self.floor, 0.0])) * METRES_PER_UNIT

    @property
    def skeleton(self) -> Skeleton:
        """The joints where this person has them."""
        return skeleton(self.rig, self.metres(self.vertices))


def person(mesh: Mesh, vertices: Floats, shapes: Mapping[str, Floats], rig: Rig) -> Person:
    """Stand a base mesh in any shape on the floor, close its lips, keep them closed on a P and nearly so on an F."""
    body = np.unique(mesh.quads[mesh.in_group("body")])
    lips = find_lips(mesh)
    closed = vertices + seal(vertices, lips)
    sealed = {n: shapes[n] + share * seal(closed + shapes[n], lips) for n, share in SEALED.items() if n in shapes}
    return Person(closed, {**shapes, **sealed}, floor=float(vertices[body, 1].min()), rig=rig)


def subset(proxy: Proxy, faces: NDArray[np.bool_]) -> Proxy:
    """The proxy with only the marked faces (F,)."""
    return replace(proxy, quads=proxy.quads[faces], uv_quads=proxy.uv_quads[faces])


def above(proxy: Proxy, who: Person, cut: float) -> Proxy:
    """Only faces that reach above the height `cut` in dm of the base mesh."""
    heights = proxy.binding.place(who.vertices)[:, 1]
    return subset(proxy, heights[proxy.quads].max(axis=1) > cut)


def build_part(
    name: str,
    proxy: Proxy,
    who: Person,
    material: Material,
    *,
    nudge: Floats | None = None,
    cut: float | None = None,
    uvs: Floats | None = None,
    keep_still: bool = False,
) -> Part:
    """Place a proxy on a person and carry every shape and joint that moves it.

    `nudge` (M, 3) or (3,) shifts it, dm. `cut` flattens what hangs below that height onto it, so that a cropped edge
    is straight.
    `uvs` (T, 2) replaces the proxy's texture coordinates. `keep_still` keeps shapes that do not move it, as zeros.
    """
    placed = proxy.binding.place(who.vertices) + (0.0 if nudge is None else nudge)
    if cut is not None:
        placed[:, 1] = np.maximum(placed[:, 1], cut)
    vertex, uv, faces = weld(proxy)
    normals = vertex_normals(placed, triangles(proxy.quads))
    coordinates = (proxy.uvs if uvs is None else uvs)[uv]
    morphs = {n: proxy.binding.carry(d)[vertex] * METRES_PER_UNIT for n, d in who.shapes.items()}
    return Part(
        name=name,
        positions=who.metres(placed)[vertex],
        normals=normals[vertex],
        uvs=np.stack([coordinates[:, 0], 1 - coordinates[:, 1]], axis=1),
        faces=faces,
        material=material,
        morphs={n: d for n, d in ((n, _still_to_zero(d)) for n, d in morphs.items()) if keep_still or d.any()},
        weights=proxy.binding.carry(who.rig.weights)[vertex],
    )


def _still_to_zero(offsets: Floats) -> Floats:
    moving = np.abs(offsets).max(axis=1, keepdims=True, initial=0) > STILL
    return np.where(moving, offsets, 0.0)


def weld(proxy: Proxy) -> tuple[Ints, Ints, Ints]:
    """One output vertex per distinct (vertex, uv) pair: vertex index (N,), uv index (N,), triangles (F, 3)."""
    pairs = np.stack([proxy.quads.ravel(), proxy.uv_quads.ravel()], axis=1)
    distinct, corner = np.unique(pairs, axis=0, return_inverse=True)
    return distinct[:, 0], distinct[:, 1], triangles(corner.reshape(-1, 4))


def posed(part: Part, weights: Mapping[str, float]) -> Floats:
    """Positions (N, 3) in metres of the scene with some shapes set."""
    moved = part.positions
    for name, weight in weights.items():
        if name in part.morphs:
            moved = moved + weight * part.morphs[name]
    return moved
