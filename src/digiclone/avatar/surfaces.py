"""What the bust looks like: colours, textures and materials, part by part, with baked shading.

Every constant of taste about colour is here. Colours are sRGB in 0..1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import ndimage

from digiclone.avatar import assets, skin, texture
from digiclone.avatar.assets import Assets, Item
from digiclone.avatar.bust import posed
from digiclone.avatar.glb import Image, Material, Part
from digiclone.avatar.mesh import Floats
from digiclone.avatar.raster import rasterise, spread
from digiclone.avatar.shade import openness
from digiclone.avatar.skin import ATLAS, Atlas
from digiclone.avatar.texture import Color, Pixels

HAIR_DARK: Color = (0.10, 0.065, 0.045)
HAIR_LIGHT: Color = (0.40, 0.275, 0.185)
BROW: Color = (0.15, 0.10, 0.07)
LASH: Color = (0.06, 0.045, 0.04)
LIP: Color = (0.70, 0.43, 0.40)
CLOTH: Color = (0.20, 0.27, 0.34)
MOUTH: Color = (0.42, 0.16, 0.15)

OPEN_MOUTH = {"jawOpen": 0.6, "mouthLowerDownLeft": 0.4, "mouthLowerDownRight": 0.4}
SHUT_EYES = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}
OPAQUE_PARTS = ("Head", "Hair", "Clothes", "EyeLeft", "EyeRight", "Teeth", "Tongue")


@dataclass(frozen=True)
class Sky:
    """Openness of every part's vertices, part name -> (N,), in three poses of the face."""

    rest: Mapping[str, Floats]
    open_mouth: Mapping[str, Floats]
    shut_eyes: Mapping[str, Floats]


def seen_sky(parts: Sequence[Part], pose: Mapping[str, float]) -> dict[str, Floats]:
    """Openness of every part while the whole bust holds a pose."""
    points = [posed(part, pose) for part in parts]
    solid = [(p, part.faces) for p, part in zip(points, parts, strict=True) if part.name in OPAQUE_PARTS]
    shares = openness(np.concatenate(points), np.concatenate([part.normals for part in parts]), solid)
    ends = np.cumsum([len(p) for p in points])[:-1]
    return {part.name: share for part, share in zip(parts, np.split(shares, ends), strict=True)}


def paint_all(parts: Sequence[Part], loaded: Assets, atlas: Atlas) -> list[Part]:
    """Give every bare part its material."""
    sky = Sky(seen_sky(parts, {}), seen_sky(parts, OPEN_MOUTH), seen_sky(parts, SHUT_EYES))
    by_name = {part.name: part for part in parts}
    head, clothes, hair, teeth, tongue = (by_name[n] for n in ("Head", "Clothes", "Hair", "Teeth", "Tongue"))
    brows, lashes = strands(loaded, assets.BROWS, BROW, 0.85), strands(loaded, assets.LASHES, LASH, 0.8)
    eye = Material("Eye", eye_image([by_name["EyeLeft"], by_name["EyeRight"]], sky, loaded), roughness=0.4)
    cornea = Material("Cornea", catchlight(), alpha="BLEND", roughness=0.05, glow=1.0)
    strand_card = partial(Material, alpha="MASK", cutoff=0.45, double_sided=True, roughness=0.9)
    materials = {
        "Head": Material("Skin", skin_image(head, sky, loaded, atlas), roughness=0.62),
        "Clothes": Material("Cloth", cloth_image(clothes, sky, loaded), double_sided=True, roughness=0.95),
        "Hair": strand_card("Hair", hair_image(hair, sky, loaded)),
        "Brows": Material("Brows", brows, alpha="BLEND", roughness=0.9),
        "Lashes": Material("Lashes", lashes, alpha="BLEND", roughness=0.9),
        "Teeth": Material("Teeth", mouth_image(teeth, assets.TEETH, sky, loaded, 0.82), roughness=0.35),
        "Tongue": Material("Tongue", mouth_image(tongue, assets.TONGUE, sky, loaded, 0.62), roughness=0.5),
        **dict.fromkeys(("EyeLeft", "EyeRight"), eye),
        **dict.fromkeys(("CorneaLeft", "CorneaRight"), cornea),
    }
    facing = (planar(part) if part.name.startswith("Cornea") else part for part in parts)
    return [replace(part, material=materials[part.name]) for part in facing]


def bake(part: Part, values: Floats, size: int) -> Pixels:
    """Vertex values (N,) as a picture (size, size) in the part's texture space."""
    picture, covered = rasterise(part.uvs, part.faces, values[:, None], size, size)
    return spread(picture, covered)[..., 0]


