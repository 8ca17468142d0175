"""The recipe of a vocoder: HiFi-GAN, which knows many speakers, learns one person's sound from the mel frames that the
person's Glow-TTS makes (Kong, Kim and Bae 2020, section 4.4). They are smoother than those of real sound, and so it
learns to undo that.

It computes in 32 bits: of sound in bfloat16 eight would be left, and the rest is noise.

Which pieces of sound come at which step follows from the recipe and the step: a training that was killed and goes on
gives the network that it would have given.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from digiclone.artifacts import NOISE
from digiclone.config import ConfigError
from digiclone.dsp import VOICE_HOP, VOICE_RATE, resample
from digiclone.nn.discriminators import Dims, Discriminators, discriminator_loss, feature_loss, generator_loss
from digiclone.nn.flow import SQUEEZE
from digiclone.nn.glow_tts import GlowTTS
from digiclone.nn.hifigan import Generator
from digiclone.nn.mel import VoiceMel
from digiclone.nn.postfilter import Postfilter
from digiclone.train import checkpoint, speech
from digiclone.train.course import Course, Progress, run
from digiclone.train.precision import DEVICE
from digiclone.train.speech import Sentence, batch
from digiclone.types import Audio

PLOTS = {
    "distance of log-mel frames": {"learnt": "mel", "kept": "kept_mel"},
    "least squares: the sides of the game": {"generator": "adversarial", "discriminators": "discriminators"},
    "distance inside the discriminators": {"learnt": "features"},
}


@dataclass(frozen=True, eq=False)
class Clip:
    """`mels` (80, F) that an acoustic model made, in 16 bits, and what they should sound like: `samples`
    (F * 256,)."""

    name: str
    mels: NDArray[np.float16]
    samples: NDArray[np.float32]


@dataclass(frozen=True)
class Recipe:
    """All that decides what comes out, beside the clips and the generator that it begins with."""

    version: int = 1
    """Of the code."""
    dims: Dims = field(default_factory=Dims)
    """Of the discriminators."""
    steps: int = 3_000
    warm: int = 150
    """Steps in which the discriminators learn alone: they begin with nothing, and what they say of the sound of a
    generator that knows its craft is noise at first."""
    batch: int = 8
    segment: int = 8_192
    """Samples of each clip in a batch."""
    rate: float = 1e-4
    """Half the authors', who began with nothing; it falls like a cosine."""
    betas: tuple[float, float] = (0.8, 0.99)
    mel: float = 45.0
    """Weight of the distance of mel frames, beside the adversarial loss."""
    features: float = 2.0
    """Weight of the distance inside the discriminators."""
    every: int = 100
    """Steps between two looks at the clips kept from training."""
    seed: int = 0


# -- what it learns from ----------------------------------------------------------------------------------------------


def aligned(net: GlowTTS, dataset: Path, postfilter: Postfilter | None = None, noise: float = NOISE) -> Iterator[Clip]:
    """The clips of a dataset in LJSpeech's layout, with the mel frames that `net` (and its `postfilter`) would say them
    in if each phone took as long as the person took; `noise` is the chance in it, as when it speaks."""
    net.eval()
    for name, text, audio in speech.clips(dataset):
        sound = resample(audio, VOICE_RATE)
        if one := speech.sentence(name, text, sound):
            clip = retold(net, one, sound, noise)
            yield replace(clip, mels=_refined(postfilter, clip.mels)) if postfilter else clip


@torch.no_grad()
def _refined(postfilter: Postfilter, mels: NDArray[np.float16]) -> NDArray[np.float16]:
    return postfilter(torch.from_numpy(mels.astype(np.float32))[None])[0].numpy().astype(np.float16)


def retold(net: GlowTTS, one: Sentence, sound: Audio, noise: float) -> Clip:
    """A sentence in mel frames of `net`'s own, and its sound."""
    mels = as_said(net, one, noise)
    return Clip(one.name, mels, sound.samples[: mels.shape[1] * VOICE_HOP])


