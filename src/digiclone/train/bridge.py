"""EmbedLink (Tiny-Align, arXiv 2411.13766, section III-C): a bridge learns to give, for what a speech encoder heard,
the embeddings that a language model has for the words. The language model itself is never run: its table is enough.

    L = α MSE(found, wanted) + β (1 - cos(found, wanted))                                                       (eq. 7)

What the paper leaves open is a choice of the recipe: α, β, how many learn together, and what becomes of the places
behind the last word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from digiclone.nn.bridgeformer import BridgeFormer, Dims
from digiclone.train import checkpoint
from digiclone.train.course import Course, Progress, descend, run
from digiclone.train.precision import DEVICE, side_by_side

PLOTS = {"the loss of a pair (equation 7)": {"learnt": "loss", "kept": "kept_loss"}}
TARGET, STILL, WHILE = 0.05, 1e-3, 10
"""The paper's two definitions of convergence: a loss that is reached; and a loss that stands still, which is to say
whose mean over so many epochs falls by less than this in as many more."""


@dataclass(frozen=True, eq=False)
class Pair:
    """What was heard, `features` (N, audio) in 16 bits, and the `tokens` (n,) of what was said."""

    name: str
    features: NDArray[np.float16]
    tokens: NDArray[np.int64]


@dataclass(frozen=True)
class Recipe:
    """All that decides what comes out, beside the pairs and the table."""

    dims: Dims
    pad: int
    """The token that stands behind the last one."""
    version: int = 1
    """Of the code."""
    epochs: int = 400
    together: int = 8
    """Pairs of a step; the paper does not say how many."""
    rate: float = 1e-3
    """At first; it falls in a line to nothing."""
    alpha: float | None = None
    """None: one over the variance of the table, without which MSE says next to nothing about direction."""
    beta: float = 1.0
    pads: Literal["counted", "masked"] = "counted"
    """Counted: the bridge learns pads like words, as the paper seems to have it. Masked: it learns words only, and how
    many of them there are."""
    seed: int = 0


@dataclass(frozen=True)
class Batch:
    """`features` (B, N, audio) of which row b has `frames[b]`; `tokens` (B, T) of which `words[b]` are no pads."""

    features: Tensor
    frames: Tensor
    tokens: Tensor
    words: Tensor


def fit(
    recipe: Recipe, pairs: Sequence[Pair], kept: Sequence[Pair], table: Tensor, folder: Path, tell: Progress
) -> tuple[BridgeFormer, list[float]]:
    """A bridge, and the mean loss of each epoch. `table` (V, words) is the language model's.

    What is needed to go on lies in `folder`, at most a minute old. Raises `ValueError` if the loss is no number: what
    was kept until then stays.
    """
    torch.manual_seed(recipe.seed)
    table = table.to(DEVICE)
    net = BridgeFormer(recipe.dims).to(DEVICE)
    epoch = -(-len(pairs) // recipe.together)
    count = recipe.epochs * epoch
    optimiser = torch.optim.AdamW(net.parameters(), recipe.rate, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: max(0.0, 1 - step / count))
    seen = Losses()

    def learn(some: Batch, step: int) -> float:
        torch.manual_seed((recipe.seed << 32) + step)  # dropout is the step's own
        net.train()
        found = loss(recipe, table, some, *net(some.features, some.frames))
        seen.values.append(descend(found, step, optimiser, schedule))
        return seen.values[-1]

    def look(_: float) -> tuple[dict[str, float], str]:
        now = float(np.mean(seen.values[-epoch:]))
        judged = judge(recipe, net, kept, table)
        return {"loss": now, **({"kept_loss": judged} if kept else {})}, f"loss {now:.3f}; kept: {judged:.3f}"

    parts = {"net": net, "optimiser": optimiser, "schedule": schedule, "seen": seen}
    heard = (part for pair in pairs for part in (pair.name, pair.features, pair.tokens))
    place = folder / checkpoint.key(recipe, (*heard, table)) / "bridge.pt"
    run(
        Course("the bridge", count, 10 * epoch, parts, place, folder, PLOTS),
        material=lambda begun: batches(recipe, pairs, begun),
        learn=learn,
        look=look,
        tell=tell,
    )
    return net.eval(), np.array(seen.values).reshape(recipe.epochs, epoch).mean(1).tolist()


class Losses:
    """Of all steps so far."""

    def __init__(self) -> None:
        self.values = list[float]()

    def state_dict(self) -> dict[str, list[float]]:
        """For a checkpoint."""
        return {"values": list(self.values)}

    def load_state_dict(self, state: dict[str, list[float]]) -> None:
        """From a checkpoint."""
        self.values = list(state["values"])


def loss(recipe: Recipe, table: Tensor, some: Batch, found: Tensor, lengths: Tensor) -> Tensor:
    """Equation 7 of embeddings (B, T, words), and, if pads are masked, the cross-entropy of how many words there are
    (B, T + 1)."""
    wanted = table[some.tokens]
    alpha = 1 / table.var() if recipe.alpha is None else recipe.alpha
    each = alpha * (found - wanted).square().mean(2)
    each = each + recipe.beta * (1 - functional.cosine_similarity(found, wanted, dim=2))
    if recipe.pads == "counted":
        return each.mean()
    inside = torch.arange(each.shape[1], device=each.device) < some.words[:, None]
    return (each * inside).sum() / inside.sum() + functional.cross_entropy(lengths, some.words)


@torch.no_grad()
def judge(recipe: Recipe, net: BridgeFormer, kept: Sequence[Pair], table: Tensor) -> float:
    """The mean loss of pairs, which weigh alike; no number if there are none."""
    net.eval()
    single = (batch(recipe, [pair]) for pair in kept)
    found = [float(loss(recipe, table, one, *net(one.features, one.frames))) for one in single]
    return float(np.mean(found)) if found else float("nan")


def batches(recipe: Recipe, pairs: Sequence[Pair], begun: int) -> Iterator[Batch]:
    """Those of the steps from `begun` on: all pairs in every epoch, each time in another order."""
    step = 0
    for epoch in range(recipe.epochs):
        order = np.random.default_rng((recipe.seed, epoch)).permutation(len(pairs))
        for first in range(0, len(pairs), recipe.together):
            if step >= begun:
                yield batch(recipe, [pairs[number] for number in order[first : first + recipe.together]])
            step += 1


def batch(recipe: Recipe, pairs: Sequence[Pair]) -> Batch:
    """Pairs side by side; texts are cut or padded to T tokens."""
    count = recipe.dims.tokens
    features, frames = side_by_side([pair.features for pair in pairs])
    words = torch.tensor([min(count, len(pair.tokens)) for pair in pairs])
    tokens = torch.full((len(pairs), count), recipe.pad)
    for row, pair in enumerate(pairs):
        tokens[row, : words[row]] = torch.from_numpy(pair.tokens[:count])
    return Batch(features, frames, tokens.to(DEVICE), words.to(DEVICE))


@torch.no_grad()
def spoken(recipe: Recipe, net: BridgeFormer, pair: Pair) -> tuple[Tensor, int]:
    """The embeddings (T, words) of what was heard, and how many of them the bridge holds for words."""
    some = batch(recipe, [pair])
    found, lengths = net.eval()(some.features, some.frames)
    return found[0], int(lengths[0].argmax()) if recipe.pads == "masked" else recipe.dims.tokens


def nearest(found: Tensor, table: Tensor) -> Tensor:
    """The tokens (T,) whose embeddings point most nearly the same way as those found (T, words)."""
    return (functional.normalize(found, dim=1) @ functional.normalize(table, dim=1).T).argmax(1)


def until(tokens: Sequence[int], pad: int) -> list[int]:
    """Tokens before the first pad."""
    found = list(tokens)
    return found[: found.index(pad)] if pad in found else found


def converged(losses: Sequence[float]) -> tuple[int | None, int | None]:
    """After how many epochs the loss reached `TARGET`, and after how many it stood still; None if it never did."""
    values = np.asarray(losses, float)
    reached = np.flatnonzero(values < TARGET)
    means = np.convolve(values, np.ones(WHILE) / WHILE, "valid")
    still = np.flatnonzero(means[:-WHILE] - means[WHILE:] < STILL) if len(means) > WHILE else np.array([], int)
    return (int(reached[0]) + 1 if len(reached) else None), (int(still[0]) + 2 * WHILE if len(still) else None)
