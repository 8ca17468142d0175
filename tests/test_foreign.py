"""Files that other programs wrote: what is in them, and what is refused. Most of these were broken on purpose."""

import base64
import io
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from avatar_files import (
    BONES,
    KINDS,
    MIXAMO,
    VRM0_VOWELS,
    Spec,
    avatar,
    edited,
    pack,
    vrm0,
    vrm1,
)
from PIL import Image

from digiclone.avatar.foreign import container
from digiclone.avatar.foreign.container import Unfit
from digiclone.avatar.foreign.inspect import inspect, inspect_bytes

Edit = Callable[[dict[str, Any]], None]


def refusal(data: bytes) -> str:
    with pytest.raises(Unfit) as refused:
        inspect_bytes(data)
    return str(refused.value)


# -- what is in a file


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_read(name: str) -> None:
    found = inspect_bytes(KINDS[name]())
    assert found.kind == {"old.vrm": "VRM 0", "new.vrm": "VRM 1"}.get(name, "GLB")
    assert found.targets


def test_targets_of_one_name_move_together() -> None:
    def two(document: dict[str, Any]) -> None:
        document["meshes"].append(document["meshes"][0] | {"name": "Teeth"})
        document["nodes"].append({"mesh": 2})
        document["scenes"][0]["nodes"].append(2)

    found = inspect_bytes(edited(two))
    assert found.targets["jawOpen"] == ((0, 0, 1.0), (2, 0, 1.0))
    assert found.meshes == 3


def test_an_expression_of_vrm_0_names_what_has_no_name() -> None:
    found = inspect_bytes(vrm0(VRM0_VOWELS))
    assert found.targets["a"] == ((0, 0, 1.0),)
    assert found.targets["target 0"] == ((0, 0, 1.0),)
    assert found.backward
    assert found.plain
    assert (found.licence.title, found.licence.author, found.licence.licence) == ("Egg", "Test", "CC0")


def test_an_expression_of_vrm_1_moves_the_mesh_of_its_node() -> None:
    found = inspect_bytes(vrm1({"aa": "viseme_aa", "ih": "viseme_I"}))
    assert found.targets["ih"] == ((0, 1, 1.0),)
    assert found.targets["M_ih"] == ((0, 1, 1.0),)
    assert not found.backward
    assert found.licence.url == "https://vrm.dev/licenses/1.0/"


def test_an_expression_that_moves_nothing_there_is_left_out() -> None:
    def astray(document: dict[str, Any]) -> None:
        groups = [{"presetName": "a", "binds": [{"mesh": 9, "index": 0, "weight": 100}]}]
        document["extensions"] = {"VRM": {"blendShapeMaster": {"blendShapeGroups": groups}}}

    assert "a" not in inspect_bytes(edited(astray)).targets


@pytest.mark.parametrize("who", ["OnlyAuthor", "ExplicitlyLicensedPerson"])
def test_a_licence_that_forbids_use_is_told(who: str) -> None:
    assert "its licence lets only" in inspect_bytes(vrm0(VRM0_VOWELS, allowed=who)).licence.warning
    assert inspect_bytes(vrm0(VRM0_VOWELS)).licence.warning == ""


CUSTOMS: dict[str, dict[str, str]] = {
    "Mixamo": MIXAMO,
    "Ready Player Me": {name: theirs.removeprefix("mixamorig:") for name, theirs in MIXAMO.items()},
    "VRoid": {"hips": "J_Bip_C_Hips", "neck": "J_Bip_C_Neck", "head": "J_Bip_C_Head", "leftEye": "J_Adj_L_FaceEye",
              "leftUpperArm": "J_Bip_L_UpperArm", "leftLowerArm": "J_Bip_L_LowerArm"},
    "Character Creator": {"hips": "CC_Base_Hip", "neck": "CC_Base_NeckTwist01", "head": "CC_Base_Head",
                          "leftEye": "CC_Base_L_Eye", "rightEye": "CC_Base_R_Eye", "leftUpperArm": "CC_Base_L_Upperarm",
                          "leftLowerArm": "CC_Base_L_Forearm"},
    "Rocketbox": {"hips": "Bip01 Pelvis", "neck": "Bip01 Neck", "head": "Bip01 Head",
    "leftUpperArm": "Bip01 L UpperArm",
                  "leftLowerArm": "Bip01 L Forearm"},
    "Daz": {"hips": "hip", "neck": "neckLower", "head": "head", "leftEye": "lEye", "rightEye": "rEye",
            "leftUpperArm": "lShldrBend", "leftLowerArm": "lForearmBend"},
    "Unreal": {"hips": "pelvis", "neck": "neck_01", "head": "head", "leftUpperArm": "upperarm_l",
               "rightLowerArm": "lowerarm_r"},
    "MMD": {"neck": "首", "head": "頭", "leftEye": "左目", "rightEye": "右目", "leftUpperArm": "左腕",
            "leftLowerArm": "左ひじ"},
}  # fmt: skip


@pytest.mark.parametrize("custom", CUSTOMS)
def test_bones_are_known_by_custom(custom: str) -> None:
    names = CUSTOMS[custom]
    others = {name: f"other {i}" for i, name in enumerate(BONES)}
    found = inspect_bytes(avatar(Spec({"jawOpen": "jawOpen"}, others | names))).bones
    first = 5  # after the meshes' nodes
    order = list(BONES)
    wanted = {name: first + order.index(name) for name in names if name != "spine" and "FaceEye" not in names[name]}
    assert found == wanted


def test_a_mesh_called_head_is_no_bone() -> None:
    def called(document: dict[str, Any]) -> None:
        document["nodes"][0]["name"] = "Head"

    assert inspect_bytes(edited(called)).bones == {}


