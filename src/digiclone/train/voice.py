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

from torch import Tensor

from digiclone.artifacts import VOICE, Voice, toml, write_atomically
from digiclone.config import ConfigError
from digiclone.dsp import VOICE_HOP, VOICE_RATE
from digiclone.nn import hifigan
from digiclone.nn.glow_tts import Dims, GlowTTS
from digiclone.train import glow, glow_export, speech
from digiclone.train.glow import Progress
from digiclone.train.speech import Sentence

COMMENT = (
    "A voice. `noise` is the chance in it (0 always says a sentence alike), `slower` stretches it; "
    "`use` is one of: if good, always, never."
)
LEAST_KEPT, SHARE_KEPT = 4, 0.05
"""Sentences that no training sees: so many at least, and this share of all."""
ENOUGH = 20
"""Sentences below which nothing can be learnt."""


@dataclass(frozen=True)
class Recipe:
    """How a voice is learnt from a base."""

    training: glow.Recipe = field(
        default_factory=lambda: glow.Recipe(dims=Dims(0), steps=6_000, rate=5e-4, warm=200, every=200, patience=10)
    )
    """Its sizes are those of the base."""


def train(recipe: Recipe, voice: Path, base: tuple[Dims, dict[str, Tensor]], vocoder: Path, tell: Progress) -> Voice:
    """Learn the voice of `voice/dataset`, beginning with a `base`, and write it beside; `vocoder` is a checkpoint of
    HiFi-GAN; `tell` hears how it goes. Raises `ConfigError` for a dataset that is too small."""
    said = speech.read(voice / "dataset")
    if len(said) < ENOUGH:
        raise ConfigError(f"{len(said)} clips are too few to learn a voice from: record at least five minutes more")
    learnt, kept = split(said)
    dims, weights = base
    training = replace(recipe.training, dims=dims)
    net = glow.fit(training, learnt, kept, voice / "training", weights, tell)
    about = Voice(
        rate=VOICE_RATE,
        made=datetime.now(UTC).replace(microsecond=0),
        minutes=round(sum(one.mels.shape[1] for one in learnt) * VOICE_HOP / VOICE_RATE / 60, 1),
        recipe=repr(replace(recipe, training=training)),
        likelihood=round(-float(glow.judge(net, kept).likelihood), 4),
        kept=[one.name for one in kept],
    )
    write(voice, net, hifigan.load(vocoder), about)
    return about


def split(said: Sequence[Sentence]) -> tuple[list[Sentence], list[Sentence]]:
    """Those to learn from and those kept: drawn by their names, so in any order the same."""
    drawn = sorted(said, key=lambda one: hashlib.sha256(one.name.encode()).digest())
    count = max(LEAST_KEPT, round(SHARE_KEPT * len(said)))
    names = {one.name for one in drawn[:count]}
    return [one for one in said if one.name not in names], [one for one in said if one.name in names]


def write(voice: Path, net: GlowTTS, vocoder: hifigan.Generator, about: Voice) -> None:
    """Write the files of a voice. The settings come last: without them it is none."""
    facts = {"made_by": "digiclone voice train", "likelihood": str(about.likelihood)}
    (voice / VOICE).unlink(missing_ok=True)
    net = net.cpu()
    for name, data in (
        ("encoder.onnx", glow_export.encoder(net, facts)),
        ("decoder.onnx", glow_export.decoder(net, facts)),
        ("vocoder.onnx", glow_export.vocoder(vocoder, facts)),
    ):
        write_atomically(voice / name, data)
    write_atomically(voice / VOICE, toml(about, COMMENT))
