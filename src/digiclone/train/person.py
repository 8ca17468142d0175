"""A bridge learns one person's speech: from the base of readers, the person's own sentences, each heard in some other
rooms and at other speeds too, and as many synthetic ones, so that what the base knows is not forgotten.

The language model is not needed: what comes out are letters, and they go with every model ("plus"). What the paper
prints, a bridge to the embeddings of one model, is `bridge.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from digiclone.align.pairs import Pair, split
from digiclone.artifacts import BRIDGE, Bridge, toml, write_atomically
from digiclone.bridge import NET, heard_by, read
from digiclone.config import ConfigError
from digiclone.dsp import resample
from digiclone.nn.reader import Reader
from digiclone.stages import RATE
from digiclone.train import bridge_export, checkpoint, heard, reader
from digiclone.train.augment import spoil
from digiclone.train.course import Progress
from digiclone.train.heard import ROOM, Casting, Encoder
from digiclone.train.reader import Heard
from digiclone.train.reader_base import load
from digiclone.types import Audio
from digiclone.voice.words import compare, normalised, total

LEAST = 20
"""Sentences from which on a person can be learnt."""
SAYS = "A bridge, learnt by `digiclone align train`. `use` is one of: if good, always, never."


@dataclass(frozen=True)
class Recipe:
    """How a person is learnt from a base."""

    training: reader.Recipe
    """Its sizes are those of the base."""
    words: str = "cleaned"
    """Which of a pair's texts it learns to write: as it was meant, or "verbatim", as it came out."""
    variants: int = 4
    """Of each sentence, in other rooms, with other noises, a little slower or quicker."""
    faster: float = 0.12
    """By up to this, as a natural logarithm."""
    replayed: Casting = field(default_factory=lambda: Casting(hibari=300, flite=0, kokoro=0, seed=1))
    """Synthetic sentences among the person's."""

    def text(self, pair: Pair) -> str:
        """What of a pair is to be written."""
        return pair.verbatim if self.words == "verbatim" else pair.cleaned


@dataclass(frozen=True, eq=False)
class Learnt:
    """A reader of one person, and the share of words that it gets wrong of the sentences kept from it, and that the
    recogniser gets wrong through whose ears it hears."""

    net: Reader
    wrong: float
    usual: float
    kept: list[str]


def train(
    recipe: Recipe, pairs: Sequence[Pair], start: Path, encoder: Encoder, name: str, folder: Path, tell: Progress
) -> Learnt:
    """Learn the person of the `pairs` from the base in the file `start`, and write the bridge to `folder`.

    `encoder` hears, of that `name` ("moonshine:tiny-en"). Raises `ConfigError` if there is too little, or the base
    learnt to hear through another encoder.
    """
    if checkpoint.facts(start)["encoder_sha256"] != heard_by(name):
        raise ConfigError(f"{start.name} learnt to hear through another encoder than the {name} that is here")
    learnt, kept = split(pairs)
    if len(learnt) < LEAST:
        raise ConfigError(f"{len(learnt)} sentences are too few to learn somebody from: bring at least {LEAST}")
    dims, weights = load(start)
    work = folder / "training"
    material = features(recipe, learnt, encoder, name, recipe.variants, work, tell)
    judged = features(recipe, kept, encoder, name, 0, work, tell)
    replayed = heard.heard(recipe.replayed, encoder, name, work / "replayed")
    training = replace(recipe.training, dims=dims)
    net = reader.fit(training, [*material, *replayed], judged, work, weights, tell)
    found = Learnt(net, wrong(net, judged), usual(recipe, kept, encoder), [pair.name for pair in kept])
    write(recipe, found, name, len(learnt), folder)
    return found


def features(
    recipe: Recipe, pairs: Sequence[Pair], encoder: Encoder, name: str, variants: int, folder: Path, tell: Progress
) -> list[Heard]:
    """The pairs as the encoder hears them, as they are and in so many variants; kept in `folder`, pair by pair."""
    found = list[Heard]()
    for number, pair in enumerate(pairs):
        tell("listening", number / len(pairs))
        text = recipe.text(pair)
        place = (
            folder / "heard" / f"{checkpoint.key((name, variants, recipe.faster, text), [pair.audio().samples])}.npz"
        )
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            heard.save(list(_variants(recipe, pair, text, encoder, variants)), place)
        found += heard.load(place)
    return found


def _variants(recipe: Recipe, pair: Pair, text: str, encoder: Encoder, count: int) -> list[Heard]:
    audio, chance = pair.audio(), np.random.default_rng(list(pair.name.encode()))
    sounds = [audio.samples]
    for _ in range(count):
        factor = float(np.exp(chance.uniform(-recipe.faster, recipe.faster)))
        played = resample(Audio(audio.samples, round(RATE * factor)), RATE).samples
        row = np.concatenate([played, np.zeros(round(ROOM * RATE), np.float32)])
        sounds.append(spoil(row[None], chance)[0].astype(np.float32))
    heard_ = (encoder.features(Audio(sound, RATE))[0].astype(np.float16) for sound in sounds)
    return [Heard(f"{pair.name}-{number}", one, text) for number, one in enumerate(heard_)]


def wrong(net: Reader, kept: Sequence[Heard]) -> float:
    """The share of words that a reader gets wrong; no number if nothing is kept."""
    judged = [one for one in kept if normalised(one.text)]
    if not judged:
        return float("nan")
    return total(compare(one.text, read(reader.likely(net, one))) for one in judged).wer


def usual(recipe: Recipe, kept: Sequence[Pair], recogniser: Encoder) -> float:
    """The share of words that the recogniser itself gets wrong; no number if nothing is kept."""
    judged = [pair for pair in kept if normalised(recipe.text(pair))]
    if not judged:
        return float("nan")
    return total(compare(recipe.text(pair), recogniser.transcribe(pair.audio())) for pair in judged).wer


def write(recipe: Recipe, found: Learnt, name: str, count: int, folder: Path) -> None:
    """Write the bridge; its settings come last: without them it is none."""
    (folder / BRIDGE).unlink(missing_ok=True)
    data = bridge_export.reader(found.net, {"made_by": "digiclone align train"})
    write_atomically(folder / NET, data)
    about = Bridge(
        method="plus",
        encoder=name,
        encoder_sha256=heard_by(name),
        made=datetime.now(UTC).replace(microsecond=0),
        pairs=count,
        recipe=repr(recipe),
        wrong=round(found.wrong, 4),
        usual=round(found.usual, 4),
        kept=found.kept,
    )
    write_atomically(folder / BRIDGE, toml(about, SAYS))
