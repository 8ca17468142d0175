"""The skin texture: an atlas of the parts of the body that a bust shows, with the detail its source lacks.

The source skins are 512 x 512 for a whole body, which leaves some 80 pixels for a face. Their colours are kept; lips
come sharp from a 2048 x 2048 mask of the same layout, and pores and mottling are synthesised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from digiclone.avatar.bust import weld
from digiclone.avatar.mesh import Floats, Ints, Mesh
from digiclone.avatar.proxy import part_of_base
from digiclone.avatar.texture import Color, Pixels, color, noise, resize

# Regions are laid out for an atlas of this size and shrink with it.
FULL = 2048
MARGIN = 10
# Brightness detail coarser than this many pixels of a full atlas is not kept where a colour is painted over.
PATTERN = 64
# Pores repeat after this many pixels, where no eye finds the seam.
TILE = 1024


@dataclass(frozen=True)
class Region:
    """An island of the base mesh's layout, found by a vertex in it, and its box in a full atlas in pixels.

    A `whole` island lies in its box in one way, whatever is cropped or dressed; of others only what is seen is kept.
    """

    name: str
    vertex: int
    box: tuple[int, int, int, int]
    whole: bool = True


REGIONS: tuple[Region, ...] = (
    Region("head", 474, (0, 0, 1152, 2048)),
    Region("body", 1892, (1152, 0, 2048, 896), whole=False),
    Region("mouth", 642, (1152, 896, 1536, 1280)),
    Region("socket_right", 5310, (1536, 896, 1792, 1152)),
    Region("socket_left", 11915, (1792, 896, 2048, 1152)),
)


@dataclass(frozen=True)
class Atlas:
    """Where the skin went.

    `size` pixels along each side; `uvs` (T, 2) into the atlas, bottom left, for the base mesh's uv indices; `vertex`
    (N,) base vertex of each welded vertex; `sources` region -> source box in 0..1 (left, top, right, bottom; top left
    origin).
    """

    size: int
    uvs: Floats
    vertex: Ints
    sources: Mapping[str, tuple[float, float, float, float]]

    def box(self, region: str) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of a region in pixels."""
        left, top, right, bottom = next(r.box for r in REGIONS if r.name == region)
        return left * self.size // FULL, top * self.size // FULL, right * self.size // FULL, bottom * self.size // FULL

    def slices(self, region: str) -> tuple[slice, slice]:
        """Rows and columns of a region."""
        left, top, right, bottom = self.box(region)
        return slice(top, bottom), slice(left, right)


def islands(mesh: Mesh) -> Ints:
    """Connected component of every uv index, (T,)."""
    ring = np.concatenate([np.stack([mesh.uv_quads[:, i], mesh.uv_quads[:, (i + 1) % 4]], axis=1) for i in range(4)])
    count = len(mesh.uvs)
    links = coo_matrix((np.ones(len(ring), dtype=np.int8), (ring[:, 0], ring[:, 1])), shape=(count, count))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def layout(mesh: Mesh, faces: NDArray[np.bool_], size: int) -> Atlas:
    """Pack the islands that the kept faces (F,) use into an atlas of some size, each scaled to fill its box."""
    label = islands(mesh)
    uvs = mesh.uvs.copy()
    sources: dict[str, tuple[float, float, float, float]] = {}
    used = np.unique(mesh.uv_quads[faces])
    for region in REGIONS:
        corner = np.argwhere(mesh.quads == region.vertex)[0]
        own = label == label[mesh.uv_quads[corner[0], corner[1]]]
        members = np.flatnonzero(own) if region.whole else used[own[used]]
        if len(members):
            uvs[members], sources[region.name] = _pack(mesh.uvs[members], region.box)
    part = part_of_base(mesh, faces)
    return Atlas(size, uvs, part.binding.references[weld(part)[0], 0], sources)


