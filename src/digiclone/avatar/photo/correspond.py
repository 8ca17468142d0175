"""Where on the mesh the 468 landmarks lie, learnt by looking: known heads are drawn, and the networks measure them.

Nobody has to place points by hand, and what the networks do in their own way (how wide they see an eye, where a cheek's
points go) is the same on the drawing and on the photo.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from digiclone.avatar import assets
from digiclone.avatar.assets import Assets
from digiclone.avatar.bust import EYE_VERTICES
from digiclone.avatar.camera import look_at, turn
from digiclone.avatar.human import Human, shape
from digiclone.avatar.mesh import Floats, Ints, Mesh, read_target, triangles
from digiclone.avatar.photo.detect import find_faces
from digiclone.avatar.photo.landmarks import COUNT, contour, measure
from digiclone.avatar.photo.mannequin import Mannequin, dress, in_metres
from digiclone.avatar.raster import Cover, zbuffer
from digiclone.avatar.render import render
from digiclone.avatar.skin import REGIONS, islands

# The lips from corner to corner: where they meet, a closed mouth does not show which lip a point belongs to.
LIPS = np.array(
    [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409, 78, 95, 88, 178,
     87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415, 76, 77, 90, 180, 85, 16, 315, 404,
     320, 307, 306, 184, 74, 73, 72, 11, 302, 303, 304, 408, 62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292,
     183, 42, 41, 38, 12, 268, 271, 272, 407],
)  # fmt: skip
HIDING = ("helper-l-eye", "helper-r-eye", "helper-upper-teeth", "helper-lower-teeth", "helper-tongue")
SIZE, DISTANCE = 512, 9.0
BACKDROP = (0.6, 0.6, 0.6, 1.0)
# Pulls the lips of the base mesh apart, so that the point nearest to a place on one is not on the other.
APART = {"jawOpen": 0.4}


@dataclass(frozen=True)
class View:
    """One drawing: who, which face, how the head is turned (degrees)."""

    human: Human
    face: Mapping[str, float] = field(default_factory=dict[str, float])
    yaw: float = 0.0
    pitch: float = 0.0


def _views() -> tuple[View, ...]:
    origins = [{"caucasian": 1.0}, {"asian": 1.0}, {"african": 1.0}]
    people = [Human(gender, age, origins=o) for gender, age in ((0.0, 28.0), (1.0, 45.0)) for o in origins]
    said = {"jawOpen": 0.35, "mouthLowerDownLeft": 0.3, "mouthLowerDownRight": 0.3, "mouthUpperUpLeft": 0.2,
            "mouthUpperUpRight": 0.2}  # fmt: skip
    shut = [View(human, yaw=yaw) for human, yaw in zip(people, (0, 8, -8, 0, -8, 8), strict=True)]
    spoken = [View(human, said, yaw=yaw) for human, yaw in zip(people, (8, -8, 0, -8, 0, 8), strict=True)]
    return (*shut, *spoken)


@dataclass(frozen=True, eq=False)
class Places:
    """The landmarks on the base mesh: `vertices` (468, 3) and their `weights` (468, 3)."""

    vertices: Ints
    weights: Floats

    def of(self, values: Floats) -> Floats:
        """Values (V, C) at vertices, at the landmarks (468, C)."""
        return np.einsum("lk,lkc->lc", self.weights, values[self.vertices])


def find_places(loaded: Assets) -> Places:
    """Draw, measure, look up, and take the middle of what all drawings say. Some seconds."""
    mesh = loaded.base_mesh
    shapes = {name: read_target(loaded[assets.face_unit(name)], len(mesh.vertices)) for name in _face_units()}
    faces = skin_faces(mesh)
    man = dress(loaded)
    reference = mesh.vertices + sum(weight * shapes[name] for name, weight in APART.items())
    seen = [_look(view, man, loaded, shapes, faces, reference) for view in _views()]
    return nearest(reference, faces, np.nanmedian(np.stack(seen), axis=0))


def _face_units() -> set[str]:
    return {name for view in _views() for name in view.face} | APART.keys()


def skin_faces(mesh: Mesh) -> Ints:
    """Triangles (F, 3) of the face, head and neck, without eye sockets and the inside of the mouth."""
    return triangles(mesh.quads[_is_skin(mesh)])


def _is_skin(mesh: Mesh) -> NDArray[np.bool_]:
    label = islands(mesh)
    corner = np.argwhere(mesh.quads == REGIONS[0].vertex)[0]
    head = label[mesh.uv_quads[:, 0]] == label[mesh.uv_quads[corner[0], corner[1]]]
    return head & mesh.in_group("body")


def _cover(mesh: Mesh, faces: Ints, points: Floats) -> Cover:
    """What a drawing with its vertices at `points` (V, 3) shows of the skin `faces`; eyes and teeth hide what is
    behind them."""
    hiding = np.isin(mesh.groups, [mesh.group_names.index(name) for name in HIDING])
    others = triangles(mesh.quads[hiding | (mesh.in_group("body") & ~_is_skin(mesh))])
    cover = zbuffer(points, np.concatenate([faces, others]), SIZE, SIZE)
    return replace(cover, face=np.where(cover.face < len(faces), cover.face, -1))


def _look(
    view: View, man: Mannequin, loaded: Assets, shapes: Mapping[str, Floats], faces: Ints, reference: Floats
) -> Floats:
    """Where on the `reference` (V, 3) a drawing's landmarks lie, (468, 3); nan for those that it does not tell."""
    vertices = shape(loaded.base_mesh.vertices, view.human, loaded.__getitem__)
    vertices += sum((weight * shapes[name] for name, weight in view.face.items()), np.zeros(3))
    target = vertices[EYE_VERTICES].mean(axis=0) - np.array([0, 0.3, 0])
    camera = look_at(target, DISTANCE, 1300.0, (SIZE / 2, SIZE / 2), turn(np.radians(view.yaw), np.radians(view.pitch)))
    picture = render(man.parts(vertices), in_metres(camera), SIZE, SIZE, background=BACKDROP)[..., :3]
    points = measure(picture, find_faces(picture)[0], taught=False).points[:, :2]
    cover = _cover(loaded.base_mesh, faces, camera.project(vertices))
    nearest = np.asarray(ndimage.distance_transform_edt(cover.face < 0, return_distances=False, return_indices=True))
    column, row = np.clip(points.T.astype(np.int64), 0, SIZE - 1)
    row, column = nearest[:, row, column]
    on = faces[cover.face[row, column]]
    places = np.einsum("lk,lkc->lc", cover.weights[row, column], reference[on])
    places[untold(view)] = np.nan
    return places


