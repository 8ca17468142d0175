"""The recipe of a voice: Glow-TTS learns from sentences, from nothing or from a base that learnt from others.

Which batch comes at which step, and every chance in it, follow from the recipe and the step: a training that was killed
and goes on gives the network that it would have given.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from digiclone.nn.glow_tts import Dims, GlowTTS, Losses
from digiclone.text.symbols import SYMBOLS
from digiclone.train import checkpoint
from digiclone.train.course import Course, Progress, cosine, drawn, run
from digiclone.train.precision import DEVICE, mixed
from digiclone.train.speech import Batch, Sentence, batch

PLOTS = {
    "minus the log-likelihood of a number of a mel frame, nats": {"learnt": "loss", "kept": "kept_loss"},
    "error of the log durations": {"learnt": "duration", "kept": "kept_duration"},
}
"""What is drawn: the losses of the last batch, and of the sentences kept from training."""


@dataclass(frozen=True)
class Recipe:
    """All that decides what comes out, beside the sentences."""

    version: int = 2
    """Of the code."""
    dims: Dims = field(default_factory=lambda: Dims(len(SYMBOLS)))
    steps: int = 10_000
    frames: int = 8_000
    """Mel frames in a batch, padding included."""
    rate: float = 1e-3
    warm: int = 500
    """Steps over which the rate rises; then it falls like a cosine."""
    clip: float = 5.0
    """The largest norm of a gradient."""
    every: int = 250
    """Steps between two looks at the sentences kept from training."""
    patience: int = 12
    """Looks without a better one after which it stops."""
    seed: int = 0


def fit(
    recipe: Recipe,
    said: Sequence[Sentence],
    kept: Sequence[Sentence],
    folder: Path,
    base: dict[str, Tensor] | None,
    tell: Progress,
) -> GlowTTS:
    """The network that is most likely to have said the sentences `kept` from training, of those met on the way.

    Begins with the weights of a `base`, if one is given. What is needed to go on lies in `folder`, at most a minute
    old; the losses too, one JSON object a line. `tell` hears after each step how it goes and the share that is behind.
    """
    torch.manual_seed(recipe.seed)
    net = GlowTTS(recipe.dims).to(DEVICE)
    if base is not None:
        net.load_state_dict(base)
    optimiser = torch.optim.Adam(net.parameters(), recipe.rate, betas=(0.9, 0.98), eps=1e-9, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: cosine(step, recipe.warm, recipe.steps))
    best = Best(net)
    parts: dict[str, Any] = {"net": net, "optimiser": optimiser, "schedule": schedule, "best": best}
    known = (part for one in said for part in (one.name, one.ids, one.mels))
    place = folder / checkpoint.key(recipe, (*known, *(base or {}).values())) / "net.pt"
    course = Course("the voice", recipe.steps, recipe.every, parts, place, folder, PLOTS)

    def learnt(some: Batch, step: int) -> Losses:
        losses = learn(recipe, net, optimiser, some, step)
        schedule.step()
        return losses

    def look(losses: Losses) -> tuple[dict[str, float], str]:
        judged = judge(net, kept)
        best.look(judged, net)
        return _numbers(losses, judged), f"{told(losses)}; kept: {told(judged)}"

    run(
        course,
        material=lambda begun: batches(recipe, said, begun),
        learn=learnt,
        look=look,
        tell=tell,
        enough=lambda: best.looks_since >= recipe.patience,
    )
    net.load_state_dict(best.weights)
    return net.eval()


def batches(recipe: Recipe, said: Sequence[Sentence], begun: int) -> Iterator[Batch]:
    """Those of the steps from `begun` on."""
    lengths = [one.mels.shape[1] for one in said]
    for lot in drawn(lengths, recipe.frames, recipe.seed, range(begun, recipe.steps)):
        yield batch([said[number] for number in lot])


def learn(recipe: Recipe, net: GlowTTS, optimiser: torch.optim.Optimizer, some: Batch, step: int) -> Losses:
    """One step of the training."""
    torch.manual_seed((recipe.seed << 32) + step)  # dropout, too, is the step's own
    net.train()
    with mixed():
        losses, _ = net(*_parts(some))
    optimiser.zero_grad()
    (losses.likelihood + losses.duration).backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), recipe.clip)
    optimiser.step()
    return Losses(losses.likelihood.detach(), losses.duration.detach())


def _parts(some: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    here = some.to(DEVICE)
    return here.ids, here.phones, here.mels, here.frames


def judge(net: GlowTTS, kept: Sequence[Sentence]) -> Losses:
    """The losses on sentences, which weigh alike."""
    net.eval()
    with torch.no_grad():
        found = [net(*_parts(batch([one])))[0] for one in kept]
    return Losses(
        torch.stack([one.likelihood for one in found]).mean(), torch.stack([one.duration for one in found]).mean()
    )


class Best:
    """The weights that did best so far, and how many looks ago that was."""

    def __init__(self, net: GlowTTS) -> None:
        self.weights = {name: weight.clone() for name, weight in net.state_dict().items()}
        self.loss = math.inf
        self.looks_since = 0

    def look(self, judged: Losses, net: GlowTTS) -> None:
        """Keep the weights of `net` if they are better."""
        self.looks_since += 1
        if (loss := float(judged.likelihood + judged.duration)) < self.loss:
            self.loss, self.looks_since = loss, 0
            self.weights = {name: weight.clone() for name, weight in net.state_dict().items()}

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From a checkpoint."""
        vars(self).update(state)


def told(losses: Losses) -> str:
    """Losses as people read them."""
    return f"likelihood {-float(losses.likelihood):.3f}, durations {float(losses.duration):.3f}"


def _numbers(losses: Losses, judged: Losses) -> dict[str, float]:
    return {
        "loss": float(losses.likelihood),
        "duration": float(losses.duration),
        "kept_loss": float(judged.likelihood),
        "kept_duration": float(judged.duration),
    }
