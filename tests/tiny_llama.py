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
        shapes |= {f"blk.{block}.{name}": shape for name, shape in _matrices(architecture).items()}
    target = GGMLQuantizationType[kind]
    for name, shape in shapes.items():
        weights = random.normal(0, 2 / np.sqrt(shape[1]), shape).astype(np.float32)
        writer.add_tensor(f"{name}.weight", quantize(weights, target), raw_dtype=target)
    for name, size in _vectors(architecture).items():
        drawn = random.normal(0, 0.1, size) if name.endswith("bias") else random.uniform(0.5, 1.5, size)
        writer.add_tensor(name, drawn.astype(np.float32))
    if stretch:
        writer.add_tensor("rope_freqs.weight", np.array(stretch, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def _matrices(architecture: str) -> dict[str, tuple[int, int]]:
    """Of a layer."""
    queries, keys = HEADS * HEAD, SHARED * HEAD
    always = {"attn_output": (WIDTH, queries), "ffn_down": (WIDTH, INNER)}
    if architecture == "phi3":
        return {**always, "attn_qkv": (queries + 2 * keys, WIDTH), "ffn_up": (2 * INNER, WIDTH)}
    split = {"attn_q": (queries, WIDTH), "attn_k": (keys, WIDTH), "attn_v": (keys, WIDTH)}
    return {**always, **split, "ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH)}


def _vectors(architecture: str) -> dict[str, int]:
    """Of all layers, with their sizes: norms, and what is added."""
    third = architecture == "gemma3"
    more = {"post_attention": WIDTH, "post_ffw": WIDTH} if third or architecture == "gemma2" else {}
    own = {"attn": WIDTH, "ffn": WIDTH, **more, **({"attn_q": HEAD, "attn_k": HEAD} if third else {})}
    sizes = {f"blk.{block}.{part}_norm": size for block in range(LAYERS) for part, size in own.items()}
    sizes["output_norm"] = WIDTH
    found = {f"{name}.weight": size for name, size in sizes.items()}
    if architecture == "stablelm":
        found |= {f"{name}.bias": size for name, size in sizes.items()}
    if architecture == "qwen2":
        asked = {"q": HEADS * HEAD, "k": SHARED * HEAD, "v": SHARED * HEAD}
        found |= {f"blk.{block}.attn_{part}.bias": size for block in range(LAYERS) for part, size in asked.items()}
    return found


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
    writer.add_layer_norm_eps(1e-5)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_attn_logit_softcapping(50.0)
    writer.add_final_logit_softcapping(30.0)
    writer.add_sliding_window(1024)
    writer.add_vocab_size(len(words))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(words)
    writer.add_token_types([TokenType.CONTROL if word == "<|end|>" else TokenType.NORMAL for word in words])
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(words.index("<|end|>"))
    writer.add_eos_token_id(words.index("<|end|>"))
    writer.add_add_bos_token(bos)
