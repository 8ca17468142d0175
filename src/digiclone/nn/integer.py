"""A matrix of 4 or 8 bits times what flows in 4 or 8 bits, in whole numbers: a reference for engines that have such a
multiplication (llama.cpp has 4 × 8 and 8 × 8 in blocks of 32, and no 4 × 4).

    y = sw (sx Σ cx cw + z Σ cw)        c: codes, s: steps, z: the zero point of what flows

Sums of codes are exact, so that what is computed in whole numbers equals what training simulates, bit for bit, where
that sums codes too (`simulated`); training itself sums numbers that were multiplied by their steps before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from digiclone.nn import quant
from digiclone.nn.quantised import Linear, Mixed


@dataclass(frozen=True)
class Coded:
    """Numbers as `codes` (rows, columns): each is code * step + zero; steps (rows, 1) or (1, 1)."""

    codes: Tensor
    step: Tensor
    zero: Tensor

    def rows(self, some: Tensor) -> Coded:
        """Those of the rows where `some` is true."""
        return Coded(self.codes[some], self.step[some] if len(self.step) > 1 else self.step, self.zero)


def coded(grid: nn.Module, x: Tensor) -> Coded:
    """x (rows, columns) on its grid. Raises `ValueError` for grids of blocks, which are the engine's own."""
    nothing = torch.zeros(1, 1)
    match grid:
        case quant.MinMax(per="row" | "tensor"):
            least, most = quant.bounds(grid.bits)
            axes = quant.over(grid.per, x)
            step = (x.abs().amax(axes, keepdim=True) / most).clamp_min(quant.SMALLEST)
            return Coded((x / step).clamp(least, most).round(), step.reshape(-1, 1), nothing)
        case quant.Lsq(per="row" | "tensor"):
            zero = nothing if grid.zero is None else grid.zero.detach().reshape(1, 1)
            return Coded(grid.codes(x - zero), grid.steps().detach().reshape(-1, 1), zero)
        case quant.Pact():
            _, most = quant.bounds(grid.bits)
            step = grid.bound.detach().abs().clamp_min(quant.SMALLEST).reshape(1, 1) / most
            return Coded((x / step).clamp(-most, most).round(), step, nothing)
    raise ValueError(f"{type(grid).__name__} has no codes for whole rows")


@torch.no_grad()
def multiplied(linear: Linear, x: Tensor, whole: bool = True) -> Tensor:
    """(rows, in) → (rows, out) by codes: in whole numbers, or in floating point, which has room for the same sums."""
    weight = coded(linear.grid, linear.weight)
    multiply = _whole if whole else functional.linear
    if not isinstance(linear.inputs, Mixed):
        return _scaled(coded(linear.inputs, x), weight, multiply)
    matter = linear.inputs.tokens.matter
    fine = torch.ones(len(x), dtype=torch.bool) if matter is None else matter.flatten()
    found = torch.empty(len(x), len(weight.codes))
    for some, grid in ((fine, linear.inputs.fine), (~fine, linear.inputs.coarse)):
        if some.any():
            found[some] = _scaled(coded(grid, x).rows(some), weight, multiply)
    return found


def simulated(linear: Linear, x: Tensor) -> Tensor:
    """The same sums in the floating point of training."""
    return multiplied(linear, x, whole=False)


def _scaled(flow: Coded, weight: Coded, multiply: Any) -> Tensor:
    """The sum of codes with steps and zero point."""
    sums = weight.codes.sum(1)
    return (multiply(flow.codes, weight.codes) * flow.step + flow.zero * sums) * weight.step.reshape(-1)


def _whole(flow: Tensor, weight: Tensor) -> Tensor:
    """Bytes times bytes, summed in 32 bits."""
    return torch._int_mm(flow.to(torch.int8).contiguous(), weight.to(torch.int8).T).float()  # pyright: ignore[reportPrivateImportUsage]
