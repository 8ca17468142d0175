"""How much sky falls on the bust, in the poses it takes, and how that reaches the textures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from digiclone.avatar.bust import posed
from digiclone.avatar.glb import Part
from digiclone.avatar.mesh import Floats
from digiclone.avatar.raster import rasterise, spread
from digiclone.avatar.shade import CELL_METRES, openness, surface_points
from digiclone.avatar.texture import Pixels

OPEN_MOUTH = {"jawOpen": 0.6, "mouthLowerDownLeft": 0.4, "mouthLowerDownRight": 0.4}
SHUT_EYES = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}
SOLID = ("Head", "Hair", "Clothes", "EyeLeft", "EyeRight", "Teeth", "Tongue")
# Hair whose alpha is lower is cut away.
HAIR_CUTOFF = 0.45


@dataclass(frozen=True)
class Sky:
    """Openness of every part's vertices, part name -> (N,) in 0..1, in three poses of the face."""

    rest: Mapping[str, Floats]
    open_mouth: Mapping[str, Floats]
    shut_eyes: Mapping[str, Floats]

    def mean(self, name: str) -> Floats:
        """(N,) for skin that moves: a lid or a lip keeps one texture, open or shut."""
        return (self.rest[name] + self.open_mouth[name] + self.shut_eyes[name]) / 3


def sky_over(parts: Sequence[Part], hair_alpha: Pixels) -> Sky:
    """Look up from every vertex in every pose. `hair_alpha` (H, W) says where hair is."""
    rest, open_mouth, shut_eyes = (_seen(parts, pose, hair_alpha) for pose in ({}, OPEN_MOUTH, SHUT_EYES))
    return Sky(rest, open_mouth, shut_eyes)


def _seen(parts: Sequence[Part], pose: Mapping[str, float], hair_alpha: Pixels) -> dict[str, Floats]:
    points = [posed(part, pose) for part in parts]
    solid = [
        strand_points(p, part, hair_alpha) if part.name == "Hair" else surface_points(p, part.faces, CELL_METRES)
        for p, part in zip(points, parts, strict=True)
        if part.name in SOLID
    ]
    normals = np.concatenate([part.normals for part in parts])
    shares = openness(np.concatenate(points), normals, np.concatenate(solid))
    ends = np.cumsum([len(p) for p in points])[:-1]
    return {part.name: share for part, share in zip(parts, np.split(shares, ends), strict=True)}


def strand_points(positions: Floats, hair: Part, alpha: Pixels) -> Floats:
    """Points (P, 3) on hair at some positions (N, 3), where its texture is not cut away."""
    cloud = surface_points(np.concatenate([positions, hair.uvs], axis=1), hair.faces, CELL_METRES)
    height, width = alpha.shape
    column = np.clip((cloud[:, 3] * width).astype(int), 0, width - 1)
    row = np.clip((cloud[:, 4] * height).astype(int), 0, height - 1)
    return cloud[alpha[row, column] > HAIR_CUTOFF, :3]


def bake(part: Part, values: Floats, size: int) -> Pixels:
    """Vertex values (N,) as a picture (size, size) in the part's texture space."""
    picture, covered = rasterise(part.uvs, part.faces, values[:, None], size, size)
    return spread(picture, covered)[..., 0].astype(np.float32)
