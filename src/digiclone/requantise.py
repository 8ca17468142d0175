"""Rewrite a GGUF file in another number format, with the `gguf` package that llama.cpp maintains."""

from pathlib import Path
from typing import Any


def requantise(source: Path, out: Path, kind: str) -> None:
    """Write `source` to `out` with its matrices in `kind` ("Q8_0" or "Q4_0"). What the source lost stays lost.

    Vectors stay as they are; the token table of a Q4_0 file is kept in Q8_0, since it is also the output layer.
    """
    from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, LlamaFileType
    from gguf.quants import dequantize, quantize

    reader = GGUFReader(source)
    writer = GGUFWriter(out, reader.fields["general.architecture"].contents())
    _copy_metadata(reader, writer)
    writer.add_file_type(LlamaFileType[f"MOSTLY_{kind}"])
    writer.add_quantization_version(2)
    for tensor in reader.tensors:
        if tensor.tensor_type == GGMLQuantizationType.F32:
            writer.add_tensor(tensor.name, tensor.data)
            continue
        target = GGMLQuantizationType["Q8_0" if tensor.name == "token_embd.weight" else kind]
        weights = dequantize(tensor.data, tensor.tensor_type)
        writer.add_tensor(tensor.name, quantize(weights, target), raw_dtype=target)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


_REWRITTEN = {"general.architecture", "general.file_type", "general.quantization_version"}


def _copy_metadata(reader: Any, writer: Any) -> None:
    from gguf import GGUFValueType

    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key in _REWRITTEN:
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == GGUFValueType.ARRAY else None
        writer.add_key_value(key, field.contents(), kind, sub_type=inner)
