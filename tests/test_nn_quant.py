"""Quantisers: their grids beside brute force and llama.cpp's own, their gradients beside finite differences."""

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gguf import GGMLQuantizationType, dequantize, quantize  # noqa: E402, TID253
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from digiclone.nn import quant  # noqa: E402

SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed: int, *shape: int) -> Any:
    chance = np.random.default_rng(seed)
    scale = 10.0 ** chance.uniform(-3, 2)
    return torch.from_numpy((scale * chance.standard_t(3, shape)).astype(np.float32))


@given(SEEDS)
@pytest.mark.parametrize(("kind", "one"), [("Q8_0", quant.Q8()), ("Q4_0", quant.Q4())])
def test_blocks_are_those_of_llama_cpp(kind: str, one: Any, seed: int) -> None:
    x = drawn(seed, 3, 96)
    theirs = dequantize(quantize(x.numpy(), GGMLQuantizationType[kind]), GGMLQuantizationType[kind])
    assert np.array_equal(one(x).numpy(), theirs)


def test_blocks_of_nothing_and_halves() -> None:
    for one in (quant.Q8(), quant.Q4()):
        assert torch.equal(one(torch.zeros(2, 32)), torch.zeros(2, 32))
    x = torch.full((32,), 0.5)
    x[0], x[1] = 127.0, -0.5
    assert quant.Q8()(x)[1:3].tolist() == [-1.0, 1.0], "halves go away from nothing"
    with pytest.raises(ValueError, match="rows of 33 numbers"):
        quant.Q8()(torch.zeros(33))


@given(SEEDS, st.sampled_from([2, 3, 4, 8]), st.sampled_from(["tensor", "row", "block"]))
def test_minmax_takes_the_nearest_of_its_grid(seed: int, bits: int, per: quant.Per) -> None:
    x = drawn(seed, 4, 64)
    found = quant.MinMax(bits, per)(x)
    parts = {"tensor": x.reshape(1, -1), "row": x, "block": x.reshape(-1, 32)}[per]
    least, most = quant.bounds(bits)
    step = parts.abs().amax(1, keepdim=True) / most
    grid = step[:, :, None] * torch.arange(least, most + 1)
    nearest = (parts[:, :, None] - grid).abs().amin(2)
    assert torch.allclose((found.reshape(parts.shape) - parts).abs(), nearest, atol=1e-5 * float(x.abs().max()))


@given(SEEDS)
def test_minmax_is_as_good_at_any_size(seed: int) -> None:
    x = drawn(seed, 2, 64)
    one = quant.MinMax(4, "row")
    assert torch.allclose(one(8 * x), 8 * one(x), rtol=1e-4)


@pytest.mark.parametrize("per", ["tensor", "row", "block"])
@pytest.mark.parametrize("zero", [False, True])
def test_the_gradient_of_a_step_is_that_of_its_soft_surrogate(per: quant.Per, zero: bool) -> None:
    """With the rounding errors held still, the quantiser is smooth: x outside its bounds moves with the bound, x inside
    by its rounding error. Its derivative by finite differences is what the straight-through estimator says."""
    if zero and per != "tensor":
        pytest.skip("zero points are for what flows")
    torch.manual_seed(0)
    x, pull = torch.randn(4, 64, dtype=torch.float64), torch.randn(4, 64, dtype=torch.float64)
    one = quant.Lsq(4, per, like=None if zero else x.float(), zero=zero, start="mean").double()  # no edge is a number
    one(x)
    (one(x) * pull).sum().backward()
    assert one.step.grad is not None
    least, most = quant.bounds(4)
    share = (x.numel() / one.step.numel() * most) ** -0.5
    some, weigh = quant.parted(x, per), quant.parted(pull, per)
    begin = one.step.detach().clone()
    shift = torch.zeros(1, dtype=torch.float64) if one.zero is None else one.zero.detach().clone()
    rounding = ((some - shift) / begin).round() - (some - shift) / begin
    inside = ((some - shift) / begin > least) & ((some - shift) / begin < most)

    def soft(step: Any, offset: Any) -> Any:
        clamped = ((some - offset) / step).clamp(least, most)
        return ((clamped + rounding * inside) * step + offset) * weigh

    tiny = 1e-6
    for place in np.ndindex(*begin.shape):
        more, less = begin.clone(), begin.clone()
        more[place] += tiny
        less[place] -= tiny
        slope = float((soft(more, shift).sum() - soft(less, shift).sum()) / (2 * tiny))
        assert float(one.step.grad[place]) == pytest.approx(share * slope, rel=1e-3, abs=1e-5)
    if one.zero is not None:
        assert one.zero.grad is not None
        slope = float((soft(begin, shift + tiny).sum() - soft(begin, shift - tiny).sum()) / (2 * tiny))
        assert float(one.zero.grad) == pytest.approx(share * slope, rel=1e-3, abs=1e-5)


