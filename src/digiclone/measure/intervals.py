"""Where a mean lies with a probability of 95 %."""

from collections.abc import Sequence

import numpy as np

RESAMPLED = 2_000
STUDENT = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78}
"""By the number of values: how many standard errors an interval reaches to each side (Student's t)."""


def of_many(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Of sentences, windows, questions, each drawn again (bootstrap)."""
    given = np.asarray(values, float)
    drawn = np.random.default_rng(seed).integers(0, len(given), (RESAMPLED, len(given)))
    low, high = np.quantile(given[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def of_few(values: Sequence[float]) -> tuple[float, float]:
    """Of two to five seeds."""
    mean, wide = np.mean(values), STUDENT[len(values)] * np.std(values, ddof=1) / len(values) ** 0.5
    return float(mean - wide), float(mean + wide)
