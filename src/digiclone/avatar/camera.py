"""A pinhole camera: from points in space to pixels. The one model for fitting a photo, projecting it, and drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digiclone.avatar.mesh import Floats


@dataclass(frozen=True)
class Camera:
    """`rotation` (3, 3) and `translation` (3,) take space to the camera: x right, y DOWN, z away from it.

    `focal` is in pixels, `centre` (x, y) where the axis meets the picture, in pixels from its top left corner. The unit
    of length is whatever the points have.
    """

    rotation: Floats
    translation: Floats
    focal: float
    centre: tuple[float, float]

    def place(self, points: Floats) -> Floats:
        """Points (N, 3) of space in camera coordinates (N, 3)."""
        return points @ self.rotation.T + self.translation

    def project(self, points: Floats) -> Floats:
        """Points (N, 3) of space as x, y in pixels and depth (N, 3); the depth must be positive."""
        x, y, depth = self.place(points).T
        return np.stack(
            [self.focal * x / depth + self.centre[0], self.focal * y / depth + self.centre[1], depth], axis=1
        )

    @property
    def position(self) -> Floats:
        """Where the camera stands in space, (3,)."""
        return -self.rotation.T @ self.translation


def turn(yaw: float, pitch: float = 0.0, roll: float = 0.0) -> Floats:
    """Rotation (3, 3) of a head, radians: yaw to its left, pitch down, roll toward its left shoulder; roll first."""
    (cy, sy), (cp, sp), (cr, sr) = ((np.cos(a), np.sin(a)) for a in (yaw, pitch, roll))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
    return about_y @ about_x @ about_z


# From Y up and Z toward the viewer to Y down and Z away.
_FLIP = np.diag([1.0, -1.0, -1.0])


def look_at(target: Floats, distance: float, focal: float, centre: tuple[float, float], head: Floats) -> Camera:
    """A camera in front of `target` (3,), which is seen at `centre`; `head` (3, 3) turns the scene about the target."""
    rotation = _FLIP @ head
    return Camera(rotation, np.array([0.0, 0.0, distance]) - rotation @ target, focal, centre)
