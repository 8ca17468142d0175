"""Which phone each frame of sound belongs to: monotonic alignment search (Kim et al. 2020, Glow-TTS, section 2.2)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def search(likelihood: Tensor, phones: Tensor, frames: Tensor) -> Tensor:
    """The most likely alignments (B, P, F) of 0 and 1.

    `likelihood` (B, P, F) is the log-likelihood of each frame under each phone; row b has `phones[b]` phones and
    `frames[b]` frames, and no fewer frames than phones. Frames go to phones in order, each phone has one at least.
    """
    if (frames < phones).any():
        raise ValueError("a sentence with more phones than frames cannot be aligned: drop it from the training")
    value = likelihood.detach().cpu().numpy().transpose(2, 0, 1).astype(np.float32)
    ends, lasts = phones.cpu().numpy() - 1, frames.cpu().numpy() - 1
    stays = _forward(value)
    path = np.zeros(likelihood.shape, np.float32)
    rows, phone = np.arange(len(ends)), ends.copy()
    for frame in range(len(value) - 1, -1, -1):
        spoken = frame <= lasts
        path[rows[spoken], phone[spoken], frame] = 1
        phone -= spoken & ~stays[frame, rows, phone]
    return torch.from_numpy(path).to(likelihood)


def _forward(value: np.ndarray) -> np.ndarray:
    """For every frame (F, B, P): does the best path to this phone stay on it, or come from the phone before?

    The recurrence Q[p, f] = max(Q[p, f-1], Q[p-1, f-1]) + value[p, f], over all phones of all rows at once.
    """
    stays = np.zeros(value.shape, bool)
    best = np.full(value.shape[1:], -np.inf, np.float32)
    best[:, 0] = value[0, :, 0]
    stays[0, :, 0] = True
    came = np.full_like(best, -np.inf)
    for frame in range(1, len(value)):
        came[:, 1:] = best[:, :-1]
        # from a phone that could not have begun yet nothing can be kept
        np.greater(best, came, out=stays[frame])
        stays[frame, :, 0] = True
        best = np.maximum(best, came) + value[frame]
    return stays
