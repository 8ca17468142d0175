"""How much sky falls on the bust, in the poses it takes, and how that reaches the textures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from digiclone.avatar.bust import posed
from digiclone.avatar.glb import Part
from digiclone.avatar.mesh import Floats, Ints
from digiclone.avatar.raster import rasterise, spread
from digiclone.avatar.shade import View, openness, surface_points
from digiclone.avatar.texture import Pixels

OPEN_MOUTH = {"jawOpen": 0.6, "mouthLowerDownLeft": 0.4, "mouthLowerDownRight": 0.4}
SHUT_EYES = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}
SOLID = ("Head", "Hair", "Clothes", "EyeLeft", "EyeRight", "Teeth", "Tongue")
# Whose light is asked for with the mouth open, and with the eyes shut.
MOUTH_PARTS, LID_PARTS = ("Head", "Teeth", "Tongue"), ("Head",)
# Hair whose alpha is lower is cut away.
HAIR_CUTOFF = 0.45


@dataclass(frozen=True)
class Sky:
    """Openness of vertices, part name -> (N,) in 0..1, at rest and, for what these change, in two poses of the face."""

    rest: Mapping[str, Floats]
    open_mouth: Mapping[str, Floats]
    shut_eyes: Mapping[str, Floats]

    def mean(self, name: str) -> Floats:
        """(N,) for skin that moves: a lid or a lip keeps one texture, open or shut."""
        return (self.rest[name] + self.open_mouth[name] + self.shut_eyes[name]) / 3


def sky_over(parts: Sequence[Part], hair_alpha: Pixels | None, directions: int, cell: float) -> Sky:
    """Look up from every vertex in every pose. `hair_alpha` (H, W) says where hair is.

    `directions` and `cell` (metres) say how finely; see `shade.openness`.
    """
    solid = [part for part in parts if part.name in SOLID]
    moving = {part.name: _moves(part) for part in solid}
    shared = [_cloud(part, part.faces[~moving[part.name]], {}, hair_alpha, cell) for part in solid]
    poses: list[tuple[Mapping[str, float], Sequence[str]]] = [
        ({}, [part.name for part in parts]),
        (OPEN_MOUTH, MOUTH_PARTS),
        (SHUT_EYES, LID_PARTS),
    ]
    views: list[View] = []
    for pose, names in poses:
        asked = [part for part in parts if part.name in names]
        own = [_cloud(part, part.faces[moving[part.name]], pose, hair_alpha, cell) for part in solid]
        points = np.concatenate([posed(part, pose) for part in asked])
        views.append(View(points, np.concatenate([part.normals for part in asked]), np.concatenate(own)))
    found = openness(views, np.concatenate(shared), directions, cell)
    named = [_split(shares, parts, names) for shares, (_, names) in zip(found, poses, strict=True)]
    return Sky(*named)


def _split(shares: Floats, parts: Sequence[Part], names: Sequence[str]) -> dict[str, Floats]:
    asked = [part for part in parts if part.name in names]
    ends = np.cumsum([len(part.positions) for part in asked])[:-1]
    return {part.name: share for part, share in zip(asked, np.split(shares, ends), strict=True)}


def _moves(part: Part) -> Ints:
    """(F,) True for triangles that some pose moves."""
    still = posed(part, {})
    moved = np.any((posed(part, OPEN_MOUTH) != still) | (posed(part, SHUT_EYES) != still), axis=1)
    return moved[part.faces].any(axis=1)


def _cloud(part: Part, faces: Ints, pose: Mapping[str, float], hair_alpha: Pixels | None, cell: float) -> Floats:
    if not len(faces):
        return np.zeros((0, 3))
    if part.name == "Hair" and hair_alpha is not None:
        return strand_points(posed(part, pose), part, faces, hair_alpha, cell)
    return surface_points(posed(part, pose), faces, cell)


def strand_points(positions: Floats, hair: Part, faces: Ints, alpha: Pixels, cell: float) -> Floats:
    """Points (P, 3) on some faces (F, 3) of hair at some positions (N, 3), where its texture is not cut away."""
    cloud = surface_points(np.concatenate([positions, hair.uvs], axis=1), faces, cell)
    height, width = alpha.shape
    column = np.clip((cloud[:, 3] * width).astype(int), 0, width - 1)
    row = np.clip((cloud[:, 4] * height).astype(int), 0, height - 1)
    return cloud[alpha[row, column] > HAIR_CUTOFF, :3]


def smoothed(part: Part, values: Floats, rounds: int) -> Floats:
    """Vertex values (N,), mixed with their neighbours' some times over: bright cloth shows the samples' grain."""
    ends = np.concatenate([part.faces[:, [0, 1]], part.faces[:, [1, 2]], part.faces[:, [2, 0]]])
    both = np.concatenate([ends, ends[:, ::-1]])
    neighbours = np.maximum(np.bincount(both[:, 0], minlength=len(values)), 1)
    for _ in range(rounds):
        around = np.bincount(both[:, 0], weights=values[both[:, 1]], minlength=len(values)) / neighbours
        values = (values + around) / 2
    return values


def bake(part: Part, values: Floats, size: int) -> Pixels:
    """Vertex values (N,) or (N, C) as a picture (size, size) or (size, size, C) in the part's texture space."""
    flat = values.reshape(len(values), -1)
    picture, covered = rasterise(part.uvs, part.faces, flat, size, size)
    filled = spread(picture, covered).astype(np.float32)
    return filled if values.ndim == 2 else filled[..., 0]
