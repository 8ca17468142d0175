"""The recipe of `base.pt`: a voice that has learnt English from hours of the default voice, and from which another one
learns in minutes what takes hours from nothing.

    python -m digiclone.train.base [--more] [--folder FOLDER] [--output FILE]

Speech and checkpoints are kept in the folder; started again, it goes on where it was stopped. It learns in rounds, in
each of which the learning rate rises and falls (Loshchilov and Hutter 2017); at the end of each a postfilter learns
what the frames lack. `--more` adds a round to the base there is.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from torch import Tensor

from digiclone import registry
from digiclone.artifacts import replacing
from digiclone.dsp import VOICE_HOP, VOICE_RATE, joined
from digiclone.nn.glow_tts import Dims, GlowTTS
from digiclone.stages import TTS
from digiclone.text.symbols import SYMBOLS
from digiclone.train import checkpoint, corpus, glow, journal, postfilter
from digiclone.train.parts import Parts
from digiclone.train.speech import Sentence, sentence
from digiclone.weights import home

log = logging.getLogger(__name__)
SHIPPED = Path(__file__).with_name("base.pt")
"""The file in the package."""
PART = 100
"""Sentences in a file of speech."""
DIMS = Dims(
    len(SYMBOLS),
    hidden=128,
    inner=512,
    layers=4,
    durations=192,
    blocks=8,
    wavenet=3,
    kernel=3,
    dropout=0.0,
    flow_dropout=0.0,
)
"""A sixth of the paper's: what two cores train in an hour, and a small device speaks without effort. There is so much
to learn from that nothing need be dropped."""


@dataclass(frozen=True)
class Recipe:
    """All that decides what comes out."""

    version: int = 2
    voice: str = "hibari"
    kept: int = 60
    """Sentences on which nothing is trained."""
    speeds: tuple[float, ...] = (0.85, 0.92, 1.0, 1.08, 1.15)
    """They take turns."""
    training: glow.Recipe = field(default_factory=lambda: glow.Recipe(dims=DIMS, steps=2_200, frames=3_000, every=500))
    postfilter: postfilter.Recipe = field(default_factory=lambda: postfilter.Recipe(steps=1_200))
    refined: int = 1_000
    """Sentences that the postfilter learns from."""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Base:
    """What a voice begins with: the sizes and weights of the network, and of a postfilter and its critic."""

    dims: Dims
    weights: dict[str, Tensor]
    sides: postfilter.Sides | None


def train(recipe: Recipe, folder: Path, output: Path, begin: Path | None = None) -> GlowTTS:
    """Everything, from sentences to the file `output`; or a round more, if it is to `begin` with another base."""
    rounds = 1 + (checkpoint.facts(begin)["rounds"] if begin else 0)
    training = replace(recipe.training, seed=recipe.seed + rounds - 1)
    said = spoken(recipe, texts(recipe.seed), folder / "said")
    learnt, kept = said[recipe.kept :], said[: recipe.kept]
    before, place = load(begin) if begin else None, folder / f"round-{rounds}"
    net = glow.fit(training, learnt, kept, place, before and before.weights, journal.logged(log))
    pairs = list(postfilter.pairs(net, learnt[: recipe.refined], recipe.postfilter.noise))
    refine = replace(recipe.postfilter, seed=training.seed)
    game = postfilter.fit(refine, pairs, before and before.sides, place / "postfilter", journal.logged(log))
    reached = glow.told(glow.judge(net, kept))
    hours = round(sum(one.mels.shape[1] for one in said) * VOICE_HOP / VOICE_RATE / 3600, 1)
    about = {"recipe": repr(recipe), "rounds": rounds, "kept": reached, "hours": hours, "licence": "Apache-2.0"}
    save(Base(net.dims, net.state_dict(), game.sides()), output, about)
    log.info("%s: %.1f hours of %s, round %d, %s", output, hours, recipe.voice, rounds, reached)
    return net


def texts(seed: int) -> list[str]:
    """What is said, in a fair order."""
    lines = (files("digiclone.train") / "speeches.txt").read_text("utf-8").splitlines()
    found = list(dict.fromkeys([*corpus.sentences(), *(line for line in lines if not line.startswith("#"))]))
    random.Random(seed).shuffle(found)
    return found


def spoken(recipe: Recipe, lines: Sequence[str], folder: Path) -> list[Sentence]:
    """The sentences as the voice says them, at all speeds in turn; those in `folder` are not said again."""
    made_of = recipe.voice, recipe.speeds, recipe.version
    kept = Parts[str, Sentence]("spoken", PART, made_of, lambda some, first: _said(recipe, some, first), _save, _load)
    return kept.of(lines, folder)


def _said(recipe: Recipe, lines: Sequence[str], first: int) -> Iterator[Sentence]:
    voices = [_voice(recipe.voice, speed) for speed in recipe.speeds]
    for number, text in enumerate(lines, first):
        if one := sentence(f"{recipe.voice}-{number}", text, joined(voices[number % len(voices)].speak(text))):
            yield one


@cache
def _voice(name: str, speed: float) -> TTS:
    return registry.load("tts", name, speed=speed)


def _save(said: Sequence[Sentence], place: Path) -> None:
    with replacing(place) as out:
        np.savez(
            out,
            names=np.array([one.name for one in said]),
            ids=np.concatenate([one.ids for one in said]),
            mels=np.concatenate([one.mels for one in said], axis=1),
            sizes=np.array([(len(one.ids), one.mels.shape[1]) for one in said]),
        )


def _load(place: Path) -> list[Sentence]:
    with np.load(place) as kept:
        names, sizes, ids, mels = (kept[name] for name in ("names", "sizes", "ids", "mels"))
    symbols, frames = np.cumsum(sizes, axis=0)[:-1].T
    parts = zip(names.tolist(), np.split(ids, symbols), np.split(mels, frames, axis=1), strict=True)
    return [Sentence(name, numbers, sound) for name, numbers, sound in parts]


def save(base: Base, output: Path, about: dict[str, Any]) -> None:
    """Write a base: its sizes and facts, and its weights in 16 bits."""
    sides = {side: checkpoint.halved(weights) for side, weights in (base.sides or {}).items()}
    kept = {"dims": asdict(base.dims), "facts": about, "weights": checkpoint.halved(base.weights), "sides": sides}
    checkpoint.save(kept, output)


def load(file: Path) -> Base:
    """What `save` wrote."""
    kept: dict[str, Any] = torch.load(file, map_location="cpu")
    sides = {side: checkpoint.whole(weights) for side, weights in kept.get("sides", {}).items()}
    return Base(Dims(**kept["dims"]), checkpoint.whole(kept["weights"]), sides or None)


def main(
    folder: Annotated[Path | None, typer.Option(help="Where speech and checkpoints are kept.")] = None,
    output: Annotated[Path, typer.Option(help="The file to write.")] = SHIPPED,
    more: Annotated[bool, typer.Option("--more", help="A round more, beginning with the base there is.")] = False,
) -> None:
    """Train the base of voices, or go on with it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    train(Recipe(), folder or home() / "training" / "base", output, SHIPPED if more else None)


if __name__ == "__main__":
    typer.run(main)
