"""A GGUF file with the architecture of a language model and weights that mean nothing: an engine takes as long over it
as over the real one. So a machine can be measured with models that are not on it, and nothing need be downloaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digiclone.artifacts import replacing
from digiclone.plan.cost import Shape

BLOCK = 32
"""Weights that share a scale in Q8_0 and Q4_0."""
SPREAD = 0.02
"""Of the weights: what trained ones have, so that no number is too small or too large to compute with quickly."""
FORMS = ("F16", "Q8_0", "Q4_0")


def write(shape: Shape, form: str, file: Path, context: int = 4096) -> None:
    """Write a model of the Llama kind. Raises ValueError for another kind, or a format that is not one of `FORMS`."""
    from gguf import GGMLQuantizationType, GGUFWriter

    if form not in FORMS or not shape.gated:
        raise ValueError(f"only gated models in {', '.join(FORMS)} can be made up")
    chance = np.random.default_rng(0)
    with replacing(file) as out:
        writer = GGUFWriter(out.name, "llama")
        writer.add_context_length(context)
        writer.add_embedding_length(shape.hidden)
        writer.add_block_count(shape.layers)
        writer.add_feed_forward_length(shape.inner)
        writer.add_head_count(shape.heads)
        writer.add_head_count_kv(shape.kv_heads)
        writer.add_key_length(shape.head_dim)
        writer.add_value_length(shape.head_dim)
        writer.add_rope_dimension_count(shape.head_dim)
        writer.add_layer_norm_rms_eps(1e-5)
        writer.add_vocab_size(shape.vocabulary)
        _add_words(writer, shape.vocabulary)
        for name, (rows, columns) in matrices(shape):
            # as llama.cpp's own quantiser, the output layer stays at eight bits where the others have four
            own = "Q8_0" if form == "Q4_0" and name == output(shape) else form
            writer.add_tensor(name, weights(rows, columns, own, chance), raw_dtype=GGMLQuantizationType[own])
        for name in norms(shape):
            writer.add_tensor(name, np.ones(shape.hidden, np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def output(shape: Shape) -> str:
    """The matrix that scores words."""
    return "token_embd.weight" if shape.tied else "output.weight"


def matrices(shape: Shape) -> Iterator[tuple[str, tuple[int, int]]]:
    """Names, and rows and columns."""
    hidden, inner = shape.hidden, shape.inner
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    yield "token_embd.weight", (shape.vocabulary, hidden)
    if not shape.tied:
        yield "output.weight", (shape.vocabulary, hidden)
    for layer in range(shape.layers):
        for name, size in (
            ("attn_q", (queries, hidden)),
            ("attn_k", (keys, hidden)),
            ("attn_v", (keys, hidden)),
            ("attn_output", (hidden, queries)),
            ("ffn_gate", (inner, hidden)),
            ("ffn_up", (inner, hidden)),
            ("ffn_down", (hidden, inner)),
        ):
            yield f"blk.{layer}.{name}.weight", size


def norms(shape: Shape) -> Iterator[str]:
    """The names of the vectors."""
    yield "output_norm.weight"
    for layer in range(shape.layers):
        yield f"blk.{layer}.attn_norm.weight"
        yield f"blk.{layer}.ffn_norm.weight"


def weights(rows: int, columns: int, form: str, chance: np.random.Generator) -> NDArray[np.generic]:
    """A matrix as the file holds it: numbers of 16 bits, or bytes (rows, bytes of a row)."""
    if form == "F16":
        return (SPREAD * chance.standard_normal((rows, columns), np.float32)).astype(np.float16)
    codes, largest = (BLOCK, 127) if form == "Q8_0" else (BLOCK // 2, 8)
    blocks = np.empty((rows, columns // BLOCK, 2 + codes), np.uint8)
    scale = np.float16(SPREAD * np.sqrt(3) / largest)  # evenly drawn codes then have that spread
    blocks[..., :2] = np.frombuffer(scale.tobytes(), np.uint8)
    blocks[..., 2:] = chance.integers(0, 256, blocks[..., 2:].shape, np.uint8)
    return blocks.reshape(rows, -1)


def _add_words(writer: object, count: int) -> None:
    """A vocabulary that no text needs: prompts come as numbers."""
    from gguf import GGUFWriter, TokenType

    assert isinstance(writer, GGUFWriter)
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    kinds = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL, *[TokenType.BYTE] * 256]
    words = [*special, *(f"▁w{number}" for number in range(count - len(special)))][:count]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(words)
    writer.add_token_scores([-float(number) for number in range(count)])
    writer.add_token_types([*kinds, *[TokenType.NORMAL] * max(0, count - len(kinds))][:count])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
