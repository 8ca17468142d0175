"""The recipe of `reader.pt`: a reader that has learnt English from many synthetic voices, and from which it learns one
person's speech in minutes.

    python -m digiclone.train.reader_base [--more] [--folder FOLDER] [--output FILE]

Features and checkpoints are kept in the folder; started again, it goes on where it was stopped. `--more` adds a round
to the base there is. It hears through Moonshine's encoder, which stays as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor

from digiclone import bridge, registry
from digiclone.nn.reader import Dims, Reader
from digiclone.text.letters import LETTERS
from digiclone.train import checkpoint, heard, journal, reader
from digiclone.weights import home

log = logging.getLogger(__name__)
SHIPPED = Path(__file__).with_name("reader.pt")
"""The file in the package."""
DIMS = Dims(288, len(LETTERS), hidden=192, inner=576, blocks=6)


@dataclass(frozen=True)
class Recipe:
    """All that decides what comes out."""

    version: int = 1
    encoder: str = "moonshine:tiny-en"
    casting: heard.Casting = field(default_factory=heard.Casting)
    more: heard.Casting = field(
        default_factory=lambda: heard.Casting(hibari=14_000, flite=1_600, kokoro=160, lines=12_000)
    )
    """Who says what in each further round, which learns from that alone, for half as many steps."""
    kept: int = 200
    """Sentences on which nothing is trained."""
    training: reader.Recipe = field(default_factory=lambda: reader.Recipe(DIMS, steps=4_000))


def train(recipe: Recipe, folder: Path, output: Path, begin: Path | None = None) -> Reader:
    """Everything, from sentences to the file `output`; or a round more, if it is to `begin` with another base."""
    before, rounds = (load(begin), checkpoint.facts(begin)["rounds"] + 1) if begin else (None, 1)
    name, _, model = recipe.encoder.partition(":")
    encoder = registry.load("asr", name, model=model, threads=2)
    casting = replace(recipe.more, seed=rounds - 1) if before else recipe.casting
    said = heard.heard(casting, encoder, recipe.encoder, folder / "heard")
    learnt, kept = said[recipe.kept :], said[: recipe.kept]
    steps = recipe.training.steps // (2 if before else 1)
    training = replace(recipe.training, steps=steps, seed=rounds - 1, rate=recipe.training.rate / rounds)
    place = folder / f"round-{rounds}"
    net = reader.fit(training, learnt, kept, place, before and before[1], journal.logged(log))
    loss, wrong = reader.judge(net, kept)
    about = {
        "recipe": repr(recipe),
        "encoder": recipe.encoder,
        "encoder_sha256": bridge.heard_by(recipe.encoder),
        "rounds": rounds,
        "kept": f"{wrong:.1%} of letters wrong",
        "licence": "Apache-2.0",
    }
    save(net, output, about)
    log.info("%s: round %d, loss %.3f, %s", output, rounds, loss, about["kept"])
    return net


def save(net: Reader, output: Path, about: Mapping[str, Any], ears: Mapping[str, Tensor] | None = None) -> None:
    """Write a base: its sizes and facts, and its weights in 16 bits; with those of the `ears`, if they learnt, too."""
    kept = {"dims": asdict(net.dims), "facts": dict(about), "weights": checkpoint.halved(net.state_dict())}
    checkpoint.save(kept | ({"ears": checkpoint.halved(ears)} if ears else {}), output)


def load(file: Path) -> tuple[Dims, dict[str, Tensor]]:
    """What `save` wrote."""
    kept: dict[str, Any] = torch.load(file, map_location="cpu")
    return Dims(**kept["dims"]), checkpoint.whole(kept["weights"])


def ears(file: Path) -> dict[str, Tensor]:
    """The weights of the ears in it, if they learnt."""
    return checkpoint.whole(torch.load(file, map_location="cpu").get("ears", {}))


def main(
    folder: Annotated[Path | None, typer.Option(help="Where features and checkpoints are kept.")] = None,
    output: Annotated[Path, typer.Option(help="The file to write.")] = SHIPPED,
    more: Annotated[bool, typer.Option("--more", help="A round more, beginning with the base there is.")] = False,
) -> None:
    """Train the base of readers, or go on with it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    train(Recipe(), folder or home() / "training" / "reader", output, SHIPPED if more else None)


if __name__ == "__main__":
    typer.run(main)
