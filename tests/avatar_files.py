"""Small avatars of every kind, made here: a head of one egg, or a figure with a skeleton; named as a test likes."""

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

BONES = {  # what hangs from what, and where it is in metres
    "hips": (None, (0, 0.9, 0)), "spine": ("hips", (0, 1.1, 0)), "neck": ("spine", (0, 1.4, 0)),
    "head": ("neck", (0, 1.46, 0.0)), "leftEye": ("head", (0.032, 1.53, 0.075)), "rightEye": ("head",
    (-0.032, 1.53, 0.075)),
    "leftUpperArm": ("spine", (0.16, 1.36, 0)), "leftLowerArm": ("leftUpperArm", (0.42, 1.36, 0)),
    "rightUpperArm": ("spine", (-0.16, 1.36, 0)), "rightLowerArm": ("rightUpperArm", (-0.42, 1.36, 0)),
}  # fmt: skip
MIXAMO = {
    "hips": "mixamorig:Hips", "spine": "mixamorig:Spine", "neck": "mixamorig:Neck", "head": "mixamorig:Head",
    "leftEye": "mixamorig:LeftEye", "rightEye": "mixamorig:RightEye", "leftUpperArm": "mixamorig:LeftArm",
    "leftLowerArm": "mixamorig:LeftForeArm", "rightUpperArm": "mixamorig:RightArm",
    "rightLowerArm": "mixamorig:RightForeArm",
}  # fmt: skip


def egg(
    centre: tuple[float, ...], size: tuple[float, ...], rows: int = 18, columns: int = 24
) -> tuple[Array, Array, Array]:
    """An ellipsoid: positions, normals (n, 3), triangles (m, 3)."""
    up, around = np.meshgrid(np.linspace(0, np.pi, rows), np.linspace(0, 2 * np.pi, columns), indexing="ij")
    unit = np.stack([np.sin(up) * np.sin(around), np.cos(up), np.sin(up) * np.cos(around)], -1).reshape(-1, 3)
    a = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    triangles = np.stack([a, a + columns, a + 1, a + 1, a + columns, a + columns + 1], -1).reshape(-1, 3)
    return unit * size + np.array(centre), unit, triangles


HEAD = egg((0, 1.52, 0), (0.075, 0.12, 0.095))


def _near(x: float, y: float, wide: float) -> Array:
    """How near points of the front of the head are to (x, y), 0..1."""
    place = HEAD[0]
    front = np.clip(place[:, 2] / 0.095, 0, 1)
    return np.exp(-((place[:, 0] - x) ** 2 + (place[:, 1] - y) ** 2) / wide**2)[:, None] * front[:, None]


def shape(ours: str) -> Array:
    """Offsets (n, 3) in metres of one of our shapes on the egg, so that it can be seen and told from others."""
    sides = [side for side in ("Left", "Right") if ours.endswith(side)] or ["Left", "Right"]
    eyes = sum((_near(0.032 if side == "Left" else -0.032, 1.53, 0.018) for side in sides), np.zeros((len(HEAD[0]), 1)))
    mouth = _near(0, 1.46, 0.03)
    chin = np.clip((1.47 - HEAD[0][:, 1:2]) / 0.07, 0, 1)
    if ours in ("jawOpen", "viseme_aa", "viseme_E", "viseme_I", "viseme_O"):
        far = {"jawOpen": 1, "viseme_aa": 0.9, "viseme_E": 0.5, "viseme_I": 0.3, "viseme_O": 0.6}[ours]
        return chin * np.array([0, -0.05 * far, 0])
    if ours.startswith("viseme_"):
        return mouth * np.array([0, 0.001 if ours == "viseme_PP" else -0.003, 0.004])
    if ours.startswith(("eye", "brow")):
        return eyes * np.array([0, -0.006, 0.004])
    return mouth * np.array([0, 0.003, 0.01])


@dataclass(frozen=True)
class Spec:
    """What to make. `shapes`: their names -> offsets, or one of our shapes. `bones`: VRM name -> node name."""

    shapes: Mapping[str, Any] = field(default_factory=dict)
    bones: Mapping[str, str] = field(default_factory=dict)
    unit: float = 1.0
    backward: bool = False
    names: bool = True
    edit: Callable[[dict[str, Any]], None] = lambda _: None


class Writer:
    """Grows the lists of a glTF document and its binary chunk."""

    def __init__(self) -> None:
        self.blob = b""
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(self, values: Array, kind: str, dtype: str = "<f4") -> int:
        data = np.ascontiguousarray(values, dtype)
        component = {"<f4": 5126, "<u2": 5123, "<u1": 5121, "<u4": 5125}[dtype]
        self.views.append({"buffer": 0, "byteOffset": len(self.blob), "byteLength": data.nbytes})
        accessor = {"bufferView": len(self.views) - 1, "componentType": component, "type": kind}
        accessor["count"] = data.size if kind == "SCALAR" else len(data)
        if kind == "VEC3":
            accessor |= {"min": data.min(0).tolist(), "max": data.max(0).tolist()}
        self.accessors.append(accessor)
        self.blob += data.tobytes() + b"\0" * (-data.nbytes % 4)
        return len(self.accessors) - 1


