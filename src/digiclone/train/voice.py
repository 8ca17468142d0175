"""From a dataset to a voice that speaks without torch: `digiclone voice train`.

voice/voice.toml      what it is, where it is from, how it speaks; for people to read and edit
voice/encoder.onnx    symbols to means and log durations
voice/decoder.onnx    means and noise to mel frames
voice/vocoder.onnx    mel frames to sound
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from digiclone.artifacts import CARD, VOICE, Voice, keep_voice, write_atomically
from digiclone.config import ConfigError
from digiclone.dsp import VOICE_HOP, VOICE_RATE
from digiclone.nn import hifigan
from digiclone.nn.glow_tts import Dims, GlowTTS
from digiclone.nn.postfilter import Postfilter
from digiclone.train import glow, glow_export, hifigan_export, postfilter, speech, vocoder
from digiclone.train.base import Base
from digiclone.train.course import Progress
from digiclone.train.speech import Sentence

LEAST_KEPT, SHARE_KEPT = 6, 0.05
"""Sentences that no training sees: so many at least, and this share of all."""
LISTENED = 8
"""Clips by which a vocoder is judged while it learns."""
ENOUGH = 20
"""Sentences below which nothing can be learnt."""


@dataclass(frozen=True)
class Start:
    """What a voice begins with: a base, and a checkpoint of HiFi-GAN."""

    base: Base
    hifigan: Path


@dataclass(frozen=True)
class Recipe:
    """How a voice is learnt from a base."""

    training: glow.Recipe = field(
        default_factory=lambda: glow.Recipe(dims=Dims(0), steps=1_500, frames=3_000, rate=5e-4, warm=150, every=150)
    )
    """Its sizes are those of the base."""
    dropout: float = 0.1
    """Of one person there is so little that it would be learnt by heart."""
    postfilter: postfilter.Recipe | None = field(default_factory=postfilter.Recipe)
    """None: what the flow makes is what is heard."""
    vocoder: vocoder.Recipe | None = None
    """None: it stays as it is, which knows many speakers."""

    def fitted(self, dims: Dims) -> glow.Recipe:
        """The training of a voice with the sizes of its base."""
        return replace(self.training, dims=replace(dims, dropout=self.dropout))


def train(recipe: Recipe, said: Sequence[Sentence], start: Start, voice: Path, right: str, tell: Progress) -> Voice:
    """Learn a voice from what was `said` in `voice/dataset`, and write it beside.

    `right` says by which right the voice is copied; `tell` hears how it goes.
    """
    learnt, kept = split(said)
    training = recipe.fitted(start.base.dims)
    net = glow.fit(training, learnt, kept, voice / "training", start.base.weights, tell)
    refined = _refined(recipe.postfilter, net, learnt, start, voice, tell) if recipe.postfilter else None
    sound = hifigan.load(start.hifigan)
    if recipe.vocoder:
        sound = _tuned(recipe.vocoder, net, refined, sound, voice, {one.name for one in kept}, tell)
    about = Voice(
        rate=VOICE_RATE,
        right=right,
        made=datetime.now(UTC).replace(microsecond=0),
        minutes=round(sum(one.mels.shape[1] for one in learnt) * VOICE_HOP / VOICE_RATE / 60, 1),
        recipe=repr(replace(recipe, training=training)),
        likelihood=round(-float(glow.judge(net, kept).likelihood), 4),
        kept=[one.name for one in kept],
    )
    write(voice, net, sound, about, refined)
    return about


def require_dataset(voice: Path) -> None:
    """Raises `ConfigError` unless there is something to learn from."""
    metadata = voice / "dataset" / "metadata.csv"
    if not metadata.is_file():
        raise ConfigError("there are no recordings yet; begin with: digiclone voice build CLONE --audio FILE")
    if (count := len(metadata.read_text("utf-8").splitlines())) < ENOUGH:
        raise ConfigError(f"{count} clips are too few to learn a voice from: record at least five minutes more")


def dataset(voice: Path) -> list[Sentence]:
    """What there is to learn from. Raises `ConfigError` when it is too little."""
    require_dataset(voice)
    return speech.read(voice / "dataset")


def _refined(
    recipe: postfilter.Recipe, net: GlowTTS, learnt: Sequence[Sentence], start: Start, voice: Path, tell: Progress
) -> Postfilter:
    """A postfilter that knows what the frames of this voice lack."""
    pairs = list(postfilter.pairs(net, learnt, recipe.noise))
    return postfilter.fit(recipe, pairs, start.base.sides, voice / "training" / "postfilter", tell).postfilter


def _tuned(
    recipe: vocoder.Recipe,
    net: GlowTTS,
    refined: Postfilter | None,
    sound: hifigan.Generator,
    voice: Path,
    kept: set[str],
    tell: Progress,
) -> hifigan.Generator:
    """The vocoder, when it knows the person."""
    clips = list(vocoder.aligned(net, voice / "dataset", refined))
    learnt = [clip for clip in clips if clip.name not in kept]
    judged = [clip for clip in clips if clip.name in kept][:LISTENED]
    return vocoder.fit(recipe, learnt, judged, sound, voice / "training" / "vocoder", tell).cpu()


def split(said: Sequence[Sentence]) -> tuple[list[Sentence], list[Sentence]]:
    """Those to learn from and those kept: drawn by their names, so in any order the same."""
    drawn = sorted(said, key=lambda one: hashlib.sha256(one.name.encode()).digest())
    count = max(LEAST_KEPT, round(SHARE_KEPT * len(said)))
    names = {one.name for one in drawn[:count]}
    return [one for one in said if one.name not in names], [one for one in said if one.name in names]


def write(voice: Path, net: GlowTTS, sound: hifigan.Generator, about: Voice, refined: Postfilter | None = None) -> None:
    """Write the files of a voice. The settings come last: without them it is none. An old card is no longer true."""
    facts = {"made_by": "digiclone voice train", "likelihood": str(about.likelihood)}
    for old in (VOICE, CARD):
        (voice / old).unlink(missing_ok=True)
    net = net.cpu()
    for name, data in (
        ("encoder.onnx", glow_export.encoder(net, facts)),
        ("decoder.onnx", glow_export.decoder(net, facts, refined)),
        ("vocoder.onnx", hifigan_export.vocoder(sound, facts)),
    ):
        write_atomically(voice / name, data)
    keep_voice(voice, about)
