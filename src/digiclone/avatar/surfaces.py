"""What the bust looks like: colours, textures and materials, part by part, with the light of the sky baked in.

Every constant of taste about colour is here. Colours are sRGB in 0..1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import KDTree

from digiclone.avatar import assets, skin, texture
from digiclone.avatar.assets import Assets, Item
from digiclone.avatar.glb import Image, Material, Part
from digiclone.avatar.light import HAIR_CUTOFF, Sky, bake, sky_over, strand_points
from digiclone.avatar.lips import LOOPS, RIM_WEIGHT, find_lips
from digiclone.avatar.mesh import Floats, Mesh
from digiclone.avatar.raster import rasterise, spread
from digiclone.avatar.skin import ATLAS, Atlas
from digiclone.avatar.texture import Color, Pixels

HAIR_DARK: Color = (0.10, 0.065, 0.045)
HAIR_LIGHT: Color = (0.40, 0.275, 0.185)
SCALP: Color = (0.20, 0.135, 0.10)
BROW: Color = (0.12, 0.08, 0.06)
LASH: Color = (0.06, 0.045, 0.04)
LIP: Color = (0.70, 0.43, 0.40)
MOUTH: Color = (0.42, 0.16, 0.15)
CLOTH: Color = (0.20, 0.27, 0.34)
# The source's iris is amber.
EYE_SATURATION = 0.65
EYE_BRIGHTNESS, TEETH_BRIGHTNESS, TONGUE_BRIGHTNESS = 0.92, 0.82, 0.75
# Exponents of the shade per channel: in skin, shadows are red, since light comes through; in a mouth, more so.
SKIN_SHADE: Color = (0.75, 1.0, 1.05)
MOUTH_SHADE: Color = (0.7, 1.05, 1.05)
# Skin nearer than this to the hair is covered with roots; beyond the reach there are none, metres.
HAIR_NEAR, HAIR_REACH = 0.002, 0.008


@dataclass(frozen=True)
class Studio:
    """What the painters share: the bare parts by name, the light on them, the source files, the skin's layout."""

    parts: Mapping[str, Part]
    sky: Sky
    loaded: Assets
    mesh: Mesh
    atlas: Atlas
    hair_alpha: Pixels


def paint_all(parts: Sequence[Part], mesh: Mesh, loaded: Assets, atlas: Atlas) -> list[Part]:
    """Give every bare part its material; the same hair again, blended over the cut-out, softens its edges."""
    alpha = texture.decode(loaded[assets.HAIR.texture], "RGBA")[..., 3]
    studio = Studio({part.name: part for part in parts}, sky_over(parts, alpha), loaded, mesh, atlas, alpha)
    materials = paint_materials(studio)
    dressed = [planar(part) if part.name.startswith("Cornea") else part for part in parts]
    dressed.append(replace(studio.parts["Hair"], name="HairEdge"))
    return [replace(part, material=materials[part.name]) for part in dressed]


def paint_materials(studio: Studio) -> dict[str, Material]:
    """Part name -> material."""
    hair = hair_image(studio)
    brows, lashes = strands(studio, assets.BROWS, BROW, 1.0), strands(studio, assets.LASHES, LASH, 0.8)
    teeth = mouth_image(studio, "Teeth", assets.TEETH, TEETH_BRIGHTNESS)
    tongue = mouth_image(studio, "Tongue", assets.TONGUE, TONGUE_BRIGHTNESS)
    eye = Material("Eye", eye_image(studio), roughness=0.4)
    cornea = Material("Cornea", catchlight(), alpha="BLEND", roughness=0.05, glow=1.0)
    return {
        "Head": Material("Skin", skin_image(studio), roughness=0.62),
        "Clothes": Material("Cloth", cloth_image(studio), double_sided=True, roughness=0.95),
        "Hair": Material("Hair", hair, alpha="MASK", cutoff=HAIR_CUTOFF, double_sided=True, roughness=0.9),
        "HairEdge": Material("HairEdge", hair, alpha="BLEND", double_sided=True, roughness=0.9),
        "Brows": Material("Brows", brows, alpha="BLEND", roughness=0.9),
        "Lashes": Material("Lashes", lashes, alpha="BLEND", roughness=0.9),
        "Teeth": Material("Teeth", teeth, roughness=0.9),
        "Tongue": Material("Tongue", tongue, roughness=1.0),
        "EyeLeft": eye,
        "EyeRight": eye,
        "CorneaLeft": cornea,
        "CorneaRight": cornea,
    }