def avatar(spec: Spec) -> bytes:
    """A GLB file."""
    turn = np.array([-1, 1, -1]) if spec.backward else np.array([1, 1, 1])
    by = turn * spec.unit
    out = Writer()
    # in another colour, to see where the face is
    parts = [("Face", HEAD, "head"), ("Nose", egg((0, 1.5, 0.1), (0.015, 0.015, 0.015), 6, 8), "head")]
    if spec.bones:
        parts += [
            ("Body", egg((0, 1.12, 0), (0.17, 0.3, 0.1)), "spine"),
            ("LeftArm", egg((0.42, 1.36, 0), (0.27, 0.04, 0.04)), "leftUpperArm"),
            ("RightArm", egg((-0.42, 1.36, 0), (0.27, 0.04, 0.04)), "rightUpperArm"),
        ]
    order = list(BONES)
    meshes = [_mesh(out, name, geometry, order.index(bone), spec, by, turn) for name, geometry, bone in parts]
    nodes: list[dict[str, Any]] = [{"name": name, "mesh": i} for i, (name, _, _) in enumerate(parts)]
    document: dict[str, Any] = {"asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": list(range(len(nodes)))}]}
    if spec.bones:
        first = len(nodes)
        for node in nodes:
            node["skin"] = 0
        for name, (parent, place) in BONES.items():
            above = np.array(BONES[parent][1]) if parent else np.zeros(3)
            children = [first + i for i, (p, _) in enumerate(BONES.values()) if p == name]
            nodes.append({"name": spec.bones.get(name, name), "translation": ((np.array(place) - above) * by).tolist()})
            nodes[-1] |= {"children": children} if children else {}
        inverse = np.tile(np.eye(4), (len(BONES), 1, 1))
        inverse[:, 3, :3] = -np.array([place for _, place in BONES.values()]) * by
        document["skins"] = [
            {"joints": list(range(first, len(nodes))), "inverseBindMatrices": out.add(inverse.reshape(-1, 16), "MAT4")}
        ]
        document["scenes"][0]["nodes"].append(first)
    document |= {
        "nodes": nodes,
        "meshes": meshes,
        "materials": [_material("Skin", [0.6, 0.6, 0.6, 1]), _material("Red", [1, 0, 0, 1])],
        "accessors": out.accessors,
        "bufferViews": out.views,
        "buffers": [{"byteLength": len(out.blob)}],
    }
    spec.edit(document)
    return pack(document, out.blob)


def _mesh(out: Writer, name: str, geometry: Any, joint: int, spec: Spec, by: Array, turn: Array) -> dict[str, Any]:
    place, normal, triangles = geometry
    primitive: dict[str, Any] = {
        "attributes": {"POSITION": out.add(place * by, "VEC3"), "NORMAL": out.add(normal * turn, "VEC3")},
        "indices": out.add(triangles.ravel(), "SCALAR", "<u2"),
        "material": int(name == "Nose"),
    }
    if spec.bones:
        joints, weights = np.zeros((len(place), 4)), np.zeros((len(place), 4))
        joints[:, 0], weights[:, 0] = joint, 1
        primitive["attributes"] |= {"JOINTS_0": out.add(joints, "VEC4", "<u2"), "WEIGHTS_0": out.add(weights, "VEC4")}
    mesh: dict[str, Any] = {"name": name, "primitives": [primitive]}
    if name == "Face" and spec.shapes:
        offsets = [shape(what) if isinstance(what, str) else what for what in spec.shapes.values()]
        primitive["targets"] = [{"POSITION": out.add(offset * by, "VEC3")} for offset in offsets]
        mesh["weights"] = [0.0] * len(offsets)
        if spec.names:
            mesh["extras"] = {"targetNames": list(spec.shapes)}
    return mesh


def _material(name: str, colour: list[float]) -> dict[str, Any]:
    return {"name": name, "pbrMetallicRoughness": {"baseColorFactor": colour, "metallicFactor": 0}}


