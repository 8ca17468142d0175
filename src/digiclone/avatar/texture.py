"""Image work: decode, resize, encode, colours.

Arrays are (H, W) grey, (H, W, 2) grey and alpha, (H, W, 3) or (H, W, 4), 32-bit floats in 0..1, sRGB, top row first.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

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
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.asarray(
        _pillow(pixels).resize((width, height), Pillow.Resampling.BICUBIC), dtype=np.float32
    ) / np.float32(255)


def jpeg(name: str, pixels: Pixels, quality: int = 86) -> Image:
    """Encode grey or colour; alpha is dropped."""
    out = io.BytesIO()
    _pillow(pixels if pixels.ndim == 2 else pixels[..., :3]).save(out, "JPEG", quality=quality)
    return Image(name, out.getvalue(), "image/jpeg")


def png(name: str, pixels: Pixels) -> Image:
    """Encode losslessly; what has alpha goes this way."""
    out = io.BytesIO()
    _pillow(pixels).save(out, "PNG", compress_level=6)
    return Image(name, out.getvalue(), "image/png")


def blur(pixels: Pixels, radius: float) -> Pixels:
    """Gaussian blur of one channel (H, W) that wraps around the rim."""
    return np.asarray(ndimage.gaussian_filter(pixels, radius, mode="wrap"), dtype=np.float32)


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


def color(value: Color) -> Pixels:
    """A colour as an array (3,) that keeps pictures at 32 bits."""
    return np.array(value, dtype=np.float32)


def from_hex(text: str) -> Color:
    """``#rrggbb`` to sRGB."""
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def linear(srgb: Pixels | Color) -> Pixels:
    """sRGB values to light, by the standard's curve."""
    value = np.asarray(srgb, dtype=np.float32)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def encoded(light: NDArray[np.floating]) -> Pixels:
    """Light to sRGB values; the inverse of `linear`."""
    value = np.clip(light, 0, None)
    return np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055).astype(np.float32)


def triple(values: Pixels) -> Color:
    """An array (3,) as a colour."""
    return float(values[0]), float(values[1]), float(values[2])


def luminance(pixels: Pixels) -> Pixels:
    """Brightness (H, W) of sRGB values, Rec. 709 weights."""
    return pixels[..., :3] @ color((0.2126, 0.7152, 0.0722))
