"""What the bust looks like: colours, textures and materials, part by part, with the light of the sky baked in.

Every constant of taste about colour is here, in `tint` and in `complexion`. Colours are sRGB in 0..1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from digiclone.avatar import assets, skin, texture, tint
from digiclone.avatar.assets import Assets, Item
from digiclone.avatar.complexion import painted_skin, skin_shares
from digiclone.avatar.glb import Image, Material, Part
from digiclone.avatar.human import Human
from digiclone.avatar.light import HAIR_CUTOFF, Sky, bake, smoothed, strand_points
from digiclone.avatar.lips import LOOPS, RIM_WEIGHT, find_lips
from digiclone.avatar.look import NONE, Look
from digiclone.avatar.mesh import Floats, Mesh
from digiclone.avatar.photo.face import CROP, Face
from digiclone.avatar.photo.fill import blend
from digiclone.avatar.raster import rasterise, spread
from digiclone.avatar.skin import Atlas
from digiclone.avatar.texture import Color, Pixels

WHITE = (1.0, 1.0, 1.0, 1.0)
SHIRT: Color = (0.86, 0.85, 0.83)
# Brighter than this is not the suit but what is worn under it.
SUIT_LIGHT = 0.24
LASH: Color = (0.06, 0.045, 0.04)
MOUTH: Color = (0.42, 0.16, 0.15)
# Light from lips, as a share of the light from the cheeks.
LIPS: Color = (0.59, 0.352, 0.433)
LIP_STRENGTH = 0.75
# Brows are darker than the hair; a scalp is skin with roots in it.
BROW_LIGHT, BROW_SKIN, ROOT_LIGHT, ROOT_SHARE = 0.45, 0.4, 0.65, 0.75
EYE_SATURATION = 0.65
EYE_BRIGHTNESS, TEETH_BRIGHTNESS, TONGUE_BRIGHTNESS = 0.92, 0.82, 0.75
# Exponents of the shade per channel: in skin, shadows are red, since light comes through; in a mouth, more so.
SKIN_SHADE: Color = (0.75, 1.0, 1.05)
MOUTH_SHADE: Color = (0.7, 1.05, 1.05)
# A photo brings some shade of its own: of the sky's, this share is laid over it.
PHOTO_SHADE = 0.5
# Skin nearer than this to the hair is covered with roots; beyond the reach there are none, metres.
HAIR_NEAR, HAIR_REACH = 0.002, 0.008
ROOT_CELL = 0.0025


@dataclass(frozen=True)
class Quality:
    """How finely a head is painted: the skin's size in pixels, directions of the sky, metres between its samples."""

    atlas: int
    directions: int
    cell: float


FULL = Quality(2048, 64, 0.0018)
DRAFT = Quality(1024, 24, 0.0028)


@dataclass(frozen=True)
class Studio:
    """What the painters share: the bare parts by name, the light on them, the sources, the person, and the choices.

    `tone` is the colour of the cheeks.
    """

    parts: Mapping[str, Part]
    sky: Sky
    loaded: Assets
    mesh: Mesh
    atlas: Atlas
    human: Human
    look: Look
    face: Face | None
    tone: Color

    @property
    def hair(self) -> Pixels | None:
        """The hair's source picture (H, W, 4); None for a shaved head."""
        return None if self.look.hair == NONE else hair_source(self.loaded, self.look.hair)


def hair_source(loaded: Assets, style: str) -> Pixels:
    """The texture of a hair style (H, W, 4)."""
    return loaded.picture(assets.HAIR[style].texture, "RGBA")


def paint_all(studio: Studio) -> list[Part]:
    """Give every bare part its material; the same hair again, blended over the cut-out, softens its edges."""
    materials = paint_materials(studio)
    dressed = [planar(part) if part.name.startswith("Cornea") else part for part in studio.parts.values()]
    if "Hair" in studio.parts:
        dressed.append(replace(studio.parts["Hair"], name="HairEdge"))
    return [replace(part, material=materials[part.name]) for part in dressed]


def paint_materials(studio: Studio) -> dict[str, Material]:
    """Part name -> material."""
    look, loaded = studio.look, studio.loaded
    teeth = mouth_image(studio, "Teeth", assets.TEETH, TEETH_BRIGHTNESS)
    tongue = mouth_image(studio, "Tongue", assets.TONGUE, TONGUE_BRIGHTNESS)
    eye = Material("Eye", eye_image(studio), roughness=0.4)
    cornea = Material("Cornea", catchlight(), alpha="BLEND", roughness=0.05, glow=1.0)
    brow = brow_light(look, studio.tone)
    lash = texture.linear(LASH)
    brows, lashes = fibres(loaded, assets.BROWS[look.brows], 1.0), fibres(loaded, assets.LASHES, 0.8)
    materials = {
        "Head": Material("Skin", skin_image(studio), roughness=0.62),
        "Clothes": cloth(studio),
        "Brows": Material("Brows", brows, _opaque(brow), "BLEND", roughness=0.9),
        "Lashes": Material("Lashes", lashes, _opaque(lash), "BLEND", roughness=0.9),
        "Teeth": Material("Teeth", teeth, roughness=0.9),
        "Tongue": Material("Tongue", tongue, roughness=1.0),
        "EyeLeft": eye,
        "EyeRight": eye,
        "CorneaLeft": cornea,
        "CorneaRight": cornea,
    }
    return materials | hair(studio)


