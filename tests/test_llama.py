"""llama.cpp's C interface: tokens, embeddings in their place, what is read and forgotten, and what it refuses."""

import ctypes
from pathlib import Path

import numpy as np
import pytest
import tiny_llama
from gguf import GGUFReader, dequantize  # noqa: TID253

from digiclone import llama
from digiclone.llama import EngineError, Llama, embeddings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tiny_llama.make(tmp_path / "tiny.gguf")


@pytest.fixture
def model(file: Path) -> Llama:
    return Llama(file, 1024, threads=2)


@pytest.mark.parametrize("text", ["", "this and that", "Grüße, \U0001f600!", "th" * 700])
def test_tokens_are_the_text(model: Llama, text: str) -> None:
    assert model.text(model.tokens(text)) == text.encode()


def test_marks_in_what_people_say_are_words(model: Llama) -> None:
    (mark,) = model.tokens("<|end|>")
    words = model.tokens("<|end|>", marks=False)
    assert mark not in words
    assert model.text(words) == b"<|end|>"


def test_embeddings_say_what_their_tokens_say(model: Llama, file: Path) -> None:
    (table,) = (t for t in GGUFReader(file).tensors if t.name == "token_embd.weight")
    rows = dequantize(table.data, table.tensor_type)
    assert rows.shape == (model.size, model.width)
    tokens = model.tokens("this and that and the other")
    model.read(tokens)
    spoken = model.logits()
    model.forget(0)
    model.read(tokens[:5])
    model.read(rows[tokens[5:12]])
    model.read(tokens[12:])
    assert model.past == len(tokens)
    assert np.array_equal(model.logits(), spoken)
    model.forget(5)
    model.read(np.zeros((len(tokens) - 5, model.width), np.float32))
    assert not np.allclose(model.logits(), spoken)


@pytest.mark.parametrize("family", ["llama", "qwen2", "phi3", "stablelm", "gemma", "gemma2", "gemma3"])
def test_embeddings_are_as_every_family_takes_them(family: str, tmp_path: Path) -> None:
    """The Gemmas multiply those of their tokens, and all but the first two leave it to whoever gives embeddings."""
    tied = family.startswith("gemma")
    file = tiny_llama.make(tmp_path / "tiny.gguf", architecture=family, tied=tied)
    model = Llama(file, 64, threads=1)
    tokens = model.tokens("this and that")
    model.read(tokens)
    spoken = model.logits()
    model.forget(0)
    model.read(embeddings(file, tokens))
    assert np.allclose(model.logits(), spoken, atol=1e-3)
    assert np.std(spoken) > 0.1
    if tied:
        model.forget(0)
        model.read(embeddings(file, tokens) / 8)
        assert not np.allclose(model.logits(), spoken, atol=1e-1)


def test_what_is_forgotten_leaves_no_trace(model: Llama) -> None:
    model.read(model.tokens("the beginning"))
    past = model.past
    model.read(model.tokens(" and one end"))
    one = model.logits()
    model.forget(past)
    model.read(model.tokens(" and another, much longer one"))
    model.forget(past)
    model.read(model.tokens(" and one end"))
    assert np.allclose(model.logits(), one, atol=1e-3)


def test_long_prompts_are_read_in_pieces_and_too_long_ones_not_at_all(model: Llama) -> None:
    model.read(model.tokens("no" * 500))
    assert model.past > llama.BATCH
    with pytest.raises(EngineError, match="do not fit into a context of 1024"):
        model.read(model.tokens("no" * 500))
    assert model.past == 1000, "nothing of it was read"


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    for data in (b"", b"GGUF", b"something else"):
        other.write_bytes(data)
        with pytest.raises(EngineError, match="cannot load"):
            Llama(other, 64, threads=1)
    with pytest.raises(EngineError, match="cannot load"):
        Llama(tmp_path / "nothing.gguf", 64, threads=1)


def test_a_library_with_other_structs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama, "_CONTEXT", (512, 2048, 512, 2))
    llama.library.cache_clear()
    try:
        with pytest.raises(EngineError, match="install the pinned one"):
            llama.library()
    finally:
        llama.library.cache_clear()


def test_memory_comes_back(file: Path) -> None:
    import psutil

    def used() -> int:
        return psutil.Process().memory_info().rss

    Llama(file, 2048, threads=1)
    before = used()
    for _ in range(20):
        Llama(file, 2048, threads=1).read([1, 2, 3])
    ctypes.CDLL(None).malloc_trim(0)
    assert used() - before < 40e6
