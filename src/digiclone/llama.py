"""llama.cpp's C interface, in the library that the engine's wheel brings: for what its server cannot do.

A text becomes tokens, embeddings stand where tokens would, all probabilities of the next token can be seen. Structs of
parameters come from the library and are changed only where their layout was checked: a wheel that has another is
refused, not believed.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import weakref
from collections.abc import Iterator, Sequence
from ctypes import POINTER, c_bool, c_char_p, c_float, c_int8, c_int32, c_int64, c_size_t, c_uint8, c_uint32, c_void_p
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal

import numpy as np

from digiclone import chat
from digiclone.text.orders import unmarked
from digiclone.types import Message

BATCH = 512
"""Tokens that are evaluated together, at most."""
_CONTEXT = (512, 2048, 512, 1)
"""How the default parameters of a context begin: its length, two sizes of batches, sequences."""
Cache = Literal["f16", "q8_0", "q4_0"]
"""How keys and values of what was read are kept."""
_CACHES: dict[Cache, int] = {"f16": 1, "q8_0": 8, "q4_0": 2}
_KEPT = slice(26, 28)
"""Where these parameters say so, of keys and of values."""


class EngineError(Exception):
    """llama.cpp refused something."""


class _Parameters(ctypes.Structure):
    """Any struct that is passed by value; larger than all of them."""

    _fields_ = (("bytes", c_uint8 * 1024),)


class _Batch(ctypes.Structure):
    """llama_batch."""

    _fields_ = (
        ("n_tokens", c_int32),
        ("token", POINTER(c_int32)),
        ("embd", POINTER(c_float)),
        ("pos", POINTER(c_int32)),
        ("n_seq_id", POINTER(c_int32)),
        ("seq_id", POINTER(POINTER(c_int32))),
        ("logits", POINTER(c_int8)),
    )


class _Chain(ctypes.Structure):
    """llama_sampler_chain_params."""

    _fields_ = (("no_perf", c_bool),)


_LOG = ctypes.CFUNCTYPE(None, ctypes.c_int, c_char_p, c_void_p)
_SILENT = _LOG(lambda _level, _text, _data: None)
_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "ggml_quantize_chunk": (c_size_t, ctypes.c_int, c_void_p, c_void_p, c_int64, c_int64, c_int64, c_void_p),
    "llama_backend_init": (None,),
    "llama_log_set": (None, _LOG, c_void_p),
    "llama_model_default_params": (_Parameters,),
    "llama_context_default_params": (_Parameters,),
    "llama_model_load_from_file": (c_void_p, c_char_p, _Parameters),
    "llama_model_free": (None, c_void_p),
    "llama_model_get_vocab": (c_void_p, c_void_p),
    "llama_model_n_embd": (c_int32, c_void_p),
    "llama_model_chat_template": (c_char_p, c_void_p, c_char_p),
    "llama_init_from_model": (c_void_p, c_void_p, _Parameters),
    "llama_free": (None, c_void_p),
    "llama_n_ctx": (c_uint32, c_void_p),
    "llama_set_n_threads": (None, c_void_p, c_int32, c_int32),
    "llama_vocab_n_tokens": (c_int32, c_void_p),
    "llama_vocab_bos": (c_int32, c_void_p),
    "llama_vocab_eos": (c_int32, c_void_p),
    "llama_vocab_get_text": (c_char_p, c_void_p, c_int32),
    "llama_vocab_is_eog": (c_bool, c_void_p, c_int32),
    "llama_tokenize": (c_int32, c_void_p, c_char_p, c_int32, POINTER(c_int32), c_int32, c_bool, c_bool),
    "llama_detokenize": (c_int32, c_void_p, POINTER(c_int32), c_int32, c_char_p, c_int32, c_bool, c_bool),
    "llama_batch_init": (_Batch, c_int32, c_int32, c_int32),
    "llama_batch_free": (None, _Batch),
    "llama_decode": (c_int32, c_void_p, _Batch),
    "llama_get_logits_ith": (POINTER(c_float), c_void_p, c_int32),
    "llama_get_memory": (c_void_p, c_void_p),
    "llama_memory_seq_rm": (c_bool, c_void_p, c_int32, c_int32, c_int32),
    "llama_sampler_chain_default_params": (_Chain,),
    "llama_sampler_chain_init": (c_void_p, _Chain),
    "llama_sampler_chain_add": (None, c_void_p, c_void_p),
    "llama_sampler_init_penalties": (c_void_p, c_int32, c_float, c_float, c_float),
    "llama_sampler_init_top_p": (c_void_p, c_float, c_size_t),
    "llama_sampler_init_temp": (c_void_p, c_float),
    "llama_sampler_init_dist": (c_void_p, c_uint32),
    "llama_sampler_sample": (c_int32, c_void_p, c_void_p, c_int32),
    "llama_sampler_free": (None, c_void_p),
}


def wheel(module: str = "xllamacpp") -> Any:
    """The engine's wheel, loaded so that waiting threads sleep (`llm/llamacpp.py` says why). It has no type stubs."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    return importlib.import_module(module)


