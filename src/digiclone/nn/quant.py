"""Numbers on a grid of few bits, as training sees them: rounded on the way forward, as if not on the way back (straight
through, Bengio et al. 2013). Quantisers differ in how they find their grid:

minmax        from the numbers themselves, each time (LLM-QAT, Liu et al. 2023)
lsq           a step that learns, and for what flows a zero point (Esser et al. 2020; Bhalgat et al. 2020)
pact          a bound that learns (Choi et al. 2018)
q8_0, q4_0    blocks of 32 with a scale in 16 bits, as llama.cpp computes them, bit for bit
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

Per = Literal["tensor", "row", "block"]
"""What has a step of its own: all numbers, each row of a matrix (or token), or each 32 numbers of a row."""
Start = Literal["range", "error", "mean"]
"""Of a step that learns: up to the largest number (weights: to be cut off costs more than a wider grid does); with the
least square error (what flows; Bhalgat et al. 2020, section 3.3); or 2 E|x| / sqrt(largest code) (Esser et al. 2020, as
EdgeQAT's code has it), which cuts off a language model's few large numbers."""
BLOCK = 32
TURNED = 64
"""Numbers of a head that are turned together, at least."""
SMALLEST = 1e-8
SHARES = tuple(10 ** (-k / 10) for k in range(25))
"""Of the largest number: where a grid may end. Down to a 250th of it, for a few numbers in a language model are
hundreds of times as large as the others."""


def rounded(x: Tensor) -> Tensor:
    """To whole numbers; the gradient passes as if it were not done."""
    return x + (x.round() - x).detach()


def halved(x: Tensor) -> Tensor:
    """To 16 bits, as a scale is stored; the gradient passes."""
    return x + (x.half().float() - x).detach()


def bounds(bits: int) -> tuple[int, int]:
    """The least and the largest code of so many bits."""
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def parted(x: Tensor, per: Per) -> Tensor:
    """x, its last axis in blocks if those have steps of their own. Raises `ValueError` if it is no multiple of 32."""
    if per != "block":
        return x
    if x.shape[-1] % BLOCK:
        raise ValueError(f"rows of {x.shape[-1]} numbers are no whole number of blocks of {BLOCK}")
    return x.unflatten(-1, (-1, BLOCK))


def over(per: Per, x: Tensor) -> tuple[int, ...]:
    """The axes of `parted` x that share a step."""
    return tuple(range(x.dim())) if per == "tensor" else (-1,)


class MinMax(nn.Module):
    """Symmetric, up to the largest number there is."""

    def __init__(self, bits: int, per: Per) -> None:
        super().__init__()
        self.bits = bits
        self.per: Per = per

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, the same."""
        some = parted(x.detach(), self.per)
        step = widest(some, self.per, self.bits)
        return _passed(x, (some / step).round() * step)


class Lsq(nn.Module):
    """A step that learns; for what flows also a zero point. It begins with the first numbers that it sees.

    The gradient of a step is scaled by 1/sqrt(numbers * largest code) (Esser et al. 2020, section 2.2), without which
    steps would learn much quicker than weights.
    """

    def __init__(
        self,
        bits: int,
        per: Per,
        like: Tensor | None = None,
        zero: bool = False,
        short: bool = False,
        start: Start = "range",
    ) -> None:
        """`like`: weights to begin with. `short`: steps are kept in 16 bits, as a file has them."""
        super().__init__()
        self.bits, self.short = bits, short
        self.per: Per = per
        self.start: Start = start
        self.step = nn.Parameter(torch.ones(1))
        self.zero = nn.Parameter(torch.zeros(1)) if zero else None
        self.begun: Tensor
        self.register_buffer("begun", torch.tensor(False))
        if like is not None:
            self.begin(like)

    @torch.no_grad()
    def begin(self, x: Tensor) -> None:
        """Choose the first step and zero point from numbers like those to come."""
        if self.zero is not None:
            self.zero.copy_((x.amin() + x.amax()) / 2 if self.start == "mean" else x.median())
            x = x - self.zero
        self.step.data = self._found(x)
        self.begun.fill_(True)

    def _found(self, x: Tensor) -> Tensor:
        some = parted(x.detach(), self.per)
        match self.start:
            case "range":
                found = widest(some, self.per, self.bits)
            case "error":
                found = nearest(some, self.per, self.bits)
            case "mean":
                mean = some.abs().mean(over(self.per, some), keepdim=True).clamp_min(SMALLEST)
                found = 2 * mean / bounds(self.bits)[1] ** 0.5
        return found.reshape(1) if self.per == "tensor" else found

    def steps(self) -> Tensor:
        """As they are used: never nothing, of either sign, in 16 bits if that is how they are kept."""
        step = torch.where(self.step.abs() < SMALLEST, SMALLEST, self.step)
        return halved(step) if self.short else step

    def codes(self, x: Tensor) -> Tensor:
        """The whole numbers that stand for x, in the shape of `parted` x."""
        least, most = bounds(self.bits)
        return rounded((parted(x, self.per) / self.steps()).clamp(least, most))

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, the same."""
        if not self.begun:
            self.begin(x)
        some, ends = parted(x, self.per), bounds(self.bits)
        share = (x.numel() / self.step.numel() * ends[1]) ** -0.5
        return _Learnt.apply(some, self.steps(), self.zero, ends, share).reshape(x.shape)  # type: ignore[union-attr]


class _Learnt(torch.autograd.Function):
    """x on a grid whose step and zero point learn. Only what came in is kept, and the rest computed again on the way
    back: operation by operation, torch would keep four copies of every matrix."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, step: Tensor, zero: Tensor | None, ends: tuple[int, int], share: float) -> Tensor:
        ctx.save_for_backward(x, step, zero)
        ctx.ends, ctx.share = ends, share
        if zero is None:
            return (x / step).round_().clamp_(*ends).mul_(step)
        return (x - zero).div_(step).round_().clamp_(*ends).mul_(step).add_(zero)

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor | None, ...]:
        """Inside of the range x passes its gradient, and a step moves it by its rounding error; outside a step moves it
        by the code at the end, and the zero point as far as it moves itself."""
        (pull,), (x, step, zero) = given, ctx.saved_tensors
        least, most = ctx.ends
        place = x / step if zero is None else (x - zero).div_(step)
        inside = (place >= least).logical_and_(place <= most)
        through = pull * inside
        slope = place.round().clamp_(least, most).sub_(place.mul_(inside))
        of_step = slope.mul_(pull).sum_to_size(step.shape).mul_(ctx.share)
        of_zero = None if zero is None else ((pull.sum() - through.sum()) * ctx.share).reshape(zero.shape)
        return through, of_step, of_zero, None, None