def _pack(uvs: Floats, box: tuple[int, int, int, int]) -> tuple[Floats, tuple[float, float, float, float]]:
    """Fit uvs (N, 2) into a box less its margin; also the part of the source that fills the whole box."""
    left, top, right, bottom = box
    low, high = uvs.min(axis=0), uvs.max(axis=0)
    inner = np.array([right - left, bottom - top]) - 2.0 * MARGIN
    scale = inner / (high - low)
    pixels = (uvs - low) * scale + np.array([left + MARGIN, FULL - bottom + MARGIN])
    pad = MARGIN / scale
    first, last = low - pad, high + pad
    return pixels / FULL, (float(first[0]), float(1 - last[1]), float(last[0]), float(1 - first[1]))


def assemble(source: Pixels, atlas: Atlas) -> Pixels:
    """Resample a picture of the whole base layout (any size) into the atlas."""
    channels = source.shape[2:]
    out = np.zeros((atlas.size, atlas.size, *channels), dtype=np.float32)
    for region in atlas.sources:
        out[atlas.slices(region)] = cut(source, (0.0, 0.0, 1.0, 1.0), atlas, region)
    return out


def cut(source: Pixels, covers: tuple[float, float, float, float], atlas: Atlas, region: str) -> Pixels:
    """One region of the atlas out of a picture that `covers` a part of the base layout (as in `Atlas.sources`)."""
    height, width = source.shape[:2]
    scale = np.array([width / (covers[2] - covers[0]), height / (covers[3] - covers[1])])
    u0, v0, u1, v1 = atlas.sources[region]
    x0, y0 = (np.array([u0, v0]) - covers[:2]) * scale
    x1, y1 = (np.array([u1, v1]) - covers[:2]) * scale
    left, top, right, bottom = atlas.box(region)
    picture = Pillow.fromarray(np.round(np.clip(source, 0, 1) * 255).astype(np.uint8))
    extent = (float(x0), float(y0), float(x1), float(y1))
    found = picture.transform((right - left, bottom - top), Pillow.Transform.EXTENT, extent, Pillow.Resampling.BICUBIC)
    return np.asarray(found, dtype=np.float32) / np.float32(255)


def add_detail(skin: Pixels, amount: Pixels) -> Pixels:
    """Pores (fine, dark) and mottling (coarse, red against yellow): what the enlarged source does not have.

    `amount` (H, W) says where, 0..1.
    """
    size = len(skin)
    tile, fine = min(size, TILE), size / FULL
    pores = noise(tile, [(1.0 * fine, 0.008), (2.2 * fine, 0.008), (5.0 * fine, 0.003)], seed=1)
    mottle = noise(tile, [(9.0 * fine, 0.003), (40.0 * fine, 0.004)], seed=2)
    repeats = (size // tile, size // tile)
    pores, mottle = np.tile(pores, repeats) * amount, np.tile(mottle, repeats) * amount
    return np.asarray(skin * (1 + pores[..., None]) + mottle[..., None] * color((0.35, -0.8, -0.8)), dtype=np.float32)


def paint(skin: Pixels, mask: Pixels, tone: Color) -> None:
    """Blend a tone into the picture by a mask (H, W), keeping the brightness pattern of what is under it."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return
    here = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    share, under = mask[here], skin[here].mean(axis=-1)
    height, width = share.shape
    coarse = max(1, len(skin) * PATTERN // FULL)
    smooth = resize(resize(under, -(-width // coarse), -(-height // coarse)), width, height)
    pattern = under / np.maximum(smooth, 1e-2) * share
    skin[here] *= (1 - share)[..., None]
    skin[here] += color(tone) * pattern[..., None]


def multiply(skin: Pixels, shade: Pixels, tone: Color) -> Pixels:
    """Darken by a map (H, W) in 0..1. Shadowed skin is red, since light comes through it: `tone` bends each channel."""
    return np.asarray(skin * shade[..., None] ** color(tone), dtype=np.float32)
