"""How good speech sounds, as listeners would say from 1 (bad) to 5 (excellent), estimated by DistillMOS.

To compare like with like: the score looks at the band up to 8 kHz, and shorter sound scores lower: of real speech cut
to 3, 1 and 0.5 seconds about 4.1, 3.7 and 3.2.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from digiclone import weights
from digiclone.dsp import resample
from digiclone.types import Audio
from digiclone.voice.models import DISTILLMOS

if TYPE_CHECKING:
    from digiclone.nn.distillmos import DistillMOS

SHORTEST = 1.0
"""Seconds below which clean speech can no longer be told from noisy speech by the score."""
QUIETEST = 2**-15
"""Amplitude of the smallest step of a 16-bit file."""


def mos(audio: Audio) -> float:
    """The estimated mean opinion score of speech at any rate and of any length from a second, however loud.

    Raises ValueError for what cannot be judged: less than a second, silence, samples that are no numbers.
    """
    from digiclone.nn import distillmos  # noqa: PLC0415  torch, which only training and judging have

    if audio.seconds < SHORTEST:
        raise ValueError(f"{audio.seconds:.2f} s of speech are too short to judge: give at least {SHORTEST:.0f} s.")
    if not np.isfinite(audio.samples).all():
        raise ValueError("The sound has samples that are not numbers: make or read it again.")
    if np.abs(audio.samples).max() < QUIETEST:
        raise ValueError("The sound is silent: there is nothing to judge. Look at what made or recorded it.")
    return distillmos.score(_network(), resample(audio, distillmos.RATE).samples)


@cache
def _network() -> DistillMOS:
    from digiclone.nn import distillmos  # noqa: PLC0415

    return distillmos.load(weights.path(DISTILLMOS))