def widest(some: Tensor, per: Per, bits: int) -> Tensor:
    """The steps with which a grid ends at the largest of `parted` numbers."""
    return (some.abs().amax(over(per, some), keepdim=True) / bounds(bits)[1]).clamp_min(SMALLEST)


def nearest(some: Tensor, per: Per, bits: int) -> Tensor:
    """The steps, of those whose grids end at `SHARES` of the largest number, with the least square error over `parted`
    numbers."""
    (least, most), axes, far = bounds(bits), over(per, some), widest(some, per, bits)
    found, fewest = far, torch.full_like(far, torch.inf)
    for share in SHARES:
        step = far * share
        error = ((some / step).round().clamp(least, most) * step - some).square().mean(axes, keepdim=True)
        found, fewest = torch.where(error < fewest, step, found), torch.minimum(error, fewest)
    return found


class Pact(nn.Module):
    """Symmetric, up to a bound that learns: what lies outside pulls it outwards."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits = bits
        self.bound = nn.Parameter(torch.ones(1))
        self.begun: Tensor
        self.register_buffer("begun", torch.tensor(False))

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, the same."""
        if not self.begun:
            with torch.no_grad():
                self.bound.copy_(x.abs().amax())
                self.begun.fill_(True)
        _, most = bounds(self.bits)
        bound = self.bound.abs().clamp_min(SMALLEST)
        inside = torch.minimum(torch.maximum(x, -bound), bound)
        step = bound / most
        return rounded(inside / step) * step


class Q8(nn.Module):
    """llama.cpp's Q8_0, in which it multiplies what flows: 32 codes of 8 bits, the scale their largest over 127."""

    def forward(self, x: Tensor) -> Tensor:
        """(…, a multiple of 32), the same."""
        some = parted(x.detach(), "block")
        scale = some.abs().amax(-1, keepdim=True) / 127
        codes = _away(some * torch.where(scale > 0, 1 / scale, 0.0))
        return _passed(x, codes * scale.half().float())


class Q4(nn.Module):
    """llama.cpp's Q4_0: 32 codes from -8 to 7, the number of the largest size exactly -8."""

    def forward(self, x: Tensor) -> Tensor:
        """(…, a multiple of 32), the same."""
        some = parted(x.detach(), "block")
        far = some.gather(-1, some.abs().argmax(-1, keepdim=True))
        scale = far / -8
        codes = (some * torch.where(scale != 0, 1 / scale, 0.0) + 8.5).floor().clamp(0, 15) - 8
        return _passed(x, codes * scale.half().float())


class Kept(nn.Module):
    """Of an attention head, what llama.cpp's cache keeps in blocks, or meets there: `grid` puts it on them.

    Heads that are a multiple of 64 wide are turned by a Hadamard matrix first, so that no number is much larger than
    the others (its pull request 21038), and turned back, which the engine need not do: no product changes by it. Values
    are turned 64 by 64, keys and queries by the `widest` matrix that divides a head.
    """

    def __init__(self, grid: nn.Module, widest: bool) -> None:
        super().__init__()
        self.grid, self.widest = grid, widest

    def forward(self, x: Tensor) -> Tensor:
        """(…, head), the same."""
        size = x.shape[-1] & -x.shape[-1] if self.widest else TURNED
        if x.shape[-1] % TURNED:
            return self.grid(x)
        turn = hadamard(size).to(x.device)
        turned = (x.unflatten(-1, (-1, size)) @ turn).flatten(-2)
        return (self.grid(turned).unflatten(-1, (-1, size)) @ turn).flatten(-2)


def hadamard(size: int) -> Tensor:
    """(size, size), a power of two: ones and minus ones in rows at right angles (Sylvester 1867), of length one.
    Its own inverse."""
    found = torch.ones(1, 1)
    while len(found) < size:
        found = torch.kron(torch.tensor([[1.0, 1.0], [1.0, -1.0]]), found)
    return found / size**0.5


def _passed(x: Tensor, found: Tensor) -> Tensor:
    """What was `found` for x, whose gradient passes as if nothing had been done."""
    return _Through.apply(x, found.reshape(x.shape))  # type: ignore[no-any-return]


class _Through(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, found: Tensor) -> Tensor:
        return found.view_as(found)

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor | None, ...]:
        return given[0], None


def _away(x: Tensor) -> Tensor:
    """Halves rounded away from nothing, as C's roundf does it; torch rounds them to even numbers."""
    return torch.where(x < 0, (x - 0.5).ceil(), (x + 0.5).floor())
