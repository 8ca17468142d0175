"""The Llama in torch: its shapes, that ids and embeddings are one, and that llama.cpp thinks the same."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_llama

torch = pytest.importorskip("torch", reason="looking into a model needs the extra: pip install 'digiclone[train]'")

from digiclone import weights  # noqa: E402
from digiclone.config import ConfigError  # noqa: E402
from digiclone.llm import llamacpp  # noqa: E402
from digiclone.nn.llama import Llama, load  # noqa: E402
from digiclone.requantise import requantise  # noqa: E402
from digiclone.train.activations import mean_squares, shipped  # noqa: E402
from digiclone.train.perplexity import perplexity  # noqa: E402
from digiclone.train.tokens import WINDOW, windows  # noqa: E402

STRETCH = (1.0, 1.0, 2.0, 2.0, 4.0, 4.0, 8.0, 8.0)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Llama:
    return load(tiny_llama.make(tmp_path_factory.mktemp("llama") / "tiny.gguf"))


def drawn(*shape: int) -> Any:
    return torch.randint(0, len(tiny_llama.vocabulary()), shape, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_ids_become_logits(net: Llama) -> None:
    assert net(drawn(2, 7)).shape == (2, 7, len(tiny_llama.vocabulary()))
    assert net.dims.tied
    assert net.dims.kv_heads == tiny_llama.SHARED


@torch.no_grad()
def test_what_the_token_table_gives_may_stand_for_ids(net: Llama) -> None:
    ids = drawn(2, 7)
    assert torch.equal(net(net.token_embd(ids)), net(ids))


def test_gradients_reach_what_stands_for_ids(net: Llama) -> None:
    heard = net.token_embd(drawn(1, 5)).detach().requires_grad_()
    net(heard)[0, 2].sum().backward()
    assert heard.grad is not None
    assert heard.grad[0, :3].abs().amin() > 0
    assert not heard.grad[0, 3:].any(), "nothing comes from what is said later"


@torch.no_grad()
def test_later_tokens_change_nothing_earlier(net: Llama) -> None:
    ids = drawn(1, 9)
    assert torch.allclose(net(ids)[:, :5], net(ids[:, :5]), atol=1e-5)


@torch.no_grad()
def test_only_the_distance_of_tokens_matters_to_their_attention(net: Llama) -> None:
    """A token that is the same at every place: what it sees is the same everywhere."""
    same = net(torch.full((1, 6), 5))
    assert torch.allclose(same, same[:, :1].expand_as(same), atol=1e-4)


def said_by_engine(file: Path, ids: Sequence[int], most: int) -> dict[int, float]:
    """The log-probabilities of the next token, for the likeliest ones."""
    answers = list[Any]()

    def keep(answer: Any) -> bool:
        answers.append(answer)
        return True

    # what is written next must be a whole letter: of half a letter, no probabilities are given
    asked = {"prompt": list(ids), "n_predict": 1, "n_probs": most, "logit_bias": [[ord("a"), 100]], "stream": False}
    backend: Any = llamacpp.Backend(llamacpp.Options(file=str(file), context=WINDOW))
    backend._server.handle_completions({**asked, "cache_prompt": False}, keep)
    return {t["id"]: t["logprob"] for t in answers[0]["choices"][0]["logprobs"]["content"][0]["top_logprobs"]}


@torch.no_grad()
def differences(file: Path, ids: Sequence[int], most: int) -> np.ndarray:
    """Of the engine's log-probabilities and ours."""
    ours = torch.log_softmax(load(file)(torch.tensor([list(ids)]))[0, -1], -1)
    return np.array([logarithm - float(ours[token]) for token, logarithm in said_by_engine(file, ids, most).items()])


@pytest.mark.parametrize("more", [{}, {"tied": False, "stretch": STRETCH}], ids=["tied", "untied, stretched"])
def test_llama_cpp_says_the_same_of_a_small_one(tmp_path: Path, more: dict[str, Any]) -> None:
    file = tiny_llama.make(tmp_path / "tiny.gguf", **more)
    apart = differences(file, drawn(60).tolist(), len(tiny_llama.vocabulary()))
    assert len(apart) == len(tiny_llama.vocabulary())
    assert np.abs(apart).max() < 0.03, "the engine keeps keys and values in 16 bits"