@cache
def library() -> Any:
    """The functions, typed. Raises `EngineError` for a library whose structs are not those that are known here."""
    return typed(ctypes.CDLL(wheel("xllamacpp.xllamacpp").__file__))


def typed(found: Any) -> Any:
    """The same of any build of llama.cpp: `found` has its functions by their names."""
    for name, (result, *arguments) in _FUNCTIONS.items():
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    found.llama_log_set(_SILENT, None)
    found.llama_backend_init()
    told = _numbers(found.llama_context_default_params())
    if tuple(told[: len(_CONTEXT)]) != _CONTEXT or set(told[_KEPT]) != {_CACHES["f16"]}:
        raise EngineError(f"this version of xllamacpp has other parameters ({told.tolist()}); install the pinned one")
    return found


def embeddings(file: Path, tokens: Sequence[int] | None = None) -> np.ndarray:
    """The embeddings (N, width) that a GGUF file has for tokens, all of them if none are named, as `Llama.read` takes
    them. Raises `IndexError` for tokens that it does not have."""
    from gguf import dequantize

    from digiclone.gguffile import Reader

    reader = Reader(file)
    (table,) = (tensor for tensor in reader.tensors if tensor.name == "token_embd.weight")
    rows = table.data if tokens is None else table.data[list(tokens)]
    found = dequantize(rows, table.tensor_type).astype(np.float32)
    scaled = str(reader.fields["general.architecture"].contents()).startswith("gemma3")
    # every Gemma multiplies by the root of the width; of the third on, llama.cpp does so for tokens only
    return found * np.sqrt(found.shape[1], dtype=np.float32) if scaled else found