def brow_light(look: Look, tone: Color) -> Pixels:
    """Linear colour of the brows: the hair's, darker, and warm as the skin that shines through."""
    hair_light, skin_light = texture.linear(texture.from_hex(look.hair_colour)), texture.linear(tone)
    return (1 - BROW_SKIN) * BROW_LIGHT * hair_light + BROW_SKIN * BROW_LIGHT * hair_light.max() * skin_light


def _opaque(light: Pixels) -> tuple[float, float, float, float]:
    return (*texture.triple(light), 1.0)


# -- skin


def skin_image(studio: Studio) -> Image:
    """The person's skin, the inside of the mouth, roots of the hair, and shade."""
    head, atlas = studio.parts["Head"], studio.atlas
    picture, seen = skin_picture(studio.loaded, atlas, studio.human, studio.tone, studio.face)
    picture[atlas.slices("mouth")] = MOUTH
    shade = 0.30 + 0.70 * studio.sky.mean("Head") ** 0.8
    baked = bake(head, np.stack([inner_mouth(studio), hair_roots(studio), shade], axis=1), atlas.size // 2)
    inner, roots, shade = (texture.resize(baked[..., i], atlas.size, atlas.size) for i in range(3))
    skin.paint(picture, inner, MOUTH)
    skin.paint(picture, roots * np.float32(ROOT_SHARE), root_colour(studio))
    shade **= 1 - np.float32(1 - PHOTO_SHADE) * seen
    return texture.jpeg("skin", skin.multiply(picture, shade, SKIN_SHADE))


def skin_picture(loaded: Assets, atlas: Atlas, human: Human, tone: Color, face: Face | None) -> tuple[Pixels, Pixels]:
    """Bare skin in the atlas (S, S, 3) and how much of it a photo told (S, S): the one place where the photo enters.

    What no photo shows is the painted skin in the person's tone, with fine detail and sharp lips.
    """
    picture = skin.assemble(painted_skin(loaded, skin_shares(human, tone), tone), atlas)
    lips = texture.blur(skin.assemble(loaded.picture(assets.LIP_MASK, "L"), atlas), 3 * atlas.size / skin.FULL)
    lip_tone = texture.triple(texture.encoded(texture.linear(tone) * texture.color(LIPS)))
    skin.paint(picture, lips * np.float32(LIP_STRENGTH), lip_tone)
    seen = np.zeros((atlas.size, atlas.size), dtype=np.float32)
    if face is not None:
        left, bottom, right, top = CROP
        covers = (left, 1 - top, right, 1 - bottom)
        seen[atlas.slices("head")] = skin.cut(face.seen, covers, atlas, "head")
        share = seen[atlas.slices("head")]
        under = picture[atlas.slices("head")]
        picture[atlas.slices("head")] = blend(skin.cut(face.skin, covers, atlas, "head"), share, under)
    return skin.add_detail(picture, 1 - seen), seen


def root_colour(studio: Studio) -> Color:
    """Skin with the roots of the chosen hair in it."""
    hair_light = texture.linear(texture.from_hex(studio.look.hair_colour)) * np.float32(ROOT_LIGHT)
    skin_light = texture.linear(studio.tone) * np.float32(0.25)
    return texture.triple(texture.encoded(np.float32(0.7) * hair_light + np.float32(0.3) * skin_light))


def hair_roots(studio: Studio) -> Floats:
    """How much hair grows at each vertex (N,) of the head: 1 under visible hair, 0 away from it."""
    head, source = studio.parts["Head"], studio.hair
    if source is None:
        return np.zeros(len(head.positions))
    hair = studio.parts["Hair"]
    points = strand_points(hair.positions, hair, hair.faces, source[..., 3], ROOT_CELL)
    distance, _ = KDTree(points).query(head.positions, distance_upper_bound=HAIR_REACH)
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


# -- what is worn


def cloth(studio: Studio) -> Material:
    """The garment's own folds, a weave, and the shadow of the head, times one colour; a shirt under it stays white."""
    size = studio.atlas.size // 2
    item = assets.CLOTHES[studio.look.clothes]
    picture = texture.resize(studio.loaded.picture(item.texture), size, size)
    trim = _boxes(item.trim, size)
    part = studio.parts["Clothes"]
    shade = bake(part, 0.35 + 0.65 * smoothed(part, studio.sky.rest["Clothes"], 6), size // 2)
    weave = texture.noise(size, [(0.7, 0.02), (size / 85, 0.004)], seed=3) + np.float32(1)
    light: Pixels = weave * texture.resize(shade, size, size)
    folds = texture.luminance(picture)
    if item is assets.SUIT:  # its one picture is painted in colour, the suit nearly black
        trim &= texture.blur(folds, size / 256) > SUIT_LIGHT
        folds = np.clip(folds / np.float32(np.median(folds[~trim])), 0, 1)
    colour = texture.linear(texture.from_hex(studio.look.clothes_colour))
    plain = Material("Cloth", color=_opaque(colour), double_sided=True, roughness=0.95)
    if not trim.any():
        return replace(plain, image=texture.jpeg("cloth", folds * light))
    worn = texture.encoded(texture.linear(folds)[..., None] * colour)
    worn[trim] = (picture if item is assets.SUIT else folds[..., None] * texture.color(SHIRT))[trim]
    return replace(plain, image=texture.jpeg("cloth", worn * light[..., None]), color=WHITE)


def _boxes(boxes: Sequence[tuple[float, float, float, float]], size: int) -> NDArray[np.bool_]:
    inside = np.zeros((size, size), dtype=bool)
    for box in boxes:
        left, top, right, bottom = (round(edge * size) for edge in box)
        inside[top:bottom, left:right] = True
    return inside


def hair(studio: Studio) -> dict[str, Material]:
    """Strands in the chosen colour, cut out and blended; the layers near the skin are darker."""
    source = studio.hair
    if source is None:
        return {}
    size = len(source)
    covered = source[..., 3] > HAIR_CUTOFF
    grey, light = tint.toward(tint.strands(source), covered, studio.look.hair_colour)
    # Beyond its edge the colour goes on and the alpha fades, so that the blended pass ends softly.
    grey = spread(grey[..., None], covered)[..., 0]
    part = studio.parts["Hair"]
    if not tint.is_black(source):  # else tufts in front of a shell share one place, and no shade fits both
        grey = grey * bake(part, 0.5 + 0.5 * studio.sky.rest["Hair"], size)
    soft = np.maximum(source[..., 3], texture.blur(source[..., 3], 1.0))
    image = texture.png("hair", np.stack([grey, soft], axis=-1))
    cut = Material("Hair", image, _opaque(light), "MASK", cutoff=HAIR_CUTOFF, double_sided=True, roughness=0.9)
    return {"Hair": cut, "HairEdge": replace(cut, name="HairEdge", alpha="BLEND")}


def fibres(loaded: Assets, item: Item, strength: float) -> Image:
    """Brows or lashes: white through the alpha of the source."""
    alpha = loaded.picture(item.texture, "RGBA")[..., 3] * np.float32(strength)
    return texture.png(item.kind, np.stack([np.ones_like(alpha), alpha], axis=-1))


# -- mouth and eyes


def mouth_image(studio: Studio, name: str, item: Item, brightness: float) -> Image:
    """Teeth or tongue, dark toward the throat as an open mouth lets light in."""
    picture = texture.resize(studio.loaded.picture(item.texture), 512, 512)
    open_to = studio.sky.open_mouth[name]
    shade = bake(studio.parts[name], np.clip(open_to / np.percentile(open_to, 95), 0.12, 1) ** 0.9, 512)
    return texture.jpeg(item.kind, skin.multiply(picture * np.float32(brightness), shade, MOUTH_SHADE))


def eye_image(studio: Studio) -> Image:
    """The eye texture, its irises in the chosen colour, with the shadow of the lids on the white."""
    picture = studio.loaded.picture(assets.EYES.texture)
    size = len(picture)
    open_to = np.ones((size, size), dtype=np.float32)
    for name in ("EyeLeft", "EyeRight"):
        ball = studio.parts[name]
        values, covered = rasterise(ball.uvs, ball.faces, studio.sky.rest[name][:, None], size, size)
        open_to[covered] = values[covered][:, 0]
    shade = texture.blur(np.clip(0.55 + 0.7 * open_to, 0, 1).astype(np.float32), 3)
    grey = texture.luminance(picture)[..., None]
    calm = EYE_BRIGHTNESS * (grey + EYE_SATURATION * (picture - grey))
    coloured = tint.iris(calm.astype(np.float32), studio.look.eyes)
    return texture.jpeg("eye", skin.multiply(coloured, shade, SKIN_SHADE), quality=90)


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
    alpha = texture.blur(np.clip(0.85 * window + bounce, 0, 1).astype(np.float32), size / 200)
    return texture.png("catchlight", np.stack([np.ones_like(alpha), alpha], axis=-1))