def pack(document: dict[str, Any] | bytes, blob: bytes = b"") -> bytes:
    """GLB framing."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(blob), b"BIN\0") + blob
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def vrm0(vowels: Mapping[str, str], bones: bool = True, allowed: str = "Everyone") -> bytes:
    """A VRM 0 file, looking backward. `vowels`: preset -> our shape; targets have no names, only presets do."""
    presets = list(vowels)

    def edit(document: dict[str, Any]) -> None:
        groups = [
            {"name": name.upper(), "presetName": name, "binds": [{"mesh": 0, "index": i, "weight": 100}]}
            for i, name in enumerate(presets)
        ]
        first = len(document["nodes"]) - len(BONES)
        human = [{"bone": name, "node": first + i} for i, name in enumerate(BONES)]
        document["extensionsUsed"] = ["VRM"]
        document["extensions"] = {
            "VRM": {
                "specVersion": "0.0",
                "meta": {"title": "Egg", "author": "Test", "allowedUserName": allowed, "licenseName": "CC0"},
                "humanoid": {"humanBones": human if bones else []},
                "blendShapeMaster": {"blendShapeGroups": groups},
                "materialProperties": [{"name": name, "shader": "VRM/MToon"} for name in ("Skin", "Red")],
            }
        }

    named = {f"Key {i}": what for i, what in enumerate(vowels.values())}
    return avatar(Spec(named, {name: f"J_{name}" for name in BONES}, backward=True, names=False, edit=edit))


def vrm1(vowels: Mapping[str, str]) -> bytes:
    """A VRM 1 file. `vowels`: expression -> our shape."""

    def edit(document: dict[str, Any]) -> None:
        preset = {name: {"morphTargetBinds": [{"node": 0, "index": i, "weight": 1.0}]} for i, name in enumerate(vowels)}
        first = len(document["nodes"]) - len(BONES)
        human = {name: {"node": first + i} for i, name in enumerate(BONES) if name != "spine"}
        document["extensionsUsed"] = ["VRMC_vrm", "VRMC_materials_mtoon", "KHR_materials_unlit"]
        document["extensions"] = {
            "VRMC_vrm": {
                "specVersion": "1.0",
                "meta": {"name": "Egg", "authors": ["Test"], "licenseUrl": "https://vrm.dev/licenses/1.0/"},
                "humanoid": {"humanBones": human},
                "expressions": {"preset": preset},
            }
        }
        for material in document["materials"]:
            material["extensions"] = {"KHR_materials_unlit": {}}

    named = {f"M_{name}": what for name, what in vowels.items()}
    return avatar(Spec(named, {name: f"J_{name}" for name in BONES}, edit=edit))


ARKIT_HEAD = Spec({n: n for n in (
    "jawOpen", "mouthPucker", "mouthFunnel", "mouthClose", "mouthPressLeft", "mouthPressRight", "mouthSmileLeft",
    "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthRollLower", "mouthRollUpper",
    "mouthLowerDownLeft",
    "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "mouthShrugLower", "tongueOut", "eyeBlinkLeft",
    "eyeBlinkRight", "browInnerUp")})  # fmt: skip


def edited(edit: Callable[[dict[str, Any]], None]) -> bytes:
    """The ARKit head with something changed in its document."""
    return avatar(Spec(ARKIT_HEAD.shapes, edit=edit))


OCULUS_HEAD = Spec({f"viseme_{n}": f"viseme_{n}" for n in ("PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa",
"E",
                    "I", "O", "U")} | {"eyeBlinkLeft": "eyeBlinkLeft",
                    "eyeBlinkRight": "eyeBlinkRight"}, MIXAMO)  # fmt: skip
ODD_HEAD = Spec({"Jaw Drop": "jawOpen", "lips-pucker": "mouthPucker", "EyeClose.L": "eyeBlinkLeft",
"EyeClose.R": "eyeBlinkRight",
                 "smile_L": "mouthSmileLeft", "Nose Big": "noseSneerLeft"}, unit=100.0)  # fmt: skip
VRM0_VOWELS = {
    "a": "viseme_aa",
    "i": "viseme_I",
    "u": "viseme_U",
    "e": "viseme_E",
    "o": "viseme_O",
    "blink": "eyeBlink",
}
VRM1_VOWELS = {"aa": "viseme_aa", "ih": "viseme_I", "ou": "viseme_U", "ee": "viseme_E", "oh": "viseme_O", "blinkLeft":
               "eyeBlinkLeft", "blinkRight": "eyeBlinkRight"}  # fmt: skip
KINDS: dict[str, Callable[[], bytes]] = {
    "arkit.glb": lambda: avatar(ARKIT_HEAD),
    "oculus.glb": lambda: avatar(OCULUS_HEAD),
    "odd.glb": lambda: avatar(ODD_HEAD),
    "mouth.glb": lambda: avatar(Spec({"mouthOpen": "jawOpen"})),
    "old.vrm": lambda: vrm0(VRM0_VOWELS),
    "new.vrm": lambda: vrm1(VRM1_VOWELS),
}
"""One of each kind."""
