"""Where a mean lies with a probability of 95 %, of few seeds."""

from collections.abc import Sequence

import numpy as np

STUDENT = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78}
"""By the number of seeds: how many standard errors an interval reaches to each side (Student's t)."""


def of_seeds(values: Sequence[float]) -> tuple[float, float]:
    """Of two to five of them."""
    mean, wide = np.mean(values), STUDENT[len(values)] * np.std(values, ddof=1) / len(values) ** 0.5
    return float(mean - wide), float(mean + wide)
