"""Image work: decode, crop, recolour, encode. Arrays are (H, W, 3 or 4) 32-bit floats in 0..1, sRGB, top row first."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy import ndimage

from digiclone.avatar.glb import Image

Pixels = NDArray[np.float32]
Color = tuple[float, float, float]


def decode(data: bytes, mode: str = "RGB") -> Pixels:
    """Decode any picture to floats; `mode` is Pillow's ("L", "RGB", "RGBA")."""
    with Pillow.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert(mode), dtype=np.float32) / np.float32(255)


def _pillow(pixels: Pixels) -> Pillow.Image:
    return Pillow.fromarray(np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8))


def resize(pixels: Pixels, width: int, height: int) -> Pixels:
    """Bicubic resampling."""
    return np.asarray(
        _pillow(pixels).resize((width, height), Pillow.Resampling.BICUBIC), dtype=np.float32
    ) / np.float32(255)


def jpeg(name: str, pixels: Pixels, quality: int = 88) -> Image:
    """Encode without alpha."""
    out = io.BytesIO()
    _pillow(pixels[..., :3]).save(out, "JPEG", quality=quality)
    return Image(name, out.getvalue(), "image/jpeg")


def png(name: str, pixels: Pixels) -> Image:
    """Encode losslessly; what has alpha goes this way."""
    out = io.BytesIO()
    _pillow(pixels).save(out, "PNG", optimize=True)
    return Image(name, out.getvalue(), "image/png")


def blur(pixels: Pixels, radius: float) -> Pixels:
    """Gaussian blur of one channel (H, W) that wraps around the rim."""
    return np.asarray(ndimage.gaussian_filter(pixels, radius, mode="wrap"), dtype=np.float32)


def color(value: Color) -> Pixels:
    """A colour as an array (3,) that keeps pictures at 32 bits."""
    return np.array(value, dtype=np.float32)


def luminance(pixels: Pixels) -> Pixels:
    """Brightness (H, W) of sRGB values, Rec. 709 weights."""
    return pixels[..., :3] @ color((0.2126, 0.7152, 0.0722))


def tint(pixels: Pixels, dark: Color, light: Color) -> Pixels:
    """Recolour by brightness: the darkest covered pixels become `dark`, the brightest `light`; alpha is kept."""
    value = luminance(pixels)
    covered = pixels[..., 3] > 0.5 if pixels.shape[-1] == 4 else np.ones(value.shape, dtype=bool)
    low, high = np.percentile(value[covered], [2, 98])
    share = np.clip((value - low) / max(high - low, 1e-6), 0, 1)[..., None]
    colored = color(dark) * (1 - share) + color(light) * share
    return np.concatenate([colored, pixels[..., 3:]], axis=-1)
