"""Where the lips meet: measuring the gap between them and closing it.

The shapes were sculpted on one face. On another the lips at rest, or pressed for a P, part by a millimetre here and
there, and teeth shine through. `seal` pulls both lips together by exactly what is missing, on any head.

The base mesh has concentric edge loops around the mouth. Each crosses the mid-line once in the upper and once in the
lower lip, and its left- and rightmost vertices lie in the corners.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from digiclone.avatar.mesh import Floats, Ints, Mesh

# Mid-line vertex in the upper lip -> how fully its loop follows when the lips are pulled, from the outer lip over the
# four loops of the rim (weight 1) to the inner side.
LOOPS: dict[int, float] = {
    455: 0.15, 466: 0.35, 467: 0.6, 509: 0.85, 468: 1.0, 474: 1.0, 520: 1.0, 537: 1.0, 554: 0.8, 571: 0.5, 588: 0.25,
}  # fmt: skip
RIM_WEIGHT = 1.0
# Sampled columns reach this far from the mid-line, dm; the corners are at 0.244 on the base mesh.
HALF_WIDTH = 0.215
# Closed lips overlap a little, so that no light passes between two straight edges, dm.
OVERLAP = 0.004
CORNER_FADE = 0.04
# All loops lie within so many rings of faces around the first vertex.
RINGS = 28


@dataclass(frozen=True)
class Chain:
    """One lip's half of an edge loop, corner to corner: vertex indices (K,) and how fully they follow a pull."""

    vertices: Ints
    weight: float


@dataclass(frozen=True)
class Lips:
    """The chains of both lips."""

    upper: tuple[Chain, ...]
    lower: tuple[Chain, ...]


@functools.lru_cache(maxsize=4)
def find_lips(mesh: Mesh) -> Lips:
    """Walk the loops around the mouth of the base mesh."""
    quads = mesh.quads[mesh.in_group("body")]
    near = quads[np.isin(quads, _around(quads, next(iter(LOOPS)), RINGS)).all(axis=1)]
    net = _net(near)
    upper: list[Chain] = []
    lower: list[Chain] = []
    for start, weight in LOOPS.items():
        loop = _edge_loop(net, start, mesh.vertices)
        corners = sorted((int(np.argmax(mesh.vertices[loop, 0])), int(np.argmin(mesh.vertices[loop, 0]))))
        inside, outside = loop[corners[0] : corners[1] + 1], np.r_[loop[corners[1] :], loop[: corners[0] + 1]]
        upper.append(Chain(outside, weight))
        lower.append(Chain(inside, weight))
    return Lips(tuple(upper), tuple(lower))


@dataclass(frozen=True)
class _Net:
    """`faces` edge -> faces beside it; `neighbours` vertex -> vertices an edge away."""

    faces: Mapping[frozenset[int], set[int]]
    neighbours: Mapping[int, set[int]]


def _net(quads: Ints) -> _Net:
    faces: dict[frozenset[int], set[int]] = defaultdict(set)
    neighbours: dict[int, set[int]] = defaultdict(set)
    for number, quad in enumerate(quads.tolist()):
        for a, b in zip(quad, quad[1:] + quad[:1], strict=True):
            faces[frozenset((a, b))].add(number)
            neighbours[a].add(b)
            neighbours[b].add(a)
    return _Net(faces, neighbours)


def _edge_loop(net: _Net, start: int, vertices: Floats) -> Ints:
    """The closed loop of edges through `start` that leaves it sideways: straight on at every four-edged vertex."""
    path = [start, max(net.neighbours[start], key=lambda n: (vertices[n, 0], n))]
    while True:
        before, here = path[-2:]
        beside = net.faces[frozenset((before, here))]
        ahead = [n for n in net.neighbours[here] if n != before and not net.faces[frozenset((here, n))] & beside]
        if len(ahead) != 1:
            raise ValueError(f"the loop through vertex {start} ends at vertex {here}")
        if ahead[0] == start:
            return np.array(path, dtype=np.int64)
        path.append(ahead[0])


def _around(quads: Ints, start: int, rings: int) -> Ints:
    """Vertices within some rings of faces of a vertex."""
    found = np.array([start], dtype=np.int64)
    for _ in range(rings):
        found = np.unique(quads[np.isin(quads, found).any(axis=1)])
    return found


def columns() -> Floats:
    """Sampled x positions between the corners, dm; the middle one is the mid-line."""
    return np.linspace(-HALF_WIDTH, HALF_WIDTH, 41)


def rims(vertices: Floats, lips: Lips) -> tuple[Floats, Floats]:
    """Height of the upper lip's lower edge and of the lower lip's upper edge at every column, dm."""
    upper = [_height(vertices, chain) for chain in lips.upper if chain.weight == RIM_WEIGHT]
    lower = [_height(vertices, chain) for chain in lips.lower if chain.weight == RIM_WEIGHT]
    return np.min(upper, axis=0), np.max(lower, axis=0)


def _height(vertices: Floats, chain: Chain) -> Floats:
    points = vertices[chain.vertices]
    points = points[np.argsort(points[:, 0], kind="stable")]
    return np.interp(columns(), points[:, 0], points[:, 1])


def seal(vertices: Floats, lips: Lips) -> Floats:
    """Offsets (V, 3) that close what is open between the lips."""
    offsets = np.zeros_like(vertices)
    for _ in range(4):
        upper, lower = rims(vertices + offsets, lips)
        missing = np.maximum(upper - lower + OVERLAP, 0) / 2
        for chains, direction in ((lips.upper, -1.0), (lips.lower, 1.0)):
            for chain in chains:
                offsets[chain.vertices, 1] += direction * chain.weight * _pull(vertices[chain.vertices, 0], missing)
    return offsets


def _pull(x: Floats, missing: Floats) -> Floats:
    """What is missing at each x, fading to nothing at the outermost vertex, the corner of the mouth."""
    corner = np.abs(x).max()
    return np.interp(x, columns(), missing) * np.clip((corner - np.abs(x)) / CORNER_FADE, 0, 1)
