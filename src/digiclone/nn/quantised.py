"""A language model whose weights, and what flows between them, are put on grids of few bits: modules change places with
others that do the same on a grid, so there is no second copy of the model's code.

Goes with `nn.llama.Llama`, and with Llama and GPT-2 as Hugging Face has them, whose attention is exchanged through
their own registry (`transformers.AttentionInterface`). The token table and the output layer stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from digiclone.nn import llama, quant
from digiclone.nn.importance import Choice, important
from digiclone.nn.quant import BLOCK, Per

Kind = Literal["none", "minmax", "lsq", "pact", "q8_0", "q4_0"]
Part = Literal["inputs", "q", "k", "v", "probabilities"]
EVERYWHERE: frozenset[Part] = frozenset({"inputs", "q", "k", "v", "probabilities"})
M = TypeVar("M", bound=nn.Module)
OUTPUTS = ("output", "lm_head")


@dataclass(frozen=True)
class Recipe:
    """Which numbers lie on which grid."""

    weights: Kind = "lsq"
    weight_bits: int = 4
    weight_per: Per = "row"
    flows: Kind = "lsq"
    flow_bits: int = 8
    parts: frozenset[Part] = EVERYWHERE
    """Of what flows: the inputs of matrices, and inside of attention. Probabilities always have 8 bits."""
    cache: Literal["none", "q8_0", "q4_0"] = "none"
    """How keys and values are kept."""
    mixed: float = 0.0
    """The share of tokens that flow in 8 bits while the others flow in 4; 0: all in `flow_bits`."""
    choice: Choice = "running"
    printed_start: bool = False
    """Steps that learn begin as the paper's do."""


@dataclass
class Tokens:
    """Which tokens matter, as the last attention layer found it; None before the first."""

    matter: Tensor | None = None


@dataclass(frozen=True)
class Seen:
    """Of an attention layer: queries and keys (B, heads, T, head), and logits (B, heads, T, T)."""

    query: Tensor
    key: Tensor
    logits: Tensor


@dataclass
class Prepared:
    """What `prepare` put into a model."""

    model: nn.Module
    recipe: Recipe
    fallen_back: list[str] = field(default_factory=list)
    """Matrices whose rows are no whole number of blocks: each row has one step instead."""

    def watch(self) -> Prepared:
        """Let the attention layers keep what they see from now on, for losses that look at it."""
        for one in self.model.modules():
            if isinstance(one, Attend):
                one.watching = True
        return self

    def seen(self) -> list[Seen]:
        """What the attention layers saw last, from first to last."""
        return [one.seen for one in self.model.modules() if isinstance(one, Attend) and one.seen]


class Linear(nn.Module):
    """A matrix on its grid times what flows in on its own."""

    def __init__(self, plain: nn.Linear, weight: nn.Module, inputs: nn.Module) -> None:
        super().__init__()
        self.weight, self.bias = plain.weight, plain.bias
        self.grid, self.inputs = weight, inputs

    def forward(self, x: Tensor) -> Tensor:
        """(…, in) → (…, out)."""
        return functional.linear(self.inputs(x), self.grid(self.weight), self.bias)


class Mixed(nn.Module):
    """What flows, in 8 bits where tokens matter and in 4 where they do not."""

    def __init__(self, fine: nn.Module, coarse: nn.Module, tokens: Tokens) -> None:
        super().__init__()
        self.fine, self.coarse, self.tokens = fine, coarse, tokens

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) or (B, heads, T, head), the same."""
        matter = self.tokens.matter
        if matter is None or matter.shape != (x.shape[0], x.shape[-2]):
            return self.fine(x)
        mask = matter[:, None, :, None] if x.dim() == 4 else matter[..., None]
        return torch.where(mask, self.fine(x), self.coarse(x))


class Attend(nn.Module):
    """Causal attention on grids, with shared keys and values; it keeps what it saw if that is wanted."""

    def __init__(self, recipe: Recipe, tokens: Tokens) -> None:
        super().__init__()
        self.recipe, self.tokens = recipe, tokens
        self.q, self.k, self.v = (_flow(recipe, part, tokens) for part in ("q", "k", "v"))
        self.p = (
            quant.MinMax(8, "tensor") if "probabilities" in recipe.parts and recipe.flows != "none" else nn.Identity()
        )
        self.asking, self.keys, self.values = _kept(recipe)
        self.seen: Seen | None = None
        self.watching = False

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None, scale: float | None = None
    ) -> Tensor:
        """(B, heads, T, head); `mask` (B, 1, T, S) is added to the logits, and the causal one if there is none."""
        query, key, value = self.asking(self.q(query)), self.keys(self.k(key)), self.values(self.v(value))
        shared = query.shape[1] // key.shape[1]
        key, value = key.repeat_interleave(shared, 1), value.repeat_interleave(shared, 1)
        logits = query @ key.transpose(2, 3) * (scale or query.shape[-1] ** -0.5)
        if self.watching:
            self.seen = Seen(query, key, logits)
        behind = torch.ones(logits.shape[-2:], dtype=torch.bool, device=logits.device).triu(
            1 + logits.shape[-1] - logits.shape[-2]
        )
        hidden = logits.masked_fill(behind, -math.inf) if mask is None else logits + mask
        found = hidden.softmax(-1)
        if self.recipe.mixed:
            self.tokens.matter = important(found, self.recipe.mixed, self.recipe.choice)
        return self.p(found) @ value


def prepare(model: nn.Module, recipe: Recipe) -> Prepared:
    """Exchange the modules of `model`, in place. Raises `ValueError` for a model of an unknown kind, with its name."""
    made, tokens = Prepared(model, recipe), Tokens()
    for name, parent, child in list(_matrices(model)):
        plain = _plain(getattr(parent, child))
        weight = plain.weight.detach()
        weighs, fell = _weight(recipe, weight)
        if fell:
            made.fallen_back.append(name)
        setattr(parent, child, Linear(plain, weighs, _flow(recipe, "inputs", tokens, plain.in_features)))
    if not _attentive(model, recipe, tokens):
        raise ValueError(f"{type(model).__name__} is neither a Llama nor a GPT-2: its attention is not known here")
    return made


@torch.no_grad()
def convert(model: M) -> M:
    """A prepared model as a plain one, its weights where they are on their grids; what flows is as fine as ever."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, Linear):
                out, into = child.weight.shape
                plain = nn.Linear(into, out, child.bias is not None, device=child.weight.device)
                plain.weight.copy_(child.grid(child.weight))
                if child.bias is not None:
                    plain.bias.copy_(child.bias)
                setattr(parent, name, plain)
            if isinstance(child, Attend):
                delattr(parent, name)
                parent.attend = llama.attend  # type: ignore[assignment]
    if config := getattr(model, "config", None):
        config._attn_implementation = "sdpa"
    return model


