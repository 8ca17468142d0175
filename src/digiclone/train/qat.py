"""Quantisation-aware training: a language model learns to live with few bits (EdgeQAT, arXiv 2402.10787), and goes back
into the file that llama.cpp runs, block by block as it was trained.

One recipe for all arms: they differ in their grids (`nn/quantised.py`) and in what guides them (`guides.py`) alone.
Matrices and the steps of their grids learn; token table, output layer and norms stay as they are.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from digiclone.nn import quant, quantised
from digiclone.nn.llama import Llama
from digiclone.nn.quantised import Linear, Prepared, prepare
from digiclone.requantise import Encode, requantise, rounded
from digiclone.train import checkpoint, guides
from digiclone.train.course import Course, Progress, cosine, descend, run
from digiclone.train.guides import Guides
from digiclone.train.precision import DEVICE

PLOTS = {
    "loss": {"learnt": "loss"},
    "from the unquantised model, nats a token": {"kept": "kept_divergence"},
}
FREE = quantised.Recipe(weights="none", flows="none")
"""Without grids: of the teacher, whose attention is looked at."""


@dataclass(frozen=True)
class Recipe:
    """All that decides what comes out, beside the model and the text."""

    grids: quantised.Recipe
    guides: Guides = field(default_factory=Guides)
    version: int = 2
    steps: int = 400
    together: int = 4
    """Windows of a step."""
    rate: float = 3e-5
    """Of weights."""
    step_rate: float = 5e-3
    """Of the steps of grids, zero points and bounds, as a share of their own size: those of what flows are a hundred
    times as large as those of weights."""
    warm: int = 20
    clip: float = 1.0
    every: int = 40
    seed: int = 0


def fit(
    recipe: Recipe,
    model: Llama,
    windows: np.ndarray,
    kept: np.ndarray,
    importance: Mapping[str, np.ndarray] | None,
    folder: Path,
    tell: Progress,
) -> Prepared:
    """`model`, exchanged and trained in place, on `windows` (N, W) of tokens; itself as it was is its teacher.

    `importance`, E[x²] of each matrix's columns, chooses the first scales of Q4_0. `kept` windows are looked at and not
    learnt. What is needed to go on lies in `folder`, at most a minute old. Raises `ValueError` if the loss is none.
    """
    torch.manual_seed(recipe.seed)
    teacher = prepare(copy.deepcopy(model), FREE)
    made = prepare(model, recipe.grids)
    if recipe.guides.entropy or recipe.guides.distribution:
        teacher.watch()
        made.watch()
    begin(made, importance or {})
    with torch.no_grad():  # grids of what flows begin with the first numbers they see
        model.to(DEVICE)(_tokens(windows[:1]))
    taught = teacher.model.to(DEVICE)
    optimiser = torch.optim.AdamW(learning(recipe, made), weight_decay=0.0, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: cosine(step, recipe.warm, recipe.steps))

    def learn(some: Tensor, step: int) -> float:
        before, wanted = some[:, :-1], some[:, 1:]
        with torch.no_grad():
            theirs = taught(before)
        found = guides.total(recipe.guides, model(before), wanted, theirs, made.seen(), teacher.seen())
        return descend(found, step, optimiser, schedule, recipe.clip)

    def look(now: float) -> tuple[dict[str, float], str]:
        apart = divergence(model, taught, kept)
        return {"loss": now, "kept_divergence": apart}, f"loss {now:.3f}; {apart:.4f} nats from the unquantised model"

    parts: dict[str, Any] = {"model": model, "optimiser": optimiser, "schedule": schedule}
    material = (*(importance or {}).values(), windows, *taught.state_dict().values())
    place = folder / checkpoint.key(recipe, material) / "qat.pt"
    run(
        Course("few bits", recipe.steps, recipe.every, parts, place, folder, PLOTS),
        material=lambda begun: batches(recipe, windows, begun),
        learn=learn,
        look=look,
        tell=tell,
        first=lambda: {"kept_divergence": divergence(model, taught, kept)},
    )
    return made


def begin(made: Prepared, importance: Mapping[str, np.ndarray]) -> None:
    """Give the grids of Q4_0 the scales that llama.cpp's own search finds, weighted by what the columns meet."""
    for name, module in made.model.named_modules():
        if isinstance(module, Linear) and isinstance(module.grid, quant.Lsq) and module.grid.short:
            blocks = rounded(module.weight.detach().cpu().numpy(), "Q4_0", importance.get(f"{name}.weight"))
            scales = blocks.reshape(-1, 18)[:, :2].copy().view("<f2").astype(np.float32)
            with torch.no_grad():
                module.grid.step.copy_(torch.from_numpy(scales).reshape(module.grid.step.shape))


