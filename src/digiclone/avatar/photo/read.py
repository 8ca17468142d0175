"""Open whatever picture a person brings, upright and in plain sRGB, or say in words why not.

Only well-kept formats are tried: some that Pillow knows (EPS) run other programs. Size is looked at before anything is
decoded, so a small file that claims a huge picture costs nothing.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms, ImageOps

from digiclone.avatar.texture import Pixels
from digiclone.config import ConfigError

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF", "JPEG2000", "PPM")
MAX_BYTES = 200_000_000
MAX_PIXELS = 120_000_000
# Wider or higher pictures are made smaller: no face needs more, and all that follows costs memory.
MAX_SIDE = 4000
# Shows through what is transparent.
NEUTRAL = (128, 128, 128)
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
# What Pillow's decoders raise on damaged files.
_DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, EOFError, LookupError, ArithmeticError, MemoryError, AttributeError,
    struct.error, zlib.error, Pillow.DecompressionBombError,
)  # fmt: skip


class PhotoError(ConfigError):
    """A photo that no head can be made from, in words that say what to do."""


@dataclass(frozen=True, eq=False)
class Photo:
    """`pixels` (H, W, 3) sRGB in 0..1, upright; `sha256` of the file's bytes; `name` of the file."""

    pixels: Pixels
    sha256: str
    name: str


def open_photo(path: Path) -> Photo:
    """Read a picture file. Raises PhotoError."""
    if path.is_dir():
        raise PhotoError(f"{path} is a folder; name the picture in it")
    if not path.is_file():
        raise PhotoError(f"there is no picture {path}")
    if path.stat().st_size > MAX_BYTES:
        raise PhotoError(f"{path.name} is larger than {MAX_BYTES // 10**6} MB; save a smaller copy and use that")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PhotoError(f"{path} cannot be read: {error.strerror}") from None
    return decode_photo(data, path.name)


def decode_photo(data: bytes, name: str) -> Photo:
    """Read a picture from the bytes of its file. Raises PhotoError."""
    if not data:
        raise PhotoError(f"{name} is empty; take the picture again or another copy of it")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks about odd metadata, and about sizes that are checked here
        pixels = _floats(_upright(_open(data, name), name))
    return Photo(pixels, hashlib.sha256(data).hexdigest(), name)


def _open(data: bytes, name: str) -> Pillow.Image:
    Pillow.init()  # else only the commonest formats are known by name
    try:
        image = Pillow.open(io.BytesIO(data), formats=FORMATS)
    except Pillow.UnidentifiedImageError:
        raise PhotoError(_not_a_picture(data, name)) from None
    except Pillow.DecompressionBombError:
        raise PhotoError(_too_many(name)) from None
    except _DAMAGE as error:
        raise PhotoError(f"{name} is damaged ({error}); use another copy of it") from None
    if image.width * image.height > MAX_PIXELS:
        raise PhotoError(_too_many(name))
    return image


def _not_a_picture(data: bytes, name: str) -> str:
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return (
            f"{name} is a HEIC picture, as iPhones take them; export it as JPEG and use that "
            "(on the phone: Settings, Camera, Formats, Most Compatible)"
        )
    return f"{name} is not a picture that can be read; JPEG, PNG, WebP, AVIF, TIFF, BMP and GIF can"


def _too_many(name: str) -> str:
    return f"{name} has more than {MAX_PIXELS // 10**6} million pixels; save a smaller copy and use that"


def _upright(image: Pillow.Image, name: str) -> Pillow.Image:
    """Decoded (the first frame), no larger than needed, turned as the camera was held, in RGB."""
    try:
        image.draft("RGB", (MAX_SIDE, MAX_SIDE))  # lets a JPEG be decoded small right away
        image.load()
        image = _eight_bits(image)
        if image.mode in ("1", "P", "PA"):  # these cannot be resampled
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        image.thumbnail((MAX_SIDE, MAX_SIDE), Pillow.Resampling.LANCZOS)
        return _rgb(ImageOps.exif_transpose(image))
    except _DAMAGE as error:
        raise PhotoError(f"{name} is cut off or damaged ({error}); use another copy of it") from None


def _eight_bits(image: Pillow.Image) -> Pillow.Image:
    """Grey pictures of 16 or 32 bits to 8; Pillow has reduced coloured ones already."""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;"):
        return image
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    white = next((top for top in (1.0, 255.0, 65535.0) if values.max(initial=0) <= top), float(values.max()))
    if image.mode != "F":
        white = max(white, 65535.0)
    grey = Pillow.fromarray(np.round(np.clip(values / white, 0, 1) * 255).astype(np.uint8))
    grey.info, exif = {}, image.getexif()
    if exif:
        grey.info["exif"] = exif.tobytes()
    return grey


def _rgb(image: Pillow.Image) -> Pillow.Image:
    """Plain sRGB: profiles applied, transparency over a neutral grey."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        under = Pillow.new("RGBA", image.size, (*NEUTRAL, 255))
        return Pillow.alpha_composite(under, image).convert("RGB")
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK", "L"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB") or image
        except (ImageCms.PyCMSError, OSError):
            return image.convert("RGB")  # a profile that is damaged or of another colour space
    return image.convert("RGB")


def _floats(image: Pillow.Image) -> Pixels:
    return np.asarray(image, dtype=np.float32) / np.float32(255)
