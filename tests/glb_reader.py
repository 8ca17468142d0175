"""Reads what the GLB writer wrote."""

import json
import struct

import numpy as np


class Glb:
    """Just enough of a reader to check the writer."""

    def __init__(self, data: bytes) -> None:
        magic, version, size, length, kind = struct.unpack("<4sIII4s", data[:20])
        assert (magic, version, kind, size) == (b"glTF", 2, b"JSON", len(data))
        self.json = json.loads(data[20 : 20 + length])
        binary_length, kind = struct.unpack("<I4s", data[20 + length : 28 + length])
        assert kind == b"BIN\0"
        self.binary = data[28 + length :]
        assert binary_length == len(self.binary) == self.json["buffers"][0]["byteLength"]

    def numbers(self, view: int, dtype: str, count: int, width: int, offset: int = 0) -> np.ndarray:
        start = self.json["bufferViews"][view]["byteOffset"] + offset
        return np.frombuffer(self.binary, dtype, count * width, start).reshape(count, width)

    def accessor(self, index: int) -> np.ndarray:
        about = self.json["accessors"][index]
        width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3}[about["type"]]
        dtype = {5126: "<f4", 5123: "<u2", 5125: "<u4"}[about["componentType"]]
        dense = np.zeros((about["count"], width), dtype)
        if "bufferView" in about:
            dense[:] = self.numbers(about["bufferView"], dtype, about["count"], width)
        if "sparse" in about:
            sparse = about["sparse"]
            where, what = sparse["indices"], sparse["values"]
            kind = {5123: "<u2", 5125: "<u4"}[where["componentType"]]
            rows = self.numbers(where["bufferView"], kind, sparse["count"], 1, where["byteOffset"])[:, 0]
            assert np.all(np.diff(rows.astype(int)) > 0)
            dense[rows] = self.numbers(what["bufferView"], "<f4", sparse["count"], 3, what["byteOffset"])
        return dense

    def mesh(self, name: str) -> dict:
        return next(mesh for mesh in self.json["meshes"] if mesh["name"] == name)

    def node(self, name: str) -> dict:
        return next(node for node in self.json["nodes"] if node["name"] == name)

    def positions(self, name: str) -> np.ndarray:
        return self.accessor(self.mesh(name)["primitives"][0]["attributes"]["POSITION"])

    def morph(self, name: str, shape: str) -> np.ndarray:
        about = self.mesh(name)
        index = about["extras"]["targetNames"].index(shape)
        return self.accessor(about["primitives"][0]["targets"][index]["POSITION"])
