"""EmbedLink: its loss beside the printed equation, its choices, and a training that survives a kill."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")

from killing import killed_behind  # noqa: E402
from torch.nn import functional  # noqa: E402, TID253

from digiclone.nn.bridgeformer import Dims  # noqa: E402
from digiclone.train import bridge, course  # noqa: E402
from digiclone.train.bridge import Pair, Recipe  # noqa: E402

DIMS = Dims(audio=6, words=10, hidden=16, heads=2, layers=1, tokens=5, inner=32, dropout=0.1)
RECIPE = Recipe(DIMS, pad=0, epochs=30, together=3)
TABLE = torch.randn(40, 10, generator=torch.Generator().manual_seed(1)) * 0.02


def pairs(count: int, seed: int = 0, frames: int = 4) -> list[Pair]:
    chance = np.random.default_rng(seed)
    return [
        Pair(
            f"{seed}-{n}",
            chance.normal(size=(int(chance.integers(frames, frames + 16)), 6)).astype(np.float16),
            chance.integers(1, 40, int(chance.integers(1, 8))),
        )
        for n in range(count)
    ]


def silent(what: str, share: float) -> None:
    pass


def test_the_loss_is_equation_7() -> None:
    some = bridge.batch(RECIPE, pairs(4))
    found = torch.randn(4, 5, 10)
    wanted = TABLE[some.tokens]
    recipe = replace(RECIPE, alpha=2.0, beta=0.5)
    by_hand = [
        2.0 * float(((found[b, t] - wanted[b, t]) ** 2).mean())
        + 0.5 * (1 - float(found[b, t] @ wanted[b, t] / found[b, t].norm() / wanted[b, t].norm()))
        for b in range(4)
        for t in range(5)
    ]
    assert float(bridge.loss(recipe, TABLE, some, found, torch.zeros(4, 6))) == pytest.approx(
        np.mean(by_hand), rel=1e-4
    )


def test_without_an_alpha_both_terms_count_alike_for_noise() -> None:
    """Of embeddings as large as the table's and of any direction: 2 from MSE, 1 from the angle."""
    some = bridge.batch(RECIPE, pairs(60))
    found = torch.randn(60, 5, 10) * TABLE.std()
    assert float(bridge.loss(RECIPE, TABLE, some, found, torch.zeros(60, 6))) == pytest.approx(3.0, abs=0.3)


def test_masked_pads_teach_nothing_but_their_number() -> None:
    recipe = replace(RECIPE, pads="masked")
    some = bridge.batch(recipe, pairs(4))
    lengths = torch.randn(4, 6)
    found = TABLE[some.tokens].clone()
    for row, words in enumerate(some.words.tolist()):
        found[row, words:] = 99.0
    wanted = functional.cross_entropy(lengths, some.words)
    assert torch.allclose(bridge.loss(recipe, TABLE, some, found, lengths), wanted, atol=1e-5)
    assert bridge.loss(RECIPE, TABLE, some, found, lengths) > 1


def test_long_texts_are_cut_and_short_ones_padded() -> None:
    one, two = (
        Pair("a", np.ones((3, 6), np.float16), np.arange(1, 9)),
        Pair("b", np.ones((9, 6), np.float16), np.array([7])),
    )
    some = bridge.batch(RECIPE, [one, two])
    assert some.tokens.tolist() == [[1, 2, 3, 4, 5], [7, 0, 0, 0, 0]]
    assert some.words.tolist() == [5, 1]
    assert some.frames.tolist() == [3, 9]
    assert not some.features[0, 3:].any()


@pytest.mark.parametrize("pads", ["counted", "masked"])
def test_it_learns_sentences_by_heart_and_reads_them_back(tmp_path: Path, pads: str) -> None:
    """What the paper's form is good at."""
    known = pairs(6, frames=15)
    dims = replace(DIMS, dropout=0.0, hidden=64, inner=128)
    recipe = replace(RECIPE, pads=pads, epochs=250, dims=dims, rate=3e-3)
    net, losses = bridge.fit(recipe, known, [], TABLE, tmp_path, silent)
    assert len(losses) == 250
    assert losses[-1] < 0.2 * losses[0]
    right = list[bool]()
    for pair in known:
        found, words = bridge.spoken(recipe, net, pair)
        read = bridge.until(bridge.nearest(found, TABLE)[:words].tolist(), recipe.pad)
        assert len(read) == min(5, len(pair.tokens))
        right += [one == other for one, other in zip(read, pair.tokens, strict=False)]
    assert np.mean(right) > 0.9


def test_a_kill_changes_nothing(tmp_path: Path) -> None:
    known, kept = pairs(7), pairs(2, 1)
    whole, losses = bridge.fit(RECIPE, known, kept, TABLE, tmp_path / "whole", silent)
    again, same = killed_behind((40,), lambda: bridge.fit(RECIPE, known, kept, TABLE, tmp_path / "killed", silent))
    assert same == losses
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name])


def test_a_loss_that_is_no_number_stops_it_and_keeps_the_last_good_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course, "MINUTE", 0.0)
    known = pairs(6)
    usual = bridge.loss
    steps = list[int]()

    def breaks(*given: Any) -> Any:
        steps.append(1)
        return usual(*given) * (float("nan") if len(steps) == 5 else 1.0)

    monkeypatch.setattr(bridge, "loss", breaks)
    with pytest.raises(ValueError, match="the loss of step 4 is no number"):
        bridge.fit(RECIPE, known, [], TABLE, tmp_path, silent)
    (kept,) = tmp_path.glob("*/bridge.pt")
    assert torch.load(kept)["done"] == 4


def test_both_definitions_of_convergence() -> None:
    falling = [1 / n for n in range(1, 101)]
    assert bridge.converged(falling) == (21, None)
    flat = [0.5] * 40
    assert bridge.converged(flat) == (None, 20)
    assert bridge.converged([*np.linspace(1, 0.2, 50), *([0.2] * 40)])[1] == pytest.approx(70, abs=10)
    assert bridge.converged([0.4] * 5) == (None, None)
