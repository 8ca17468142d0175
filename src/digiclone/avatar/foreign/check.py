"""Is every index of a glTF document within its list, and every byte it names within the file?

The page's loader trusts the file; this does not. What passes here can be drawn without reading past an end, without
fetching anything and within a browser's memory.
"""

import base64
import binascii
import io
import struct
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures

from digiclone.avatar.foreign.container import EXPORT, Container, Unfit
from digiclone.avatar.foreign.document import Accessor, Buffer, BufferView, Compressed, Document, Primitive, parse

MESHOPT = "EXT_meshopt_compression"
DRAWN = {
    "KHR_mesh_quantization", "KHR_texture_transform", "KHR_lights_punctual", "KHR_animation_pointer",
    "KHR_materials_variants", "KHR_xmp_json_ld", MESHOPT, "EXT_texture_webp",
    "VRM", "VRMC_vrm", "VRMC_materials_mtoon", "VRMC_springBone", "VRMC_springBone_extended_collider",
    "VRMC_node_constraint", "VRMC_materials_hdr_emissiveMultiplier",
}  # fmt: skip
"""Extensions that a file may require: the page draws them, or draws the avatar well without. And KHR_materials_*."""
UNDRAWN = {
    "KHR_draco_mesh_compression": "Draco compression is not supported: undo it with "
    "`npx @gltf-transform/cli copy in.glb out.glb`, or export the avatar again without compression",
    "KHR_texture_basisu": "KTX2 textures are not supported: turn them into pictures with "
    "`npx @gltf-transform/cli ktxdecompress in.glb out.glb`, or export the avatar again with PNG or JPEG textures",
}
MOST_NUMBERS = 60_000_000
"""In all accessors together, unpacked: what a browser can hold, and a compressed file could exceed."""
MOST_SIDE, MOST_PIXELS = 8192, 200_000_000
"""Of one picture, and of all pictures together."""
MOST_PARTS = 20_000
"""Nodes, meshes, materials: a file with more is no avatar."""
_WIDTH = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_DTYPE = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_PICTURES = ("PNG", "JPEG", "WEBP")


def check(document: Document, container: Container) -> None:
    """Raises `Unfit` at the first thing that is out of bounds, missing, or not to be had without a network."""
    _check_extensions(document)
    for rows in (document.nodes, document.meshes, document.materials, document.textures, document.animations):
        if len(rows) > MOST_PARTS:
            raise Unfit("the file describes more than any avatar has; export it again with fewer parts")
    _check_scene(document)
    _check_surfaces(document)
    data = [_contents(i, buffer, container) for i, buffer in enumerate(document.buffers)]
    views = [_view(document, i, view, data) for i, view in enumerate(document.buffer_views)]
    if sum(a.count * _WIDTH[a.type] for a in document.accessors) > MOST_NUMBERS:
        raise Unfit("the avatar has too many points for a browser: simplify it, or export fewer blendshapes")
    for i, accessor in enumerate(document.accessors):
        _check_accessor(i, accessor, document.buffer_views, views)
    for i, mesh in enumerate(document.meshes):
        for primitive in mesh.primitives:
            _check_primitive(f"mesh {i}", primitive, document, views)
    _check_pictures(document, views)


def damaged(what: str) -> Unfit:
    """The refusal of a file with a fault of form."""
    return Unfit(f"the file is damaged: {what}; export it again")


def within(index: int | None, rows: Sequence[object], what: str) -> None:
    """Raises `Unfit` for an index that is none of `rows`."""
    if index is not None and not 0 <= index < len(rows):
        raise damaged(f"{what} is number {index} of {len(rows)}")


def _check_extensions(document: Document) -> None:
    required = sorted(document.extensions_required)
    for name in required:
        if name in UNDRAWN:
            raise Unfit(UNDRAWN[name])
        if name not in DRAWN and not name.startswith("KHR_materials_"):
            raise Unfit(f"the file cannot be drawn without {name[:80]!r}, which is not supported: {EXPORT} without it")
    if not document.meshes:
        raise Unfit("the file has no meshes, so there is nothing to show: export the avatar itself")


def _check_scene(document: Document) -> None:
    nodes = document.nodes
    within(document.scene, document.scenes, "the scene")
    for i, node in enumerate(nodes):
        within(node.mesh, document.meshes, f"node {i}: the mesh")
        within(node.skin, document.skins, f"node {i}: the skin")
        within(node.camera, document.cameras, f"node {i}: the camera")
    for skin in document.skins:
        for joint in (*skin.joints, skin.skeleton):
            within(joint, nodes, "a joint")
        within(skin.inverse_bind_matrices, document.accessors, "a skin's matrices")
    for scene in document.scenes:
        for root in scene.nodes:
            within(root, nodes, "a node of the scene")
    for animation in document.animations:
        for sampler in animation.samplers:
            within(sampler.input, document.accessors, "an animation's times")
            within(sampler.output, document.accessors, "an animation's values")
        for channel in animation.channels:
            within(channel.sampler, animation.samplers, "an animation's sampler")
            within(channel.target.node, nodes, "an animated node")
    _check_tree(document)


