"""What EdgeQAT (arXiv 2402.10787, section III) adds to the loss of a language model that learns to live with few bits:
its queries and keys should say as much as they can (entropy), its attention should look where that of the unquantised
model looks (distribution), and it should answer like that one (distillation).

Where print and sense differ, the printed form is there by its name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from digiclone.nn.quantised import Seen

Entropy = Literal["equation", "code"]
Distribution = Literal["cosine", "paper", "kl"]


@dataclass(frozen=True)
class Guides:
    """How much each counts; 0 leaves it out."""

    distillation: float = 0.5
    """γ: of the whole, the rest is cross-entropy of the text."""
    temperature: float = 2.0
    """τ"""
    entropy: float = 0.5
    distribution: float = 1.0
    entropy_form: Entropy = "equation"
    distribution_form: Distribution = "cosine"


def total(
    guides: Guides, logits: Tensor, wanted: Tensor, teacher: Tensor, ours: Sequence[Seen], theirs: Sequence[Seen]
) -> Tensor:
    """(1-γ) CE + γ τ² KL + entropy + distribution, of `logits` and those of the `teacher` (B, T, vocabulary), and the
    tokens `wanted` (B, T)."""
    found = (1 - guides.distillation) * functional.cross_entropy(logits.flatten(0, 1), wanted.flatten())
    if guides.distillation:
        found = found + guides.distillation * guides.temperature**2 * divergence(logits, teacher, guides.temperature)
    if guides.entropy:
        found = found + guides.entropy * entropy(ours, guides.entropy_form)
    if guides.distribution:
        found = found + guides.distribution * distribution(ours, theirs, guides.distribution_form)
    return found


def divergence(logits: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """KL(teacher || ours) of a token, in nats."""
    one, other = (functional.log_softmax(some.flatten(0, 1) / temperature, 1) for some in (logits, teacher))
    return functional.kl_div(one, other, reduction="batchmean", log_target=True)


def entropy(seen: Sequence[Seen], form: Entropy = "equation") -> Tensor:
    """Minus what queries and keys can say: of a normal distribution 0.5 log(2πe σ²), so that what counts is σ².

    equation    -log Σ log(1 + σ²(q) σ²(k)) over layers and heads, σ² over all numbers of a head (equation 12)
    code        -log Σ (log(1 + σ²(q)) + log(1 + σ²(k))), σ² over the numbers of each token
    """
    if form == "code":
        parts = [torch.log1p(some.var(-1)).sum() for one in seen for some in (one.query, one.key)]
    else:
        parts = [torch.log1p(_spread(one.query) * _spread(one.key)).sum() for one in seen]
    return -torch.stack(parts).sum().clamp_min(1e-9).log()


def _spread(x: Tensor) -> Tensor:
    """(heads,) of (B, heads, T, head): the variance of all numbers of a head."""
    return x.transpose(0, 1).flatten(1).var(1)


def distribution(ours: Sequence[Seen], theirs: Sequence[Seen], form: Distribution = "cosine") -> Tensor:
    """How differently two models look.

    cosine      1 - cos of the attention maps of each head, what lies behind a token left out, on average
    paper       +log Σ cos of the logits of whole maps, as equation 13 and the authors' code have it: it is smallest
                where maps are as different as can be
    kl          KL(theirs || ours) of what a token looks at, on average
    """
    pairs = list(zip(ours, theirs, strict=True))
    if form == "paper":
        each = [functional.cosine_similarity(a.logits.flatten(2), b.logits.flatten(2), dim=2).sum() for a, b in pairs]
        return torch.stack(each).sum().clamp_min(1e-9).log()
    maps = [(_looks(a.logits), _looks(b.logits)) for a, b in pairs]
    if form == "kl":
        found = [(b.exp() * (b - a).nan_to_num(0.0)).sum(3).mean() for a, b in maps]
        return torch.stack(found).mean()
    alike = [functional.cosine_similarity(a.exp().flatten(2), b.exp().flatten(2), dim=2).mean() for a, b in maps]
    return 1 - torch.stack(alike).mean()


def _looks(logits: Tensor) -> Tensor:
    """Log-probabilities (B, heads, T, T) of what each token looks at."""
    behind = torch.ones(logits.shape[-2:], dtype=torch.bool, device=logits.device).triu(1)
    return logits.masked_fill(behind, -math.inf).log_softmax(3)