def test_numbers_inside_pass_their_gradient_and_those_outside_do_not() -> None:
    x = torch.tensor([[0.1, -0.2, 3.0, -3.0]], requires_grad=True)
    one = quant.Lsq(4, "tensor", like=torch.full((1, 4), 0.1), start="mean")
    one(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[1.0, 1.0, 0.0, 0.0]]


def test_a_bound_learns_from_what_lies_outside() -> None:
    one = quant.Pact(4)
    one(torch.tensor([1.0]))
    x = torch.tensor([0.45, 2.0, -3.0], requires_grad=True)
    (one(x) * torch.tensor([1.0, 5.0, 7.0])).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1.0, 0.0, 0.0]
    assert one.bound.grad is not None
    error = 3 / 7 - 0.45
    assert float(one.bound.grad) == pytest.approx(5.0 - 7.0 + error, abs=1e-5)


@pytest.mark.parametrize("per", ["tensor", "row", "block"])
def test_it_begins_with_the_step_that_errs_least(per: quant.Per) -> None:
    torch.manual_seed(0)
    x = torch.randn(16, 64)
    one = quant.Lsq(4, per, like=x, start="error")
    some, axes = quant.parted(x, per), quant.over(per, quant.parted(x, per))
    far = some.abs().amax(axes, keepdim=True) / 7
    steps = [far * share for share in torch.linspace(0.003, 1.0, 1_000)]
    tried = [((some / s).round().clamp(-8, 7) * s - some).square().mean(axes, keepdim=True) for s in steps]
    best = torch.stack(tried).amin(0).mean()
    assert best * 0.999 <= (one(x) - x).square().mean() <= 1.2 * best, "the widths that it tries are a quarter apart"
    assert (one(x) - x).square().mean() < (quant.Lsq(4, per, like=x)(x) - x).square().mean()


def test_it_learns_a_better_step_than_it_began_with() -> None:
    torch.manual_seed(0)
    x = torch.randn(64, 64)
    one = quant.Lsq(3, "row", like=x)
    optimiser, errors = torch.optim.Adam(one.parameters(), 0.01), list[float]()
    for _ in range(100):
        optimiser.zero_grad()
        error = (one(x) - x).square().mean()
        error.backward()
        optimiser.step()
        errors.append(error.item())
    assert errors[-1] < 0.97 * errors[0]


def test_what_is_kept_in_16_bits_is_used_in_16_bits() -> None:
    x = drawn(1, 4, 64)
    one = quant.Lsq(4, "block", like=x, short=True)
    assert torch.equal(one.steps(), one.step.half().float())
    again = (one.codes(x) * one.steps()).reshape(x.shape)
    assert torch.allclose(one(x), again)
    assert int(one.codes(x).min()) >= -8
    assert int(one.codes(x).max()) <= 7


def test_what_began_goes_on_after_it_was_kept() -> None:
    one, other = quant.Lsq(4, "tensor", zero=True), quant.Lsq(4, "tensor", zero=True)
    one(drawn(1, 8))
    other.load_state_dict(one.state_dict())
    assert torch.equal(other(drawn(2, 8)), one(drawn(2, 8)))


@pytest.mark.parametrize("size", [1, 2, 64, 128])
def test_a_hadamard_matrix_is_its_own_inverse(size: int) -> None:
    found = quant.hadamard(size)
    assert torch.allclose(found @ found, torch.eye(size), atol=1e-5)
    assert set((found * size**0.5).round().flatten().tolist()) <= {1.0, -1.0}


def test_what_is_turned_hides_its_largest_number() -> None:
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(8, 64)).astype(np.float32))
    x[:, 3] = 50.0
    lost = [float((grid(x) - x).square().mean()) for grid in (quant.Q4(), quant.Kept(quant.Q4(), widest=True))]
    assert lost[1] < 0.5 * lost[0]
    assert torch.equal(quant.Kept(quant.Q4(), True)(x[:, :32]), quant.Q4()(x[:, :32])), "too narrow to be turned"
