"""Which tokens matter (EdgeQAT, arXiv 2402.10787, "token importance"): those that look much at the first one. They flow
in 8 bits, the others in 4.

The paper takes the largest share of all tokens of a text, which no token can know when it is written, for those behind
it count too: "paper". "running" compares a token with those before it only, and so says the same while a text is
written as when it is read.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Choice = Literal["running", "paper"]


def important(seen: Tensor, share: float, how: Choice = "running") -> Tensor:
    """(B, T), true for about a `share` of the tokens, and always for the first. `seen` (B, heads, T, T) is how much
    each token (the third axis) looks at each other one."""
    first = seen.detach()[..., 0].mean(1)
    if how == "paper":
        count = max(1, round(share * first.shape[1]))
        return torch.zeros_like(first, dtype=torch.bool).scatter_(1, first.topk(count, 1).indices, True)
    return first >= running(first, 1 - share)


def running(values: Tensor, quantile: float) -> Tensor:
    """(B, T): of each value and those before it, the smallest that is no less than a share of them."""
    count = values.shape[1]
    behind = torch.ones(count, count, dtype=torch.bool, device=values.device).triu(1)
    ordered = values[:, None].expand(-1, count, -1).masked_fill(behind, torch.inf).sort(2).values
    place = (quantile * torch.arange(1, count + 1, device=values.device)).long().clamp_max(count - 1)
    return ordered.gather(2, place[None, :, None].expand(len(values), -1, 1))[..., 0]
