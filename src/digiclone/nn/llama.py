"""A Llama (Touvron et al. 2023) in torch: the language model that llama.cpp runs, open to look into and to train.

Modules carry the names of the tensors in a GGUF file, so loading is an assignment, and what is learnt about a matrix
(`blk.0.attn_q.weight`) can be written back under the same name.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import dequantize
from torch import Tensor, nn
from torch.nn import functional

from digiclone.config import ConfigError
from digiclone.gguffile import Reader


@dataclass(frozen=True)
class Dims:
    """Sizes; `width` is that of the stream that every block adds to."""

    vocabulary: int
    width: int
    inner: int
    """Of the feed-forward part."""
    layers: int
    heads: int
    kv_heads: int
    """Keys and values, each of which `heads / kv_heads` queries share (grouped-query attention)."""
    head: int
    """Numbers in each."""
    base: float = 10_000.0
    """The slowest pair of a head turns by about 1/`base` radians a token."""
    epsilon: float = 1e-5
    tied: bool = True
    """Whether the token table is the output layer too."""
    stretch: tuple[float, ...] = ()
    """By how much each pair turns slower, one number a pair; Llama 3's way to long texts."""


Attend = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Queries (B, heads, T, head), keys and values (B, kv_heads, T, head): what each token sees, like the queries."""


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Of itself and of those before it."""
    return functional.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)


class Attention(nn.Module):
    """Causal, with rotary positions (Su et al. 2021) and shared keys and values (Ainslie et al. 2023)."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.dims = dims
        self.attn_q = nn.Linear(dims.width, dims.heads * dims.head, bias=False)
        self.attn_k = nn.Linear(dims.width, dims.kv_heads * dims.head, bias=False)
        self.attn_v = nn.Linear(dims.width, dims.kv_heads * dims.head, bias=False)
        self.attn_output = nn.Linear(dims.heads * dims.head, dims.width, bias=False)
        self.attend: Attend = attend

    def forward(self, x: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
        """(B, T, width) both."""
        query, key = (rotated(self._split(part(x)), *turns) for part in (self.attn_q, self.attn_k))
        value = self._split(self.attn_v(x))
        seen = self.attend(query, key, value)
        return self.attn_output(seen.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        """(B, T, heads * head) to (B, heads, T, head)."""
        return x.unflatten(-1, (-1, self.dims.head)).transpose(1, 2)


class Block(Attention):
    """Attention, then a gated feed-forward part (SwiGLU, Shazeer 2020). One module, for a GGUF names them side by
    side: `blk.0.attn_q`, `blk.0.ffn_up`."""

    def __init__(self, dims: Dims) -> None:
        super().__init__(dims)
        self.attn_norm = nn.RMSNorm(dims.width, dims.epsilon)
        self.ffn_norm = nn.RMSNorm(dims.width, dims.epsilon)
        self.ffn_gate = nn.Linear(dims.width, dims.inner, bias=False)
        self.ffn_up = nn.Linear(dims.width, dims.inner, bias=False)
        self.ffn_down = nn.Linear(dims.inner, dims.width, bias=False)

    def forward(self, x: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
        """(B, T, width) both."""
        x = x + super().forward(self.attn_norm(x), turns)
        thought = self.ffn_norm(x)
        return x + self.ffn_down(functional.silu(self.ffn_gate(thought)) * self.ffn_up(thought))


class Llama(nn.Module):
    """The whole network, without a cache: it reads all tokens at once."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.dims = dims
        self.token_embd = nn.Embedding(dims.vocabulary, dims.width)
        self.blk = nn.ModuleList(Block(dims) for _ in range(dims.layers))
        self.output_norm = nn.RMSNorm(dims.width, dims.epsilon)
        self.output = None if dims.tied else nn.Linear(dims.width, dims.vocabulary, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits (B, T, vocabulary), of the token after each.

        `tokens` are ids (B, T), or in their place what the token table would give, (B, T, width): other senses than
        reading speak to the model so.
        """
        x = tokens if tokens.is_floating_point() else self.token_embd(tokens)
        turns = rotations(self.dims, x.shape[1], x.device)
        for block in self.blk:
            x = block(x, turns)
        x = self.output_norm(x)
        return functional.linear(x, self.token_embd.weight) if self.output is None else self.output(x)


def rotations(dims: Dims, length: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines (length, head / 2) of the angle by which each pair is turned at each place."""
    pairs = torch.arange(0, dims.head, 2, device=device, dtype=torch.float32)
    speed = dims.base ** (-pairs / dims.head)
    if dims.stretch:
        speed = speed / torch.tensor(dims.stretch, device=device)
    angles = torch.outer(torch.arange(length, device=device, dtype=torch.float32), speed)
    return angles.cos(), angles.sin()


def rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x (B, heads, T, head), the pairs (0, 1), (2, 3), … of each head turned.

    Hugging Face's Llama turns the pairs (0, head/2), (1, head/2 + 1), …; llama.cpp's converter therefore reorders the
    rows of q and k so that those become neighbours (`permute` in its `LlamaModel`), as they were in Meta's own files.
    A GGUF's rows are thus right for this way, and for this way only.
    """
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)


def load(file: Path) -> Llama:
    """The network of a GGUF file, in 32 bits: the numbers that its blocks stand for. Raises `ConfigError` if it is of
    another architecture."""
    reader = Reader(file)
    weights = {t.name: torch.from_numpy(_plain(t)) for t in reader.tensors}
    stretch = weights.pop("rope_freqs.weight", torch.empty(0))
    with torch.device("meta"):  # random numbers that nobody needs take seconds
        net = Llama(_dims(file, reader, tuple(stretch.tolist())))
    wrong = set(weights) ^ set(net.state_dict())
    if wrong:
        some = ", ".join(itertools.islice(sorted(wrong), 3))
        raise ConfigError(f"{file.name}: it calls itself a llama and has other parts than one ({some})")
    net.load_state_dict(weights, assign=True)
    return net.eval()


def _plain(tensor: Any) -> np.ndarray:
    """Its numbers; a copy, for the file is only mapped into memory."""
    return np.array(dequantize(tensor.data, tensor.tensor_type), np.float32)


def _dims(file: Path, reader: Reader, stretch: tuple[float, ...]) -> Dims:
    def told(key: str, default: Any = None) -> Any:
        field = reader.fields.get(key)
        return default if field is None else field.contents()

    if (architecture := told("general.architecture")) != "llama":
        raise ConfigError(f"{file.name} is a {architecture}; in torch there is only llama")
    if told("llama.rope.scaling.type", "none") != "none":
        raise ConfigError(f"{file.name}: positions scaled by {told('llama.rope.scaling.type')} are not known in torch")
    sizes = {tensor.name: tensor.shape for tensor in reader.tensors}
    width, heads = told("llama.embedding_length"), told("llama.attention.head_count")
    head = told("llama.attention.key_length", width // heads)
    if told("llama.rope.dimension_count", head) != head:
        raise ConfigError(f"{file.name}: heads that turn in part are not known in torch")
    return Dims(
        vocabulary=int(sizes["token_embd.weight"][1]),
        width=width,
        inner=told("llama.feed_forward_length"),
        layers=told("llama.block_count"),
        heads=heads,
        kv_heads=told("llama.attention.head_count_kv", heads),
        head=head,
        base=told("llama.rope.freq_base", 10_000.0),
        epsilon=told("llama.attention.layer_norm_rms_epsilon"),
        tied="output.weight" not in sizes,
        stretch=stretch,
    )
