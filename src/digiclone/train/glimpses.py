"""Drawings as the network will see photos: cut out around the face a little wrong, mirrored, and as bad cameras have
them."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Generator, Tensor
from torch.nn import functional

from digiclone.avatar.mesh import Floats
from digiclone.avatar.photo.landmarks import FACE_ROOM, OUTER_EYES
from digiclone.nn.face_mesh import SIDE

# How far a cut is off: turned, in radians; grown, in log; shifted, in sides.
TURNED, GROWN, SHIFTED = 0.10, 0.07, 0.025


def mirrored(points: Floats) -> Tensor:
    """For each landmark the one on the other side, (468,), from places on a symmetric head (468, 3)."""
    distance = np.linalg.norm((points * [-1, 1, 1])[:, None] - points[None], axis=2)
    return torch.from_numpy(linear_sum_assignment(distance)[1].astype(np.int64))


def cut(pictures: Tensor, points: Tensor, chance: Generator | None = None) -> tuple[Tensor, Tensor]:
    """Faces (B, 3, 192, 192) in 0..1 and their points (B, 468, 3) in the same pixels, out of drawings (B, H, H, 3) in
    bytes and their points; upright and centred, or with some `chance` a little off, as a first look has it."""
    count, size = len(pictures), pictures.shape[1]
    across = points[:, OUTER_EYES[1], :2] - points[:, OUTER_EYES[0], :2]
    angle = torch.atan2(across[:, 1], across[:, 0])
    if chance is not None:
        angle = angle + TURNED * torch.randn(count, generator=chance)
    cos, sin = angle.cos(), angle.sin()
    axes = torch.stack([torch.stack([cos, sin], 1), torch.stack([-sin, cos], 1)], 1)
    level = points[..., :2] @ axes.transpose(1, 2)
    low, high = level.amin(1), level.amax(1)
    side, middle = (high - low).amax(1) * FACE_ROOM, (low + high) / 2
    if chance is not None:
        side = side * torch.exp(GROWN * torch.randn(count, generator=chance))
        middle = middle + SHIFTED * side[:, None] * torch.randn(count, 2, generator=chance)
    flat = (level - middle[:, None]) / side[:, None, None] * SIDE + SIDE / 2
    deep = points[..., 2:] / side[:, None, None] * SIDE
    centre = (middle[:, None] @ axes)[:, 0]
    to_unit = 2 / size
    half = side[:, None] / 2 * to_unit
    affine = torch.stack([axes[:, 0] * half, axes[:, 1] * half, centre * to_unit - 1], 2)
    grid = functional.affine_grid(affine, [count, 3, SIDE, SIDE], align_corners=False)
    seen = functional.grid_sample(pictures.permute(0, 3, 1, 2).float() / 255, grid, align_corners=False)
    return seen, torch.cat([flat, deep], 2)


def spoilt(faces: Tensor, points: Tensor, mirror: Tensor, chance: Generator) -> tuple[Tensor, Tensor]:
    """Half of them mirrored; lighter or darker, tinted or grey, blurred, noisy, or with something before them."""
    count = len(faces)

    def some(share: float) -> Tensor:
        return torch.rand(count, generator=chance) < share

    def around_one(spread: float, channels: int = 1) -> Tensor:
        return torch.exp(spread * torch.randn(count, channels, 1, 1, generator=chance))

    turned = some(0.5)
    faces, points = faces.clone(), points.clone()
    faces[turned] = faces[turned].flip(3)
    points[turned] = points[turned][:, mirror] * torch.tensor([-1.0, 1.0, 1.0]) + torch.tensor([float(SIDE), 0.0, 0.0])
    faces = (faces * around_one(0.15) * around_one(0.05, 3)).clamp(0, 1) ** around_one(0.2)
    grey = some(0.12)
    faces[grey] = faces[grey].mean(1, keepdim=True).expand(-1, 3, -1, -1)
    coarse = some(0.25)
    if coarse.any():
        small = int(torch.randint(64, 160, (1,), generator=chance))
        less = functional.interpolate(faces[coarse], size=small, mode="bilinear", antialias=True)
        faces[coarse] = functional.interpolate(less, size=SIDE, mode="bilinear")
    grain = 0.03 * torch.rand(count, 1, 1, 1, generator=chance)
    faces = faces + grain * torch.randn(faces.shape, generator=chance)
    for index in torch.nonzero(some(0.15)).flatten().tolist():
        wide, high = torch.randint(20, 70, (2,), generator=chance).tolist()
        left, top = (int(torch.randint(0, SIDE - size, (1,), generator=chance)) for size in (wide, high))
        faces[index, :, top : top + high, left : left + wide] = torch.rand(3, 1, 1, generator=chance)
    return faces.clamp(0, 1), points
