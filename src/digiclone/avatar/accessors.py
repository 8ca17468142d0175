"""The binary half of a glTF file: bytes, the views into them, and the accessors that say what they mean.

Equal bytes are stored once: two meshes of one shape, and the lists of vertices that several face shapes move.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from digiclone.avatar.mesh import Floats, Ints
from digiclone.avatar.quantise import Packed, offsets

Json = dict[str, object]

COMPONENTS = {"int8": 5120, "uint8": 5121, "int16": 5122, "uint16": 5123, "uint32": 5125, "float32": 5126}
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
# The largest value of an index type restarts a primitive and may not be used as an index.
MOST_SHORT_VERTICES = 65535


class Accessors:
    """Grows the one binary chunk and the tables that point into it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[Json] = []
        self.accessors: list[Json] = []
        self._known: dict[tuple[bytes, int | None, int | None], int] = {}

    def view(self, data: bytes, target: int | None = None, stride: int | None = None) -> int:
        """The bufferView of these bytes, on a 4-byte boundary."""
        key = (data, target, stride)
        if key not in self._known:
            self.data.extend(b"\0" * (-len(self.data) % 4))
            view: Json = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(data)}
            view |= {} if stride is None else {"byteStride": stride}
            self.views.append(view if target is None else view | {"target": target})
            self.data.extend(data)
            self._known[key] = len(self.views) - 1
        return self._known[key]

    def _accessor(self, accessor: Json) -> int:
        # Never shared: three.js makes one geometry of equal accessors, and who adds a shape to one mesh then adds it to
        # another.
        self.accessors.append(accessor)
        return len(self.accessors) - 1

    def vertices(self, values: Packed, kind: Literal["VEC2", "VEC3", "VEC4"], **more: object) -> int:
        """A vertex attribute (N, 2 to 4), each vertex on a 4-byte boundary."""
        spare = -(values.shape[1] * values.itemsize) % 4 // values.itemsize
        padded = np.pad(values, ((0, 0), (0, spare)))
        view = self.view(padded.tobytes(), ARRAY_BUFFER, padded.shape[1] * padded.itemsize)
        return self._accessor({"bufferView": view} | _meaning(values, kind) | more)

    def positions(self, metres: Floats) -> int:
        """Points (N, 3), with the bounds that a reader may rely on."""
        packed = metres.astype("<f4")
        return self.vertices(packed, "VEC3", **_bounds(packed))

    def joints(self, values: NDArray[np.uint8]) -> int:
        """Joint indices (N, 4), which are numbers and no shares of one."""
        view = self.view(values.tobytes(), ARRAY_BUFFER, values.shape[1])
        return self._accessor({"bufferView": view, **_meaning(values, "VEC4", normalized=False)})

    def matrices(self, values: Floats) -> int:
        """(N, 4, 4), stored column by column."""
        packed = np.ascontiguousarray(np.swapaxes(values, 1, 2), dtype="<f4").reshape(len(values), 16)
        return self._accessor({"bufferView": self.view(packed.tobytes()), **_meaning(packed, "MAT4")})

    def triangles(self, faces: Ints, vertex_count: int) -> int:
        """Corners of triangles (F, 3)."""
        packed = faces.reshape(-1, 1).astype(_index_type(vertex_count))
        view = self.view(packed.tobytes(), ELEMENT_ARRAY_BUFFER)
        return self._accessor({"bufferView": view, **_meaning(packed, "SCALAR", normalized=False)})

    def morph(self, metres: Floats) -> int:
        """Offsets (N, 3) of a face shape, sparse: what does not move is left out."""
        steps = offsets(metres)
        about = _meaning(steps, "VEC3") | _bounds(steps)
        moved = np.flatnonzero(steps.any(axis=1)).astype(_index_type(len(steps)))
        if not len(moved):
            return self._accessor(about)
        where: Json = {"bufferView": self.view(moved.tobytes()), "componentType": COMPONENTS[moved.dtype.name]}
        values: Json = {"bufferView": self.view(steps[moved].tobytes())}
        return self._accessor(about | {"sparse": {"count": len(moved), "indices": where, "values": values}})


def _index_type(vertex_count: int) -> str:
    return "<u2" if vertex_count <= MOST_SHORT_VERTICES else "<u4"


def _meaning(values: NDArray[np.generic], kind: str, *, normalized: bool = True) -> Json:
    """How a reader understands the numbers; integers are shares of their type's range unless said otherwise."""
    about: Json = {"componentType": COMPONENTS[values.dtype.name], "count": len(values), "type": kind}
    return about | ({"normalized": True} if normalized and values.dtype.kind in "iu" else {})


def _bounds(values: Packed) -> Json:
    return {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
