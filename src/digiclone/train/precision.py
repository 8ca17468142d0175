"""Mixed precision: convolutions and products in 16 bits where the processor computes with them faster."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _gains() -> bool:
    """Graphics cards do, and processors that name it among their instructions; torch would emulate it on others."""
    if DEVICE.type == "cuda":
        return True
    told = Path("/proc/cpuinfo")
    flags = told.read_text("utf-8").split() if told.is_file() and platform.machine() == "x86_64" else []
    return "avx512_bf16" in flags or "amx_bf16" in flags


GAINS = _gains()


def mixed() -> torch.autocast:
    """Within it, bfloat16 where `GAINS`."""
    return torch.autocast(DEVICE.type, torch.bfloat16, enabled=GAINS)


def side_by_side(features: Sequence[NDArray[np.float16]]) -> tuple[Tensor, Tensor]:
    """Features (N, width) of some utterances in 32 bits, (B, N, width), padded with zeros; and how many frames each
    has, (B,)."""
    frames = torch.tensor([len(one) for one in features])
    rows = [torch.from_numpy(one.astype(np.float32)) for one in features]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True).to(DEVICE), frames.to(DEVICE)
