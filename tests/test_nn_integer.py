"""Whole numbers give what training simulates."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402, TID253

from digiclone.nn import quant  # noqa: E402
from digiclone.nn.integer import coded, multiplied, simulated  # noqa: E402
from digiclone.nn.quantised import Linear, Mixed, Tokens  # noqa: E402

GRIDS = {
    "lsq": lambda bits: quant.Lsq(bits, "tensor", zero=True),
    "minmax": lambda bits: quant.MinMax(bits, "row"),
    "pact": quant.Pact,
}


def linear(kind: str, weight_bits: int, flow: nn.Module, seed: int) -> Linear:
    torch.manual_seed(seed)
    plain = nn.Linear(96, 40, bias=False)
    grid = (
        quant.Lsq(weight_bits, "row", like=plain.weight.detach()) if kind == "lsq" else quant.MinMax(weight_bits, "row")
    )
    return Linear(plain, grid, flow)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(GRIDS)), st.sampled_from([4, 8]), st.sampled_from([4, 8]), st.integers(0, 10**6))
def test_codes_stand_for_what_lies_on_the_grid(kind: str, weight_bits: int, flow_bits: int, seed: int) -> None:
    made = linear(kind, weight_bits, GRIDS[kind](flow_bits), seed)
    x = torch.randn(7, 96) + 0.3
    plain = made(x).detach()
    assert torch.equal(multiplied(made, x), simulated(made, x)), "bit for bit"
    assert torch.allclose(multiplied(made, x), plain, atol=1e-5, rtol=1e-4)


def test_each_token_flows_as_fine_as_it_matters() -> None:
    tokens = Tokens(torch.tensor([[True, False, False, True]]))
    made = linear("lsq", 4, Mixed(GRIDS["lsq"](8), GRIDS["lsq"](4), tokens), 0)
    x = torch.randn(4, 96)
    plain = made(x[None])[0].detach()
    assert torch.equal(multiplied(made, x), simulated(made, x))
    assert torch.allclose(multiplied(made, x), plain, atol=1e-5, rtol=1e-4)
    tokens.matter = ~tokens.matter  # type: ignore[operator]
    assert not torch.allclose(multiplied(made, x), plain, atol=1e-3)


def test_blocks_are_the_engines_own() -> None:
    with pytest.raises(ValueError, match="Q8 has no codes for whole rows"):
        coded(quant.Q8(), torch.ones(1, 32))
