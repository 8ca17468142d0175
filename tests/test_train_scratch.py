"""A language model from nothing: it learns, a kill changes nothing, and the engine reads what was written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

import tiny_llama  # noqa: E402
from killing import killed_behind  # noqa: E402

from digiclone.llama import Llama  # noqa: E402
from digiclone.nn.llama import Dims, load  # noqa: E402
from digiclone.train import scratch  # noqa: E402

TINY = scratch.Recipe(
    Dims(258, width=32, inner=64, layers=2, heads=2, kv_heads=2, head=16), steps=60, together=4, window=32, rate=5e-3,
    warm=5, every=20,
)  # fmt: skip
TEXT = "The thin thief thought of thirty thousand thorns. " * 120


def silent(_how: str, _share: float) -> None:
    pass


def test_it_learns_and_the_engine_computes_the_same(tmp_path: Path) -> None:
    source, out = tiny_llama.make(tmp_path / "tiny.gguf"), tmp_path / "made.gguf"
    told: list[str] = []
    net = scratch.train(TINY, source, TEXT, tmp_path / "work", out, lambda how, _: told.append(how))
    assert float(told[-1].split("kept: ")[1].split()[0]) < 2.0, "chance is 5.5"
    engine = Llama(out, 64, threads=1)
    assert engine.size == 258
    tokens = engine.tokens("The thin thief")
    assert tokens == Llama(source, 64, threads=1).tokens("The thin thief")
    engine.read(tokens)
    with torch.no_grad():
        wanted, read = net(torch.tensor([tokens]))[0, -1], load(out)(torch.tensor([tokens]))[0, -1]
    assert np.allclose(engine.logits(), wanted.numpy(), atol=0.05)
    assert torch.allclose(read, wanted, atol=0.05)


def test_a_kill_changes_nothing(tmp_path: Path) -> None:
    recipe = replace(TINY, steps=12)
    windows = np.random.default_rng(0).integers(0, 258, (40, 32))
    whole = scratch.fit(recipe, windows, tmp_path / "whole", silent)
    again = killed_behind((3, 7), lambda: scratch.fit(recipe, windows, tmp_path / "killed", silent))
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name


def test_the_papers_sizes_are_the_papers() -> None:
    with torch.device("meta"):
        net = scratch.Llama(scratch.PAPER.dims)
    # its code counts the output layer, too, which here is the token table
    assert sum(w.numel() for w in net.parameters()) + 16_000 * 512 == pytest.approx(58_343_936, rel=0.01)
