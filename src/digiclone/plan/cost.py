"""What a model is predicted to cost on a device: seconds and bytes. Pure.

The printed estimate (`printed.py`) reads all weights once a token, at the peak of the memory. Ours adds what it leaves
out: what the engine reaches of that peak, the arithmetic of unpacking few bits, a constant for every layer, the KV
cache, threads that do not add up, buffers. The numbers of a machine are its `Rates`, found by `digiclone bench`.
"""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from digiclone.config import Strict
from digiclone.llm.llamacpp import writers

Positive = Annotated[float, Field(ge=0)]


class Shape(Strict):
    """The architecture of a language model of the Llama kind."""

    layers: int
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool = True
    """The output layer is the token table."""
    gated: bool = True
    """Three matrices in the feed-forward part, not two."""

    @property
    def layer_weights(self) -> int:
        """Weights of one layer's matrices."""
        attention = self.hidden * self.head_dim * (2 * self.heads + 2 * self.kv_heads)
        return attention + (3 if self.gated else 2) * self.hidden * self.inner

    @property
    def multiplied(self) -> int:
        """Weights that are multiplied to write a token: the layers' and the output's."""
        return self.layers * self.layer_weights + self.hidden * self.vocabulary

    def attention(self, past: float) -> float:
        """Operations of a token that looks at so many others: two a number of keys and values, for every head."""
        return 2 * 2 * self.layers * self.heads * self.head_dim * past

    @property
    def cache_bytes(self) -> int:
        """Of the KV cache for each token, in 16 bits."""
        return 2 * 2 * self.layers * self.kv_heads * self.head_dim


class Line(Strict):
    """Seconds of computing: a constant, and so many more for every second of sound."""

    constant: Positive
    per_second: Positive
    window: Positive = 0.0
    """Seconds of sound that are always computed together, whatever their number; 0 takes any length."""

    def seconds(self, sound: float) -> float:
        """For so many seconds of sound."""
        windows = math.ceil(sound / self.window) if self.window else 1
        return windows * self.constant + self.per_second * sound


class Rates(Strict):
    """What an engine makes of a machine."""

    reach: Annotated[float, Field(gt=0, le=1.5)] = 0.75
    """Of the bandwidth, when weights are read."""
    layer_s: Positive = 0.0
    """For every layer and step, however small it is."""
    sync_s: Positive = 0.0
    """The same once more where several threads wait for each other."""
    step_s: Positive = 0.0
    """For every token that is written."""
    writing: dict[str, Positive]
    """By format, operations a weight that is multiplied to write a token: unpacking counts."""
    reading: dict[str, Positive]
    """The same for every token of a prompt, where many share the unpacking."""
    looking: Positive = 1.0
    """How many times what it should take it takes to look at what was written before, while a token is written."""
    scaling: Annotated[float, Field(ge=0, le=1)] = 0.9
    """n threads are worth n to this power."""
    engine_bytes: Positive = 0.0
    """Of a process with the engine and nothing loaded."""
    buffer_bytes: Positive = 0.0
    """Of the engine's buffers, for each number of the widest vector (inner width or vocabulary) in a batch."""
    copied: dict[str, Positive] = Field(default_factory=dict)
    """By format, bytes a layer's weight that the engine takes once more: it lays some formats out anew, for speed."""

    def layers_s(self, layers: int, threads: int) -> float:
        """What so many layers take, however small they are."""
        return layers * (self.layer_s + (self.sync_s if threads > 1 else 0.0))

    def operations(self, reading: bool, form: str) -> float:
        """A weight; a format that was never measured counts like the slowest that was."""
        table = self.reading if reading else self.writing
        return table.get(form, max(table.values()))

    def again(self, form: str) -> float:
        """Bytes of a layer's weight that are there twice; llama.cpp treats 4-bit formats alike."""
        return self.copied.get(ALIKE.get(form, form), 0.0)


ALIKE = {"Q4_K_M": "Q4_0", "Q2_K": "Q4_0"}
"""Formats that are laid out anew like another, where they were not measured (llama.cpp, ggml/src/ggml-cpu/repack)."""


def worth(threads: float, scaling: float) -> float:
    """Of so many threads, in units of one."""
    return threads**scaling


def write_s(
    shape: Shape, form: str, weights: float, past: float, threads: int, flops: float, bandwidth: float, rates: Rates
) -> float:
    """Seconds to write one token after `past` others. `weights` in bytes, `flops` of one thread and `bandwidth` (bytes)
    of all, a second. Half of the threads write, as in llm:llamacpp."""
    read = (weights + past * shape.cache_bytes) / (rates.reach * bandwidth)
    operations = shape.multiplied * rates.operations(False, form) + rates.looking * shape.attention(past)
    computed = operations / (flops * worth(writers(threads), rates.scaling))
    return rates.step_s + rates.layers_s(shape.layers, writers(threads)) + read + computed


def read_s(shape: Shape, form: str, prompt: float, threads: int, flops: float, rates: Rates) -> float:
    """Seconds to read a prompt of so many tokens. The attention among them counts two operations a number."""
    layers = shape.layers * shape.layer_weights * rates.operations(True, form) * prompt
    attention = prompt * shape.attention(prompt / 2)
    computed = (layers + attention) / (flops * worth(threads, rates.scaling))
    return rates.step_s + rates.layers_s(shape.layers, threads) + computed


def llm_bytes(shape: Shape, form: str, weights: float, context: int, batch: int, rates: Rates) -> float:
    """Memory of a loaded model with a full context. `weights` in bytes."""
    buffers = rates.buffer_bytes * batch * max(shape.inner, shape.vocabulary)
    copies = rates.again(form) * shape.layers * shape.layer_weights
    return weights + copies + context * shape.cache_bytes + buffers + rates.engine_bytes