@torch.no_grad()
def as_said(net: GlowTTS, one: Sentence, noise: float) -> NDArray[np.float16]:
    """A sentence in mel frames (80, F) of `net`'s own, as many as were said; of an odd number the last is left out."""
    device = next(net.parameters()).device
    some = batch([one]).to(device)
    _, path = net(some.ids, some.phones, some.mels, some.frames)
    _, mean = net.encoder(some.ids, torch.ones(1, 1, some.ids.shape[1], device=device))
    latent = mean @ path
    chance = torch.Generator().manual_seed(int.from_bytes(hashlib.sha256(one.name.encode()).digest()[:4]))
    latent = latent + noise * torch.randn(latent.shape, generator=chance).to(device)
    mels = net.decoder.inverse(latent, torch.ones_like(latent[:, :1]))[0]
    assert mels.shape[1] == one.mels.shape[1] // SQUEEZE * SQUEEZE
    return mels.cpu().numpy().astype(np.float16)


def segments(recipe: Recipe, clips: Sequence[Clip], step: int) -> tuple[Tensor, Tensor]:
    """The mel frames (B, 80, segment / 256) and samples (B, segment) of a step; every moment of the clips is as likely
    as any other."""
    frames = recipe.segment // VOICE_HOP
    places = pieces([clip.mels.shape[1] for clip in clips], frames, recipe.batch, (recipe.seed, step))
    found = [(clips[number], start) for number, start in places]
    mels = np.stack([clip.mels[:, start : start + frames] for clip, start in found]).astype(np.float32)
    samples = [clip.samples[start * VOICE_HOP : (start + frames) * VOICE_HOP] for clip, start in found]
    return torch.from_numpy(mels).to(DEVICE), torch.from_numpy(np.stack(samples)).to(DEVICE)


def pieces(lengths: Sequence[int], size: int, count: int, seed: tuple[int, int]) -> list[tuple[int, int]]:
    """So many pieces of a size: the number of what each is cut from, and where it starts. Every moment is as likely
    as any other."""
    chance = np.random.default_rng(seed)
    room = np.array(lengths) - size + 1
    drawn = chance.choice(len(lengths), count, p=room / room.sum())
    return [(int(number), int(chance.integers(room[number]))) for number in drawn]


# -- the training -----------------------------------------------------------------------------------------------------


def fit(
    recipe: Recipe, clips: Sequence[Clip], kept: Sequence[Clip], net: Generator, folder: Path, tell: Progress
) -> Generator:
    """The generator whose sound of the clips `kept` from training is nearest to the person's, of those met on the way;
    the first of them is `net`, which stays as it is.

    What is needed to go on lies in `folder`, at most a minute old; the losses too, one JSON object a line. `tell` hears
    after each step how it goes and the share that is behind. Raises `ConfigError` if all clips are too short.
    """
    long = [clip for clip in clips if clip.mels.shape[1] * VOICE_HOP >= recipe.segment]
    if not long:
        raise ConfigError("no clip is long enough to learn a vocoder from: record sentences of a few seconds")
    game = Game(recipe, net)
    best = Best(game.generator)

    def judged() -> dict[str, float]:
        distance = judge(game.generator, kept)
        best.look(distance, game.generator)
        return {"kept_mel": distance}

    def look(losses: Mapping[str, Tensor]) -> tuple[dict[str, float], str]:
        found = {**{name: float(loss) for name, loss in losses.items()}, **judged()}
        return found, f"kept clips off by {found['kept_mel']:.3f}"

    heard = (part for clip in long for part in (clip.name, clip.mels, clip.samples))
    place = folder / checkpoint.key(recipe, (*heard, *net.state_dict().values())) / "vocoder.pt"
    run(
        Course("the vocoder", recipe.steps, recipe.every, {**game.parts, "best": best}, place, folder, PLOTS),
        material=lambda begun: (segments(recipe, long, step) for step in range(begun, recipe.steps)),
        learn=lambda sounds, step: game.step(*sounds, step),
        look=look,
        tell=tell,
        first=judged,
    )
    game.generator.load_state_dict(best.weights)
    return game.generator.eval()


