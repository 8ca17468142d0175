"""Files that were broken on purpose, by hand and by chance: all end in words, quickly and with little memory."""

import json
import struct
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from avatar_files import KINDS, OCULUS_HEAD, avatar, edited, pack
from hypothesis import given, settings
from hypothesis import strategies as st

from digiclone.avatar.foreign.container import Unfit
from digiclone.avatar.foreign.inspect import inspect_bytes

Edit = Callable[[dict[str, Any]], None]


def refusal(data: bytes) -> str:
    with pytest.raises(Unfit) as refused:
        inspect_bytes(data)
    return str(refused.value)


def at(path: str, value: Any) -> Edit:
    """Sets what `path` leads to, such as `accessors.0.count`."""

    def edit(document: Any) -> None:
        *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        for step in way:
            document = document[step]
        document[last] = value

    return edit


BROKEN = [
    ("accessors.0.count", 10_000), ("accessors.0.count", 0), ("accessors.0.count", -1), ("accessors.0.count", 1.5),
    ("accessors.0.count", "432"), ("accessors.0.count", 2**40), ("accessors.0.bufferView", 999), ("accessors.0.type",
    "VEC9"),
    ("accessors.0.type", "SCALAR"), ("accessors.0.componentType", 1), ("accessors.0.byteOffset", 2**30),
    ("accessors.0.byteOffset", 2), ("bufferViews.0.byteLength", 10**9), ("bufferViews.0.byteOffset", 10**9),
    ("bufferViews.0.buffer", 3), ("bufferViews.0.byteStride", 3), ("bufferViews.0.byteStride", 254),
    ("buffers.0.byteLength", 10**9), ("meshes.0.primitives.0.attributes.POSITION", 999),
    ("meshes.0.primitives.0.attributes", {}), ("meshes.0.primitives.0.indices", 999),
    ("meshes.0.primitives.0.indices", 0),
    ("meshes.0.primitives.0.targets.0.POSITION", 999), ("meshes.0.primitives.0.targets.0.POSITION", "0"),
    ("meshes.0.primitives.0.targets.0.POSITION", 2), ("meshes.0.primitives.0.material", 9), ("meshes.0.primitives", []),
    ("nodes.0.mesh", 9), ("nodes.0.children", [0]), ("nodes.0.children", [99]), ("nodes.0.skin", 5),
    ("scenes.0.nodes", [9]),
    ("scene", 4), ("nodes.0.translation", [1e999, 0, 0]), ("nodes.0.translation", [0, 0]), ("meshes", {}),
    ("accessors", None),
    ("skins", [{"joints": []}]), ("skins", [{"joints": [7]}]), ("asset", 7), ("extensionsRequired", "all"),
    ("accessors.0.sparse", {"count": 999, "indices": {"bufferView": 0, "componentType": 5125},
    "values": {"bufferView": 0}}),
    ("accessors.0.sparse", {"count": 2, "indices": {"bufferView": 0, "componentType": 5125},
    "values": {"bufferView": 0}}),
    ("accessors.0.sparse", {"count": 2, "indices": {"bufferView": 99, "componentType": 5125},
    "values": {"bufferView": 0}}),
    ("accessors.0.sparse", {"count": 2, "indices": {"bufferView": 0, "componentType": 5126},
    "values": {"bufferView": 0}}),
    ("textures", [{"source": 3}]), ("images", [{"bufferView": 99}]), ("images", [{}]), ("images", [{"bufferView": 0}]),
    ("materials.0.pbrMetallicRoughness.baseColorTexture", {"index": 5}), ("materials.0.normalTexture", {"index": "0"}),
    ("animations", [{"samplers": [{"input": 99, "output": 0}]}]), ("animations", [{"channels": [{"sampler": 0,
    "target": {}}]}]),
    ("bufferViews.0.extensions", {"EXT_meshopt_compression": {"buffer": 0, "byteLength": 10**8, "byteStride": 12,
    "count": 1}}),
    ("bufferViews.0.extensions", {"EXT_meshopt_compression": {"buffer": 0, "byteLength": 8, "byteStride": 12,
    "count": 10**7}}),
    ("extensions", {"VRM": {"blendShapeMaster": {"blendShapeGroups": [{"binds": [{"mesh": -1, "index": 0}]}]}}}),
    ("extensions", {"VRM": {"humanoid": {"humanBones": [{"bone": 7}]}}}),
    ("extensions", {"VRMC_vrm": {"expressions": {"preset": {"aa": {"morphTargetBinds": 7}}}}}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), BROKEN, ids=lambda x: str(x)[:40])