def untold(view: View) -> NDArray[np.bool_]:
    """Landmarks (468,) that a drawing says nothing about: lips when shut, the silhouette on the side turned away."""
    hidden = np.zeros(COUNT, dtype=bool)
    hidden[LIPS] = not view.face
    hidden[contour(view.yaw)] |= view.yaw != 0
    return hidden


def nearest(vertices: Floats, faces: Ints, points: Floats) -> Places:
    """The points (N, 3) moved onto the triangles."""
    near = np.asarray(KDTree(vertices[faces].mean(axis=1)).query(points, k=24)[1])
    corners = vertices[faces[near]]
    weights = closest_weights(points[:, None], corners)
    distance = np.linalg.norm(np.einsum("nfk,nfkd->nfd", weights, corners) - points[:, None], axis=-1)
    best = distance.argmin(axis=1)
    rows = np.arange(len(points))
    return Places(faces[near[rows, best]], weights[rows, best])


def closest_weights(points: Floats, corners: Floats) -> Floats:
    """Barycentric weights (..., 3) of the points of triangles (..., 3, 3) that are closest to points (..., 3)."""
    inside = _plane_weights(points, corners)
    options = [np.where((inside >= 0).all(axis=-1, keepdims=True), inside, np.nan)]
    for first in range(3):
        second = (first + 1) % 3
        a, b = corners[..., first, :], corners[..., second, :]
        along = ((points - a) * (b - a)).sum(-1) / np.maximum(((b - a) ** 2).sum(-1), 1e-18)
        share = np.clip(along, 0, 1)
        edge = np.zeros((*share.shape, 3))
        edge[..., first], edge[..., second] = 1 - share, share
        options.append(edge)
    weights = np.stack(np.broadcast_arrays(*options), axis=-2)
    distance = np.linalg.norm(weights @ corners - points[..., None, :], axis=-1)
    best = np.argmin(np.where(np.isnan(distance), np.inf, distance), axis=-1)
    return np.take_along_axis(weights, best[..., None, None], axis=-2)[..., 0, :]


def _plane_weights(points: Floats, corners: Floats) -> Floats:
    a, b, c = (corners[..., i, :] for i in range(3))
    u, v, w = b - a, c - a, points - a
    uu, uv, vv, wu, wv = ((p * q).sum(-1) for p, q in ((u, u), (u, v), (v, v), (w, u), (w, v)))
    area = np.maximum(uu * vv - uv * uv, 1e-18)
    second, third = (vv * wu - uv * wv) / area, (uu * wv - uv * wu) / area
    return np.stack([1 - second - third, second, third], axis=-1)


def save(places: Places, path: Path) -> None:
    """Write as one .npz file."""
    with path.open("wb") as out:
        np.savez_compressed(out, vertices=places.vertices, weights=places.weights)


def load(path: Path) -> Places:
    """Read what `save` wrote."""
    with np.load(path) as stored:
        return Places(stored["vertices"], stored["weights"])