def _check_tree(document: Document) -> None:
    """Each node has one parent, and none is its own ancestor: else the page would walk in circles."""
    children = [child for node in document.nodes for child in node.children]
    for child in children:
        within(child, document.nodes, "a child")
    if len(set(children)) != len(children):
        raise damaged("a node has two parents")
    reached = [i for i in range(len(document.nodes)) if i not in set(children)]
    for i in reached:  # grows while it is walked
        reached += document.nodes[i].children
    if len(reached) != len(document.nodes):
        raise damaged("a node is its own ancestor")


def _check_surfaces(document: Document) -> None:
    for i, texture in enumerate(document.textures):
        within(texture.source, document.images, f"texture {i}: the picture")
        within(texture.sampler, document.samplers, f"texture {i}: the sampler")
        webp = texture.extensions.get("EXT_texture_webp")
        if isinstance(webp, dict):
            within(_number(webp.get("source")), document.images, f"texture {i}: the picture")
    for i, material in enumerate(document.materials):
        for index in _texture_indices(material):
            within(_number(index), document.textures, f"material {i}: the texture")


def _number(value: Any) -> int:
    return value if isinstance(value, int) else -1


def _texture_indices(value: Any) -> Iterable[Any]:
    """Every `index` under a key that ends in "Texture", however deep."""
    found: list[Any] = []
    todo = [value]
    for here in todo:  # grows while it is walked
        if isinstance(here, list):
            todo += here
        if isinstance(here, dict):
            textures = [v for k, v in here.items() if k.endswith("Texture") and isinstance(v, dict)]
            found += [texture.get("index") for texture in textures]
            todo += here.values()
    return found


def _contents(i: int, buffer: Buffer, container: Container) -> memoryview | None:
    """The bytes of a buffer; None for one that only reserves room for what is compressed."""
    if buffer.uri is not None:
        data = memoryview(_data_uri(buffer.uri, f"buffer {i}"))
    elif MESHOPT in buffer.extensions:
        return None
    else:
        data = container.binary if i == 0 else container.binary[:0]
    if len(data) < buffer.byte_length:
        raise damaged(f"buffer {i} should have {buffer.byte_length:,} bytes and has {len(data):,}")
    return data[: buffer.byte_length]


def _data_uri(uri: str, what: str) -> bytes:
    head, comma, text = uri.partition(",")
    if not head.startswith("data:"):
        raise Unfit(
            f"{what} lies in another place, {uri[:80]!r}, and nothing is ever fetched for an avatar: "
            f"{EXPORT}, with everything in one file"
        )
    if not comma or not head.endswith(";base64"):
        raise damaged(f"{what} is not base64")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise damaged(f"{what} is not base64") from None


def _view(document: Document, i: int, view: BufferView, data: list[memoryview | None]) -> memoryview | None:
    """The bytes of a buffer view; None if they are compressed."""
    within(view.buffer, data, f"buffer view {i}: the buffer")
    if MESHOPT in view.extensions:
        packed = parse(Compressed, view.extensions[MESHOPT], f"buffer view {i}")
        within(packed.buffer, data, f"buffer view {i}: the buffer")
        source = data[packed.buffer]
        if source is None or packed.byte_offset + packed.byte_length > len(source):
            raise damaged(f"buffer view {i} ends outside its buffer")
        if packed.count * packed.byte_stride != view.byte_length:
            raise damaged(f"buffer view {i} unpacks to another size than it should")
        return None
    source = data[view.buffer]
    if source is None or view.byte_offset + view.byte_length > len(source):
        raise damaged(f"buffer view {i} ends outside its buffer")
    return source[view.byte_offset : view.byte_offset + view.byte_length]


