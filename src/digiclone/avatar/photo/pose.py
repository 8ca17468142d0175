"""The camera of a photo as seven numbers, and how the picture changes with them.

A pinhole at a finite distance: a selfie at arm's length shows a nose a tenth larger than the ears it would have from
afar. Distance and focal length hardly show apart from that, so the distance is held near what is usual. The axis is
taken to meet the middle of the photo.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from digiclone.avatar.camera import Camera
from digiclone.avatar.mesh import Floats

# x, y (dm) of the pivot in the camera's frame; log of pixels per dm at the pivot; log of its distance in dm; and a
# rotation vector on top of the camera's.
SIZE = 7
USUAL_DISTANCE, DISTANCE_SPREAD = 8.0, 0.5


@dataclass(frozen=True, eq=False)
class Pose:
    """`rotation` (3, 3) of the head to the camera's frame, about `pivot` (3,) dm; where that is; `scale` in pixels per
    dm there; `distance` in dm; `centre` of the picture in pixels."""

    rotation: Floats
    pivot: Floats
    shift: Floats
    scale: float
    distance: float
    centre: tuple[float, float]

    @property
    def camera(self) -> Camera:
        """The same for `avatar.camera`, in dm."""
        place = np.array([*self.shift, self.distance])
        return Camera(self.rotation, place - self.rotation @ self.pivot, self.scale * self.distance, self.centre)

    def moved(self, step: Floats) -> Pose:
        """After a step (7,)."""
        turned = Rotation.from_rotvec(step[4:]).as_matrix() @ self.rotation
        scale, distance = self.scale * np.exp(step[2]), self.distance * np.exp(step[3])
        return Pose(turned, self.pivot, self.shift + step[:2], float(scale), float(distance), self.centre)

    def slopes(self, points: Floats) -> tuple[Floats, Floats]:
        """Change of the projection (N, 3: x, y in pixels, depth in dm) of points (N, 3) with the seven numbers, (7, N,
        3), and with the point itself, (N, 3, 3)."""
        seen = self.camera.place(points)
        around = seen - np.array([*self.shift, self.distance])
        x, y, z = seen.T
        focal = self.scale * self.distance
        with_place = np.zeros((len(points), 3, 3))
        with_place[:, 0, 0] = with_place[:, 1, 1] = focal / z
        with_place[:, 0, 2], with_place[:, 1, 2] = -focal * x / z**2, -focal * y / z**2
        with_place[:, 2, 2] = 1.0
        flat = np.stack([focal * x / z, focal * y / z, np.zeros_like(z)], axis=1)
        farther = flat + self.distance * with_place[:, :, 2]
        turns = [np.einsum("nij,nj->ni", with_place, np.cross(axis, around)) for axis in np.eye(3)]
        return np.stack([with_place[:, :, 0], with_place[:, :, 1], flat, farther, *turns]), with_place @ self.rotation


def first_guess(points: Floats, seen: Floats, centre: tuple[float, float]) -> Pose:
    """A pose that brings points (N, 3) dm near to where they are seen, (N, 2) pixels, as if from far away."""
    pivot = points.mean(axis=0)
    space, flat = points - pivot, seen - seen.mean(axis=0)
    rows = np.linalg.lstsq(space, flat, rcond=None)[0].T
    scale = float(np.sqrt(np.linalg.norm(rows[0]) * np.linalg.norm(rows[1])))
    third = np.cross(rows[0], rows[1])
    left, _, right = np.linalg.svd(np.stack([rows[0] / scale, rows[1] / scale, third / scale**2]))
    rotation = left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right
    shift = (seen.mean(axis=0) - np.array(centre)) / scale
    return Pose(rotation, pivot, shift, scale, USUAL_DISTANCE, centre)
