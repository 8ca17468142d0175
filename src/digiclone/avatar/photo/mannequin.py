"""A bald head with eyes, brows and lashes that the networks take for a person: what is known about it is known exactly.

Drawn once to learn where on the mesh the landmarks lie, and again and again to measure how well heads are recovered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from digiclone.avatar import assets, texture
from digiclone.avatar.assets import Assets
from digiclone.avatar.bust import EYE_VERTICES, Person, build_part
from digiclone.avatar.camera import Camera
from digiclone.avatar.glb import Material, Part
from digiclone.avatar.mesh import Floats
from digiclone.avatar.proxy import Proxy, part_of_base
from digiclone.avatar.rig import Rig
from digiclone.avatar.texture import Color, Pixels

SKIN = ("young", "female", "light")
SKIN_SIDE = 2048
# Lips against the skin around them.
LIP = (0.93, 0.75, 0.77)
BROW, LASH = (0.12, 0.08, 0.06), (0.06, 0.045, 0.04)
# The part of the body that is drawn reaches this far below the eyes of the base mesh, dm.
DEPTH = 3.0


@dataclass(frozen=True)
class Mannequin:
    """What every such head shares: the bound meshes and the materials, by name."""

    proxies: dict[str, Proxy]
    materials: dict[str, Material]
    rig: Rig

    def parts(self, vertices: Floats) -> list[Part]:
        """The head in the shape of a base mesh (V, 3) dm."""
        who = Person(vertices, {}, floor=0.0, rig=self.rig)
        return [build_part(name, proxy, who, self.materials[name]) for name, proxy in self.proxies.items()]

    def tinted(self, tones: dict[str, Color]) -> Mannequin:
        """Some materials multiplied by a linear colour."""
        dyed = {name: replace(self.materials[name], color=(*tone, 1.0)) for name, tone in tones.items()}
        return replace(self, materials={**self.materials, **dyed})


def dress(
    loaded: Assets, hair: assets.Item | None = None, brows: str = "brows01", skin: Pixels | None = None
) -> Mannequin:
    """Read and paint all that does not depend on the shape of the head; `skin` (H, W, 3) in the base layout."""
    mesh = loaded.base_mesh
    bottom = mesh.vertices[EYE_VERTICES, 1].mean() - DEPTH
    faces = mesh.in_group("body") & (mesh.vertices[mesh.quads, 1].max(axis=1) > bottom)
    items = {"Eyes": assets.EYES, "Brows": assets.BROWS[brows], "Lashes": assets.LASHES, "Teeth": assets.TEETH}
    items |= {"Hair": hair} if hair else {}
    return Mannequin(
        {"Head": part_of_base(mesh, faces)} | {name: loaded.proxy(item) for name, item in items.items()},
        {"Head": Material("Skin", texture.jpeg("skin", _skin(loaded) if skin is None else skin))}
        | {name: _material(name, loaded, item) for name, item in items.items()},
        loaded.rig,
    )


def _skin(loaded: Assets) -> Pixels:
    """A skin of the package in its own layout, with sharper lips."""
    picture = texture.resize(loaded.picture(assets.SKINS[SKIN]), SKIN_SIDE, SKIN_SIDE)
    return reddened(loaded, picture, texture.color(LIP))


def reddened(loaded: Assets, skin: Pixels, lip: NDArray[np.floating], share: float = 1.0) -> Pixels:
    """`skin` (S, S, 3) in the base layout, its lips multiplied by `lip`, or by a `share` of the way there."""
    lips = texture.resize(loaded.picture(assets.LIP_MASK, "L"), *skin.shape[:2])[..., None]
    return np.clip(skin * (1 - share * lips * (1 - lip)), 0, 1).astype(np.float32)


def _material(name: str, loaded: Assets, item: assets.Item) -> Material:
    picture = np.array(loaded.picture(item.texture, "RGBA"))
    if name in ("Brows", "Lashes"):
        picture[..., :3] = BROW if name == "Brows" else LASH
        return Material(name, texture.png(name, picture), alpha="BLEND", double_sided=True)
    # the cornea is transparent in its texture and must not hide the iris
    return Material(name, texture.png(name, picture), alpha="MASK", cutoff=0.45, double_sided=name == "Hair")


def in_metres(camera: Camera) -> Camera:
    """A camera of the mesh's space in dm as one of the parts' space in metres."""
    return replace(camera, translation=camera.translation * 0.1)
