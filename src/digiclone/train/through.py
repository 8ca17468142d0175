"""What Tiny-Align is compared with: ways of teaching a language model to hear that run the model in every step.

What was heard stands in a prompt as embeddings, behind it the words that were said; the model is to say them (teacher
forcing), and what it gets wrong flows back through all of its layers into what learns:

nextgpt     A1: a projector; encoder and model stay as they are (NExT-GPT, Wu et al. 2023)
xvila       A2: a projector and the model, wholly or by low-rank additions (X-VILA, Ye et al. 2024; Hu et al. 2021)
binding     A3: two layers behind the encoder, before a projector of chance that stays as it is (as Tiny-Align has
            LanguageBind, Zhu et al. 2023, do it)
slam        five frames side by side, then an MLP (SLAM-ASR, Ma et al. 2024)
ultravox    eight frames side by side, then a gated MLP; learns what the model would answer to the words, and how
            surely, not the words (Ultravox; KL at temperature 2)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from digiclone.nn.bridgeformer import Dims as BridgeDims
from digiclone.nn.bridgeformer import Layer, beside, pool
from digiclone.nn.llama import Llama
from digiclone.train import checkpoint
from digiclone.train.bridge import Losses, Pair
from digiclone.train.course import Course, Progress, cosine, descend, drawn, run
from digiclone.train.precision import DEVICE, side_by_side

Answers = Mapping[str, Sequence[int]]
Method = Literal["nextgpt", "xvila", "xvila-lora", "binding", "slam", "ultravox"]
STACKED = {"slam": 5, "ultravox": 8}
"""Frames that become one vector."""
TEMPERATURE = 2.0
PLOTS = {"loss of a token, nats": {"learnt": "loss"}}


@dataclass(frozen=True)
class Prompt:
    """Tokens before what was heard, between it and the words, and the one that ends them."""

    before: tuple[int, ...]
    between: tuple[int, ...]
    end: int


@dataclass(frozen=True)
class Recipe:
    """All that decides what comes out, beside the pairs and the model."""

    method: Method
    audio: int
    """Width of what is heard."""
    prompt: Prompt
    version: int = 1
    hidden: int = 1024
    """Inside the projector."""
    tokens: int = 30
    """Vectors of an utterance where frames are pooled and not stacked."""
    rank: int = 8
    """Of low-rank additions to queries and values."""
    epochs: int = 400
    room: int = 400
    """Feature frames that are learnt together, padding included."""
    rate: float = 1e-3
    model_rate: float = 2e-5
    """Of the model's own weights."""
    seed: int = 0


