"""Rewrite a GGUF file in another number format, by llama.cpp's own quantiser, which the engine's wheel brings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from digiclone.llama import library

FORMATS = (
    "F16", "BF16", "Q8_0", "Q6_K", "Q5_1", "Q5_K", "Q5_0", "Q4_1", "Q4_K", "IQ4_NL", "Q4_0", "IQ4_XS", "Q3_K", "Q2_K",
)  # fmt: skip
"""From large to small."""
BESIDE = {"Q6_K": "Q8_0", "Q5_K": "Q5_1", "Q4_K": "Q5_0", "IQ4_XS": "IQ4_NL", "Q3_K": "IQ4_NL", "Q2_K": "IQ4_NL"}
"""What llama.cpp, too, takes for a matrix whose rows are no multiple of 256: blocks of 32."""
FILES = {name: f"{name}_S" for name in ("Q5_K", "Q4_K", "Q3_K")}
"""How a file is called of which most is in a format, where not as the format. The K family's mixtures (Q4_K_M, ...)
keep some matrices in more bits; here all are alike."""

Encode = Callable[[str, np.ndarray], np.ndarray | None]
"""The name and the weights (rows, columns) of a matrix to rows of blocks (rows, bytes) in the format that is written;
None rounds them as usual."""


def requantise(
    source: Path,
    out: Path,
    kind: str,
    encode: Encode | None = None,
    tell: Callable[[str, float], None] = lambda what, share: None,
) -> None:
    """Write `source` to `out` with its matrices in `kind`, one of `FORMATS`. What the source lost stays lost.

    Vectors stay as they are. The output layer, which may be the token table, is kept in Q8_0 where `kind` is smaller:
    every word is chosen by it. Rows that a block does not divide take the format `BESIDE`. What is in the right format
    already is copied. One tensor at a time is in memory.
    """
    from gguf import GGML_QUANT_SIZES, GGUFWriter, LlamaFileType
    from gguf.quants import dequantize

    from digiclone.gguffile import Reader

    reader = Reader(source)
    writer = GGUFWriter(out, reader.fields["general.architecture"].contents())
    _copy_metadata(reader, writer)
    writer.add_file_type(LlamaFileType[f"MOSTLY_{FILES.get(kind, kind)}"])
    writer.add_quantization_version(2)
    targets = _targets(reader, kind)
    for tensor in reader.tensors:
        target = targets[tensor.name]
        block, size = GGML_QUANT_SIZES[target]
        shape = [int(length) for length in reversed(tensor.shape)]
        writer.add_tensor_info(
            tensor.name, shape, np.dtype(np.float32), tensor.n_elements // block * size, raw_dtype=target
        )
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for number, tensor in enumerate(reader.tensors):
            tell(f"writing {kind}", number / len(reader.tensors))
            target, blocks = targets[tensor.name], None
            if encode and target.name == kind:
                blocks = encode(tensor.name, dequantize(tensor.data, tensor.tensor_type))
            if blocks is None and target == tensor.tensor_type:
                blocks = tensor.data
            elif blocks is None:
                blocks = rounded(dequantize(tensor.data, tensor.tensor_type), target.name)
            writer.write_tensor_data(blocks)
    finally:
        writer.close()


def rounded(matrix: np.ndarray, kind: str, matters: np.ndarray | None = None) -> np.ndarray:
    """A matrix (R, C) as rows of blocks of the format `kind`, uint8 (R, bytes).

    `matters` (C,) is how much an error in each column counts, llama.cpp's "importance matrix"; without it, it decides
    by the weights alone.
    """
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    rows, columns = matrix.shape
    block, size = GGML_QUANT_SIZES[GGMLQuantizationType[kind]]
    numbers, found = np.ascontiguousarray(matrix, np.float32), np.empty((rows, columns // block * size), np.uint8)
    weights = None if matters is None else np.ascontiguousarray(matters, np.float32)
    parts = [one if one is None else one.ctypes.data for one in (numbers, found, weights)]
    written = library().ggml_quantize_chunk(GGMLQuantizationType[kind], *parts[:2], 0, rows, columns, parts[2])
    assert written == found.nbytes, f"{kind}: {written} bytes for {found.nbytes}"
    return found


def _targets(reader: Any, kind: str) -> dict[str, Any]:
    """The format of each tensor."""
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    output = "output.weight"
    if not any(tensor.name == output for tensor in reader.tensors):
        output = "token_embd.weight"

    def target(tensor: Any) -> Any:
        # vectors, and, as llama.cpp does, what is no weight or chooses among experts
        if len(tensor.shape) < 2 or not tensor.name.endswith(".weight") or "ffn_gate_inp" in tensor.name:
            return tensor.tensor_type
        wanted = GGMLQuantizationType[kind]
        if tensor.name == output and FORMATS.index(kind) > FORMATS.index("Q8_0"):
            wanted = GGMLQuantizationType.Q8_0
        for one in (wanted, GGMLQuantizationType[BESIDE.get(kind, kind)]):
            if tensor.shape[0] % GGML_QUANT_SIZES[one][0] == 0:
                return one
        return GGMLQuantizationType.F16

    return {tensor.name: target(tensor) for tensor in reader.tensors}


_REWRITTEN = {"general.architecture", "general.file_type", "general.quantization_version", "general.alignment"}


def _copy_metadata(reader: Any, writer: Any) -> None:
    from gguf import GGUFValueType

    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key in _REWRITTEN:
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == GGUFValueType.ARRAY else None
        writer.add_key_value(key, field.contents(), kind, sub_type=inner)