class Game:
    """A generator and discriminators, who learn by turns (equations 7 and 8)."""

    def __init__(self, recipe: Recipe, net: Generator) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.generator = Generator(net.dims).to(DEVICE)
        self.generator.load_state_dict(net.state_dict())
        self.discriminators = Discriminators(recipe.dims).to(DEVICE)
        self.mel = VoiceMel(highest=None).to(DEVICE)
        self.makes = torch.optim.AdamW(self.generator.parameters(), recipe.rate, recipe.betas, fused=True)
        self.judges = torch.optim.AdamW(self.discriminators.parameters(), recipe.rate, recipe.betas, fused=True)

    @property
    def parts(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {name: vars(self)[name] for name in ("generator", "discriminators", "makes", "judges")}

    def step(self, mels: Tensor, real: Tensor, step: int) -> dict[str, Tensor]:
        """Learn from mel frames (B, 80, F) and the samples (B, F * 256) that belong to them; the losses of both."""
        for optimiser in (self.makes, self.judges):
            for group in optimiser.param_groups:
                group["lr"] = rate(self.recipe, step)
        self.generator.train()
        alone = step < self.recipe.warm
        with torch.set_grad_enabled(not alone):
            made = self.generator(mels)
        losses = {"discriminators": self._discriminate(real, made.detach())}
        return losses if alone else losses | self._generate(real, made)

    def _discriminate(self, real: Tensor, made: Tensor) -> Tensor:
        self.discriminators.requires_grad_(True)
        loss = discriminator_loss(self.discriminators(real), self.discriminators(made))
        learn(self.judges, loss)
        return loss.detach()

    def _generate(self, real: Tensor, made: Tensor) -> dict[str, Tensor]:
        self.discriminators.requires_grad_(False)  # they only judge: half of the work is saved
        wanted, got = self.discriminators(real), self.discriminators(made)
        losses = {
            "adversarial": generator_loss(got),
            "features": feature_loss(wanted, got),
            "mel": functional.l1_loss(self.mel(made), self.mel(real)),
        }
        weighted = self.recipe.features * losses["features"] + self.recipe.mel * losses["mel"]
        learn(self.makes, losses["adversarial"] + weighted)
        return {name: loss.detach() for name, loss in losses.items()}


def rate(recipe: Recipe, step: int) -> float:
    """The learning rate at a step."""
    share = max(0, step - recipe.warm) / max(1, recipe.steps - recipe.warm)
    return recipe.rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))


def judge(net: Generator, kept: Sequence[Clip]) -> float:
    """Mean distance of the log-mel frames of sound that `net` makes from those of the person's, over clips, which weigh
    alike."""
    net.eval()
    mel = VoiceMel().to(DEVICE)
    found = list[float]()
    with torch.no_grad():
        for clip in kept:
            made = net(torch.from_numpy(clip.mels.astype(np.float32))[None].to(DEVICE))
            real = torch.from_numpy(clip.samples)[None].to(DEVICE)
            found.append(float(functional.l1_loss(mel(made), mel(real))))
    return float(np.mean(found))


class Best:
    """The weights that did best so far."""

    def __init__(self, net: Generator) -> None:
        self.distance = math.inf
        self.weights = _copy(net)

    def look(self, distance: float, net: Generator) -> None:
        """Keep the weights of `net` if they are better."""
        if distance < self.distance:
            self.distance, self.weights = distance, _copy(net)

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From a checkpoint."""
        vars(self).update(state)


def _copy(net: Generator) -> dict[str, Tensor]:
    return {name: weight.clone() for name, weight in net.state_dict().items()}


def learn(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    """A step that makes a loss smaller."""
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
