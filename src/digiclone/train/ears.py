"""The ears learn one person, and with them the reader: a copy of the speech encoder is brought so far that what it
hears of this person is like what it hears of others.

A frozen encoder has lost what it never had to tell apart: with slurred speech no reader behind it gets it back. Here
the loss of the letters flows back through all of its layers (as personal recognisers for impaired speech are made:
Shor et al. 2019). The recogniser's decoder, which learns nothing, reads what such ears hear better, too.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from digiclone.nn.moonshine import Encoder, frames
from digiclone.nn.reader import Reader
from digiclone.stages import RATE
from digiclone.train import checkpoint, reader
from digiclone.train.course import Course, Progress, cosine, descend, drawn, run
from digiclone.train.precision import DEVICE, mixed
from digiclone.train.reader import PLOTS, Batch, Heard, readable


@dataclass(frozen=True, eq=False)
class Said:
    """A sound, `samples` (S,) at `stages.RATE` in 16 bits, and the `text` that was said."""

    name: str
    samples: NDArray[np.float16]
    text: str


@dataclass(frozen=True)
class Recipe:
    """All that decides what comes out, beside what was said and the base."""

    version: int = 1
    passes: float = 32.0
    """How often each sentence is learnt from, in one way or another."""
    fewest: int = 100
    most: int = 240
    """Steps."""
    seconds: float = 64.0
    """In a batch, padding included."""
    rate: float = 1e-4
    """Of the encoder."""
    reader_rate: float = 3e-4
    warm: int = 20
    decay: float = 1e-2
    clip: float = 5.0
    hidden: float = 0.1
    """The share of what is heard that is hidden from the reader (SpecAugment)."""
    every: int = 50
    seed: int = 0

    def steps(self, seconds: float) -> int:
        """For sentences that last so long together."""
        return int(np.clip(self.passes * seconds / self.seconds, self.fewest, self.most))


class Hearing(nn.Module):
    """Sound to letters: an encoder, and a reader behind it."""

    def __init__(self, encoder: Encoder, letters_of: Reader) -> None:
        super().__init__()
        self.encoder, self.reader = encoder, letters_of
        for weight in encoder.waves.parameters():  # what a cochlea does is the same for all
            weight.requires_grad_(False)

    @torch.no_grad()
    def heard(self, one: Said) -> Heard:
        """What is heard of it now."""
        samples = torch.from_numpy(one.samples.astype(np.float32))[None].to(DEVICE)
        features = self.encoder.eval()(samples)[0].float().cpu().numpy()
        return Heard(one.name, features.astype(np.float16), one.text)


def fit(
    recipe: Recipe, steps: int, said: Sequence[Said], kept: Sequence[Said], folder: Path, begin: Hearing, tell: Progress
) -> Hearing:
    """What `begin` becomes by learning from what was `said`, for so many steps; `begin` itself stays as it is.

    What is needed to go on lies in `folder`, at most a minute old; the losses too. Raises `ValueError` if the loss is
    no number: what was kept until then stays.
    """
    torch.manual_seed(recipe.seed)
    net = copy.deepcopy(begin).to(DEVICE)
    known = [one for one in said if _readable(one)]
    groups = [
        {"params": [weight for weight in net.encoder.parameters() if weight.requires_grad]},
        {"params": net.reader.parameters(), "lr": recipe.reader_rate},
    ]
    optimiser = torch.optim.AdamW(groups, recipe.rate, (0.9, 0.98), weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: cosine(step, recipe.warm, steps))

    def learn(some: Batch, step: int) -> float:
        torch.manual_seed((recipe.seed << 32) + step)
        net.train()
        with mixed():
            features = net.encoder(some.features[..., 0], some.frames).float()
            heard = Batch(features, frames(some.frames), some.wanted, some.lengths)
            found = reader.loss(net.reader, reader.hidden(heard, recipe.hidden))
        return descend(found, step, optimiser, schedule, recipe.clip)

    def look(now: float) -> tuple[dict[str, float], str]:
        return reader.looked(now, judge(net, kept) if kept else ())

    parts: dict[str, Any] = {"net": net, "optimiser": optimiser, "schedule": schedule}
    material = (part for one in known for part in (one.name, one.samples, one.text))
    place = folder / checkpoint.key((recipe, steps), (*material, *begin.state_dict().values())) / "ears.pt"
    run(
        Course("the ears", steps, recipe.every, parts, place, folder, PLOTS),
        material=lambda begun: (
            reader.beside([known[number].samples[:, None] for number in lot], [known[number].text for number in lot])
            for lot in drawn(
                [len(one.samples) for one in known], round(recipe.seconds * RATE), recipe.seed, range(begun, steps)
            )
        ),
        learn=learn,
        look=look,
        tell=tell,
    )
    return net.cpu().eval()


def judge(net: Hearing, kept: Sequence[Said]) -> tuple[float, float]:
    """The loss of a letter, and the share of letters that the likeliest path gets wrong; no numbers if none is kept."""
    return reader.judge(net.reader, [net.heard(one) for one in kept])


def between(before: Mapping[str, Tensor], net: nn.Module, shares: Sequence[float], loss: Callable[[], float]) -> float:
    """Bring `net` only so far from its weights `before` as the `loss` of what was kept from it is least: that share,
    of `shares` (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models")."""
    learnt = {name: weight.clone() for name, weight in net.state_dict().items()}

    def go(share: float) -> None:
        net.load_state_dict({name: torch.lerp(before[name], learnt[name], share) for name in learnt})

    found = dict[float, float]()
    for share in shares:
        go(share)
        found[share] = loss()
    best = min(found, key=lambda share: (found[share], -share))
    go(best)
    return best


def _readable(one: Said) -> bool:
    count = int(frames(torch.tensor(len(one.samples))))
    return readable(Heard(one.name, np.zeros((max(0, count), 1), np.float16), one.text))
