"""Reads what the GLB writer wrote: sparse, quantised, skinned."""

import json
import struct
from collections.abc import Mapping
from functools import cache

import numpy as np
from scipy.spatial.transform import Rotation

WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
TYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}


class Glb:
    """Just enough of a reader to check the writer; lengths are metres of the scene."""

    def __init__(self, data: bytes) -> None:
        magic, version, size, length, kind = struct.unpack("<4sIII4s", data[:20])
        assert (magic, version, kind, size) == (b"glTF", 2, b"JSON", len(data))
        self.json = json.loads(data[20 : 20 + length])
        binary_length, kind = struct.unpack("<I4s", data[20 + length : 28 + length])
        assert kind == b"BIN\0"
        self.binary = data[28 + length :]
        assert binary_length == len(self.binary) == self.json["buffers"][0]["byteLength"]
        self.placing = cache(self._placing)

    def numbers(self, view: int, dtype: str, count: int, width: int, offset: int = 0) -> np.ndarray:
        about = self.json["bufferViews"][view]
        row = about.get("byteStride", width * np.dtype(dtype).itemsize)
        assert offset + (count - 1) * row + width * np.dtype(dtype).itemsize <= about["byteLength"]
        raw = np.frombuffer(self.binary, "u1", about["byteLength"], about["byteOffset"])[offset:]
        rows = np.lib.stride_tricks.as_strided(raw, (count, width * np.dtype(dtype).itemsize), (row, 1))
        return np.ascontiguousarray(rows).view(dtype)

    def accessor(self, index: int, *, raw: bool = False) -> np.ndarray:
        """Numbers (N, width): floats where the file says that integers are shares of one, unless `raw`."""
        about = self.json["accessors"][index]
        width, dtype = WIDTHS[about["type"]], TYPES[about["componentType"]]
        dense = np.zeros((about["count"], width), dtype)
        if "bufferView" in about:
            dense[:] = self.numbers(about["bufferView"], dtype, about["count"], width)
        if "sparse" in about:
            sparse = about["sparse"]
            where, what = sparse["indices"], sparse["values"]
            rows = self.numbers(where["bufferView"], TYPES[where["componentType"]], sparse["count"], 1)[:, 0]
            assert np.all(np.diff(rows.astype(int)) > 0)
            dense[rows] = self.numbers(what["bufferView"], dtype, sparse["count"], width)
        if about.get("normalized") and not raw:
            return np.maximum(dense / float(np.iinfo(dense.dtype).max), -1.0)
        return dense

    def mesh(self, name: str) -> dict:
        return next(mesh for mesh in self.json["meshes"] if mesh["name"] == name)

    def node(self, name: str) -> dict:
        return next(node for node in self.json["nodes"] if node["name"] == name)

    def places(self, turns: Mapping[str, Rotation] | None = None) -> np.ndarray:
        """From each node to the scene, (nodes, 4, 4), with some joints turned about their own axes."""
        nodes = self.json["nodes"]
        local = np.tile(np.eye(4), (len(nodes), 1, 1))
        for matrix, node in zip(local, nodes, strict=True):
            turned = Rotation.from_quat(node.get("rotation", [0, 0, 0, 1])) * (turns or {}).get(
                node["name"], Rotation.identity()
            )
            matrix[:3, :3] = turned.as_matrix() * np.array(node.get("scale", [1, 1, 1]))
            matrix[:3, 3] = node.get("translation", [0, 0, 0])
        places = local.copy()
        waiting = list(self.json["scenes"][0]["nodes"])
        for parent in waiting:
            for child in nodes[parent].get("children", []):
                places[child] = places[parent] @ local[child]
                waiting.append(child)
        return places

    def place(self, name: str) -> np.ndarray:
        """Where a node is, (3,)."""
        return self.places()[self.json["nodes"].index(self.node(name)), :3, 3]

    def _placing(self, name: str) -> np.ndarray:
        return self.skinning(name, {})

    def skinning(self, name: str, turns: Mapping[str, Rotation]) -> np.ndarray:
        """What takes each vertex of a mesh to the scene, (N or 1, 4, 4)."""
        places = self.places(turns)
        mesh = self.json["meshes"].index(self.mesh(name))
        number, node = next((i, node) for i, node in enumerate(self.json["nodes"]) if node.get("mesh") == mesh)
        if "skin" not in node:
            return places[number][None]
        skin = self.json["skins"][node["skin"]]
        binds = self.accessor(skin["inverseBindMatrices"]).reshape(-1, 4, 4).swapaxes(1, 2)
        attributes = self.mesh(name)["primitives"][0]["attributes"]
        joints, weights = self.accessor(attributes["JOINTS_0"]), self.accessor(attributes["WEIGHTS_0"])
        matrices = places[skin["joints"]] @ binds
        return np.einsum("nk,nkij->nij", weights, matrices[joints])

    def positions(self, name: str, turns: Mapping[str, Rotation] | None = None) -> np.ndarray:
        """Vertices (N, 3), with some joints turned about their own axes."""
        matrices = self.skinning(name, turns) if turns else self.placing(name)
        stored = self.accessor(self.mesh(name)["primitives"][0]["attributes"]["POSITION"])
        return np.einsum("nij,nj->ni", matrices[:, :3, :3], stored) + matrices[:, :3, 3]

    def morph(self, name: str, shape: str) -> np.ndarray:
        """Offsets (N, 3) of a face shape, no joint turned."""
        about = self.mesh(name)
        index = about["extras"]["targetNames"].index(shape)
        stored = self.accessor(about["primitives"][0]["targets"][index]["POSITION"])
        return np.einsum("nij,nj->ni", self.placing(name)[:, :3, :3], stored)