def skin_image(studio: Studio) -> Image:
    """Mean of the source skins, fine detail, sharp lips, the inside of the mouth, roots of the hair, and shade."""
    head, loaded, atlas = studio.parts["Head"], studio.loaded, studio.atlas
    sources = [texture.decode(loaded[name]) for name in assets.SKINS]
    picture = skin.add_detail(skin.assemble(sum(sources, np.zeros_like(sources[0])) / np.float32(len(sources)), atlas))
    lips = texture.blur(skin.assemble(texture.decode(loaded[assets.LIP_MASK], "L"), atlas), 3)
    picture = skin.paint(picture, lips, LIP, 0.75)
    picture[skin.box_of("mouth")] = MOUTH
    picture = skin.paint(picture, _large(bake(head, inner_mouth(studio), ATLAS // 2)), MOUTH, 1.0)
    picture = skin.paint(picture, _large(bake(head, hair_roots(studio), ATLAS // 2)), SCALP, 0.85)
    shade = bake(head, 0.30 + 0.70 * studio.sky.mean("Head") ** 0.8, ATLAS // 2)
    return texture.jpeg("skin", skin.multiply(picture, _large(shade), SKIN_SHADE))


def _large(picture: Pixels) -> Pixels:
    return texture.resize(picture, ATLAS, ATLAS)


def hair_roots(studio: Studio) -> Floats:
    """How much hair grows at each vertex (N,) of the head: 1 under visible hair, 0 away from it."""
    hair, head = studio.parts["Hair"], studio.parts["Head"]
    distance = KDTree(strand_points(hair.positions, hair, studio.hair_alpha)).query(head.positions)[0]
    return np.clip((HAIR_REACH - np.asarray(distance)) / (HAIR_REACH - HAIR_NEAR), 0, 1)


def inner_mouth(studio: Studio) -> Floats:
    """How far inside the mouth each vertex (N,) of the head lies: 0 on the face, 1 behind the lips."""
    depth = np.zeros(len(studio.mesh.vertices))
    lips = find_lips(studio.mesh)
    # Of the loops at the rim, the last two look inward.
    first = [i for i, weight in enumerate(LOOPS.values()) if weight == RIM_WEIGHT][-2]
    for chains in (lips.upper, lips.lower):
        for number, chain in enumerate(chains):
            depth[chain.vertices] = np.clip(0.4 * (number - first + 1), 0, 1)
    return depth[studio.atlas.vertex]


def cloth_image(studio: Studio) -> Image:
    """One colour, the garment's own occlusion map, a weave, and the shadow of the head."""
    size = 1024
    folds = texture.resize(texture.decode(studio.loaded[assets.CLOTHES.texture]), size, size)
    weave = skin.noise(size, [(0.7, 0.02), (12.0, 0.01)], seed=3)
    shade = bake(studio.parts["Clothes"], 0.35 + 0.65 * studio.sky.rest["Clothes"], size)
    value = texture.luminance(folds) * (1 + weave) * shade
    return texture.jpeg("cloth", value[..., None] * texture.color(CLOTH))


def hair_image(studio: Studio) -> Image:
    """Recoloured strands; the layers near the skin are darker."""
    source = texture.decode(studio.loaded[assets.HAIR.texture], "RGBA")
    picture = texture.resize(texture.tint(source, HAIR_DARK, HAIR_LIGHT), 1024, 1024)
    # Beyond its edge the colour goes on and the alpha fades, so that the blended pass ends softly.
    picture[..., :3] = spread(picture[..., :3], picture[..., 3] > HAIR_CUTOFF)
    picture[..., 3] = texture.blur(picture[..., 3], 2.0)
    picture[..., :3] *= bake(studio.parts["Hair"], 0.5 + 0.5 * studio.sky.rest["Hair"], 1024)[..., None]
    return texture.png("hair", picture)


def strands(studio: Studio, item: Item, tone: Color, strength: float) -> Image:
    """Brows or lashes: one colour through the alpha of the source."""
    picture = texture.decode(studio.loaded[item.texture], "RGBA")
    picture[..., :3] = tone
    picture[..., 3] *= strength
    return texture.png(item.kind, picture)


def mouth_image(studio: Studio, name: str, item: Item, brightness: float) -> Image:
    """Teeth or tongue, dark toward the throat as an open mouth lets light in."""
    picture = texture.resize(texture.decode(studio.loaded[item.texture]), 512, 512)
    open_to = studio.sky.open_mouth[name]
    shade = bake(studio.parts[name], np.clip(open_to / np.percentile(open_to, 95), 0.12, 1) ** 0.9, 512)
    return texture.jpeg(item.kind, skin.multiply(picture * np.float32(brightness), shade, MOUTH_SHADE))


def eye_image(studio: Studio) -> Image:
    """The eye texture with the shadow of the lids on the white."""
    size = 1024
    picture = texture.resize(texture.decode(studio.loaded[assets.EYES.texture]), size, size)
    open_to = np.ones((size, size), dtype=np.float32)
    for name in ("EyeLeft", "EyeRight"):
        ball = studio.parts[name]
        values, covered = rasterise(ball.uvs, ball.faces, studio.sky.rest[name][:, None], size, size)
        open_to[covered] = values[covered][:, 0]
    shade = texture.blur(np.clip(0.55 + 0.7 * open_to, 0, 1).astype(np.float32), 6)
    grey = texture.luminance(picture)[..., None]
    calm = EYE_BRIGHTNESS * (grey + EYE_SATURATION * (picture - grey))
    return texture.jpeg("eye", skin.multiply(calm.astype(np.float32), shade, SKIN_SHADE))


def planar(part: Part) -> Part:
    """Texture coordinates by front projection over the part's own box."""
    low, high = part.positions.min(axis=0), part.positions.max(axis=0)
    flat = (part.positions - low) / (high - low)
    return replace(part, uvs=np.stack([flat[:, 0], 1 - flat[:, 1]], axis=1))


def catchlight(size: int = 256) -> Image:
    """A soft window reflected in the upper left of the cornea and a faint bounce below."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / np.float32(size - 1)
    window = np.clip(1.4 - (np.abs(x - 0.44) / 0.030) ** 4 - (np.abs(y - 0.42) / 0.034) ** 4, 0, 1)
    bounce = 0.10 * np.exp(-(((x - 0.55) / 0.07) ** 2 + ((y - 0.59) / 0.04) ** 2))
    picture = np.ones((size, size, 4), dtype=np.float32)
    picture[..., 3] = texture.blur(np.clip(0.85 * window + bounce, 0, 1).astype(np.float32), size / 200)
    return texture.png("catchlight", picture)
