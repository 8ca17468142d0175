"""ONNX Runtime sessions, opened the same way everywhere."""

from pathlib import Path
from typing import Any


def session(model: Path | bytes, threads: int) -> Any:
    """An `onnxruntime.InferenceSession` on the CPU with `threads` threads that do not spin while idle.

    Spinning threads would steal the cores from the next stage: with two cores that costs more than it saves.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def with_output(model: bytes, name: str) -> bytes:
    """`model` with one more output: the inner tensor `name`.

    Protocol buffers merge by concatenation, so a second ModelProto{graph{output{name}}} behind the first adds the
    output without unpacking the graph or needing the `onnx` package. ModelProto.graph is field 7, GraphProto.output 12,
    ValueInfoProto.name 1 (onnx.proto3).
    """
    return model + _field(7, _field(12, _field(1, name.encode())))


def _field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(value)) + value


def _varint(n: int) -> bytes:
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes([*out, n])
