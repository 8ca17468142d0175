"""Another body under a face: the numbers of a look applied to a person.

A face from a photo stays as the photo says. What a heavier, older or taller body does to the mesh is added in full from
the neck down and at the back of the head, and fades to a share on the face.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from digiclone.avatar.human import Human, shape
from digiclone.avatar.look import Body
from digiclone.avatar.mesh import Floats, Mesh, smoothstep

ORIGINS = ("african", "asian", "caucasian")
FATTER, THINNER, FAT_PER_WEIGHT = "head/head-fat-incr", "head/head-fat-decr", 1.6
# How much of a change of weight, muscle or age shows in a fitted face.
FACE_SHARE = 0.5
# Where the face begins on the base mesh, dm: from the ears forward, from under the chin up.
FACE_DEPTH, FACE_HEIGHT = (0.35, 0.95), (5.95, 6.35)
DECIMETRES_PER_CM = 0.1

Read = Callable[[str], bytes]


def apply(body: Body, human: Human) -> Human:
    """The human with what the look says of the body, but for the height, which `shaped` finds."""
    numbers = {name: getattr(body, name) for name in ("gender", "age", "muscle", "weight")}
    shares = {name: getattr(body, name) for name in ORIGINS}
    total = sum(share for share in shares.values() if share is not None)
    if total:
        numbers["origins"] = {name: (share or 0.0) / total for name, share in shares.items()}
    chosen = replace(human, **{name: value for name, value in numbers.items() if value is not None})
    return replace(chosen, features=_fuller(human.features, chosen.weight - human.weight))


def _fuller(features: Mapping[str, float], gained: float) -> Mapping[str, float]:
    """The sculpted weights end at the neck: cheeks and jaw follow by a feature of their own, in either direction."""
    fat = features.get(FATTER, 0.0) - features.get(THINNER, 0.0) + FAT_PER_WEIGHT * gained
    rest = {name: amount for name, amount in features.items() if name not in (FATTER, THINNER)}
    return rest | {FATTER: max(fat, 0.0), THINNER: max(-fat, 0.0)} if gained else features


def shaped(mesh: Mesh, body: Body, human: Human, fitted: Floats | None, read: Read) -> tuple[Floats, Human]:
    """Vertices (V, 3) dm of the person with this body, and the macros of it.

    `fitted` (V, 3) is a face whose macros are `human`; None mixes the face from the macros as well. Raises what `read`
    raises for a missing target.
    """
    now = apply(body, human)

    def stand(height: float) -> Floats:
        tall = replace(now, height=height)
        if fitted is None:
            return shape(mesh.vertices, tall, read)
        return reshaped(mesh.vertices, fitted, human, tall, read)

    if body.height is None:
        return stand(now.height), now
    height = _height_for(body.height * DECIMETRES_PER_CM, lambda h: stature(mesh, stand(h)))
    return stand(height), replace(now, height=height)


def stature(mesh: Mesh, vertices: Floats) -> float:
    """From the soles to the crown, dm."""
    body = vertices[np.unique(mesh.quads[mesh.in_group("body")]), 1]
    return float(body.max() - body.min())


def _height_for(wanted: float, measure: Callable[[float], float]) -> float:
    """The macro (0..1) that gives a stature; the smallest or tallest sculpted where it lies beyond them."""
    middle = measure(0.5)
    end = 1.0 if wanted > middle else 0.0
    # each half is linear
    share = (wanted - middle) / (measure(end) - middle)
    return 0.5 + (end - 0.5) * float(np.clip(share, 0, 1))


def face_mask(base: Floats) -> Floats:
    """How much each vertex (V,) of the base mesh is face: 1 in front, 0 behind the ears and below the chin."""
    return smoothstep(base[:, 2], *FACE_DEPTH) * smoothstep(base[:, 1], *FACE_HEIGHT)


def reshaped(base: Floats, fitted: Floats, was: Human, now: Human, read: Read) -> Floats:
    """A fitted head (V, 3) whose macros were `was` on the body of `now`.

    The face grows and moves with the head it is on and keeps its form, but for a share of what age, weight and muscle
    do to it.
    """
    start = shape(base, was, read)
    change = shape(base, now, read) - start
    if not change.any():
        return fitted
    mask = face_mask(base)[:, None]
    grown = _grown(start, change, mask)
    aged = replace(was, age=now.age, weight=now.weight, muscle=now.muscle, features=now.features)
    lived = shape(base, aged, read) - start
    lived -= _grown(start, lived, mask)(start)
    return fitted + grown(fitted) + (1 - mask) * (change - grown(start)) + mask * FACE_SHARE * lived


def _grown(points: Floats, change: Floats, mask: Floats) -> Callable[[Floats], Floats]:
    """Of a change (V, 3) of points, what growing and moving as a whole explains on the face, for any points."""
    centre, carried = ((values * mask).sum(axis=0) / mask.sum() for values in (points, change))
    around = (points - centre) * mask
    growth = float((around * (change - carried)).sum() / (around * (points - centre)).sum())
    return lambda place: growth * (place - centre) + carried