class Projector(nn.Module):
    """Features (B, N, audio) of which row b has `frames[b]` to embeddings (B, T, words) of which it has as many as the
    second result says."""

    def __init__(self, recipe: Recipe, words: int) -> None:
        super().__init__()
        self.recipe = recipe
        self.stacked = STACKED.get(recipe.method, 0)
        wide = recipe.audio * max(1, self.stacked)
        if recipe.method == "ultravox":
            self.net: nn.Module = Gated(wide, recipe.hidden, words)
        else:
            self.net = nn.Sequential(nn.Linear(wide, recipe.hidden), nn.ReLU(), nn.Linear(recipe.hidden, words))
        self.layers = nn.ModuleList()
        if recipe.method == "binding":
            dims = BridgeDims(recipe.audio, words, hidden=recipe.audio, dropout=0.0)
            self.layers.extend(Layer(dims) for _ in range(2))

    def forward(self, features: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        inside = torch.arange(features.shape[1], device=features.device) < frames[:, None]
        for layer in self.layers:
            features = layer(features, inside)
        if not self.stacked:
            return self.net(pool(features, frames, self.recipe.tokens)), torch.full_like(frames, self.recipe.tokens)
        some, many = beside(features, frames, self.stacked)
        return self.net(some), many


class Gated(nn.Module):
    """Ultravox's: norm, linear, SwiGLU, linear, norm."""

    def __init__(self, wide: int, hidden: int, words: int) -> None:
        super().__init__()
        self.before, self.after = nn.RMSNorm(wide), nn.RMSNorm(words)
        self.enter, self.leave = nn.Linear(wide, 2 * hidden, bias=False), nn.Linear(hidden, words, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.enter(self.before(x)).chunk(2, -1)
        return self.after(self.leave(functional.silu(gate) * value))


class Added(nn.Module):
    """A linear layer that stays as it is, and a low-rank one beside it that learns (Hu et al. 2021)."""

    def __init__(self, plain: nn.Linear, rank: int) -> None:
        super().__init__()
        self.plain = plain
        self.down = nn.Linear(plain.in_features, rank, bias=False)
        self.up = nn.Linear(rank, plain.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.plain(x) + self.up(self.down(x))


def learning(recipe: Recipe, net: Projector, model: Llama) -> list[dict[str, Any]]:
    """What learns, with its learning rate; all else is frozen. Puts low-rank additions into `model` if they are
    wanted."""
    model.requires_grad_(False)
    if recipe.method == "xvila":
        model.requires_grad_(True)
        model.token_embd.requires_grad_(False)
        own = [weight for weight in model.parameters() if weight.requires_grad]
        return [{"params": net.parameters()}, {"params": own, "lr": recipe.model_rate}]
    if recipe.method == "xvila-lora":
        for block in model.blk:
            for name in ("attn_q", "attn_v"):
                setattr(block, name, Added(getattr(block, name), recipe.rank))
        added = [weight for weight in model.parameters() if weight.requires_grad]
        return [{"params": [*net.parameters(), *added]}]
    if recipe.method == "binding":
        net.net.requires_grad_(False)
        return [{"params": net.layers.parameters()}]
    return [{"params": net.parameters()}]


def fit(
    recipe: Recipe, pairs: Sequence[Pair], answers: Answers, model: Llama, folder: Path, tell: Progress
) -> tuple[Projector, list[float]]:
    """A projector, and the mean loss of each epoch; `model` may have learnt, too.

    It learns to let the model say the `answers`, by the names of the pairs; where there is none, the words themselves.
    What is needed to go on lies in `folder`, at most a minute old. Raises `ValueError` if the loss is no number.
    """
    torch.manual_seed(recipe.seed)
    net, model = Projector(recipe, model.dims.width).to(DEVICE), model.to(DEVICE)
    optimiser = torch.optim.AdamW(learning(recipe, net, model), recipe.rate, fused=True)
    lots = [len(pair.features) for pair in pairs]
    epoch = sum(1 for _ in _epoch(lots, recipe))
    count = recipe.epochs * epoch
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: cosine(step, epoch, count))
    seen = Losses()

    def learn(some: Sequence[Pair], step: int) -> float:
        torch.manual_seed((recipe.seed << 32) + step)
        found = loss(recipe, net.train(), model, some, answers)
        seen.values.append(descend(found, step, optimiser, schedule))
        return seen.values[-1]

    parts: dict[str, Any] = {"net": net, "optimiser": optimiser, "schedule": schedule, "seen": seen}
    if recipe.method.startswith("xvila"):
        parts["model"] = model
    material = (part for pair in pairs for part in (pair.name, pair.features, pair.tokens, str(answers.get(pair.name))))
    place = folder / checkpoint.key(recipe, (*material, *model.state_dict().values())) / "through.pt"
    run(
        Course(recipe.method, count, epoch, parts, place, folder, PLOTS),
        material=lambda begun: (
            [pairs[number] for number in lot] for lot in drawn(lots, recipe.room, recipe.seed, range(begun, count))
        ),
        learn=learn,
        look=lambda now: ({"loss": now}, f"loss {now:.3f}"),
        tell=tell,
    )
    return net.eval(), np.array(seen.values).reshape(recipe.epochs, epoch).mean(1).tolist()


def _epoch(lengths: Sequence[int], recipe: Recipe) -> Iterator[list[int]]:
    """Once through all of them."""
    left = len(lengths)
    for lot in drawn(lengths, recipe.room, recipe.seed, range(len(lengths))):
        if left <= 0:
            return
        left -= len(lot)
        yield lot


def loss(recipe: Recipe, net: Projector, model: Llama, pairs: Sequence[Pair], answers: Answers) -> Tensor:
    """Of pairs side by side, of what is to be said: its cross-entropy, or the distance from what the model would say
    if it had read the words."""
    found, many = net(*side_by_side([pair.features for pair in pairs]))
    table, prompt = model.token_embd.weight, recipe.prompt

    def embedded(tokens: Sequence[int]) -> Tensor:
        return table[torch.tensor(list(tokens), dtype=torch.int64, device=table.device)]

    said = [[*answers.get(pair.name, pair.tokens.tolist()), prompt.end] for pair in pairs]
    heard = [one[:count] for one, count in zip(found, many.tolist(), strict=True)]
    ours = _told(model, [
        torch.cat([embedded(prompt.before), one, embedded([*prompt.between, *text])])
        for one, text in zip(heard, said, strict=True)
    ], said)  # fmt: skip
    if recipe.method != "ultravox":
        return functional.cross_entropy(
            ours, torch.tensor([token for text in said for token in text], device=ours.device)
        )
    with torch.no_grad():
        theirs = _told(model, [
            embedded([*prompt.before, *pair.tokens.tolist(), *prompt.between, *text])
            for pair, text in zip(pairs, said, strict=True)
        ], said)  # fmt: skip
    one, other = (functional.log_softmax(logits / TEMPERATURE, 1) for logits in (ours, theirs))
    return functional.kl_div(one, other, reduction="batchmean", log_target=True)


def _told(model: Llama, rows: Sequence[Tensor], said: Sequence[Sequence[int]]) -> Tensor:
    """(tokens, vocabulary): the model's logits of what is said at the end of each row."""
    logits = model(nn.utils.rnn.pad_sequence(list(rows), batch_first=True))
    each = zip(logits, rows, said, strict=True)
    return torch.cat([one[len(row) - len(text) - 1 : len(row) - 1] for one, row, text in each])


Heard = Callable[[Pair], Tensor]
"""What a trained projector makes of a pair: embeddings (T, words)."""


def hearing(net: Projector) -> Heard:
    """Of a trained one."""

    @torch.no_grad()
    def heard(pair: Pair) -> Tensor:
        found, many = net(*side_by_side([pair.features]))
        return found[0, : int(many[0])]

    return heard
