"""A language model of random weights, so small that it knows nothing, in a GGUF file that llama.cpp takes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, TokenType  # noqa: TID253
from gguf.quants import quantize  # noqa: TID253

WIDTH, INNER, HEADS, SHARED, HEAD, LAYERS = 64, 96, 4, 2, 16, 2
"""Sizes; the feed-forward width is three blocks of 32, the keys are shared by two queries each."""


def vocabulary() -> list[str]:
    """The 256 bytes as GPT-2 spells them, a merged pair, the end of a text, and words that nobody says: who measures
    the speed takes tokens up to 1100."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = (chr(256 + number) for number in range(256 - len(plain)))
    return [chr(byte) if byte in plain else next(others) for byte in range(256)] + [
        "th",
        "<|end|>",
        *map(str, range(1000, 1900)),
    ]


def make(
    file: Path,
    kind: str = "F16",
    tied: bool = True,
    stretch: Sequence[float] = (),
    bos: bool = False,
    architecture: str = "llama",
    parts: int = 1,
) -> Path:
    """Write one with its matrices in `kind`; it may claim to be the first of several parts."""
    random, words = np.random.default_rng(0), vocabulary()
    writer = GGUFWriter(file, architecture)
    if parts > 1:
        writer.add_uint16("split.count", parts)
    _describe(writer, words, kind, bos)
    shapes = {"token_embd": (len(words), WIDTH)} | ({} if tied else {"output": (len(words), WIDTH)})
    for block in range(LAYERS):
        shapes |= {
            f"blk.{block}.attn_q": (HEADS * HEAD, WIDTH),
            f"blk.{block}.attn_k": (SHARED * HEAD, WIDTH),
            f"blk.{block}.attn_v": (SHARED * HEAD, WIDTH),
            f"blk.{block}.attn_output": (WIDTH, HEADS * HEAD),
            f"blk.{block}.ffn_gate": (INNER, WIDTH),
            f"blk.{block}.ffn_up": (INNER, WIDTH),
            f"blk.{block}.ffn_down": (WIDTH, INNER),
        }
    target = GGMLQuantizationType[kind]
    for name, shape in shapes.items():
        weights = random.normal(0, 2 / np.sqrt(shape[1]), shape).astype(np.float32)
        writer.add_tensor(f"{name}.weight", quantize(weights, target), raw_dtype=target)
    norms = [f"blk.{block}.{part}_norm" for block in range(LAYERS) for part in ("attn", "ffn")]
    for name in [*norms, "output_norm"]:
        writer.add_tensor(f"{name}.weight", random.uniform(0.5, 1.5, WIDTH).astype(np.float32))
    if stretch:
        writer.add_tensor("rope_freqs.weight", np.array(stretch, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def _describe(writer: GGUFWriter, words: list[str], kind: str, bos: bool) -> None:
    writer.add_name("tiny")
    writer.add_file_type(LlamaFileType.ALL_F32 if kind == "F32" else LlamaFileType[f"MOSTLY_{kind}"])
    writer.add_block_count(LAYERS)
    writer.add_context_length(1024)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(SHARED)
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_freq_base(1000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(words))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(words)
    writer.add_token_types([TokenType.CONTROL if word == "<|end|>" else TokenType.NORMAL for word in words])
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(words.index("<|end|>"))
    writer.add_eos_token_id(words.index("<|end|>"))
    writer.add_add_bos_token(bos)
