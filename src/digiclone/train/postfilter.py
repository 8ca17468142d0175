"""The recipe of a postfilter: it and a critic learn by turns, from sentences as a flow says them and as they were said.

Which pieces come at which step follows from the recipe and the step: a training that was killed and goes on gives the
network that it would have given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from digiclone.config import ConfigError
from digiclone.nn.discriminators import discriminator_loss, feature_loss, generator_loss
from digiclone.nn.glow_tts import GlowTTS
from digiclone.nn.postfilter import Critic, Dims, Postfilter
from digiclone.train import checkpoint
from digiclone.train.course import Course, Progress, run
from digiclone.train.precision import DEVICE
from digiclone.train.speech import Sentence
from digiclone.train.vocoder import as_said, learn, pieces

PLOTS = {
    "least squares: the sides of the game": {"postfilter": "adversarial", "critic": "critic"},
    "distance inside the critic": {"learnt": "features"},
    "distance of smoothed frames, in units of their spread": {"learnt": "outline"},
}
SMOOTH = 5
"""Frames over which outlines are averaged: what is slower must stay as it was said."""


@dataclass(frozen=True, eq=False)
class Pair:
    """A sentence in frames (80, F) that were `made` along the true alignment, and the `real` ones, in 16 bits."""

    name: str
    made: NDArray[np.float16]
    real: NDArray[np.float16]


@dataclass(frozen=True)
class Recipe:
    """All that decides what comes out, beside the pairs and what it begins with."""

    version: int = 1
    """Of the code."""
    dims: Dims = field(default_factory=Dims)
    steps: int = 2_000
    crops: int = 40
    frames: int = 64
    """Of each crop."""
    rate: float = 2e-4
    critic_rate: float = 4e-4
    features: float = 1.0
    outline: float = 2.0
    """Weights of these distances, beside the adversarial loss."""
    average: float = 0.998
    """Of the weights of earlier steps, in what comes out: the game never rests."""
    every: int = 100
    """Steps between two entries in the journal."""
    noise: float = 0.333
    """The chance in the frames that it learns from. The voice speaks with less; to learn from as little brings nothing
    (dev/LOG.md)."""
    seed: int = 0


def pairs(net: GlowTTS, said: Sequence[Sentence], noise: float) -> Iterator[Pair]:
    """The sentences as `net` would say them if each phone took as long as it did, and as they were said."""
    net.eval()
    for one in said:
        made = as_said(net, one, noise)
        yield Pair(one.name, made, one.mels[:, : made.shape[1]])


Sides = Mapping[str, Mapping[str, Any]]
"""The weights of both sides of a game: of the `postfilter` and of its `critic`."""


def fit(recipe: Recipe, known: Sequence[Pair], begin: Sides | None, folder: Path, tell: Progress) -> Game:
    """A game that was played over the pairs, and began where another one ended if `begin` is given.

    What is needed to go on lies in `folder`, at most a minute old; the losses too, one JSON object a line. `tell` hears
    after each step how it goes and the share that is behind. Raises `ConfigError` if all sentences are too short.
    """
    long = [pair for pair in known if pair.made.shape[1] >= recipe.frames]
    if not long:
        raise ConfigError("no sentence is long enough to learn a postfilter from: record some of a few seconds")
    game = Game(recipe, long, begin)
    seen = (part for pair in long for part in (pair.name, pair.made, pair.real))
    sides = (weight for side in (begin or {}).values() for weight in side.values())
    place = folder / checkpoint.key(recipe, (*seen, *sides)) / "postfilter.pt"
    run(
        Course("the postfilter", recipe.steps, recipe.every, game.parts, place, folder, PLOTS),
        material=lambda begun: (crops(recipe, long, step) for step in range(begun, recipe.steps)),
        learn=lambda frames, _: game.step(*frames),
        look=numbers,
        tell=tell,
    )
    return game


def numbers(losses: Mapping[str, Tensor]) -> tuple[dict[str, float], str]:
    """Losses for the journal, and for people."""
    found = {name: float(loss) for name, loss in losses.items()}
    return found, ", ".join(f"{name} {loss:.3f}" for name, loss in found.items())


def crops(recipe: Recipe, known: Sequence[Pair], step: int) -> tuple[Tensor, Tensor]:
    """Made and real frames (crops, 80, frames) of a step; every moment of the pairs is as likely as any other."""
    lengths = [pair.made.shape[1] for pair in known]
    found = [
        (known[number], slice(start, start + recipe.frames))
        for number, start in pieces(lengths, recipe.frames, recipe.crops, (recipe.seed, step))
    ]
    made = np.stack([pair.made[:, where] for pair, where in found]).astype(np.float32)
    real = np.stack([pair.real[:, where] for pair, where in found]).astype(np.float32)
    return torch.from_numpy(made).to(DEVICE), torch.from_numpy(real).to(DEVICE)


class Game:
    """A postfilter and its critic, who learn by turns."""

    def __init__(self, recipe: Recipe, known: Sequence[Pair], begin: Sides | None) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.net, self.critic = Postfilter(recipe.dims), Critic().to(DEVICE)
        if begin is not None:
            self.net.load_state_dict(begin["postfilter"])
            self.critic.load_state_dict(begin["critic"])
        real = torch.from_numpy(np.concatenate([pair.real for pair in known], axis=1).astype(np.float32))
        self.net.mean.copy_(real.mean(1, keepdim=True))
        self.net.spread.copy_(real.std(1, keepdim=True).clamp(min=1e-3))
        self.net.to(DEVICE)
        self.averaged: AveragedModel = AveragedModel(self.net, multi_avg_fn=get_ema_multi_avg_fn(recipe.average))
        self.makes = torch.optim.Adam(self.net.parameters(), recipe.rate, (0.5, 0.9), fused=True)
        self.judges = torch.optim.Adam(self.critic.parameters(), recipe.critic_rate, (0.5, 0.9), fused=True)
        self.parts = {name: vars(self)[name] for name in ("net", "critic", "averaged", "makes", "judges")}

    @property
    def postfilter(self) -> Postfilter:
        """What comes out: the mean over its last steps."""
        return cast(Postfilter, self.averaged.module).cpu().eval()

    def sides(self) -> Sides:
        """Where another game may begin."""
        return {"postfilter": self.postfilter.state_dict(), "critic": self.critic.cpu().state_dict()}

    def step(self, made: Tensor, real: Tensor) -> dict[str, Tensor]:
        """Learn from frames (B, 80, F) that were made and those that were said; the losses of both."""
        wanted, got = ((one - self.net.mean) / self.net.spread for one in (real, self.net(made)))
        self.critic.requires_grad_(True)
        critic = discriminator_loss([self.critic(wanted)], [self.critic(got.detach())])
        learn(self.judges, critic)
        self.critic.requires_grad_(False)  # it only judges
        theirs, ours = self.critic(wanted), self.critic(got)
        losses = {
            "adversarial": generator_loss([ours]),
            "features": feature_loss([theirs], [ours]),
            "outline": functional.l1_loss(
                functional.avg_pool1d(got, SMOOTH, 1), functional.avg_pool1d(wanted, SMOOTH, 1)
            ),
        }
        recipe = self.recipe
        learn(
            self.makes,
            losses["adversarial"] + recipe.features * losses["features"] + recipe.outline * losses["outline"],
        )
        self.averaged.update_parameters(self.net)
        return {name: loss.detach() for name, loss in {**losses, "critic": critic}.items()}