def common(read: Sequence[int], given: Sequence[int]) -> int:
    """How many tokens both begin with: so much of what was read need not be read again."""
    pairs = zip(read, given, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


class Llama:
    """A GGUF file, loaded, and a context: what it has read so far. Raises `EngineError` for a file that is none."""

    def __init__(
        self, file: Path, context: int, threads: int, writers: int | None = None, cache: Cache = "f16"
    ) -> None:
        self._library = engine = library()
        model = engine.llama_model_load_from_file(str(file).encode(), engine.llama_model_default_params())
        if not model:
            raise EngineError(f"llama.cpp cannot load {file}")
        parameters = engine.llama_context_default_params()
        _numbers(parameters)[:3] = context, BATCH, BATCH
        _numbers(parameters)[_KEPT] = _CACHES[cache]
        self._context = engine.llama_init_from_model(model, parameters)
        if not self._context:
            engine.llama_model_free(model)
            raise EngineError(f"llama.cpp cannot make a context of {context} tokens, kept in {cache}")
        weakref.finalize(self, _free, engine, self._context, model)
        engine.llama_set_n_threads(self._context, writers or threads, threads)
        self._vocabulary = engine.llama_model_get_vocab(model)
        self.context = int(engine.llama_n_ctx(self._context))
        self.width = int(engine.llama_model_n_embd(model))
        self.size = int(engine.llama_vocab_n_tokens(self._vocabulary))
        self.template = (engine.llama_model_chat_template(model, None) or b"").decode()
        self.past = 0
        """Tokens in the context."""

    def tokens(self, text: str, begin: bool = False, marks: bool = True) -> list[int]:
        """A text as tokens; `begin` adds what the model wants before any text. `marks`: what looks like a special token
        ("<|im_end|>") is one."""
        data = text.encode()
        room = (c_int32 * (len(data) + 2))()
        count = self._library.llama_tokenize(self._vocabulary, data, len(data), room, len(room), begin, marks)
        return room[:count]

    def text(self, tokens: Sequence[int]) -> bytes:
        """Tokens as text, special ones left out. A character may be cut in two at either end."""
        given, room = (c_int32 * len(tokens))(*tokens), ctypes.create_string_buffer(64 * len(tokens) + 64)
        count = self._library.llama_detokenize(self._vocabulary, given, len(tokens), room, len(room), False, False)
        return room.raw[: max(0, count)]

    @property
    def end(self) -> int:
        """A token that ends a reply."""
        return next(token for token in range(self.size) if self.ends(token))

    def ends(self, token: int) -> bool:
        """Whether a token ends a reply."""
        return bool(self._library.llama_vocab_is_eog(self._vocabulary, token))

    def read(self, given: Sequence[int] | np.ndarray) -> None:
        """Take more into the context: tokens, or embeddings (N, width) in their place."""
        if self.past + len(given) > self.context:
            raise EngineError(f"{self.past + len(given)} tokens do not fit into a context of {self.context}")
        for first in range(0, len(given), BATCH):
            self._decode(given[first : first + BATCH])

    def forget(self, past: int) -> None:
        """Keep only the first tokens of the context."""
        memory = self._library.llama_get_memory(self._context)
        if not self._library.llama_memory_seq_rm(memory, 0, past, -1):
            raise EngineError("this model cannot forget a part of what it read")
        self.past = min(self.past, past)

    def logits(self) -> np.ndarray:
        """(size,) float32: the unnormalised log-probabilities of the next token."""
        return np.ctypeslib.as_array(self._library.llama_get_logits_ith(self._context, -1), (self.size,)).copy()

    def chat(self, messages: Sequence[Message]) -> str:
        """The prompt of a conversation, in the form that this model was taught, up to where its reply begins. What
        stands in a message are words, even if they look like marks."""
        words = [Message(one.role, unmarked(one.text)) for one in messages]
        begin = "" if self.tokens("", begin=True) else self._word("bos")  # else it would stand there twice
        try:
            return chat.prompt(self.template, words, begin, self._word("eos"))
        except chat.TemplateError as error:
            raise EngineError(f"this model's chat template cannot be used: {error}") from None

    def write(self, temperature: float, top_p: float, repeat_penalty: float, seed: int) -> Iterator[int]:
        """The tokens that follow what was read, up to the end of the reply; each is read when the next is asked for."""
        engine = self._library
        sampler = engine.llama_sampler_chain_init(engine.llama_sampler_chain_default_params())
        try:
            for part in (
                engine.llama_sampler_init_penalties(64, repeat_penalty, 0.0, 0.0),
                engine.llama_sampler_init_top_p(top_p, 1),
                engine.llama_sampler_init_temp(temperature),
                engine.llama_sampler_init_dist(seed % 2**32),
            ):
                engine.llama_sampler_chain_add(sampler, part)
            while self.past < self.context:
                token = int(engine.llama_sampler_sample(sampler, self._context, -1))
                if self.ends(token):
                    return
                yield token
                self.read([token])
        finally:
            engine.llama_sampler_free(sampler)

    def _word(self, which: Literal["bos", "eos"]) -> str:
        """The token that begins or ends a text, as it is written; empty if there is none."""
        token = getattr(self._library, f"llama_vocab_{which}")(self._vocabulary)
        return self._library.llama_vocab_get_text(self._vocabulary, token).decode() if token >= 0 else ""

    def _decode(self, given: Sequence[int] | np.ndarray) -> None:
        count, embedded = len(given), isinstance(given, np.ndarray)
        numbers = np.ascontiguousarray(given, np.float32 if embedded else np.int32)
        batch = self._library.llama_batch_init(count, self.width if embedded else 0, 1)
        try:
            batch.n_tokens = count
            ctypes.memmove(batch.embd if embedded else batch.token, numbers.ctypes.data, numbers.nbytes)
            for place in range(count):
                batch.pos[place], batch.n_seq_id[place], batch.seq_id[place][0] = self.past + place, 1, 0
                batch.logits[place] = place == count - 1
            if status := self._library.llama_decode(self._context, batch):
                raise EngineError(f"llama.cpp stopped reading (status {status})")
        finally:
            self._library.llama_batch_free(batch)
        self.past += count


def _free(engine: Any, context: int, model: int) -> None:
    engine.llama_free(context)
    engine.llama_model_free(model)


def _numbers(parameters: _Parameters) -> np.ndarray:
    """The same memory as 32-bit numbers."""
    return np.frombuffer(memoryview(parameters), np.int32)