# -- which module becomes what -----------------------------------------------------------------------------------------


def _matrices(model: nn.Module) -> Iterator[tuple[str, nn.Module, str]]:
    """(name, parent, its name there) of every matrix but the output layer."""
    for name, parent in model.named_modules():
        for child, module in parent.named_children():
            if (isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D") and child not in OUTPUTS:
                yield f"{name}.{child}".lstrip("."), parent, child


def _plain(module: Any) -> nn.Linear:
    """GPT-2 keeps its matrices the other way round."""
    if isinstance(module, nn.Linear):
        return module
    into, out = module.weight.shape
    plain = nn.Linear(into, out, device=module.weight.device)
    plain.weight, plain.bias = nn.Parameter(module.weight.detach().T.contiguous()), module.bias
    return plain


def _weight(recipe: Recipe, weight: Tensor) -> tuple[nn.Module, bool]:
    """The grid of a matrix, and whether its rows are no whole number of blocks."""
    whole = weight.shape[1] % BLOCK == 0
    per: Per = recipe.weight_per if whole or recipe.weight_per != "block" else "row"
    match recipe.weights:
        case "none":
            return nn.Identity(), False
        case "q8_0" if whole:
            return quant.Q8(), False
        case "q4_0" if whole:
            return quant.Lsq(4, "block", like=weight, short=True), False
        case "q8_0" | "q4_0":
            return quant.MinMax(8 if recipe.weights == "q8_0" else 4, "row"), True
        case "lsq":
            start = "mean" if recipe.printed_start else "range"
            return quant.Lsq(recipe.weight_bits, per, like=weight, start=start), per != recipe.weight_per
        case _:  # PACT bounds what flows; its weights are spread over their range
            return quant.MinMax(recipe.weight_bits, per), per != recipe.weight_per


def _flow(recipe: Recipe, part: Part, tokens: Tokens, width: int = 0) -> nn.Module:
    """The grid of something that flows."""
    if part not in recipe.parts or recipe.flows == "none":
        return nn.Identity()
    if recipe.mixed:
        return Mixed(_grid(recipe, 8, width), _grid(recipe, 4, width), tokens)
    return _grid(recipe, recipe.flow_bits, width)


def _grid(recipe: Recipe, bits: int, width: int) -> nn.Module:
    kind = recipe.flows
    if kind == "q8_0" and width % BLOCK == 0:
        return quant.Q8() if bits == 8 else quant.Q4()
    if kind == "lsq":
        return quant.Lsq(bits, "tensor", zero=True, start="mean" if recipe.printed_start else "error")
    return quant.Pact(bits) if kind == "pact" else quant.MinMax(bits, "row")


def _kept(recipe: Recipe) -> tuple[nn.Module, nn.Module, nn.Module]:
    """Of queries, keys and values. Where keys are kept in few bits, the engine multiplies them with queries in 8."""
    if recipe.cache == "none":
        return nn.Identity(), nn.Identity(), nn.Identity()
    grid = {"q8_0": quant.Q8, "q4_0": quant.Q4}[recipe.cache]
    return quant.Kept(quant.Q8(), True), quant.Kept(grid(), True), quant.Kept(grid(), False)


def _attentive(model: nn.Module, recipe: Recipe, tokens: Tokens) -> bool:
    """Exchange the attention; whether there was any."""
    found = False
    for module in list(model.modules()):
        if isinstance(module, llama.Attention) or type(module).__name__ in ("LlamaAttention", "GPT2Attention"):
            module.attend = Attend(recipe, tokens)  # type: ignore[assignment]
            found = True
    if found and not isinstance(model, llama.Llama):
        _register()
        config: Any = model.config
        config._attn_implementation = "digiclone"
    return found


def _register() -> None:
    """Hugging Face's models ask for attention by name."""
    from transformers import AttentionInterface  # noqa: PLC0415  whoever has such a model has it

    def attended(
        module: Any, query: Tensor, key: Tensor, value: Tensor, mask: Any, **options: Any
    ) -> tuple[Tensor, None]:
        seen = module.attend(query, key, value, mask, options.get("scaling"))
        return seen.transpose(1, 2), None

    AttentionInterface.register("digiclone", attended)
