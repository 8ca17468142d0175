"""Do the 15 mouths close where they must, and differ from one another? Measured on the mesh of the default head.

    python bench/mouth.py --json

The gap between the lips is measured at 41 columns between the corners of the mouth; closed means at most 5 % of the gap
of an "aa". Two mouths differ by the root mean square distance of the lips' vertices. Lengths in millimetres.
"""

import itertools
import json
from typing import Any

import numpy as np

from digiclone.avatar import lips
from digiclone.avatar.bust import Person, person
from digiclone.avatar.head import face_shapes
from digiclone.avatar.make import assets
from digiclone.avatar.mesh import Floats
from digiclone.avatar.visemes import VISEMES

MM = 100.0
"""Millimetres in a decimetre."""


def figures(quick: bool = False, vertices: Floats | None = None) -> dict[str, Any]:
    """Of the base mesh, or of a head with these `vertices` (V, 3) dm; `quick` changes nothing."""
    del quick
    loaded = assets()
    mesh = loaded.base_mesh
    who = person(mesh, mesh.vertices if vertices is None else vertices, face_shapes(loaded), loaded.rig)
    edges = lips.find_lips(mesh)
    gaps = {name: _gap(who, edges, name) for name in VISEMES}
    rims = np.unique(np.concatenate([chain.vertices for chain in (*edges.upper, *edges.lower)]))
    moved = {name: who.shapes[f"viseme_{name}"][rims] for name in VISEMES}
    apart = {
        f"{one}-{other}": MM * float(np.sqrt(np.mean(np.sum((moved[one] - moved[other]) ** 2, axis=1))))
        for one, other in itertools.combinations(VISEMES, 2)
    }
    nearest = min(apart, key=lambda pair: apart[pair])
    return {
        "pp_gap_ratio": gaps["PP"] / gaps["aa"],
        "ff_gap_ratio": gaps["FF"] / gaps["aa"],
        "sil_gap_ratio": gaps["sil"] / gaps["aa"],
        "min_pairwise": apart[nearest],
        "nearest_pair": nearest,
        "asymmetry": max(_asymmetry(mesh.vertices, who.shapes[f"viseme_{name}"]) for name in VISEMES),
        "gap_mm": {name: MM * gap for name, gap in gaps.items()},
    }


def _gap(who: Person, edges: lips.Lips, name: str) -> float:
    upper, lower = lips.rims(who.vertices + who.shapes[f"viseme_{name}"], edges)
    return float(np.max(np.maximum(upper - lower, 0.0)))


def _asymmetry(base: Floats, offsets: Floats) -> float:
    """How far a shape moves one side further than the other, at most, mm. The base mesh is its own mirror image."""
    from scipy.spatial import KDTree

    moved = np.flatnonzero(np.linalg.norm(offsets, axis=1) > 0)
    flip = np.array([-1.0, 1.0, 1.0])
    twin = KDTree(base).query(base[moved] * flip)[1]
    return MM * float(np.abs(offsets[moved] - offsets[twin] * flip).max()) if len(moved) else 0.0


if __name__ == "__main__":
    print(json.dumps(figures(), indent=1))
