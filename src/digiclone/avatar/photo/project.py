"""From the photo onto the skin: the colour of every texel that the camera saw."""

from __future__ import annotations

import numpy as np

from digiclone.avatar.camera import Camera
from digiclone.avatar.mesh import Floats, Mesh, smoothstep, triangles, vertex_normals
from digiclone.avatar.photo.texels import Texels
from digiclone.avatar.raster import zbuffer
from digiclone.avatar.render import sample
from digiclone.avatar.texture import Pixels

# Of what stands in front of skin, only these parts of the base mesh are solid.
SOLID = ("body", "helper-l-eye", "helper-r-eye")
# A point this far behind what the camera sees is hidden, dm; the mesh itself is coarser than a hair.
BEHIND = 0.025
# Cosine between the surface and the view at which a texel starts to count, and counts fully.
GRAZING, FACING = 0.30, 0.60
# The face is this wide in the depth picture, in pixels: as fine as the mesh.
DEPTH_WIDTH = 900


def directions(vertices: Floats, mesh: Mesh, where: Texels) -> Floats:
    """Unit normals (P, 3) of the skin at every texel."""
    normals = where.at(vertex_normals(vertices, triangles(mesh.quads[mesh.in_group("body")])))
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)


def project(
    picture: Pixels, camera: Camera, vertices: Floats, normals: Floats, mesh: Mesh, where: Texels
) -> tuple[Pixels, Floats]:
    """The picture's values (P, C) and the certainty (P,) in 0..1 of every texel, whose skin faces along `normals`.

    `picture` (H, W, C) was taken by `camera` (in dm) of the head with these `vertices` (V, 3), expression included.
    """
    surface = where.at(vertices)
    points = camera.project(surface)
    toward = camera.position - surface
    facing = np.einsum("pk,pk->p", normals, toward) / np.linalg.norm(toward, axis=1)
    sure = smoothstep(facing, GRAZING, FACING) * _in_front(points, camera, vertices, mesh)
    height, width = picture.shape[:2]
    rim = np.minimum.reduce([points[:, 0], points[:, 1], width - points[:, 0], height - points[:, 1]])
    return sample(picture, points), sure * (rim > 1)


def _in_front(points: Floats, camera: Camera, vertices: Floats, mesh: Mesh) -> Floats:
    """1 where nothing of the head stands before a point (P, 3) in pixels, else 0."""
    solid = np.isin(mesh.groups, [mesh.group_names.index(name) for name in SOLID])
    corners = camera.project(vertices)
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    scale = DEPTH_WIDTH / max(float((high - low).max()), 1.0)
    shift, size = np.array([*low, 0.0]), np.ceil((high - low) * scale).astype(int) + 1
    zoom = np.array([scale, scale, 1.0])
    cover = zbuffer((corners - shift) * zoom, triangles(mesh.quads[solid]), int(size[0]), int(size[1]))
    x, y = np.clip(((points - shift) * zoom)[:, :2].astype(int), 0, size - 1).T
    return (points[:, 2] < cover.depth[y, x] + BEHIND).astype(np.float64)
