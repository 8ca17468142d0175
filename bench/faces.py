"""How well a photo's face is found again in the mesh.

    python bench/faces.py [--json]

(a) Held-out landmarks: every fifth of the 468 is kept from the fit and from the warp; how far the mesh is from them, in
per cent of the distance of the outer eye corners, on two portraits in the public domain; beside it, how far all of them
are from where MediaPipe's network had them before it was taught; and how many triangles of the body turned over. (b)
People who do not exist (`photo/people.py`) are drawn, fitted from the drawing alone, and compared at rest in space,
after the best similarity, over the face; beside them the mean head, which knows nothing. The network, the places and
the fit's prior know other such people, by other numbers, the network in other skins, hair and light. (c) Of all those
heads, to which one is each fit nearest?
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import numpy as np
from portraits import portraits
from scipy.spatial import KDTree

from digiclone.avatar.make import assets
from digiclone.avatar.mesh import Floats, Ints, triangles
from digiclone.avatar.photo import landmarks
from digiclone.avatar.photo.detect import find_faces
from digiclone.avatar.photo.fit import find_places, fit, shape_head, sight_of, trust_of, whole_model
from digiclone.avatar.photo.people import somebody
from digiclone.avatar.photo.read import Photo, PhotoError, open_photo
from digiclone.avatar.photo.solve import prior, solve
from digiclone.avatar.photo.warp import flipped

EVERY = 5
"""One landmark in so many is held out."""
NEAR = 0.12
"""Skin this near to a landmark is the face, dm."""
MM = 100.0
HEADS, FIRST_SEED = 20, 90_000


def figures(_quick: bool = False) -> dict[str, Any]:
    """All three; they take a minute, so there is nothing to shorten."""
    return held_out() | known_heads(HEADS)


def held_out() -> dict[str, Any]:
    """(a), per portrait, and beside it the error on the landmarks that were used."""
    loaded = assets()
    places, model = find_places(), whole_model(loaded)
    used = np.arange(landmarks.COUNT) % EVERY != 0
    kept, seen_too, untaught, turned = {}, {}, {}, 0
    for name, path in portraits().items():
        picture = open_photo(path).pixels
        seen = landmarks.read_landmarks(picture)
        found = solve(model.at(places), sight_of(seen, picture.shape[1], picture.shape[0], used))
        vertices, expressive, _ = shape_head(loaded, model, places, found, seen, trust_of(seen) * used)
        shown = found.pose.camera.project(places.of(expressive))[:, :2]
        error = 100 * np.linalg.norm(shown - seen.points[:, :2], axis=1) / seen.eye_distance
        usual = landmarks.measure(picture, landmarks.choose(find_faces(picture), None), taught=False)
        apart_by = np.linalg.norm((seen.points - usual.points)[:, :2], axis=1).mean()
        untaught[name] = 100 * float(apart_by) / seen.eye_distance
        kept[name], seen_too[name] = float(error[~used].mean()), float(error[used].mean())
        body = triangles(loaded.base_mesh.quads[loaded.base_mesh.in_group("body")])
        neutral = model.neutral(model.split(found.amounts)[0])
        turned += len(flipped(neutral, vertices, body))
    return {
        "heldout_landmark_error_pct": kept,
        "used_landmark_error_pct": seen_too,
        "from_mediapipe_pct": untaught,
        "flipped_triangles": turned,
    }


def known_heads(count: int) -> dict[str, Any]:
    """(b) and (c). Heads whose drawing is refused as a photo are counted and left out."""
    loaded = assets()
    region = _face(loaded.base_mesh.vertices)
    mean = _mean_head()
    true: list[Floats] = []
    fits: list[Floats] = []
    refused: list[str] = []
    for number in range(count):
        print(f"known head {number + 1} of {count}", file=sys.stderr, flush=True)
        known = somebody(loaded, whole_model(loaded), FIRST_SEED + number)
        try:
            fits.append(fit(Photo(known.picture, "", f"head {number}"), loaded).vertices[region])
        except PhotoError as error:
            refused.append(str(error))
            continue
        true.append(known.vertices[region])
    errors = np.array([[apart(one, other) for other in true] for one in fits])
    return {
        "ground_truth_mm": {
            "mean_head": float(np.mean([apart(mean[region], other) for other in true])),
            "fit": float(np.mean(np.diag(errors))),
        },
        "identity_top1": float(np.mean(errors.argmin(axis=1) == np.arange(len(errors)))),
        "known_heads": {"fitted": len(fits), "refused": refused},
    }


def _mean_head() -> Floats:
    model = whole_model(assets())
    return model.neutral(model.split(prior(model)[1])[0])


def _face(base: Floats) -> Ints:
    places = find_places().of(base)
    mesh = assets().base_mesh
    skin = np.unique(mesh.quads[mesh.in_group("body")])
    return skin[KDTree(places).query(base[skin])[0] < NEAR]


def apart(one: Floats, other: Floats) -> float:
    """Mean distance in mm of points (N, 3) dm after the best similarity of the first onto the second (Umeyama 1991)."""
    first, second = one - one.mean(axis=0), other - other.mean(axis=0)
    left, size, right = np.linalg.svd(first.T @ second)
    signs = np.array([1, 1, np.sign(np.linalg.det(left @ right))])
    scale = (size * signs).sum() / (first**2).sum()
    return MM * float(np.linalg.norm(scale * first @ (left * signs) @ right - second, axis=1).mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    print(json.dumps(figures(), indent=None if options.json else 2))