def test_a_broken_file_is_refused(path: str, value: Any) -> None:
    words = refusal(edited(at(path, value)))
    assert len(words) < 500


def test_two_nodes_cannot_be_each_others_parents() -> None:
    def circle(document: dict[str, Any]) -> None:
        document["nodes"] += [{"children": [3]}, {"children": [2]}]

    assert "ancestor" in refusal(edited(circle))


def test_corners_outside_the_points_are_refused() -> None:
    data = bytearray(KINDS["arkit.glb"]())
    document = json.loads(data[20 : 20 + struct.unpack_from("<I", data, 12)[0]])
    view = document["bufferViews"][
        document["accessors"][document["meshes"][0]["primitives"][0]["indices"]]["bufferView"]
    ]
    start = 20 + struct.unpack_from("<I", data, 12)[0] + 8 + view["byteOffset"]
    data[start : start + 2] = b"\xff\xff"
    assert "corners outside" in refusal(bytes(data))


def test_a_document_with_a_million_things_costs_little() -> None:
    bomb = pack(b'{"asset": {"version": "2.0"}, "x": [' + b"[]," * 3_000_000 + b"[]]}")
    tracemalloc.start()
    assert "more than any avatar" in refusal(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * len(bomb)


def test_compressed_points_without_end_are_refused() -> None:
    """A few bytes that would unpack to gigabytes."""

    def bomb(document: dict[str, Any]) -> None:
        count = 60_000_000
        document["bufferViews"][0] = {
            "buffer": 1,
            "byteLength": count * 12,
            "extensions": {
                "EXT_meshopt_compression": {"buffer": 0, "byteLength": 64, "byteStride": 12, "count": count}
            },
        }
        document["buffers"].append(
            {"byteLength": count * 12, "extensions": {"EXT_meshopt_compression": {"fallback": True}}}
        )
        document["accessors"][0]["count"] = count

    assert refusal(edited(bomb))


SEED = {name: make() for name, make in KINDS.items()} | {"oculus": avatar(OCULUS_HEAD)}


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    for whole in (data, b"glTF" + data, pack(data)):
        with pytest.raises(Unfit):
            inspect_bytes(whole)


@settings(max_examples=150)
@given(
    st.sampled_from(sorted(SEED)), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=30)
)
def test_no_changed_byte_breaks_the_reader(name: str, changes: list[tuple[float, int]]) -> None:
    data = bytearray(SEED[name])
    text = 20 + struct.unpack_from("<I", data, 12)[0]
    for share, value in changes:
        data[int(share * (text + 400))] = value
    attempt(bytes(data))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300)
@given(st.sampled_from(sorted(SEED)), st.lists(st.tuples(st.integers(0, 10**6), JUNK), min_size=1, max_size=4))
def test_no_changed_value_breaks_the_reader(name: str, changes: list[tuple[int, Any]]) -> None:
    """Any value anywhere in the document becomes any other."""
    data = SEED[name]
    size = struct.unpack_from("<I", data, 12)[0]
    document = json.loads(data[20 : 20 + size])
    for where, junk in changes:
        places = list(slots(document))
        holder, key = places[where % len(places)]
        holder[key] = junk
    attempt(pack(document, data[28 + size :]))


def slots(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a document that holds a value."""
    pairs = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [(value, key) for key, _ in pairs] + [slot for _, inner in pairs for slot in slots(inner)]


def attempt(data: bytes) -> None:
    try:
        found = inspect_bytes(data)
    except Unfit:
        return
    assert found.targets
    assert found.vertices > 0
