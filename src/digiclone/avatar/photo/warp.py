"""What the model could not say about a face: the rest of the way to the landmarks, spread smoothly over the head.

Radial basis functions carry the landmarks' last offsets to the skin between them. Where that would fold the skin, the
landmarks around are trusted less until it does not. Eyes stay balls, teeth stay as they are: they are moved whole.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.interpolate import RBFInterpolator
from scipy.spatial import KDTree

from digiclone.avatar.mesh import Floats, Ints, Mesh, smoothstep, triangles
from digiclone.avatar.photo.correspond import Places

# Beyond this far from every landmark the head keeps its shape, dm; nearer than that it follows less and less.
REACH = (0.25, 1.1)
NEIGHBOURS = 48
# How little a landmark is trusted (the smoothing of the spline): where skin stays smooth, and at most.
SMOOTHING, RELAXED = 0.03, 1e3
ATTEMPTS = 12
LEFT_EYE, RIGHT_EYE = "helper-l-eye", "helper-r-eye"
TEETH = ("helper-upper-teeth", "helper-lower-teeth", "helper-tongue")
# Skin this near to an eyeball is its lids, dm.
LIDS = 0.06


def warp(mesh: Mesh, vertices: Floats, places: Places, moves: Floats, trust: Floats) -> Floats:
    """Vertices (V, 3) moved so that the landmarks move by about `moves` (468, 3), those of `trust` 0 (468,) freely.

    No triangle turns over.
    """
    sources = places.of(vertices)
    used = trust > 0
    distance = KDTree(sources[used]).query(vertices)[0]
    share = smoothstep(-np.asarray(distance), -REACH[1], -REACH[0])[:, None]
    near = np.flatnonzero(share[:, 0] > 0)
    faces = triangles(mesh.quads[mesh.in_group("body")])
    smoothing = np.full(len(sources), SMOOTHING) / np.maximum(trust, 1e-3)
    for _ in range(ATTEMPTS):
        moved = vertices.copy()
        trusted: Any = smoothing[used]  # one number for each landmark; scipy's stubs know only one for all
        spline = RBFInterpolator(sources[used], moves[used], kernel="linear", smoothing=trusted, degree=0)
        moved[near] += share[near] * spline(vertices[near])
        folded = flipped(vertices, moved, faces)
        if not len(folded):
            return carry_organs(mesh, vertices, moved)
        middle = vertices[faces[folded]].mean(axis=1)
        close = KDTree(middle).query(sources)[0] < 0.12
        smoothing[close] = np.minimum(smoothing[close] * 4, RELAXED)
    return carry_organs(mesh, vertices, vertices)


def flipped(before: Floats, after: Floats, faces: Ints) -> Ints:
    """Triangles (K,) that were turned by more than a right angle, or lost their area."""
    first, second = _normals(before, faces), _normals(after, faces)
    turned = (first * second).sum(axis=1)
    sound = np.linalg.norm(first, axis=1) > 1e-9
    return np.flatnonzero((turned <= 1e-3 * (first * first).sum(axis=1)) & sound)


def _normals(vertices: Floats, faces: Ints) -> Floats:
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    return np.cross(b - a, c - a)


def carry_organs(mesh: Mesh, before: Floats, after: Floats) -> Floats:
    """The same head with its eyes, teeth and tongue moved whole: eyes with their lids, and grown with them."""
    carried = after.copy()
    skin = np.unique(mesh.quads[mesh.in_group("body")])
    for name in (LEFT_EYE, RIGHT_EYE):
        ball = np.unique(mesh.quads[mesh.in_group(name)])
        centre, radius = _sphere(before[ball])
        lids = skin[np.linalg.norm(before[skin] - centre, axis=1) < radius + LIDS]
        carried[ball] = _grown(before[lids], after[lids], before[ball])
    mouth = np.concatenate([np.unique(mesh.quads[mesh.in_group(name)]) for name in TEETH])
    near = skin[KDTree(before[mouth]).query(before[skin])[0] < 0.25]
    carried[mouth] = before[mouth] + (after[near] - before[near]).mean(axis=0)
    return carried


def _sphere(points: Floats) -> tuple[Floats, float]:
    """Centre and radius of the box around points (N, 3)."""
    low, high = points.min(axis=0), points.max(axis=0)
    return (low + high) / 2, float((high - low).mean() / 2)


def _grown(before: Floats, after: Floats, points: Floats) -> Floats:
    """Points moved and scaled, not turned, as the cloud `before` (N, 3) became `after`."""
    first, last = before.mean(axis=0), after.mean(axis=0)
    scale = ((after - last) * (before - first)).sum() / ((before - first) ** 2).sum()
    return last + scale * (points - first)