@pytest.mark.parametrize(
    ("threads", "offload", "asked"),
    [(1, None, (1, 1, -1)), (4, 0.0, (2, 4, 0)), (5, 0.5, (2, 5, 2)), (2, 1.0, (1, 2, 3))],
)
def test_half_of_the_threads_write_and_a_share_of_the_layers_lies_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int, offload: float | None, asked: tuple[int, ...]
) -> None:
    seen = list[Any]()
    monkeypatch.setattr("xllamacpp.Server", seen.append)
    file = tiny_llama.make(tmp_path / "tiny.gguf")
    llamacpp.Backend(llamacpp.Options(file=str(file), threads=threads, offload=offload))
    (one,) = seen
    assert (one.cpuparams.n_threads, one.cpuparams_batch.n_threads, one.n_gpu_layers) == asked


def test_the_engine_cuts_a_text_into_windows(tmp_path: Path) -> None:
    text = "this and th" * 120
    plain = windows(tiny_llama.make(tmp_path / "plain.gguf"), text, 2 * WINDOW)
    assert plain.shape == (2, WINDOW)
    assert plain[0, :6].tolist() == [256, ord("i"), ord("s"), 32, ord("a"), ord("n")], "th is one token"
    marked = windows(tiny_llama.make(tmp_path / "marked.gguf", bos=True), text, 2 * WINDOW + 5)
    assert (marked[:, 0] == 257).all()
    assert (marked[:, 1:] == plain[:, 1:]).all()
    with pytest.raises(ConfigError, match=r"a text of \d+ tokens, of which 5000 are read, is less than 512"):
        windows(tmp_path / "plain.gguf", "short", 5000)


@torch.no_grad()
def test_perplexity_is_that_of_the_second_halves(net: Llama) -> None:
    tokens = drawn(2, 16)
    found = perplexity(net, tokens.numpy())
    chances = torch.softmax(net(tokens), -1)
    right = [chances[b, t, tokens[b, t + 1]].log() for b in range(2) for t in range(8, 15)]
    assert found.tokens == len(right) == 14
    assert found.value == pytest.approx(float(torch.exp(-torch.stack(right).mean())), rel=1e-4)
    assert found.apart == ()
    with_itself = perplexity(net, tokens.numpy(), teacher=net)
    assert with_itself.value == found.value
    assert with_itself.apart == pytest.approx((0.0, 0.0), abs=1e-6)


@torch.no_grad()
def test_activations_are_the_mean_squares_of_what_a_matrix_meets(net: Llama) -> None:
    tokens = drawn(3, 8)
    found = mean_squares(net, tokens.numpy())
    assert len(found) == 7 * tiny_llama.LAYERS
    block: Any = net.blk[0]
    met = block.attn_norm(net.token_embd(tokens))
    for name in ("attn_q", "attn_k", "attn_v"):
        np.testing.assert_allclose(found[f"blk.0.{name}.weight"], (met**2).mean((0, 1)), rtol=1e-4)
    assert found["blk.1.ffn_down.weight"].shape == (tiny_llama.INNER,)
    assert all(values.dtype == np.float32 for values in found.values())


def test_the_shipped_text_is_speech(net: Llama) -> None:
    assert not shipped().startswith("#")
    assert len(shipped().split()) > 50_000


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a qwen2; in torch there is only llama"):
        load(tiny_llama.make(tmp_path / "q.gguf", architecture="qwen2"))


@pytest.mark.model
@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("kind", "most"), [("F16", 0.03), ("Q8_0", 0.25)])
def test_llama_cpp_says_the_same_of_the_real_one(tmp_path: Path, kind: str, most: float) -> None:
    """In Q8_0 the engine rounds what flows between the weights to 8 bits too."""
    shipped_file, file = weights.path(llamacpp.MODELS[0].files[0]), tmp_path / "real.gguf"
    requantise(shipped_file, file, kind)
    (window,) = windows(shipped_file, shipped(), WINDOW)
    for length in (20, 200):
        apart = differences(file, window[:length].tolist(), 20)
        assert len(apart) == 20
        assert np.abs(apart).max() < most
    os.unlink(file)
