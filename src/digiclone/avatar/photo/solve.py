"""Pose, identity and expression of a face from its landmarks: the most probable ones, by Gauss and Newton.

Each round linearises the picture of the model in everything at once (camera, macros, features, moves) and solves one
bounded least-squares problem: how far the landmarks are off, against how unusual the face would be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digiclone.avatar.mesh import Floats
from digiclone.avatar.photo import pose as poses
from digiclone.avatar.photo.model import MACROS, ORIGINS, Model
from digiclone.avatar.photo.pose import Pose, first_guess

ROUNDS = 8
SWEEPS = 40
# How far a landmark is off, and in depth, as a share of the distance between the outer corners of the eyes: somewhat
# more than what is measured on drawn people (see `train.faces`), since errors of neighbours are alike.
NOISE, DEPTH_NOISE = 0.03, 0.08
# How much faces differ: usual macros and their spread, the spread of features and moves around none.
USUAL = {"gender": (0.5, 0.5), "age": (0.15, 0.3), "weight": (0.5, 0.2)}
ORIGIN_SPREAD, FEATURE_SPREAD, MOVE_SPREAD = 0.4, 0.2, 0.3
# How much the two sides of a face differ.
SIDED_FEATURES, SIDED_MOVES = 0.1, 0.15
SUM_OF_ORIGINS = 0.01


@dataclass(frozen=True, eq=False)
class Solution:
    """The camera and the amounts (K,) of the model."""

    pose: Pose
    amounts: Floats


@dataclass(frozen=True, eq=False)
class Sight:
    """Landmarks as seen: `points` (N, 3) pixels and depth in the same unit, `trust` (N,) 0..1, the `eyes` distance in
    pixels, the middle of the picture."""

    points: Floats
    trust: Floats
    eyes: float
    centre: tuple[float, float]


def solve(model: Model, sight: Sight) -> Solution:
    """Fit a model of the landmarks (N points) to what is seen of them."""
    probable, usual = prior(model)
    amounts = usual
    pose = first_guess(model.points(amounts), sight.points[:, :2], sight.centre)
    for _ in range(ROUNDS):
        picture, target = _picture(model, sight, pose, amounts)
        known = np.concatenate([np.zeros((len(probable[0]), poses.SIZE)), probable[0]], axis=1)
        distance = np.zeros((1, known.shape[1]))
        distance[0, 3] = 1 / poses.DISTANCE_SPREAD
        off = np.log(poses.USUAL_DISTANCE / pose.distance) / poses.DISTANCE_SPREAD
        rows = np.concatenate([picture, known, distance])
        wanted = np.concatenate([target, probable[1] - probable[0] @ amounts, [off]])
        step = _bounded(rows, wanted, amounts)
        pose, amounts = pose.moved(step[: poses.SIZE]), np.clip(amounts + step[poses.SIZE :], 0, 1)
    return Solution(pose, amounts)


def _picture(model: Model, sight: Sight, pose: Pose, amounts: Floats) -> tuple[Floats, Floats]:
    """How the landmarks move with every unknown, and how they should, in units of their noise."""
    points = model.points(amounts)
    with_pose, with_point = pose.slopes(points)
    with_shape = np.einsum("nij,knj->kni", with_point, model.slopes(amounts))
    slopes = np.concatenate([with_pose, with_shape])
    seen = pose.camera.project(points)
    off = sight.points - seen
    slopes[..., 2] *= pose.scale
    depth = pose.scale * seen[:, 2]
    off[:, 2] = (sight.points[:, 2] - sight.points[:, 2].mean()) - (depth - depth.mean())
    slopes[..., 2] -= slopes[..., 2].mean(axis=1, keepdims=True)
    sure = np.sqrt(sight.trust)[:, None] / (sight.eyes * np.array([NOISE, NOISE, DEPTH_NOISE]))
    return (slopes * sure).reshape(len(slopes), -1).T, (off * sure).ravel()


def prior(model: Model) -> tuple[tuple[Floats, Floats], Floats]:
    """Rows (P, K) and values (P,) of what is probable before anything is seen; and the usual face (K,)."""
    names = [*MACROS, *model.features, *model.moves]
    usual, spread = np.zeros(len(names)), np.full(len(names), FEATURE_SPREAD)
    for index, name in enumerate(MACROS):
        usual[index], spread[index] = USUAL.get(name, (1 / 3, ORIGIN_SPREAD))
    spread[len(names) - len(model.moves) :] = MOVE_SPREAD
    rows = [np.diag(1 / spread)]
    for index, name in enumerate(names):
        twin = _twin(name)
        if twin in names:
            row = np.zeros(len(names))
            row[[index, names.index(twin)]] = np.array([1, -1]) / (SIDED_FEATURES if "/" in name else SIDED_MOVES)
            rows.append(row[None])
    total = np.zeros((1, len(names)))
    total[0, ORIGINS] = 1 / SUM_OF_ORIGINS
    matrix = np.concatenate([*rows, total])
    values = np.concatenate([usual / spread, np.zeros(len(matrix) - len(names) - 1), [1 / SUM_OF_ORIGINS]])
    return (matrix, values), usual


def _twin(name: str) -> str:
    """The name of the same shape on the right side, for one of the left side."""
    if name.endswith("Left"):
        return name.removesuffix("Left") + "Right"
    return name.replace("/l-", "/r-") if "/l-" in name else ""


def _bounded(rows: Floats, wanted: Floats, amounts: Floats) -> Floats:
    """The step (7 + K,) that brings `rows @ step` nearest to `wanted` and keeps every amount in 0..1.

    Newton's method on the unknowns that are not held at a bound (Bertsekas 1982, projected Newton).
    """
    square, pull = rows.T @ rows, rows.T @ wanted
    square[np.diag_indices_from(square)] *= 1 + 1e-9
    low = np.concatenate([np.full(poses.SIZE, -np.inf), -amounts])
    high = np.concatenate([np.full(poses.SIZE, np.inf), 1 - amounts])
    step = np.zeros(len(pull))
    for _ in range(SWEEPS):
        slope = square @ step - pull
        free = ~(((step <= low) & (slope > 0)) | ((step >= high) & (slope < 0)))
        newton = np.zeros_like(step)
        newton[free] = -np.linalg.solve(square[np.ix_(free, free)], slope[free])
        better = _descend(square, pull, step, newton, low, high)
        if np.abs(better - step).max() < 1e-5:
            break
        step = better
    return step


def _descend(square: Floats, pull: Floats, step: Floats, newton: Floats, low: Floats, high: Floats) -> Floats:
    """As far along a Newton step as it helps, once clipped to the bounds."""
    before = step @ (square @ step / 2 - pull)
    for halving in range(12):
        tried = np.clip(step + newton * 0.5**halving, low, high)
        if tried @ (square @ tried / 2 - pull) <= before:
            return tried
    return step
