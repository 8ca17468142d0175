"""Glow-TTS (Kim, Kim, Kong and Yoon 2020): text to mel frames by a flow that finds its own alignment.

Training maximises the log-likelihood of real sound (equations 1 and 2; tinyDigiClones' equation 1): the flow turns mel
frames into what should be Gaussian noise around the mean of the phone that each frame belongs to, and monotonic
alignment search says which one that is. Speaking goes the other way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from digiclone.nn.alignment import search
from digiclone.nn.flow import SQUEEZE, Decoder
from digiclone.nn.text_encoder import DurationPredictor, TextEncoder


@dataclass(frozen=True)
class Dims:
    """The paper's sizes; `symbols` is that of the alphabet."""

    symbols: int
    mels: int = 80
    hidden: int = 192
    inner: int = 768
    heads: int = 2
    layers: int = 6
    window: int = 4
    durations: int = 256
    blocks: int = 12
    wavenet: int = 4
    kernel: int = 5
    split: int = 4
    dropout: float = 0.1
    flow_dropout: float = 0.05


@dataclass(frozen=True)
class Losses:
    """Scalars: minus the log-likelihood of a number of a mel frame, in nats, and the mean squared error of the log
    durations."""

    likelihood: Tensor
    duration: Tensor


class GlowTTS(nn.Module):
    """One speaker."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.dims = dims
        self.encoder = TextEncoder(
            dims.symbols, dims.hidden, dims.inner, dims.heads, dims.layers, dims.window, dims.mels, dims.dropout
        )
        self.durations = DurationPredictor(dims.hidden, dims.durations, dims.dropout)
        self.decoder = Decoder(
            dims.mels, dims.hidden, dims.blocks, dims.wavenet, dims.kernel, dims.split, dims.flow_dropout
        )

    def forward(self, ids: Tensor, phones: Tensor, mels: Tensor, frames: Tensor) -> tuple[Losses, Tensor]:
        """The losses of sentences, and their alignments (B, P, F).

        `ids` (B, P), of which row b has `phones[b]`; `mels` (B, mels, F), of which it has `frames[b]`.
        """
        frames = frames // SQUEEZE * SQUEEZE
        mels = mels[:, :, : int(frames.max())]
        spoken, sound = within(phones, ids.shape[1]), within(frames, mels.shape[2])
        hidden, mean = self.encoder(ids, spoken)
        noise, stretched = self.decoder(mels * sound, sound)
        # what the text knows of durations must not change what it knows of sound
        guessed = self.durations(hidden.detach(), spoken)
        with torch.autocast(noise.device.type, enabled=False):  # long sums need all their bits
            noise, mean = noise.float(), mean.float()
            with torch.no_grad():
                path = search(log_likelihood(noise, mean), phones, frames)
            off = ((noise - mean @ path) ** 2 * sound).sum()
            numbers = frames.sum() * self.dims.mels
            likelihood = 0.5 * math.log(2 * math.pi) + (0.5 * off - stretched.sum()) / numbers
            wanted = torch.log(path.sum(2).clamp(min=1)) * spoken[:, 0]
            duration = ((guessed.float() - wanted) ** 2).sum() / phones.sum()
        return Losses(likelihood, duration), path

    @torch.no_grad()
    def speak(self, ids: Tensor, noise: float = 0.333, slower: float = 1.0) -> tuple[Tensor, Tensor]:
        """Mel frames (1, mels, F) of one sentence `ids` (1, P), and how many of them each phone takes (1, P).

        `noise` scales the chance in the voice (the paper's temperature), `slower` the durations.
        """
        spoken = torch.ones(1, 1, ids.shape[1], device=ids.device)
        hidden, mean = self.encoder(ids, spoken)
        lengths = torch.ceil(torch.exp(self.durations(hidden, spoken)) * slower).clamp(min=1)
        lengths[:, -1] += -lengths.sum() % SQUEEZE
        path = spread(lengths, torch.arange(int(lengths.sum()), device=ids.device))
        latent = mean @ path
        latent = latent + noise * torch.randn_like(latent)
        return self.decoder.inverse(latent, torch.ones_like(latent[:, :1])), lengths


def within(lengths: Tensor, longest: int) -> Tensor:
    """1 where a row has something: lengths (B,) to (B, 1, longest)."""
    return (torch.arange(longest, device=lengths.device) < lengths[:, None]).float()[:, None]


def spread(lengths: Tensor, frames: Tensor) -> Tensor:
    """The alignment (B, P, F) of phones that take `lengths` (B, P) frames each; `frames` (F,) are their numbers."""
    ends = lengths.cumsum(1)
    return ((frames < ends[:, :, None]) & (frames >= (ends - lengths)[:, :, None])).to(lengths.dtype)


def log_likelihood(noise: Tensor, mean: Tensor) -> Tensor:
    """(B, P, F): of each frame of `noise` (B, M, F) under a Gaussian around each phone's `mean` (B, M, P), variance 1.

    Expanded into products, so that no (B, P, F, M) is ever held.
    """
    alone = -0.5 * math.log(2 * math.pi) * noise.shape[1] - 0.5 * (noise**2).sum(1)[:, None]
    return alone + mean.transpose(1, 2) @ noise - 0.5 * (mean**2).sum(1)[:, :, None]
