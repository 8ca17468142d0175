"""Training with few bits: it comes nearer to its teacher, survives a kill, and the engine computes what it learnt."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tiny_llama  # noqa: E402
from gguf import GGMLQuantizationType, dequantize  # noqa: E402, TID253
from killing import killed_behind  # noqa: E402

from digiclone import llama as engine  # noqa: E402
from digiclone.nn import llama, quantised  # noqa: E402
from digiclone.train import qat, scratch  # noqa: E402
from digiclone.train.guides import Guides  # noqa: E402

DEPLOYED = quantised.Recipe(weights="q4_0", flows="q8_0", parts=frozenset({"inputs"}))
RECIPE = qat.Recipe(DEPLOYED, Guides(1.0, 1.0, 0.0, 0.0), steps=40, together=4, rate=1e-3, step_rate=5e-2, warm=4)
WINDOWS = np.random.default_rng(0).integers(0, 250, (24, 17))


def silent(_how: str, _share: float) -> None:
    pass


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tiny_llama.make(tmp_path / "tiny.gguf", "Q8_0")  # as the token table stays, which is the output layer, too


def trained(recipe: qat.Recipe, file: Path, folder: Path) -> Any:
    return qat.fit(recipe, llama.load(file), WINDOWS[:20], WINDOWS[20:], None, folder, silent)


@pytest.mark.parametrize("guides", [Guides(1.0, 1.0, 0.0, 0.0), Guides(1.0, 2.0, 0.02, 1.0)])
def test_it_comes_nearer_to_its_teacher(guides: Guides, file: Path, tmp_path: Path) -> None:
    free = llama.load(file)
    begun = trained(replace(RECIPE, guides=guides, steps=1, rate=0.0, step_rate=0.0), file, tmp_path / "a")
    learnt = trained(replace(RECIPE, guides=guides), file, tmp_path / "b")
    before, after = (qat.divergence(one.model, free, WINDOWS[:20]) for one in (begun, learnt))
    assert after < 0.7 * before
    assert torch.equal(learnt.model.token_embd.weight, free.token_embd.weight)


def test_killed_and_resumed_it_ends_where_it_would_have(file: Path, tmp_path: Path) -> None:
    whole = trained(RECIPE, file, tmp_path / "whole")
    again = killed_behind((10, 25), lambda: trained(RECIPE, file, tmp_path / "half"))
    for one, other in zip(whole.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_loss_that_is_no_number_stops_it(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qat.guides, "divergence", lambda *_: torch.tensor(float("nan")))
    with pytest.raises(ValueError, match="the loss of step 0 is no number"):
        trained(RECIPE, file, tmp_path)


def test_scales_begin_where_the_search_leaves_them(file: Path) -> None:
    model: Any = llama.load(file)
    plain = {name: weight.clone() for name, weight in model.state_dict().items()}
    made = quantised.prepare(model, DEPLOYED)
    driven = {
        name: np.linspace(0.1, 3, weight.shape[1]).astype(np.float32)
        for name, weight in plain.items()
        if weight.dim() == 2
    }
    qat.begin(made, driven)
    module = model.blk[0].attn_q
    blocks = qat.rounded(plain["blk.0.attn_q.weight"].numpy(), "Q4_0", driven["blk.0.attn_q.weight"])
    theirs = dequantize(blocks, GGMLQuantizationType.Q4_0)
    ours = module.grid(module.weight).detach().numpy()
    assert np.mean(ours == theirs) > 0.9, "codes are the nearest ones"
    lost = [
        float(((one - plain["blk.0.attn_q.weight"].numpy()) ** 2 * driven["blk.0.attn_q.weight"]).sum())
        for one in (ours, theirs)
    ]
    assert lost[0] <= 1.02 * lost[1]


@pytest.mark.parametrize("weights", ["q4_0", "q8_0"])
def test_the_engine_computes_what_was_trained(weights: quantised.Kind, file: Path, tmp_path: Path) -> None:
    made = trained(replace(RECIPE, grids=replace(DEPLOYED, weights=weights), steps=10), file, tmp_path)
    out = tmp_path / "out.gguf"
    qat.write(made, file, out, silent)
    again = llama.load(out)
    for name, module in made.model.named_modules():
        if isinstance(module, quantised.Linear):
            assert torch.equal(again.get_parameter(f"{name}.weight"), module.grid(module.weight).detach())
    tokens = WINDOWS[22].tolist()
    run = engine.Llama(out, 64, threads=1)
    run.read(tokens)
    with torch.no_grad():
        simulated = made.model(torch.tensor([tokens]))[0, -1].numpy()
        unsimulated = again(torch.tensor([tokens]))[0, -1].numpy()
    off, without = (float(np.std(run.logits() - one)) for one in (simulated, unsimulated))
    assert off < 0.04 * float(simulated.std()), "the engine also rounds what enters the output layer, and its cache"
    assert off < 0.9 * without


@pytest.mark.parametrize("cache", ["q8_0", "q4_0"])
@pytest.mark.parametrize("head", [32, 64, 192])
def test_the_engine_keeps_keys_and_values_as_it_is_simulated(
    head: int, cache: Literal["q8_0", "q4_0"], file: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    net: Any = llama.Llama(llama.Dims(400, width=2 * head, inner=96, layers=2, heads=2, kv_heads=1, head=head))
    for weight in (one for one in net.parameters() if one.ndim > 1):
        torch.nn.init.normal_(weight, std=2 / weight.shape[1] ** 0.5)
    with torch.no_grad():  # as in a trained model, some numbers are much larger than the others
        for block in net.blk:
            block.attn_k.weight[3] *= 4
            block.attn_v.weight[5] *= 4
    out = tmp_path / "out.gguf"
    scratch.write(net, file, out)
    tokens, run = WINDOWS[0].tolist(), engine.Llama(out, 64, threads=1, cache=cache)
    for token in tokens:  # of several at once, it does not round the queries
        run.read([token])

    def off(kept: Literal["none", "q8_0", "q4_0"]) -> float:
        model = llama.load(out)
        quantised.prepare(model, quantised.Recipe(weights="none", flows="none", cache=kept))
        with torch.no_grad():
            return float(np.std(run.logits() - model(torch.tensor([tokens]))[0, -1].numpy()))

    assert off(cache) < (0.75 if cache == "q8_0" else 0.5) * off("none")


def test_what_no_file_can_hold_is_refused(file: Path, tmp_path: Path) -> None:
    made = quantised.prepare(llama.load(file), quantised.Recipe())
    with pytest.raises(ValueError, match="has no format for lsq weights"):
        qat.write(made, file, tmp_path / "out.gguf", silent)
