"""DistillMOS (Stahl and Gamper 2025, "Distillation and Pruning for Scalable Self-Supervised Representation-Based Speech
Quality Assessment"): 7.68 seconds of sound to the mean opinion score that listeners would give it.

Convolutions over the spectrum, a transformer over time, and a mean in which some moments count more than others: 4.1
million weights, taught by wav2vec 2.0 and by listeners.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

RATE = 16_000
"""Samples per second of all that it hears."""
WINDOW, HOP = 320, 160
"""Samples of a frame of the spectrum, and from one to the next."""
PLACES = 384
"""Moments, of two frames each, that the transformer knows."""
SEGMENT = PLACES * 2 * HOP
"""Samples that it hears at once: 7.68 s."""
APART = 16_000
"""Samples, at most, from one segment of a longer sound to the next."""
WIDTH, HEADS, LAYERS = 200, 8, 7
CHANNELS = (2, 64, 64, 128, 256, 256, 256)
STRIDES = ((1, 1), (2, 1), (2, 1), (2, 1), (2, 1), (2, 2))
"""Of each convolution: over frequency, over time."""
FEATURES = 4 * CHANNELS[-1]
"""Four bands are left of 161 bins."""


class AttentionPool(nn.Module):
    """A mean over time whose weights depend on what is heard, and a line through it (Mittag et al. 2021, NISQA)."""

    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(WIDTH, 2 * WIDTH)
        self.linear2 = nn.Linear(2 * WIDTH, 1)
        self.linear3 = nn.Linear(WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, WIDTH) to (B,)."""
        weights = self.linear2(torch.relu(self.linear1(x))).softmax(dim=1)
        return self.linear3((weights * x).sum(dim=1))[:, 0]


class DistillMOS(nn.Module):
    """The network, without the dropout that only its training had use for."""

    def __init__(self) -> None:
        super().__init__()
        layers = list[nn.Module]()
        for before, after, stride in zip(CHANNELS[:-1], CHANNELS[1:], STRIDES, strict=True):
            layers += [nn.Conv2d(before, after, 3, stride, padding=(0, 1)), nn.LeakyReLU(0.1)]
        self.cnn = nn.Sequential(*layers)
        self.norm_input, self.norm = nn.BatchNorm1d(FEATURES), nn.BatchNorm1d(FEATURES)
        self.linear_proj = nn.Linear(FEATURES, WIDTH)
        self.places: Tensor
        self.register_buffer("places", torch.zeros(1, PLACES, WIDTH))
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 2 * WIDTH, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.norm_trans = nn.BatchNorm1d(WIDTH)
        self.pool = AttentionPool()

    def forward(self, sound: Tensor) -> Tensor:
        """(B, SEGMENT) at 16 kHz, however loud, to scores (B,) between 1 (bad) and 5 (excellent)."""
        loudest = sound.abs().amax(dim=1, keepdim=True)
        heard = self.cnn(spectrum(sound / (loudest + 1e-8))).flatten(1, 2)
        x = self.linear_proj(self.norm(self.norm_input(heard)).transpose(1, 2)) + self.places
        x = self.norm_trans(self.encoder(x).transpose(1, 2)).transpose(1, 2)
        return 1 + 4 * self.pool(x).sigmoid()


def spectrum(sound: Tensor) -> Tensor:
    """(B, n) to real and imaginary parts (B, 2, 161, n // HOP), their magnitude to the power of 0.3."""
    room = (WINDOW - HOP) // 2
    padded = functional.pad(sound, (room, room), mode="reflect")
    window = torch.hann_window(WINDOW, device=sound.device)
    bins = torch.stft(padded, WINDOW, HOP, window=window, center=False, return_complex=True)
    return torch.view_as_real(bins * bins.abs().clamp(min=1e-12) ** (0.3 - 1)).permute(0, 3, 1, 2)


def segments(samples: np.ndarray) -> Iterator[np.ndarray]:
    """What the network hears of a sound (n,), each (SEGMENT,): a short one and silence after it, of a long one evenly
    spaced pieces that overlap. The rule of the authors' code.
    """
    over = len(samples) - SEGMENT
    if over <= 0:
        yield np.pad(samples, (0, -over))
        return
    for part in np.linspace(0, 1, math.ceil(over / APART) + 1):
        start = int(part * over)
        yield samples[start : start + SEGMENT]


@torch.inference_mode()
def score(net: DistillMOS, samples: np.ndarray) -> float:
    """The mean over all segments of a sound (n,) at 16 kHz. One after the other: memory does not grow with length."""
    heard = (torch.from_numpy(np.ascontiguousarray(segment, np.float32)) for segment in segments(samples))
    return float(np.mean([net(segment[None]).item() for segment in heard]))


def load(file: Path) -> DistillMOS:
    """The network with the weights of the authors' package."""
    kept: Mapping[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)["model"]
    net = DistillMOS()
    net.load_state_dict({_here(name): weight for name, weight in kept.items()})
    return net.eval()


_NAMES = (
    ("cnn.cnn.", "cnn."),
    ("transformer_pool_attn.", ""),
    ("transformer.position_encoding.pe", "places"),
    ("transformer.transformer_encoder.", "encoder."),
    ("transformer.", ""),
)
"""Parts of the authors' names and what they are here, applied in this order."""


def _here(name: str) -> str:
    for theirs, ours in _NAMES:
        name = name.replace(theirs, ours)
    return name
