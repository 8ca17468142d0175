"""The smallest head that the page accepts: two ellipsoids with the morphs that the page drives, as a GLB."""

import json
import struct

import numpy as np

VISEMES = ("PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U")
OPEN = {"aa": 1.0, "O": 0.7, "E": 0.6, "I": 0.4}
NAMES = (*(f"viseme_{name}" for name in VISEMES), "eyeBlinkLeft", "eyeBlinkRight", "browInnerUp")


def _sphere(rows: int = 18, columns: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Unit sphere: vertices (n, 3) float32, triangles (m, 3) uint16."""
    up, around = np.meshgrid(np.linspace(0, np.pi, rows), np.linspace(0, 2 * np.pi, columns), indexing="ij")
    vertices = np.stack([np.sin(up) * np.sin(around), np.cos(up), np.sin(up) * np.cos(around)], -1).reshape(-1, 3)
    a = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    corners = [a, a + columns, a + 1, a + 1, a + columns, a + columns + 1]
    triangles = np.stack(corners, -1).reshape(-1, 3)
    return vertices.astype("<f4"), triangles.astype("<u2")


def tiny_head() -> bytes:
    """A GLB with one mesh, Head: metres, Y up, facing +Z. Open vowels pull the chin down, blinks flatten the brow."""
    sphere, triangles = _sphere()
    head = sphere * np.array([0.08, 0.12, 0.1], np.float32) + np.array([0, 1.5, 0], np.float32)
    chin = np.array([0, -0.05, 0], np.float32) * np.clip(-sphere[:, 1:2], 0, 1) ** 2
    brow = np.array([0, 0, -0.03], np.float32) * np.clip(sphere[:, 1:2], 0, 1)
    targets = [np.float32(OPEN.get(name[7:], 0.1)) * chin if name.startswith("viseme_") else brow for name in NAMES]
    parts = [head, sphere, *targets, triangles]
    views, accessors, blob = [], [], b""
    for part in parts:
        data = part.tobytes()
        views.append({"buffer": 0, "byteOffset": len(blob), "byteLength": len(data)})
        accessor = {"bufferView": len(accessors), "componentType": 5126, "count": len(part), "type": "VEC3"}
        if part is triangles:
            accessor |= {"componentType": 5123, "count": part.size, "type": "SCALAR"}
        else:
            accessor |= {"min": part.min(0).tolist(), "max": part.max(0).tolist()}
        accessors.append(accessor)
        blob += data + b"\0" * (-len(data) % 4)
    mesh = {
        "name": "Head",
        "extras": {"targetNames": NAMES},
        "weights": [0.0] * len(NAMES),
        "primitives": [
            {
                "attributes": {"POSITION": 0, "NORMAL": 1},
                "indices": len(parts) - 1,
                "material": 0,
                "targets": [{"POSITION": 2 + i} for i in range(len(NAMES))],
            }
        ],
    }
    scene = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "Head", "mesh": 0}],
        "meshes": [mesh],
        "materials": [{"name": "Skin", "pbrMetallicRoughness": {"baseColorFactor": [0.8, 0.6, 0.5, 1]}}],
        "buffers": [{"byteLength": len(blob)}],
        "bufferViews": views,
        "accessors": accessors,
    }
    text = json.dumps(scene).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(blob), b"BIN\0") + blob
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
