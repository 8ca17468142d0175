"""The person's skin out of one photo: projected, evened out, mirrored where only one side was seen."""

from __future__ import annotations

import numpy as np

from digiclone.avatar import assets, texture
from digiclone.avatar.assets import Assets
from digiclone.avatar.camera import Camera
from digiclone.avatar.mesh import Floats, Mesh, smoothstep
from digiclone.avatar.photo import fill, masks
from digiclone.avatar.photo.face import CROP, HEIGHT, WIDTH
from digiclone.avatar.photo.fill import Float32s
from digiclone.avatar.photo.light import lighting
from digiclone.avatar.photo.project import directions, project
from digiclone.avatar.photo.texels import Texels
from digiclone.avatar.render import sample
from digiclone.avatar.texture import Color, Pixels

# Where ears end and the face begins, and the neck, on the base mesh: Z and Y in dm.
BEFORE_EARS, ABOVE_NECK = (0.60, 0.95), (5.95, 6.15)
# What is left of a difference in light between the two sides is coarser than this, in texels.
COARSE = 28.0
# Log brightness of dry skin above its usual; how much of what is beyond that is shine; how wide that is, in texels.
MATT, SHINE_SHARE, SHINE = 0.08, 0.7, 10.0
# The mirrored side is a guess and gives way to what was seen.
MIRRORED = np.float32(0.9)
# Texels seen at least this surely say what colour the skin has.
CERTAIN = 0.6


def skin(
    picture: Pixels, camera: Camera, vertices: Floats, bare: masks.Mask, loaded: Assets, where: Texels
) -> tuple[Pixels, Float32s, Color]:
    """The skin (HEIGHT, WIDTH, 3) under even light, how surely it was seen (HEIGHT, WIDTH), and its usual colour.

    `vertices` (V, 3) are the head as in the `picture`, taken by `camera`; `bare` (H, W) marks pixels of bare skin.
    """
    mesh = loaded.base_mesh
    measured = _measured(mesh, where)
    where, measured = where.where(measured > 0), measured[measured > 0]
    normals = directions(vertices, mesh, where)
    values, sure = project(np.dstack([picture, bare]), camera, vertices, normals, mesh, where)
    colour, sure = values[:, :3], sure * values[:, 3] * measured
    seen = _sheet(sure[:, None].astype(np.float32), where)[..., 0]
    logs = fill.logs(colour).astype(np.float64)
    even = _sheet((logs - lighting(logs, normals, sure)).astype(np.float32), where)
    flat = np.exp(even - shine(even, seen[..., None], _lips(loaded)))
    both, share = _mirrored(flat, seen, where)
    return both, share, _tone(both, seen)


def _measured(mesh: Mesh, where: Texels) -> Floats:
    """(P,) 1 on the face, 0 on what no landmark measures: ears, neck, the back of the head."""
    place = where.at(mesh.vertices)
    return smoothstep(place[:, 2], *BEFORE_EARS) * smoothstep(place[:, 1], *ABOVE_NECK)


def shine(logs: Float32s, sure: Float32s, lips: Float32s) -> Float32s:
    """How much brighter (HEIGHT, WIDTH, 1) wet or oily skin is than the rest, and wet lips than lips: a lamp mirrored
    in it, in log colours."""
    level, known = logs.mean(axis=-1, keepdims=True), sure > CERTAIN
    usual = np.median(level[known])
    if (mouth := known & (lips > 0.5)).any():
        usual = usual + lips * (np.median(level[mouth]) - usual)
    above = fill.soften((level - usual) * sure, SHINE) / np.maximum(fill.soften(sure, SHINE), np.float32(1e-3))
    return np.maximum(above - np.float32(MATT), 0) * np.float32(SHINE_SHARE)


def _lips(loaded: Assets) -> Float32s:
    """(HEIGHT, WIDTH, 1) 1 on the lips."""
    mask = loaded.picture(assets.LIP_MASK, "L")
    left, bottom, right, top = np.array(CROP) * mask.shape[0]
    part = mask[round(mask.shape[0] - top) : round(mask.shape[0] - bottom), round(left) : round(right)]
    return texture.resize(part, WIDTH, HEIGHT)[..., None]


def _mirrored(flat: Pixels, seen: Float32s, where: Texels) -> tuple[Pixels, Float32s]:
    """Both sides from what either shows: their light made equal, the hidden one filled from the other."""
    other, also = _reflect(flat, where), MIRRORED * _reflect(seen[..., None], where)[..., 0]
    both = np.asarray(seen * also, dtype=np.float32)[..., None]
    # what is darker over a wide patch on one side only is shadow: each side takes half of the difference
    sides = fill.soften((fill.logs(other) - fill.logs(flat)) * both, COARSE)
    gap = sides / np.maximum(fill.soften(both, COARSE), np.float32(1e-3))
    level = np.asarray(np.exp(fill.logs(flat) + 0.5 * gap), dtype=np.float32)
    return fill.blend(level, seen, _reflect(level, where)), np.maximum(seen, also)


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
