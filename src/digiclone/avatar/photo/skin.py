"""The person's skin out of one photo: projected, evened out, mirrored where only one side was seen."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from digiclone.avatar.camera import Camera
from digiclone.avatar.mesh import Floats, Mesh, triangles, vertex_normals
from digiclone.avatar.photo import fill, masks
from digiclone.avatar.photo.face import HEIGHT, WIDTH
from digiclone.avatar.photo.fill import Float32s
from digiclone.avatar.photo.light import lighting
from digiclone.avatar.photo.project import project, smoothstep
from digiclone.avatar.photo.texels import Texels
from digiclone.avatar.render import sample
from digiclone.avatar.texture import Color, Pixels

# Where ears end and the face begins, and the neck, on the base mesh: Z and Y in dm.
BEFORE_EARS, ABOVE_NECK = (0.60, 0.95), (5.95, 6.15)
# What is left of a difference in light between the two sides is coarser than this, in texels.
COARSE = 45.0
STEP = 6
# The mirrored side is a guess and gives way to what was seen.
MIRRORED = np.float32(0.9)
# Texels seen at least this surely say what colour the skin has.
CERTAIN = 0.6


def skin(
    picture: Pixels, camera: Camera, vertices: Floats, bare: masks.Mask, mesh: Mesh, where: Texels
) -> tuple[Pixels, Float32s, Color]:
    """The skin (HEIGHT, WIDTH, 3) under even light, how surely it was seen (HEIGHT, WIDTH), and its usual colour.

    `vertices` (V, 3) are the head as in the `picture`, taken by `camera`; `bare` (H, W) marks pixels of bare skin.
    """
    values, sure = project(np.dstack([picture, bare]), camera, vertices, mesh, where)
    colour, sure = values[:, :3], sure * values[:, 3] * _measured(mesh, where)
    seen = _sheet(sure[:, None].astype(np.float32), where)[..., 0]
    flat = _evened(colour, sure, vertices, mesh, where)
    both, share = _mirrored(_sheet(flat, where), seen, where)
    return both, share, _tone(both, seen)


def _measured(mesh: Mesh, where: Texels) -> Floats:
    """(P,) 1 on the face, 0 on what no landmark measures: ears, neck, the back of the head."""
    place = where.at(mesh.vertices)
    return smoothstep(place[:, 2], *BEFORE_EARS) * smoothstep(place[:, 1], *ABOVE_NECK)


def _evened(colour: Pixels, sure: Floats, vertices: Floats, mesh: Mesh, where: Texels) -> Pixels:
    """Colours (P, 3) without the photo's light."""
    normals = where.at(vertex_normals(vertices, triangles(mesh.quads[mesh.in_group("body")])))
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    logs = fill.logs(colour).astype(np.float64)
    return np.exp(logs - lighting(logs, normals, sure)).astype(np.float32)


def _mirrored(flat: Pixels, seen: Float32s, where: Texels) -> tuple[Pixels, Float32s]:
    """Both sides from what either shows: their light made equal, the hidden one filled from the other."""
    other, also = _reflect(flat, where), MIRRORED * _reflect(seen[..., None], where)[..., 0]
    both = np.asarray(seen * also, dtype=np.float32)[..., None]
    # what is darker over a wide patch on one side only is shadow: each side takes half of the difference
    gap = _smooth((fill.logs(other) - fill.logs(flat)) * both) / np.maximum(_smooth(both), np.float32(1e-3))
    level = np.asarray(np.exp(fill.logs(flat) + 0.5 * gap), dtype=np.float32)
    return fill.blend(level, seen, _reflect(level, where)), np.maximum(seen, also)


def _smooth(picture: Float32s) -> Float32s:
    """Blurred by `COARSE`; done small, since nothing fine is left."""
    small = ndimage.zoom(picture, (1 / STEP, 1 / STEP, 1), order=1, grid_mode=True, mode="nearest")
    soft = np.asarray(ndimage.gaussian_filter(small, (COARSE / STEP, COARSE / STEP, 0)))
    whole = (HEIGHT / len(soft), WIDTH / len(soft[0]), 1)
    return np.asarray(ndimage.zoom(soft, whole, order=1, grid_mode=True, mode="nearest"), dtype=np.float32)


def _reflect(picture: Float32s, where: Texels) -> Float32s:
    """The picture (HEIGHT, WIDTH, C) with left and right of the head exchanged."""
    return _sheet(sample(picture, where.mirror), where)


def _tone(skin: Pixels, seen: Float32s) -> Color:
    """The median colour of what was surely seen."""
    certain = skin[seen > min(CERTAIN, float(seen.max()) * 0.9)]
    red, green, blue = np.median(certain, axis=0)
    return float(red), float(green), float(blue)


def _sheet(values: Float32s, where: Texels) -> Float32s:
    """Values (P, C) of texels as a picture (HEIGHT, WIDTH, C)."""
    sheet = np.zeros((HEIGHT * WIDTH, values.shape[1]), dtype=np.float32)
    sheet[where.pixel] = values
    return sheet.reshape(HEIGHT, WIDTH, -1)