# -- what is no avatar


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty|not a GLB"),
        (b"Kaydara FBX Binary  \x00\x1a", "FBX.*export"),
        (b'{"asset": {"version": "2.0"}}', r"\.gltf.*one file"),
        (b"PK\x03\x04rest", "ZIP.*unpack"),
        (b"# Blender v3\no Cube\nv 0 0 0\n", "OBJ"),
        (b"\x89PNG\r\n\x1a\n", "picture.*avatar make"),
        (b"\xff\xd8\xff\xe0", "picture.*avatar make"),
        (b"BLENDER-v300", "Blender"),
        (b"PMX \x00\x00\x00@", "MMD"),
        (b"hello", "not a GLB"),
        (b"glTF", "not a GLB"),
        (struct.pack("<4sII", b"glTF", 1, 12), "version 1"),
        (struct.pack("<4sII", b"glTF", 2, 999), "cut off"),
        (struct.pack("<4sII", b"glTF", 2, 12), "damaged"),
        (pack(b"{}"), "damaged"),
        (pack(b"[]"), "not an object"),
        (pack(b"{"), "cannot be read"),
        (pack(b"[" * 100_000), "cannot be read"),
        (pack(b'{"asset": {"version": "2.0"}, "x": NaN}'), "cannot be read"),
        (pack({"asset": {"version": "2.0"}}), "no meshes"),
    ],
)  # fmt: skip
def test_what_is_no_avatar_is_told_what_to_do(data: bytes, words: str, tmp_path: Path) -> None:
    if data:
        with pytest.raises(Unfit, match=f"(?s){words}"):
            inspect_bytes(data)
    (tmp_path / "it").write_bytes(data)
    with pytest.raises(Unfit, match=f"(?s){words}"):
        inspect(tmp_path / "it")


def test_half_a_gigabyte_is_refused_unread(tmp_path: Path) -> None:
    huge = tmp_path / "huge.glb"
    with huge.open("wb") as file:
        file.write(KINDS["arkit.glb"]())
        file.truncate(500_000_000)
    tracemalloc.start()
    with pytest.raises(Unfit, match="500 MB"):
        inspect(huge)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_an_avatar_that_cannot_talk_is_refused() -> None:
    assert "no morph targets" in refusal(avatar(Spec()))
    assert "Shape Keys" in refusal(avatar(Spec()))


@pytest.mark.parametrize(
    "uri",
    ["https://evil.example/a.bin", "http://127.0.0.1:8765/api/clones", "a.bin", "../../etc/passwd",
    "file:///etc/passwd",
     "//evil.example/x", "\\\\evil\\x", "", "blob:x"],
)  # fmt: skip
@pytest.mark.parametrize("place", ["buffers", "images"])
def test_nothing_is_fetched(uri: str, place: str) -> None:
    def elsewhere(document: dict[str, Any]) -> None:
        document.setdefault(place, [{}])[0]["uri"] = uri

    words = refusal(edited(elsewhere))
    assert repr(uri) in words
    assert "nothing is ever fetched" in words


def test_data_in_the_document_is_taken() -> None:
    picture = io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "PNG")

    def inline(document: dict[str, Any]) -> None:
        text = base64.b64encode(picture.getvalue()).decode()
        document["images"] = [{"uri": f"data:image/png;base64,{text}"}]

    assert inspect_bytes(edited(inline))


@pytest.mark.parametrize(
    ("uri", "words"),
    [("data:image/svg+xml;base64,PHN2Zy8+", "neither PNG"), ("data:image/png,xx", "base64"),
    ("data:image/png;base64,%%", "base64"),
     ("data:image/png;base64,aGVsbG8=", "neither PNG")],
)  # fmt: skip
def test_other_data_is_not(uri: str, words: str) -> None:
    def inline(document: dict[str, Any]) -> None:
        document["images"] = [{"uri": uri}]

    assert words in refusal(edited(inline))


def test_a_picture_as_big_as_a_wall_is_refused_undecoded() -> None:
    picture = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(picture, "PNG")

    def inline(document: dict[str, Any]) -> None:
        text = base64.b64encode(picture.getvalue()).decode()
        document["images"] = [{"uri": f"data:image/png;base64,{text}"}]

    assert "textures smaller" in refusal(edited(inline))


@pytest.mark.parametrize(
    ("extension", "words"),
    [("KHR_draco_mesh_compression", "Draco.*gltf-transform"), ("KHR_texture_basisu", "KTX2.*gltf-transform"),
    ("ACME_magic", "ACME_magic")],
)  # fmt: skip
def test_what_the_page_cannot_draw_is_refused(extension: str, words: str) -> None:
    def needs(document: dict[str, Any]) -> None:
        document["extensionsRequired"] = [extension]

    with pytest.raises(Unfit, match=words):
        inspect_bytes(edited(needs))


@pytest.mark.parametrize(
    "extension", ["KHR_mesh_quantization", "KHR_materials_clearcoat", "VRMC_vrm", "EXT_texture_webp"]
)
def test_what_it_can_draw_is_not(extension: str) -> None:
    def needs(document: dict[str, Any]) -> None:
        document["extensionsRequired"] = [extension]

    assert inspect_bytes(edited(needs))


def test_the_cap_is_where_it_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = KINDS["arkit.glb"]()
    (tmp_path / "a.glb").write_bytes(data)
    monkeypatch.setattr(container, "MOST_BYTES", len(data))
    assert inspect(tmp_path / "a.glb")
    monkeypatch.setattr(container, "MOST_BYTES", len(data) - 1)
    with pytest.raises(Unfit, match="at most"):
        inspect(tmp_path / "a.glb")
