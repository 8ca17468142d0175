"""A tree of joints at rest, as glTF has it: metres, Y up, a joint's axes turned against those of its parent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from digiclone.avatar.mesh import Floats

# Micrometres and millionths: what is left out of the file's text nobody sees.
DIGITS = 6


@dataclass(frozen=True)
class Skeleton:
    """`names` (J), parents first; `parents` (J) indices, -1 for the root; where each joint sits in its parent.

    `translations` (J, 3) metres; `rotations` (J, 4) unit quaternions x, y, z, w.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    translations: Floats
    rotations: Floats

    def places(self) -> Floats:
        """From each joint's axes to the scene, (J, 4, 4)."""
        places: list[Floats] = []
        turns = Rotation.from_quat(self.rotations).as_matrix()
        for parent, translation, turn in zip(self.parents, self.translations, turns, strict=True):
            local = np.eye(4)
            local[:3, :3], local[:3, 3] = turn, translation
            places.append(local if parent < 0 else places[parent] @ local)
        return np.array(places)

    def children(self, joint: int) -> list[int]:
        """Indices of the joints that hang on this one."""
        return [i for i, parent in enumerate(self.parents) if parent == joint]


def plant(names: tuple[str, ...], parents: tuple[int, ...], positions: Floats, axes: Floats) -> Skeleton:
    """A skeleton out of joints in the scene: `positions` (J, 3) metres, `axes` (J, 3, 3) rotation matrices."""
    above = np.array([max(parent, 0) for parent in parents])
    is_root = np.array(parents)[:, None] < 0
    apart = np.where(is_root, positions, positions - positions[above])
    turned = np.where(is_root[..., None], np.eye(3), axes[above])
    return Skeleton(
        names=names,
        parents=parents,
        translations=np.round(np.einsum("jki,jk->ji", turned, apart), DIGITS),
        rotations=np.round(Rotation.from_matrix(np.swapaxes(turned, 1, 2) @ axes).as_quat(canonical=True), DIGITS),
    )
