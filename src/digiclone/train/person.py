"""A bridge learns one person's speech: from the base of readers, the person's own sentences, each heard in some other
rooms and at other speeds too, and as many synthetic ones, so that what the base knows is not forgotten.

The language model is not needed: what comes out are letters, and they go with every model ("plus"). What the paper
prints, a bridge to the embeddings of one model, is `linked.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from digiclone.align.pairs import ENOUGH, Pair, split
from digiclone.artifacts import BRIDGE, Bridge, keep_bridge, write_atomically
from digiclone.bridge import NET, Recogniser, heard_by, understood
from digiclone.config import ConfigError
from digiclone.train import bridge_export, checkpoint, heard, reader
from digiclone.train.course import Progress
from digiclone.train.heard import Casting, Encoder
from digiclone.train.listening import features, usual, wrong
from digiclone.train.reader import Heard
from digiclone.train.reader_base import DIMS, load, save

TRUSTS = (0.0, 0.5, 1.0, 2.0)
"""In the opinion of the recogniser: what is tried."""
OWN = "training/own.pt"
"""What was learnt last, in a bridge's folder: from there it can go on."""


@dataclass(frozen=True)
class Recipe:
    """How a person is learnt from a base."""

    training: reader.Recipe = field(
        default_factory=lambda: reader.Recipe(DIMS, steps=300, frames=4_000, rate=5e-4, warm=50, every=100)
    )
    """Its sizes are those of the base."""
    words: str = "cleaned"
    """Which of a pair's texts it learns to write: as it was meant, or "verbatim", as it came out."""
    variants: int = 4
    """Of each sentence, in other rooms, with other noises, a little slower or quicker."""
    replayed: Casting = field(default_factory=lambda: Casting(hibari=300, flite=0, kokoro=0, seed=1))
    """Synthetic sentences among the person's."""
    own: float = 0.75
    """The share of what was learnt from the person in each weight; the rest stays as it was (Wortsman et al. 2022,
    "Robust fine-tuning of zero-shot models")."""


def going_on(recipe: Recipe) -> Recipe:
    """For somebody who is known already, and of whom there is more to learn: a third of the way."""
    return replace(recipe, training=replace(recipe.training, steps=recipe.training.steps // 3))


def learnable(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Those to learn from and those kept. Raises `ConfigError` if they are too few."""
    learnt, kept = split(pairs)
    if len(learnt) < ENOUGH:
        raise ConfigError(f"{len(learnt)} sentences are too few to learn somebody from: bring at least {ENOUGH}")
    return learnt, kept


def train(
    recipe: Recipe, pairs: Sequence[Pair], start: Path, encoder: Encoder, name: str, folder: Path, tell: Progress
) -> Bridge:
    """Learn the person of the `pairs` from the base in the file `start`, or from what was learnt of them before, and
    write the bridge to `folder`.

    `encoder` hears, of that `name` ("moonshine:tiny-en"). Raises `ConfigError` if there is too little, or the base
    learnt to hear through another encoder.
    """
    if checkpoint.facts(start)["encoder_sha256"] != heard_by(name):
        raise ConfigError(f"{start.name} learnt to hear through another encoder than the {name} that is here")
    learnt, kept = learnable(pairs)
    dims, weights = load(start)
    work = folder / "training"
    material = features(learnt, recipe.words, recipe.variants, encoder, name, work, tell)
    judged = features(kept, recipe.words, 0, encoder, name, work, tell)
    replayed = heard.heard(recipe.replayed, encoder, name, work / "replayed")
    training = replace(recipe.training, dims=dims)
    net = reader.fit(training, [*material, *replayed], judged, work, weights, tell)
    learnt_ = net.state_dict()
    net.load_state_dict({one: torch.lerp(weights[one], learnt_[one], recipe.own) for one in weights})
    trust, found = trusted([(one, reader.likely(net, one)) for one in judged], encoder)
    about = described("plus", name, len(learnt), recipe.words, repr(recipe), found, encoder, kept)
    about = about.model_copy(update={"trust": trust})
    save(net, folder / OWN, {"encoder": name, "encoder_sha256": heard_by(name)})
    (folder / BRIDGE).unlink(missing_ok=True)
    write_atomically(folder / NET, bridge_export.reader(net, {"made_by": "digiclone align train"}))
    keep_bridge(folder, about)
    return about


def trusted(judged: Sequence[tuple[Heard, NDArray[np.float32]]], encoder: Encoder) -> tuple[float, float]:
    """How far the opinion of the recogniser should count beside what a reader finds likely, and the share of words that
    is wrong then: the least there is, by as little trust as will do, for who is not asked takes no time."""

    def lost(trust: float) -> float:
        heard_ = ((one, likely, one.features[None].astype(np.float32)) for one, likely in judged)
        return wrong([(one.text, understood(likely, features, encoder, trust)) for one, likely, features in heard_])

    found = {trust: lost(trust) for trust in TRUSTS if not trust or isinstance(encoder, Recogniser)}
    best = min(found, key=lambda trust: (found[trust], trust)) if judged else 0.0
    return best, found[best]


def described(
    method: Literal["plus", "paper"], name: str, learnt: int, words: str, recipe: str, wrong: float, encoder: Encoder,
    kept: Sequence[Pair],
) -> Bridge:  # fmt: skip
    """What a bridge made now says of itself, that gets `wrong` of the words of the sentences `kept` from it, beside
    what the recogniser gets wrong whose ears it uses."""
    return Bridge(
        method=method,
        encoder=name,
        encoder_sha256=heard_by(name),
        made=datetime.now(UTC).replace(microsecond=0),
        pairs=learnt,
        words=words,
        recipe=recipe,
        wrong=round(wrong, 4),
        usual=round(usual(kept, words, encoder), 4),
        kept=[pair.name for pair in kept],
    )