def learning(recipe: Recipe, made: Prepared) -> list[dict[str, Any]]:
    """What learns, with its rate; all else is frozen."""
    made.model.requires_grad_(False)
    matrices = [module for module in made.model.modules() if isinstance(module, Linear)]
    grids = [module for module in made.model.modules() if isinstance(module, quant.Lsq | quant.Pact)]
    weights = [module.weight.requires_grad_(True) for module in matrices]
    groups = [{"params": weights, "lr": recipe.rate}]
    for grid in grids:
        steps = [one.requires_grad_(True) for one in grid.parameters()]
        groups.append({"params": steps, "lr": recipe.step_rate * float(steps[0].detach().abs().mean())})
    return groups


def batches(recipe: Recipe, windows: np.ndarray, begun: int) -> Iterator[Tensor]:
    """Those of the steps from `begun` on: all windows in every round, each time in another order."""
    rounds = -(-recipe.steps * recipe.together // len(windows))
    order = np.concatenate([np.random.default_rng((recipe.seed, r)).permutation(len(windows)) for r in range(rounds)])
    for step in range(begun, recipe.steps):
        yield _tokens(windows[order[step * recipe.together : (step + 1) * recipe.together]])


@torch.no_grad()
def divergence(model: nn.Module, teacher: nn.Module, windows: np.ndarray) -> float:
    """KL(teacher || model) of a token, in nats, on average over windows; no number if there are none."""
    found = [float(guides.divergence(model(one), teacher(one), 1.0)) for one in map(_tokens, windows[:, None])]
    return float(np.mean(found)) if found else float("nan")


def write(made: Prepared, source: Path, out: Path, tell: Progress) -> None:
    """The GGUF file `source` with the trained matrices in place of its own, in the format of their grids."""
    kind = {"q4_0": "Q4_0", "q8_0": "Q8_0"}.get(made.recipe.weights)
    if kind is None:
        raise ValueError(
            f"llama.cpp has no format for {made.recipe.weights} weights; only q4_0 and q8_0 go into a file"
        )
    requantise(source, out, kind, encoder(made), tell)


def encoder(made: Prepared) -> Encode:
    """Matrices by name as they lie on their grids; None for what was not exchanged."""
    found = {f"{name}.weight": one for name, one in made.model.named_modules() if isinstance(one, Linear)}

    @torch.no_grad()
    def encode(name: str, _matrix: np.ndarray) -> np.ndarray | None:
        if (module := found.get(name)) is None:
            return None
        weight = module.weight.detach().cpu()
        if isinstance(module.grid, quant.Q8):
            return rounded(weight.numpy(), "Q8_0")
        if isinstance(module.grid, quant.Lsq) and module.grid.short:
            grid = module.grid.cpu()
            return packed(grid.steps().half().numpy(), grid.codes(weight).numpy()).reshape(len(weight), -1)
        return None

    return encode


def packed(scales: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Scales (…, 1) in 16 bits and codes (…, 32) from -8 to 7 as Q4_0's blocks (N, 18): the scale, then 16 bytes, of
    which byte i has code i in its low half and code i + 16 in its high one."""
    places = (codes.reshape(-1, quant.BLOCK) + 8).astype(np.uint8)
    low, high = places[:, :16], places[:, 16:]
    return np.concatenate([scales.astype("<f2").reshape(-1, 1).view(np.uint8), low | high << 4], 1)


def _tokens(windows: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(windows)).to(DEVICE)
