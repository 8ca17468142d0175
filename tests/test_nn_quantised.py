"""Models with exchanged modules: nothing changes where no grid is wanted, everything lies on its grid where one is."""

from dataclasses import replace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402, TID253

from digiclone.nn import quant, quantised  # noqa: E402
from digiclone.nn.importance import important, running  # noqa: E402
from digiclone.nn.llama import Dims, Llama  # noqa: E402
from digiclone.nn.quantised import Recipe, convert, prepare  # noqa: E402

DIMS = Dims(vocabulary=50, width=64, inner=96, layers=3, heads=4, kv_heads=2, head=32)
NOTHING = Recipe(weights="none", flows="none")
TOKENS = torch.randint(0, 50, (2, 12), generator=torch.Generator().manual_seed(0))


def ours() -> Any:
    torch.manual_seed(0)
    return Llama(DIMS).eval()


def hugging_face(kind: str) -> Any:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    if kind == "gpt2":
        config = transformers.GPT2Config(vocab_size=50, n_embd=64, n_layer=2, n_head=2, n_positions=32)
        return transformers.GPT2LMHeadModel(config).eval()
    config = transformers.LlamaConfig(
        vocab_size=50, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config).eval()


def logits(model: Any) -> Any:
    with torch.no_grad():
        found = model(TOKENS)
    return found if isinstance(found, torch.Tensor) else found.logits


@pytest.mark.parametrize("kind", ["ours", "llama", "gpt2"])
def test_without_grids_nothing_changes(kind: str) -> None:
    model = ours() if kind == "ours" else hugging_face(kind)
    before = logits(model)
    prepare(model, NOTHING)
    assert torch.allclose(logits(model), before, atol=1e-4)
    assert torch.allclose(logits(convert(model)), before, atol=1e-4)


@pytest.mark.parametrize("kind", ["ours", "llama", "gpt2"])
@pytest.mark.parametrize("bits", [4, 8])
def test_few_bits_change_something_and_many_little(kind: str, bits: int) -> None:
    model = ours() if kind == "ours" else hugging_face(kind)
    before = logits(model)
    made = prepare(model, Recipe(weights="minmax", weight_bits=bits, flows="minmax", flow_bits=bits))
    off = float((logits(model) - before).std() / before.std())
    assert (0.0 < off < 0.15) if bits == 8 else (0.05 < off < 1.5)
    assert made.fallen_back == []


def test_the_output_layer_and_the_table_stay_as_they_are() -> None:
    model = Llama(replace(DIMS, tied=False))
    prepare(model, Recipe())
    assert isinstance(model.output, torch.nn.Linear)
    names = {name for name, module in model.named_modules() if isinstance(module, quantised.Linear)}
    assert len(names) == 7 * DIMS.layers


@pytest.mark.parametrize("weights", ["q4_0", "q8_0", "minmax", "lsq"])
def test_a_converted_model_has_its_weights_on_their_grids(weights: quantised.Kind) -> None:
    model = ours()
    prepare(model, Recipe(weights=weights, weight_bits=4, weight_per="block", flows="none"))
    expected = model.blk[1].ffn_up.grid(model.blk[1].ffn_up.weight).detach()
    before = logits(model)
    plain = convert(model)
    assert type(plain.blk[1].ffn_up) is torch.nn.Linear
    assert torch.equal(plain.blk[1].ffn_up.weight, expected)
    assert set(plain.state_dict()) == set(ours().state_dict())
    assert torch.allclose(logits(plain), before, atol=1e-4)
    codes = (expected.reshape(-1, 32)[0] / expected.reshape(-1, 32)[0].abs().max()).unique()
    assert len(codes) <= 32


def test_widths_that_are_no_blocks_fall_back_and_say_so() -> None:
    torch.manual_seed(0)
    model = Llama(replace(DIMS, inner=100)).eval()
    made = prepare(model, Recipe(weights="q4_0", flows="q8_0"))
    assert made.fallen_back == [f"blk.{n}.ffn_down" for n in range(DIMS.layers)]
    assert torch.isfinite(logits(model)).all()


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(ValueError, match="Sequential is neither a Llama nor a GPT-2"):
        prepare(torch.nn.Sequential(torch.nn.Linear(32, 32)), Recipe())


@pytest.mark.parametrize("kind", ["ours", "llama"])
def test_it_learns_through_its_grids(kind: str) -> None:
    model = ours() if kind == "ours" else hugging_face(kind)
    made = prepare(model, Recipe(weight_bits=4, flow_bits=4, mixed=0.5))
    assert made.seen() == []
    made.watch()
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    losses = []
    for _ in range(40):
        found = model.train()(TOKENS)
        found = found if isinstance(found, torch.Tensor) else found.logits
        loss = functional.cross_entropy(found[:, :-1].flatten(0, 1), TOKENS[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    seen = made.seen()
    assert len(seen) == (3 if kind == "ours" else 2)
    assert seen[0].logits.shape == (2, 4, 12, 12)
    grids = [m for m in model.modules() if isinstance(m, quant.Lsq)]
    assert all(grid.step.grad is not None for grid in grids if grid.begun)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_about_the_share_that_is_wanted_matters(share: float) -> None:
    seen = torch.rand(3, 2, 200, 200, generator=torch.Generator().manual_seed(1))
    for how in ("running", "paper"):
        found = important(seen, share, how)
        assert float(found.float().mean()) == pytest.approx(share, abs=0.06)
    assert important(seen, share).shape == (3, 200)


def test_what_comes_later_changes_nothing_before_it_unless_the_paper_is_followed() -> None:
    seen = torch.rand(1, 2, 30, 30, generator=torch.Generator().manual_seed(1))
    seen[:, :, 20:, 0] += 1  # those that come last look more at the first one
    assert torch.equal(important(seen, 0.5)[:, :20], important(seen[..., :20, :20], 0.5))
    assert not torch.equal(important(seen, 0.5, "paper")[:, :20], important(seen[..., :20, :20], 0.5, "paper"))


def test_a_running_quantile_is_that_of_what_was_before() -> None:
    values = torch.rand(2, 40, generator=torch.Generator().manual_seed(2))
    found = running(values, 0.5)
    for row in range(2):
        for t in range(40):
            ordered = values[row, : t + 1].sort().values
            assert found[row, t] == ordered[int(0.5 * (t + 1))] if t else values[row, 0]


def test_a_mixed_text_has_both_kinds_of_tokens() -> None:
    model = ours()
    prepare(model, Recipe(weights="none", flows="minmax", mixed=0.5))
    mixed = logits(model)
    fine, coarse = ours(), ours()
    prepare(fine, Recipe(weights="none", flows="minmax", flow_bits=8))
    prepare(coarse, Recipe(weights="none", flows="minmax", flow_bits=4))
    plain = logits(ours())
    errors = [float((one - plain).square().mean()) for one in (logits(fine), mixed, logits(coarse))]
    assert errors[0] < errors[1] < errors[2]


@pytest.mark.parametrize("cache", ["q8_0", "q4_0"])
def test_keys_and_values_are_kept_in_few_bits(cache: Any) -> None:
    model = ours()
    before = logits(model)
    prepare(model, replace(NOTHING, cache=cache))
    off = float((logits(model) - before).std() / before.std())
    assert 0 < off < (0.02 if cache == "q8_0" else 0.3)
