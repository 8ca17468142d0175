"""Pictures for `train.faces`: people who do not exist, in other skins, hair, brows, faces and lights than those whom
`bench/faces.py` draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from digiclone.avatar import assets, texture
from digiclone.avatar.assets import Assets
from digiclone.avatar.bust import EYE_VERTICES
from digiclone.avatar.camera import Camera, look_at, turn
from digiclone.avatar.complexion import TONES, painted_skin, skin_shares
from digiclone.avatar.human import Human
from digiclone.avatar.mesh import Floats
from digiclone.avatar.photo import people
from digiclone.avatar.photo.correspond import Places
from digiclone.avatar.photo.mannequin import Mannequin, dress, in_metres, reddened
from digiclone.avatar.photo.model import Model
from digiclone.avatar.render import render
from digiclone.avatar.texture import Color, Pixels
from digiclone.avatar.visemes import ARKIT

SIDE = 288
# How much larger than the box around the landmarks the picture is: room for crops that are turned and shifted.
ROOM = 1.92
SAME_OUTFIT = 12
SKIN_SIDE = 1024
# Fewer of the hair that hides half the face.
HAIR = [None] * 5 + [name for name in assets.HAIR for _ in range(1 if name.startswith("bob") else 3)]
MOVES = [name for name in ARKIT if not name.startswith(("eyeLook", "tongue"))]


@dataclass(frozen=True, eq=False)
class Drawing:
    """`picture` (SIDE, SIDE, 3) bytes; `points` (468, 3) in its pixels, z away from the camera and 0 on average."""

    picture: NDArray[np.uint8]
    points: NDArray[np.float32]


def drawings(loaded: Assets, model: Model, places: Places, numbers: range) -> Iterator[Drawing]:
    """The people of those numbers, each another; `model` is the face model at every vertex."""
    clothed: tuple[int, Mannequin] | None = None
    for number in numbers:
        first = number - number % SAME_OUTFIT
        if clothed is None or clothed[0] != first:
            clothed = first, _outfit(loaded, np.random.default_rng((first, 1)))
        yield _drawing(loaded, model, places, clothed[1], np.random.default_rng((number, 0)))


def _drawing(loaded: Assets, model: Model, places: Places, man: Mannequin, draw: np.random.Generator) -> Drawing:
    vertices = people.person(loaded, model, draw) + _expression(loaded, draw)
    camera = _camera(vertices, places, draw)
    lamps = [((draw.normal(0, 0.7), draw.uniform(-0.2, 1), 0.7), draw.uniform(0.05, 0.6)) for _ in range(3)]
    ambient = draw.uniform(0.25, 0.6)
    drawn = render(man.parts(vertices), in_metres(camera), SIDE, SIDE, lights=lamps, ambient=ambient, fine=1)
    picture = drawn[..., :3] * drawn[..., 3:] + _wall(draw) * (1 - drawn[..., 3:])
    points = camera.project(places.of(vertices))
    deep = points[:, 2].mean()
    points[:, 2] = (points[:, 2] - deep) * camera.focal / deep
    return Drawing((np.clip(picture, 0, 1) * 255).astype(np.uint8), points.astype(np.float32))


def _outfit(loaded: Assets, draw: np.random.Generator) -> Mannequin:
    hair = HAIR[draw.integers(len(HAIR))]
    brows = list(assets.BROWS)[draw.integers(len(assets.BROWS))]
    man = dress(loaded, assets.HAIR[hair] if hair else None, brows, _skin(loaded, draw))
    return man.tinted({name: _tint(draw) for name in ("Brows", *(["Hair"] if hair else []))})


def _skin(loaded: Assets, draw: np.random.Generator) -> Pixels:
    """Painted for some age, gender and origin, in a tone around theirs; every other with reddened lips."""
    origins = dict(zip(TONES, draw.dirichlet([0.7] * 3).tolist(), strict=True))
    human = Human(gender=float(draw.uniform()), age=float(draw.uniform(25, 85)), origins=origins)
    usual = np.sum([share * np.array(TONES[name]) for name, share in origins.items()], axis=0)
    tone = texture.triple(np.clip(usual * np.exp(draw.normal(0, 0.12)) * np.exp(draw.normal(0, 0.04, 3)), 0.08, 0.97))
    skin = texture.resize(painted_skin(loaded, skin_shares(human, tone), tone), SKIN_SIDE, SKIN_SIDE)
    red = np.clip(np.array([0.95, 0.72, 0.75]) * np.exp(draw.normal(0, 0.12, 3)), 0, 1.05)
    made_up = draw.uniform() if draw.uniform() < 0.5 else 0.0
    return reddened(loaded, skin, red, made_up)


def _tint(draw: np.random.Generator) -> Color:
    red, green, blue = np.clip(np.exp(draw.normal(-0.1, 0.5) + draw.normal(0, 0.1, 3)), 0.05, 3).tolist()
    return red, green, blue


def _expression(loaded: Assets, draw: np.random.Generator) -> Floats:
    """A face that people make, or any five moves at most, often on both sides alike."""
    offsets = people.expression(loaded, draw) if draw.uniform() < 0.35 else np.zeros_like(loaded.base_mesh.vertices)
    for _ in range(draw.integers(0, 6)):
        move = MOVES[draw.integers(len(MOVES))]
        amount = min(abs(draw.normal(0, 0.4)), 1.0) * (0.6 if move == "jawOpen" else 1.0)
        twins = {move.replace("Left", "Right"), move.replace("Right", "Left")} if draw.uniform() < 0.7 else set[str]()
        for name in sorted({move} | twins):
            offsets = offsets + amount * people.target(loaded, assets.face_unit(name))
    return offsets


def _camera(vertices: Floats, places: Places, draw: np.random.Generator) -> Camera:
    """At the distance of a selfie or a portrait; the landmarks fill the middle of the picture."""
    distance = float(np.exp(draw.uniform(np.log(4), np.log(20))))
    yaw = draw.uniform(-32, 32) if draw.uniform() < 0.6 else draw.normal(0, 8)
    pose = np.radians([yaw, draw.uniform(-18, 18), draw.normal(0, 6)])
    target = vertices[EYE_VERTICES].mean(axis=0) + np.array([0, -0.3, -0.5])
    camera = look_at(target, distance, 200 * distance, (SIDE / 2, SIDE / 2), turn(*pose))
    seen = camera.project(places.of(vertices))[:, :2]
    low, high = seen.min(axis=0), seen.max(axis=0)
    zoom = SIDE / (float((high - low).max()) * ROOM)
    x, y = (np.array(camera.centre) - (low + high) / 2) * zoom + SIDE / 2 + draw.normal(0, 4, 2)
    return replace(camera, focal=camera.focal * zoom, centre=(float(x), float(y)))


def _wall(draw: np.random.Generator) -> Pixels:
    """One colour, or clouds of colours."""
    if draw.uniform() < 1 / 3:
        return np.tile(draw.uniform(0, 1, 3).astype(np.float32), (SIDE, SIDE, 1))
    grain = int(draw.choice([2, 4, 9, 20]))
    return np.clip(texture.resize(draw.uniform(0, 1, (grain, grain, 3)).astype(np.float32), SIDE, SIDE), 0, 1)
