"""The skin of the head, texel by texel: which point of which face each one shows, and which one is its mirror image.

The base mesh is symmetric, its texture layout is not; so the mirror image goes by way of the mesh.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from digiclone.avatar.mesh import Floats, Ints, Mesh
from digiclone.avatar.photo.face import CROP, HEIGHT, WIDTH
from digiclone.avatar.raster import fragments
from digiclone.avatar.skin import islands

# A vertex in the head's island of the layout.
ON_HEAD = 474


@dataclass(frozen=True)
class Texels:
    """Covered texels of the head's skin: `pixel` (P,) row-major in (HEIGHT, WIDTH).

    `corners` (P, 3) base vertices and `weights` (P, 3) say which point each shows; `mirror` (P, 2) is the place of the
    same point on the other side, in texels.
    """

    pixel: Ints
    corners: Ints
    weights: Floats
    mirror: Floats

    def where(self, keep: NDArray[np.bool_]) -> Texels:
        """Only the marked ones (P,)."""
        return Texels(self.pixel[keep], self.corners[keep], self.weights[keep], self.mirror[keep])

    def at(self, values: Floats) -> Floats:
        """Vertex values (V, C) or (V,) of the base mesh at every texel."""
        return np.einsum("pk,pk...->p...", self.weights, values[self.corners])


def texels(mesh: Mesh) -> Texels:
    """Lay the head's island out in `CROP`."""
    label = islands(mesh)
    corner = np.argwhere(mesh.quads == ON_HEAD)[0]
    on_head = (label[mesh.uv_quads] == label[mesh.uv_quads[corner[0], corner[1]]]).all(axis=1)
    quads, uv_quads = mesh.quads[on_head], mesh.uv_quads[on_head]
    places = _place(mesh.uvs)
    halves = np.array([[0, 1, 2], [0, 2, 3]])
    points = places[uv_quads[:, halves]].reshape(-1, 2)
    seen = fragments(points, np.arange(len(points)).reshape(-1, 3), WIDTH, HEIGHT)
    mirrored = places[_mirrored(mesh.vertices, quads, uv_quads)][:, halves].reshape(-1, 3, 2)
    # neighbours both cover the texels of their common edge; one of them is enough
    pixel, first = np.unique(seen.pixel, return_index=True)
    face, weights = seen.face[first], seen.weights[first]
    return Texels(
        pixel=pixel,
        corners=quads[:, halves].reshape(-1, 3)[face],
        weights=weights,
        mirror=np.einsum("pk,pkd->pd", weights, mirrored[face]),
    )


def _place(uvs: Floats) -> Floats:
    """Texture coordinates (T, 2) of the base mesh in texels of the crop."""
    left, bottom, right, top = CROP
    share = (uvs - np.array([left, top])) / np.array([right - left, bottom - top])
    return share * np.array([WIDTH, HEIGHT])


def _mirrored(vertices: Floats, quads: Ints, uv_quads: Ints) -> Ints:
    """The uv index (F, 4) at the mirror image of every corner."""
    used = np.unique(quads)
    other = np.full(len(vertices), -1, dtype=np.int64)
    other[used] = used[KDTree(vertices[used]).query(vertices[used] * np.array([-1.0, 1.0, 1.0]))[1]]
    number = {frozenset(quad): index for index, quad in enumerate(quads.tolist())}
    twin = np.array([number[frozenset(quad)] for quad in other[quads].tolist()])
    same = quads[twin][:, None, :] == other[quads][:, :, None]
    return np.take_along_axis(uv_quads[twin], same.argmax(axis=2), axis=1)
