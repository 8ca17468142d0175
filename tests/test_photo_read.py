"""Any picture that a person may bring, and what is none: opened, or refused in a sentence."""

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from digiclone.avatar.photo.read import MAX_SIDE, PhotoError, decode_photo, open_photo

SIDE = 24


def gradient() -> Image.Image:
    """Red grows to the right, green downward."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] * 10
    return Image.fromarray(np.stack([x, y, np.full_like(x, 60)], axis=-1).astype(np.uint8))


def encoded(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def rotated(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    image = gradient() if turned[orientation] is None else gradient().transpose(turned[orientation])
    return encoded(image, "PNG", exif=exif)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_picture_is_upright_however_the_camera_was_held(orientation: int) -> None:
    pixels = decode_photo(rotated(orientation), "me.png").pixels
    assert np.allclose(pixels, np.asarray(gradient(), dtype=np.float32) / 255, atol=0.01)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1", "I;16"])
def test_every_kind_of_pixel_becomes_rgb(mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.asarray(gradient().convert("L")).astype(np.uint16) * 257)
    else:
        image = gradient().convert(mode)
    pixels = decode_photo(encoded(image, "TIFF"), "me.tif").pixels
    assert pixels.shape == (SIDE, SIDE, 3)
    assert pixels.dtype == np.float32
    assert 0 <= pixels.min() <= pixels.max() <= 1
    if mode not in ("1", "P"):
        grey = np.asarray(gradient().convert("L"), dtype=np.float32) / 255
        assert np.abs(pixels.mean(axis=-1) - grey).mean() < 0.12


def test_what_is_transparent_is_neutral() -> None:
    image = gradient().convert("RGBA")
    image.putalpha(0)
    pixels = decode_photo(encoded(image), "me.png").pixels
    assert np.ptp(pixels) < 0.01


def test_a_huge_picture_is_made_smaller() -> None:
    pixels = decode_photo(encoded(Image.new("RGB", (MAX_SIDE + 500, 100)), "PNG"), "wide.png").pixels
    assert max(pixels.shape) == MAX_SIDE


def bomb() -> bytes:
    """A PNG that says it is 60,000 pixels wide and high."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"hello", "not a picture"),
        (b"%PDF-1.7 and so on", "not a picture"),
        (encoded(gradient(), "JPEG")[:300], r"cut off|damaged"),
        (encoded(Image.effect_noise((200, 200), 80))[:2000], "cut off"),
        (bomb(), "million pixels"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "JPEG"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(data: bytes, said: str) -> None:
    with pytest.raises(PhotoError, match=said):
        decode_photo(data, "me.jpg")


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "nobody.jpg", tmp_path):
        with pytest.raises(PhotoError, match=path.name):
            open_photo(path)


def test_a_photo_is_known_by_its_hash(tmp_path: Path) -> None:
    file = tmp_path / "me.png"
    file.write_bytes(encoded(gradient()))
    one, two = open_photo(file), open_photo(file)
    assert one.sha256 == two.sha256
    assert len(one.sha256) == 64
    assert one.name == "me.png"


SEEDS = [encoded(gradient(), kind) for kind in ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP")]


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=12),
    st.integers(0, 4000),
)
def test_garbled_pictures_are_read_or_refused(data: bytes, changes: list[tuple[int, int]], cut: int) -> None:
    garbled = bytearray(data)
    for place, value in changes:
        garbled[place % len(garbled)] = value
    with suppress(PhotoError):
        assert np.isfinite(decode_photo(bytes(garbled[: max(cut, 1)]), "me").pixels).all()
