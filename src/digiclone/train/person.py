"""A bridge learns one person's speech: from the base of readers and the person's own sentences, each heard in some
other rooms and at other speeds too; how far it goes is judged by sentences that were kept from it.

The language model is not needed: what comes out are letters, and they go with every model ("plus"). What the paper
prints, a bridge to the embeddings of one model, is `linked.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from digiclone.align.pairs import ENOUGH, Pair, split
from digiclone.artifacts import BRIDGE, Bridge, keep_bridge, write_atomically
from digiclone.bridge import NET, Recogniser, heard_by, understood
from digiclone.config import ConfigError
from digiclone.nn.reader import Reader
from digiclone.train import bridge_export, checkpoint, ears, heard, moonshine, reader
from digiclone.train.course import Progress
from digiclone.train.heard import Casting, Encoder
from digiclone.train.listening import features, sounds, usual, wrong
from digiclone.train.reader import Heard
from digiclone.train.reader_base import DIMS, load, save
from digiclone.train.reader_base import ears as ears_in
from digiclone.weights import home

TRUSTS = (0.0, inf, 2.0, 1.0, 0.5)
"""In the opinion of the recogniser: what is tried, the quicker first."""
MADE_BY = {"made_by": "digiclone align train"}
OWN = "training/own.pt"
"""What was learnt last, in a bridge's folder: from there it can go on."""


@dataclass(frozen=True)
class Recipe:
    """How a person is learnt from a base."""

    training: reader.Recipe = field(
        default_factory=lambda: reader.Recipe(DIMS, steps=300, frames=4_000, rate=5e-4, warm=50, every=100)
    )
    """How a reader learns alone. Its sizes are those of the base."""
    ears: ears.Recipe | None = field(default_factory=ears.Recipe)
    """How the ears learn; without it they stay as they are, as the paper has them, and the reader alone learns."""
    words: str = "cleaned"
    """Which of a pair's texts it learns to write: as it was meant, or "verbatim", as it came out."""
    variants: int = 4
    """Of each sentence, in other rooms, with other noises, a little slower or quicker."""
    replayed: Casting = field(default_factory=lambda: Casting(hibari=300, flite=0, kokoro=0, seed=1))
    """Synthetic sentences among the person's, for a reader that learns alone; made once for everybody."""
    shares: tuple[float, ...] = (0.5, 0.75, 1.0)
    """Of what was learnt in each weight; the rest stays as it was. Kept sentences say which is best."""


def going_on(recipe: Recipe) -> Recipe:
    """For somebody who is known already, and of whom there is more to learn: a third of the way."""
    training = replace(recipe.training, steps=recipe.training.steps // 3)
    found = recipe.ears
    if found:
        found = replace(found, passes=found.passes / 3, fewest=found.fewest // 3, most=found.most // 3)
    return replace(recipe, training=training, ears=found)


@dataclass(frozen=True, eq=False)
class Learnt:
    """A reader; the ears before it, if they learnt, too; what it hears now of sentences that were kept from it; and
    the file in which all of it runs."""

    reader: Reader
    ears: dict[str, Tensor] | None
    judged: list[Heard]
    file: bytes


def learnable(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Those to learn from and those kept. Raises `ConfigError` if they are too few."""
    learnt, kept = split(pairs)
    if len(pairs) < ENOUGH:
        raise ConfigError(f"{len(pairs)} sentences are too few to learn somebody from: bring at least {ENOUGH}")
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
    if recipe.ears:
        found = _by_ears(recipe, recipe.ears, learnt, kept, start, name, folder / "training", tell)
    else:
        found = _by_reader(recipe, learnt, kept, start, encoder, name, folder / "training", tell)
    trust, wrong_ = trusted([(one, reader.likely(found.reader, one)) for one in found.judged], encoder)
    about = described("plus", name, len(learnt), recipe.words, repr(recipe), wrong_, encoder, kept)
    about = about.model_copy(update={"trust": trust})
    save(found.reader, folder / OWN, {"encoder": name, "encoder_sha256": heard_by(name)}, found.ears)
    (folder / BRIDGE).unlink(missing_ok=True)
    write_atomically(folder / NET, found.file)
    keep_bridge(folder, about)
    return about


def _by_ears(
    recipe: Recipe, training: ears.Recipe, learnt: Sequence[Pair], kept: Sequence[Pair], start: Path, name: str,
    work: Path, tell: Progress,
) -> Learnt:  # fmt: skip
    begin = _hearing(start, name)
    said = list[ears.Said]()
    for number, pair in enumerate(learnt):
        tell("listening", number / len(learnt))
        said += _said(pair, recipe.words, recipe.variants)
    judged = [one for pair in kept for one in _said(pair, recipe.words, 0)]
    steps = training.steps(sum(pair.audio().seconds for pair in learnt))
    net = ears.fit(training, steps, said, judged, work, begin, tell)
    ears.between(begin.state_dict(), net, recipe.shares, lambda: ears.judge(net, judged)[0])
    data = bridge_export.hearing(net, MADE_BY)
    return Learnt(net.reader, net.encoder.state_dict(), [net.heard(one) for one in judged], data)


def _by_reader(
    recipe: Recipe, learnt: Sequence[Pair], kept: Sequence[Pair], start: Path, encoder: Encoder, name: str, work: Path,
    tell: Progress,
) -> Learnt:  # fmt: skip
    dims, weights = load(start)
    material = features(learnt, recipe.words, recipe.variants, encoder, name, work, tell)
    judged = features(kept, recipe.words, 0, encoder, name, work, tell)
    replayed = heard.heard(recipe.replayed, encoder, name, home() / "training" / "replayed")
    training = replace(recipe.training, dims=dims)
    net = reader.fit(training, [*material, *replayed], judged, work, weights, tell)
    ears.between(weights, net, recipe.shares, lambda: reader.judge(net, judged)[0])
    return Learnt(net, None, judged, bridge_export.reader(net, MADE_BY))


def _hearing(start: Path, name: str) -> ears.Hearing:
    """The ears and the reader that begin. Raises `ConfigError` for ears that cannot learn."""
    backend, _, model = name.partition(":")
    if backend != "moonshine":
        raise ConfigError(f"only Moonshine's ears can learn, not those of {name}")
    encoder = moonshine.encoder(model)
    if known := ears_in(start):
        encoder.load_state_dict(known)
    dims, weights = load(start)
    net = Reader(dims)
    net.load_state_dict(weights)
    return ears.Hearing(encoder, net)


def _said(pair: Pair, words: str, variants: int) -> list[ears.Said]:
    rows = enumerate(sounds(pair, variants))
    return [ears.Said(f"{pair.name}-{number}", row.astype(np.float16), pair.text(words)) for number, row in rows]


def trusted(judged: Sequence[tuple[Heard, NDArray[np.float32]]], encoder: Encoder) -> tuple[float, float]:
    """How far the opinion of the recogniser should count beside what a reader finds likely, and the share of words that
    is wrong then: the least there is, and of what is as good the quickest; one who is not asked takes no time."""

    def lost(trust: float) -> float:
        heard_ = ((one, likely, one.features[None].astype(np.float32)) for one, likely in judged)
        return wrong([(one.text, understood(likely, features, encoder, trust)) for one, likely, features in heard_])

    found = {trust: lost(trust) for trust in TRUSTS if not trust or isinstance(encoder, Recogniser)}
    best = min(found, key=lambda trust: found[trust]) if judged else 0.0  # the first of the least
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
