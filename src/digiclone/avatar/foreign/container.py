"""GLB framing: from the bytes of a file to its JSON text and its binary chunk. Nothing is trusted.

Written from the Khronos glTF 2.0 specification, section 4 (GLB). VRM files, 0.x and 1.0, are GLB files.
"""

import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digiclone.config import ConfigError

MOST_BYTES = 100_000_000
"""Of a file. The largest avatars in use have about half of it; a browser must hold it several times over."""
MOST_JSON = 16_000_000
"""Bytes of the JSON chunk, most of which would be embedded data."""
MOST_ITEMS = 1_500_000
"""Values, lists and objects of the JSON chunk: each costs Python some hundred bytes."""
EXPORT = "open it in the program that made it, or in Blender (free), and export it as glTF 2.0 binary (.glb)"
_HEADER = struct.Struct("<4sII")
_CHUNK = struct.Struct("<I4s")
_PICTURE = "this is a picture, not an avatar: to make an avatar of it, digiclone avatar make CLONE --photo FILE"
_MMD = "this is an MMD model: convert it to VRM, or open it in Blender with MMD Tools and export it as .glb"
_OTHERS = (
    (b"Kaydara FBX", f"this is an FBX file: {EXPORT} with shape keys"),
    (b"; FBX", f"this is an FBX file: {EXPORT} with shape keys"),
    (b"PK\x03\x04", "this is a ZIP archive: unpack it and take the .glb or .vrm file that is in it"),
    (b"\x1f\x8b", "this is a compressed archive: unpack it and take the .glb or .vrm file that is in it"),
    (b"BLENDER", "this is a Blender file: open it in Blender and export it as glTF 2.0 binary (.glb) with shape keys"),
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"PMX ", _MMD),
    (b"Pmd", _MMD),
    (b"#usda", f"this is a USD file: {EXPORT}"),
    (b"ply\n", "this is a PLY file, which has no shapes that could talk: take a .glb or .vrm file"),
)  # fmt: skip


class Unfit(ConfigError):
    """A file that is no avatar we can use, in words that say what to do."""


@dataclass(frozen=True, slots=True)
class Container:
    """A GLB file: its parsed JSON object, and its binary chunk (empty if it has none)."""

    json: dict[str, Any]
    binary: memoryview


def load(path: Path) -> bytes:
    """A file of at most `MOST_BYTES`; a bigger one is not read. Raises `Unfit`, `OSError`.

    Not mapped: whoever shortens a mapped file ends the process that looks at it.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > MOST_BYTES:
            raise too_big(size)
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:  # it has grown, or has no size
        raise too_big()
    if not data:
        raise Unfit("the file is empty")
    return data


def too_big(size: int | None = None) -> Unfit:
    """The refusal of a file that is more than `MOST_BYTES` long."""
    has = f"the file has {size / 1e6:.0f} MB, but" if size else "the file is too big:"
    return Unfit(
        f"{has} at most {MOST_BYTES / 1e6:.0f} MB can be shown smoothly: make its textures smaller, "
        "for example with `npx @gltf-transform/cli resize --width 1024 --height 1024 in.glb out.glb`"
    )


def split(data: memoryview) -> Container:
    """The chunks of a GLB file. Raises `Unfit`."""
    _recognise(data)
    _, version, length = _HEADER.unpack_from(data)
    if version != 2:
        raise Unfit(f"this is glTF version {version}, and only version 2 is understood: export it again as glTF 2.0")
    if length > len(data):
        raise Unfit(f"the file is cut off: it should have {length:,} bytes and has {len(data):,}; copy it again")
    chunks = list(_chunks(data[_HEADER.size : length]))
    if not chunks or chunks[0][0] != b"JSON":
        raise Unfit("the file is damaged: it does not begin with a JSON chunk")
    binary = chunks[1][1] if len(chunks) > 1 and chunks[1][0] == b"BIN\0" else data[:0]
    return Container(_parse(chunks[0][1]), binary)


def _recognise(data: memoryview) -> None:
    head = bytes(data[:64])
    if head[:4] == b"glTF" and len(data) >= _HEADER.size:
        return
    for magic, words in _OTHERS:
        if head.startswith(magic):
            raise Unfit(words)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"{"):
        raise Unfit(f"this looks like a .gltf file, which keeps its parts in other files: {EXPORT}, all in one file")
    if text.startswith((b"#", b"v ", b"o ", b"mtllib")):
        raise Unfit("this looks like an OBJ file, which has no shapes that could talk: take a .glb or .vrm file")
    raise Unfit(f"this is not a GLB or VRM file: {EXPORT}")


def _chunks(body: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    while len(body) >= _CHUNK.size:
        length, kind = _CHUNK.unpack_from(body)
        if length > len(body) - _CHUNK.size:
            raise Unfit("the file is damaged: a chunk is longer than the file")
        yield kind, body[_CHUNK.size : _CHUNK.size + length]
        body = body[_CHUNK.size + length :]


def _parse(chunk: memoryview) -> dict[str, Any]:
    if len(chunk) > MOST_JSON:
        raise Unfit("the file describes too much: its JSON part is more than 16 MB; export it with binary data")
    text = bytes(chunk)
    if sum(map(text.count, (b",", b"[", b"{"))) > MOST_ITEMS:
        raise Unfit("the file describes more than any avatar has; export it again with fewer parts")
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Unfit("the file is damaged: its JSON part cannot be read; export it again") from None
    if not isinstance(document, dict):
        raise Unfit("the file is damaged: its JSON part is not an object")
    return document


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
