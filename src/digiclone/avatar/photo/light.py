"""Taking the light out of a skin: a photo is lit from somewhere, a texture must not be.

Light on a matt surface is a smooth function of the surface's direction, and nine spherical harmonics hold 98 % of it
(Ramamoorthi and Hanrahan 2001). Their fit to the brightness of the skin says how the photo was lit. What differs
between left and right is certainly light, since faces are alike on both sides; what differs between up and down is
partly the face's own colour, and is taken out in part.
"""

from __future__ import annotations

import numpy as np

from digiclone.avatar.mesh import Floats

# How much of the up-down light is taken out.
SYMMETRIC_SHARE = 0.75
ROUNDS = 6
# Brightness beyond this many spreads of the fit is a mole, a beard or a highlight, not light.
OUTLIER = 1.5
RIDGE = 0.02
# Texels less certain than this say nothing about the light, and so many say enough.
UNSURE, ENOUGH = 0.1, 20_000


def harmonics(normals: Floats) -> Floats:
    """Real spherical harmonics up to the second order, unscaled, (P, 9); the mean comes first."""
    x, y, z = normals.T
    return np.stack([np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1], axis=1)


# Those that change sign when left and right are exchanged.
ODD = np.array([False, True, False, False, True, True, False, False, False])


def lighting(logs: Floats, normals: Floats, sure: Floats) -> Floats:
    """Log light (P, 3) by which each texel is brighter than under even light.

    `logs` (P, 3) is the log of its colour, `normals` (P, 3) face the world (X to the person's left, Y up), `sure` (P,)
    says how much each counts.
    """
    told = np.flatnonzero(sure > UNSURE)
    some = told[:: max(1, len(told) // ENOUGH)]
    coefficients = _fit(harmonics(normals[some]), logs[some], sure[some])
    share = np.where(ODD, 1.0, SYMMETRIC_SHARE)
    share[0] = 0.0
    light = harmonics(normals) @ (coefficients * share[:, None])
    # the mean stays as it was
    return light - light[some].mean(axis=0)


def _fit(basis: Floats, logs: Floats, sure: Floats) -> Floats:
    """Coefficients (9, 3) of the harmonics, by iteratively reweighted least squares."""
    weights = sure.copy()
    coefficients = np.zeros((9, 3))
    for _ in range(ROUNDS):
        scaled = basis * weights[:, None]
        system = scaled.T @ basis + RIDGE * weights.sum() * np.diag([0.0] + [1.0] * 8)
        coefficients = np.linalg.solve(system, scaled.T @ logs)
        residual = np.linalg.norm(logs - basis @ coefficients, axis=1)
        spread = np.sqrt(np.average(residual**2, weights=np.maximum(weights, 1e-12))) + 1e-6
        weights = sure / (1.0 + (residual / (OUTLIER * spread)) ** 2)
    return coefficients