def _check_accessor(i: int, accessor: Accessor, rows: list[BufferView], views: list[memoryview | None]) -> None:
    size = np.dtype(_DTYPE[accessor.component_type]).itemsize
    if accessor.buffer_view is not None:
        within(accessor.buffer_view, rows, f"accessor {i}: the buffer view")
        row = rows[accessor.buffer_view]
        element = size * _WIDTH[accessor.type]
        stride = row.byte_stride or element
        if stride < element or accessor.byte_offset + stride * (accessor.count - 1) + element > row.byte_length:
            raise damaged(f"accessor {i} ends outside its buffer view")
        if (row.byte_offset + accessor.byte_offset) % size or stride % size:
            raise damaged(f"accessor {i} is not aligned")
    if accessor.sparse is not None:
        sparse = accessor.sparse
        if sparse.count > accessor.count:
            raise damaged(f"accessor {i} replaces more than it has")
        where = _numbers(sparse.indices.component_type, "SCALAR", sparse.count, sparse.indices, rows, views, i)
        _numbers(accessor.component_type, accessor.type, sparse.count, sparse.values, rows, views, i)
        if where is not None and int(where.max()) >= accessor.count:
            raise damaged(f"accessor {i} replaces what it does not have")


def _numbers(
    component: int, kind: str, count: int, place: Any, rows: list[BufferView], views: list[memoryview | None], i: int
) -> NDArray[Any] | None:
    """Tightly packed numbers of accessor `i`; None where they are compressed."""
    within(place.buffer_view, rows, f"accessor {i}: the buffer view")
    size = np.dtype(_DTYPE[component]).itemsize
    total = count * _WIDTH[kind]
    row, view = rows[place.buffer_view], views[place.buffer_view]
    if place.byte_offset + total * size > row.byte_length:
        raise damaged(f"accessor {i} ends outside its buffer view")
    if (row.byte_offset + place.byte_offset) % size:
        raise damaged(f"accessor {i} is not aligned")
    return None if view is None else np.frombuffer(view, _DTYPE[component], total, place.byte_offset)


def _check_primitive(what: str, primitive: Primitive, document: Document, views: list[memoryview | None]) -> None:
    if "KHR_draco_mesh_compression" in primitive.extensions:
        raise Unfit(UNDRAWN["KHR_draco_mesh_compression"])
    within(primitive.material, document.materials, f"{what}: the material")
    if "POSITION" not in primitive.attributes:
        raise damaged(f"{what} has no positions")
    targets = [index for target in primitive.targets for key, index in target.items() if key.isupper()]
    for index in (*primitive.attributes.values(), *map(_number, targets)):
        within(index, document.accessors, f"{what}: an attribute")
    count = document.accessors[primitive.attributes["POSITION"]].count
    for index in (*primitive.attributes.values(), *targets):
        if document.accessors[index].count != count:
            raise damaged(f"{what} has attributes of different lengths")
    position = document.accessors[primitive.attributes["POSITION"]]
    if position.type != "VEC3" or any(document.accessors[i].type != "VEC3" for i in targets):
        raise damaged(f"{what} has positions that are not in space")
    _check_corners(what, primitive, count, document, views)


def _check_corners(
    what: str, primitive: Primitive, count: int, document: Document, views: list[memoryview | None]
) -> None:
    if primitive.indices is None:
        return
    within(primitive.indices, document.accessors, f"{what}: the corners")
    corners = document.accessors[primitive.indices]
    if corners.type != "SCALAR" or corners.component_type not in (5121, 5123, 5125):
        raise damaged(f"{what} has corners that are not whole numbers")
    if corners.buffer_view is None:
        return
    numbers = _numbers(corners.component_type, "SCALAR", corners.count, corners, document.buffer_views, views, 0)
    if numbers is not None and int(numbers.max()) >= count:
        raise damaged(f"{what} has corners outside its points")


def _check_pictures(document: Document, views: list[memoryview | None]) -> None:
    pixels = 0
    for i, image in enumerate(document.images):
        if image.uri is not None:
            data: Any = _data_uri(image.uri, f"picture {i}")
        else:
            within(_number(image.buffer_view), views, f"picture {i}: the buffer view")
            data = views[_number(image.buffer_view)]
            if data is None:
                raise damaged(f"picture {i} is compressed as if it were a mesh")
        width, height = _size(bytes(data), f"picture {i}")
        pixels += width * height
        if max(width, height) > MOST_SIDE or pixels > MOST_PIXELS:
            raise Unfit(
                f"picture {i} is too big ({width} × {height}, or with the others): make the textures smaller, "
                "for example with `npx @gltf-transform/cli resize --width 1024 --height 1024 in.glb out.glb`"
            )


def _size(data: bytes, what: str) -> tuple[int, int]:
    """Width and height from a picture's header; its pixels are not decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Pictures.DecompressionBombWarning)  # the size is judged by the caller
            with Pictures.open(io.BytesIO(data), formats=_PICTURES) as picture:
                return picture.size
    except Pictures.DecompressionBombError:
        return MOST_SIDE + 1, MOST_SIDE + 1
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, OverflowError, struct.error):
        raise Unfit(f"{what} is damaged, or neither PNG, JPEG nor WebP: export the avatar again") from None