def skin_image(head: Part, sky: Sky, loaded: Assets, atlas: Atlas) -> Image:
    """Mean of the source skins, sharp lips and lids, fine detail, and shading baked over three poses.

    A lid or a lip is shaded as the mean of open and shut, since its texture cannot change when it moves.
    """
    source = np.mean([texture.decode(loaded[name]) for name in assets.SKINS], axis=0)
    picture = skin.assemble(source, atlas)
    lips = ndimage.gaussian_filter(skin.assemble(texture.decode(loaded[assets.LIP_MASK], "L"), atlas), 3)
    picture = skin.paint(skin.add_detail(picture), lips, LIP, 0.75)
    picture[skin.box_of("mouth")] = MOUTH
    share = np.mean([sky.rest[head.name], sky.open_mouth[head.name], sky.shut_eyes[head.name]], axis=0)
    shade = texture.resize(bake(head, 0.30 + 0.70 * share**0.8, ATLAS // 2), ATLAS, ATLAS)
    return texture.jpeg("skin", skin.multiply(picture, shade, (0.75, 1.0, 1.05)))


def cloth_image(clothes: Part, sky: Sky, loaded: Assets) -> Image:
    """One colour, the garment's own occlusion map, a weave, and the shadow of the head."""
    size = 1024
    folds = texture.resize(texture.decode(loaded[assets.CLOTHES.texture]), size, size)
    weave = skin.noise(size, [(0.7, 0.02), (12.0, 0.01)], seed=3)
    shade = bake(clothes, 0.35 + 0.65 * sky.rest[clothes.name], size)
    value = texture.luminance(folds) * (1 + weave) * shade
    return texture.jpeg("cloth", value[..., None] * np.array(CLOTH))


def hair_image(hair: Part, sky: Sky, loaded: Assets) -> Image:
    """Recoloured strands; the layers near the skin are darker."""
    source = texture.decode(loaded[assets.HAIR.texture], "RGBA")
    picture = texture.resize(texture.tint(source, HAIR_DARK, HAIR_LIGHT), 1024, 1024)
    shade = bake(hair, 0.5 + 0.5 * sky.rest[hair.name], 1024)
    picture[..., :3] *= shade[..., None]
    return texture.png("hair", picture)


def strands(loaded: Assets, item: Item, color: Color, strength: float) -> Image:
    """Brows or lashes: one colour through the alpha of the source."""
    source = texture.decode(loaded[item.texture], "RGBA")
    source[..., :3] = color
    source[..., 3] *= strength
    return texture.png(item.kind, source)


def mouth_image(part: Part, item: Item, sky: Sky, loaded: Assets, brightness: float) -> Image:
    """Teeth or tongue, dark toward the throat as an open mouth lets light in."""
    source = texture.resize(texture.decode(loaded[item.texture]), 512, 512)
    share = sky.open_mouth[part.name]
    shade = bake(part, np.clip(share / np.percentile(share, 95), 0.08, 1) ** 0.9, 512)
    return texture.jpeg(item.kind, source * shade[..., None] * brightness)


def eye_image(balls: Sequence[Part], sky: Sky, loaded: Assets) -> Image:
    """The eye texture with the shadow of lids and lashes on the white."""
    picture = texture.resize(texture.decode(loaded[assets.EYES.texture]), 1024, 1024)
    covers = np.ones((1024, 1024))
    for ball in balls:
        values, covered = rasterise(ball.uvs, ball.faces, sky.rest[ball.name][:, None], 1024, 1024)
        covers[covered] = values[covered][:, 0]
    shade = ndimage.gaussian_filter(np.clip(0.25 + 1.1 * covers, 0, 1), 6)
    return texture.jpeg("eye", skin.multiply(picture, shade, (0.85, 1.0, 1.0)))


def planar(part: Part) -> Part:
    """Texture coordinates by front projection over the part's own box."""
    low, high = part.positions.min(axis=0), part.positions.max(axis=0)
    flat = (part.positions - low) / (high - low)
    return replace(part, uvs=np.stack([flat[:, 0], 1 - flat[:, 1]], axis=1))


def catchlight(size: int = 128) -> Image:
    """A soft window reflected in the upper left of the cornea and a faint bounce below."""
    y, x = np.mgrid[0:size, 0:size] / (size - 1.0)
    window = np.clip(1.4 - (np.abs(x - 0.40) / 0.055) ** 4 - (np.abs(y - 0.36) / 0.065) ** 4, 0, 1)
    bounce = 0.10 * np.exp(-(((x - 0.58) / 0.10) ** 2 + ((y - 0.66) / 0.06) ** 2))
    picture = np.ones((size, size, 4))
    picture[..., 3] = ndimage.gaussian_filter(np.clip(0.85 * window + bounce, 0, 1), size / 90)
    return texture.png("catchlight", picture)
