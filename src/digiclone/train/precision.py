"""Mixed precision: convolutions and products in 16 bits where the processor computes with them faster."""

from __future__ import annotations

import platform
from pathlib import Path

import torch

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
