"""The parts of a head as a picture, drawn by the processor: for previews, and wherever a known head must be seen.

Light is a sky, a key from the upper left and a fill; shade is already in the textures. Hair and lashes are cut out by
their alpha, then what is blended is laid over, farthest first.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from digiclone.avatar.bust import posed
from digiclone.avatar.camera import Camera
from digiclone.avatar.glb import Part
from digiclone.avatar.mesh import Floats, Ints, vertex_normals
from digiclone.avatar.raster import fragments
from digiclone.avatar.texture import Pixels, decode

# Directions toward the light, in the camera's frame turned Y up, and its strength; what comes from everywhere.
Lights = Sequence[tuple[tuple[float, float, float], float]]
LIGHTS: Lights = (((-0.45, 0.55, 0.70), 0.50), ((0.75, 0.10, 0.65), 0.18))
AMBIENT = 0.48
# A lash lies in the skin it grows from: so much, in metres, is no depth.
ROOTED = 5e-4
GAMMA = 2.2
# From the camera's frame, Y down and Z away, to the lights'.
UPWARD = np.array([1.0, -1.0, -1.0])
# Pixels drawn per pixel shown, along each side, unless speed matters more.
FINE = 2


@dataclass(frozen=True)
class _Layer:
    """What is seen of one part: `pixel` (P,), `depth` (P,) in metres, `colour` (P, 4)."""

    pixel: Ints
    depth: Floats
    colour: Pixels

    def where(self, keep: NDArray[np.bool_]) -> _Layer:
        return _Layer(self.pixel[keep], self.depth[keep], self.colour[keep])


def render(
    parts: Sequence[Part],
    camera: Camera,
    width: int,
    height: int,
    weights: Mapping[str, float] | None = None,
    background: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
    lights: Lights = LIGHTS,
    ambient: float = AMBIENT,
    fine: int = FINE,
) -> Pixels:
    """The parts in front of `background` (sRGB and alpha), some face shapes set by `weights`: (height, width, 4).

    `camera` is in metres, like the parts, and in pixels of the picture asked for.
    """
    wide, high = width * fine, height * fine
    x, y = camera.centre
    lens = replace(camera, focal=camera.focal * fine, centre=(x * fine, y * fine))
    canvas = np.tile(np.array(background, dtype=np.float32), (wide * high, 1))
    depth = np.full(wide * high, np.inf)
    drawn = [_draw(part, lens, wide, high, weights or {}, (ambient, lights)) for part in parts]
    for layer, part in zip(drawn, parts, strict=True):
        if part.material.alpha != "BLEND":
            front = layer.where(layer.depth < depth[layer.pixel])
            canvas[front.pixel], depth[front.pixel] = front.colour, front.depth
    sheer = [d for d, part in zip(drawn, parts, strict=True) if part.material.alpha == "BLEND" and len(d.depth)]
    for layer in sorted(sheer, key=lambda layer: -float(np.median(layer.depth))):
        front = layer.where(layer.depth < depth[layer.pixel] + ROOTED)
        canvas[front.pixel] = _over(front.colour, canvas[front.pixel])
    return canvas.reshape(height, fine, width, fine, 4).mean(axis=(1, 3), dtype=np.float32)


def _over(above: Pixels, below: Pixels) -> Pixels:
    alpha = above[:, 3:]
    rest = below[:, 3:] * (1 - alpha)
    total = alpha + rest
    mixed = (above[:, :3] * alpha + below[:, :3] * rest) / np.maximum(total, np.float32(1e-6))
    return np.concatenate([mixed, total], axis=1, dtype=np.float32)


def _draw(
    part: Part, lens: Camera, width: int, height: int, weights: Mapping[str, float], light: tuple[float, Lights]
) -> _Layer:
    """One part: its nearest fragments, one a pixel, and their colours."""
    positions = posed(part, weights)
    points = lens.project(positions)
    faces = part.faces if part.material.double_sided else _front(points, part.faces)
    seen = fragments(points, faces, width, height)
    if part.material.alpha != "OPAQUE":
        alpha = _colour(part, seen.at(faces, part.uvs))[:, 3]
        seen = seen.where(alpha >= (part.material.cutoff if part.material.alpha == "MASK" else 0.02))
    distance = seen.at(faces, points[:, 2])
    order = np.argsort(-distance, kind="stable")
    last = np.full(width * height, -1, dtype=np.int64)
    # where a pixel comes twice, the last and nearest stays
    last[seen.pixel[order]] = order
    keep = last[last >= 0]
    front = seen.where(keep)
    normals = front.at(faces, vertex_normals(positions, part.faces) if weights else part.normals)
    colour = _colour(part, front.at(faces, part.uvs))
    return _Layer(front.pixel, distance[keep], _lit(part, normals @ lens.rotation.T, colour, light))


def _front(points: Floats, faces: Ints) -> Ints:
    """Faces (F, 3) seen from outside: as glTF has it, the others are not drawn."""
    a, b, c = (points[faces[:, corner], :2] for corner in range(3))
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    return faces[ux * vy - uy * vx < 0]


def _lit(part: Part, normals: Floats, colour: Pixels, light: tuple[float, Lights]) -> Pixels:
    """Colours (P, 4) under the lights; `normals` (P, 3) in the camera's frame, of any length."""
    if part.material.glow:
        return colour
    toward = normals * UPWARD / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    if part.material.double_sided:
        toward *= np.where(toward[:, 2:] < 0, -1.0, 1.0)
    ambient, lamps = light
    total = np.full(len(toward), ambient)
    for direction, strength in lamps:
        total += strength * np.maximum(toward @ (np.array(direction) / np.linalg.norm(direction)), 0)
    shaded = colour.copy()
    # light adds up in linear space; the textures are sRGB
    shaded[:, :3] = np.clip(colour[:, :3] * (total[:, None] ** (1 / GAMMA)), 0, 1)
    return shaded


def _colour(part: Part, uvs: Floats) -> Pixels:
    """The material's colour (P, 4) at texture coordinates (P, 2)."""
    factor = np.array(part.material.color, dtype=np.float32)
    factor[:3] **= 1 / GAMMA
    if part.material.image is None:
        return np.tile(factor, (len(uvs), 1))
    picture = _decoded(part.material.image.data)
    return factor * sample(picture, uvs * np.array(picture.shape[1::-1]))


@functools.lru_cache(maxsize=16)
def _decoded(data: bytes) -> Pixels:
    return decode(data, "RGBA")


def sample(picture: Pixels, points: Floats) -> Pixels:
    """Bilinear samples (P, C) of a picture (H, W, C) at points (P, 2) in pixels; beyond its rim, its rim."""
    height, width = picture.shape[:2]
    x, y = np.clip(points[:, 0] - 0.5, 0, width - 1), np.clip(points[:, 1] - 0.5, 0, height - 1)
    left, top = np.minimum(x.astype(np.int64), width - 2), np.minimum(y.astype(np.int64), height - 2)
    fx, fy = (x - left).astype(np.float32)[:, None], (y - top).astype(np.float32)[:, None]
    upper = picture[top, left] * (1 - fx) + picture[top, left + 1] * fx
    lower = picture[top + 1, left] * (1 - fx) + picture[top + 1, left + 1] * fx
    return np.asarray(upper * (1 - fy) + lower * fy, dtype=np.float32)
