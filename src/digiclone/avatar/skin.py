"""The skin texture: an atlas of the parts of the body that a bust shows, with the detail its source lacks.

The source skins are 512 x 512 for a whole body, which leaves some 80 pixels for a face. Their colours are kept; lips
come sharp from a 2048 x 2048 mask of the same layout, and pores and mottling are synthesised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from digiclone.avatar.bust import weld
from digiclone.avatar.mesh import Floats, Ints, Mesh
from digiclone.avatar.proxy import part_of_base
from digiclone.avatar.texture import Color, Pixels, blur, color, resize

ATLAS = 2048
MARGIN = 10
# Brightness detail coarser than this many pixels is not kept where a colour is painted over.
PATTERN = 64


@dataclass(frozen=True)
class Region:
    """An island of the base mesh's layout, found by a vertex in it, and its box in the atlas in pixels."""

    name: str
    vertex: int
    box: tuple[int, int, int, int]


REGIONS: tuple[Region, ...] = (
    Region("head", 474, (0, 0, 1152, 2048)),
    Region("body", 1892, (1152, 0, 2048, 896)),
    Region("mouth", 642, (1152, 896, 1536, 1280)),
    Region("socket_right", 5310, (1536, 896, 1792, 1152)),
    Region("socket_left", 11915, (1792, 896, 2048, 1152)),
)


@dataclass(frozen=True)
class Atlas:
    """Where the skin went.

    `uvs` (T, 2) into the atlas, bottom left, for the base mesh's uv indices; `vertex` (N,) base vertex of each welded
    vertex; `sources` region -> source box in 0..1 (left, top, right, bottom; top left origin).
    """

    uvs: Floats
    vertex: Ints
    sources: Mapping[str, tuple[float, float, float, float]]


def islands(mesh: Mesh) -> Ints:
    """Connected component of every uv index, (T,)."""
    ring = np.concatenate([np.stack([mesh.uv_quads[:, i], mesh.uv_quads[:, (i + 1) % 4]], axis=1) for i in range(4)])
    count = len(mesh.uvs)
    links = coo_matrix((np.ones(len(ring), dtype=np.int8), (ring[:, 0], ring[:, 1])), shape=(count, count))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def layout(mesh: Mesh, faces: NDArray[np.bool_]) -> Atlas:
    """Pack the islands that the kept faces (F,) use into the atlas, each scaled to fill its box."""
    label = islands(mesh)
    uvs = mesh.uvs.copy()
    sources: dict[str, tuple[float, float, float, float]] = {}
    used = np.unique(mesh.uv_quads[faces])
    for region in REGIONS:
        corner = np.argwhere(mesh.quads == region.vertex)[0]
        members = used[label[used] == label[mesh.uv_quads[corner[0], corner[1]]]]
        if not len(members):
            continue
        uvs[members], sources[region.name] = _pack(mesh.uvs[members], region.box)
    return Atlas(uvs, weld(part_of_base(mesh, faces))[0], sources)


def _pack(uvs: Floats, box: tuple[int, int, int, int]) -> tuple[Floats, tuple[float, float, float, float]]:
    """Fit uvs (N, 2) into a box less its margin; also the part of the source that fills the whole box."""
    left, top, right, bottom = box
    low, high = uvs.min(axis=0), uvs.max(axis=0)
    inner = np.array([right - left, bottom - top]) - 2.0 * MARGIN
    scale = inner / (high - low)
    pixels = (uvs - low) * scale + np.array([left + MARGIN, ATLAS - bottom + MARGIN])
    pad = MARGIN / scale
    first, last = low - pad, high + pad
    return pixels / ATLAS, (float(first[0]), float(1 - last[1]), float(last[0]), float(1 - first[1]))


def assemble(source: Pixels, atlas: Atlas) -> Pixels:
    """Resample a picture in the base layout (any size) into the atlas."""
    height, width = source.shape[:2]
    picture = Pillow.fromarray(np.round(np.clip(source, 0, 1) * 255).astype(np.uint8))
    out = Pillow.new(picture.mode, (ATLAS, ATLAS))
    for region in REGIONS:
        if region.name not in atlas.sources:
            continue
        u0, v0, u1, v1 = atlas.sources[region.name]
        left, top, right, bottom = region.box
        extent = (u0 * width, v0 * height, u1 * width, v1 * height)
        crop = picture.transform(
            (right - left, bottom - top),
            Pillow.Transform.EXTENT,
            extent,
            Pillow.Resampling.BICUBIC,
        )
        out.paste(crop, (left, top))
    return np.asarray(out, dtype=np.float32) / np.float32(255)


def box_of(name: str) -> tuple[slice, slice]:
    """Rows and columns of a region in the atlas."""
    left, top, right, bottom = next(region.box for region in REGIONS if region.name == name)
    return slice(top, bottom), slice(left, right)


def noise(size: int, scales: Sequence[tuple[float, float]], seed: int) -> Pixels:
    """Smooth noise (size, size) of zero mean: the sum of (blur radius in pixels, amplitude) octaves.

    Coarse octaves are drawn small and enlarged; `size` is a power of two.
    """
    draw = np.random.default_rng(seed)
    total = np.zeros((size, size), dtype=np.float32)
    for radius, amplitude in scales:
        step = 1 << int(np.log2(max(1.0, radius / 2)))
        small = draw.standard_normal((size // step, size // step), dtype=np.float32)
        octave = np.asarray(ndimage.zoom(blur(small, radius / step), step, order=1), dtype=np.float32)
        total += octave * np.float32(amplitude / octave.std())
    return total


def add_detail(skin: Pixels) -> Pixels:
    """Pores (fine, dark) and mottling (coarse, red against yellow): what the enlarged source does not have."""
    pores = noise(ATLAS, [(1.0, 0.008), (2.2, 0.008), (5.0, 0.003)], seed=1)
    mottle = noise(ATLAS, [(9.0, 0.003), (40.0, 0.004)], seed=2)
    return np.asarray(skin * (1 + pores[..., None]) + mottle[..., None] * color((0.35, -0.8, -0.8)), dtype=np.float32)


def paint(skin: Pixels, mask: Pixels, tone: Color, strength: float) -> Pixels:
    """Blend a tone in by a mask (H, W), keeping the brightness pattern of what is under it."""
    under = skin.mean(axis=-1)
    height, width = under.shape
    smooth = resize(resize(under, width // PATTERN, height // PATTERN), width, height)
    pattern = under / np.maximum(smooth, 1e-2)
    share = mask * np.float32(strength)
    return skin * (1 - share)[..., None] + color(tone) * (pattern * share)[..., None]


def multiply(skin: Pixels, shade: Pixels, tone: Color) -> Pixels:
    """Darken by a map (H, W) in 0..1. Shadowed skin is red, since light comes through it: `tone` bends each channel."""
    return np.asarray(skin * shade[..., None] ** color(tone), dtype=np.float32)
