"""Mel frames of sound, in torch: a loss can be sent back through them. What they are `dsp.voice_mel` says."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from digiclone.dsp import VOICE_HOP, VOICE_MELS, VOICE_RATE, mel_filters

WINDOW = 1024


class VoiceMel(nn.Module):
    """Log-mel frames up to `highest` Hz (None: all there is). With 8 kHz they are those of `dsp.voice_mel`."""

    hann: Tensor
    filters: Tensor

    def __init__(self, highest: float | None = 8000.0) -> None:
        super().__init__()
        filters = mel_filters(WINDOW // 2 + 1, VOICE_MELS, VOICE_RATE, highest)
        self.register_buffer("hann", torch.hann_window(WINDOW), persistent=False)
        self.register_buffer("filters", torch.from_numpy(filters.T).float(), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """(B, T) samples at 22,050 Hz to (B, 80, T // 256); T is more than 384, by which both ends are mirrored."""
        room = (WINDOW - VOICE_HOP) // 2
        padded = functional.pad(samples[:, None], (room, room), mode="reflect")[:, 0]
        waves = torch.stft(padded, WINDOW, VOICE_HOP, window=self.hann, center=False, return_complex=True)
        # not `abs`: its gradient at silence would be none
        size = torch.sqrt(torch.view_as_real(waves).square().sum(-1) + 1e-9)
        return torch.log((self.filters @ size).clamp(min=1e-5))
