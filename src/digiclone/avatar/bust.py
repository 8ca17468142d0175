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

METRES_PER_UNIT = 0.1
# Offsets below this are left out of the file; skin does not visibly move by a hundredth of a millimetre.
STILL_METRES = 1e-5


@dataclass(frozen=True)
class Person:
    """`vertices` (V, 3) dm of the base mesh and the face shapes that move it, name -> offsets (V, 3) dm.

    `floor` is the height of the soles in dm: the file puts them at Y = 0.
    """

    vertices: Floats
    shapes: Mapping[str, Floats]
    floor: float

    def metres(self, points: Floats) -> Floats:
        """Points (N, 3) dm of the base mesh to metres above the floor."""
        return (points - np.array([0.0, self.floor, 0.0])) * METRES_PER_UNIT


def person(mesh: Mesh, vertices: Floats, shapes: Mapping[str, Floats]) -> Person:
    """Stand a base mesh in any shape on the floor, close its lips, and keep them closed on a P."""
    body = np.unique(mesh.quads[mesh.in_group("body")])
    lips = find_lips(mesh)
    closed = vertices + seal(vertices, lips)
    pressed = shapes["viseme_PP"] + seal(closed + shapes["viseme_PP"], lips)
    return Person(closed, {**shapes, "viseme_PP": pressed}, floor=float(vertices[body, 1].min()))


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
    """Place a proxy on a person and carry every shape that moves it.

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
    )


def _still_to_zero(offsets: Floats) -> Floats:
    moving = np.linalg.norm(offsets, axis=1, keepdims=True) > STILL_METRES
    return np.where(moving, offsets, 0.0)


def weld(proxy: Proxy) -> tuple[Ints, Ints, Ints]:
    """One output vertex per distinct (vertex, uv) pair: vertex index (N,), uv index (N,), triangles (F, 3)."""
    pairs = np.stack([proxy.quads.ravel(), proxy.uv_quads.ravel()], axis=1)
    distinct, corner = np.unique(pairs, axis=0, return_inverse=True)
    return distinct[:, 0], distinct[:, 1], triangles(corner.reshape(-1, 4))


def recentre(part: Part) -> Part:
    """The same part with its node's origin at the middle of its bounding box, where an eyeball turns."""
    middle = (part.positions.min(axis=0) + part.positions.max(axis=0)) / 2
    return around(part, (float(middle[0]), float(middle[1]), float(middle[2])))


def around(part: Part, origin: tuple[float, float, float], parent: str | None = None) -> Part:
    """The same part with positions relative to `origin`; a child node sits where its `parent` sits."""
    node = (0.0, 0.0, 0.0) if parent else origin
    return replace(part, positions=part.positions - np.array(origin), origin=node, parent=parent)


def posed(part: Part, weights: Mapping[str, float]) -> Floats:
    """Positions (N, 3) in metres of the scene with some shapes set."""
    moved = part.positions + np.array(part.origin)
    for name, weight in weights.items():
        if name in part.morphs:
            moved = moved + weight * part.morphs[name]
    return moved
