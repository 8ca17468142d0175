"""Intervals hold the mean as often as they say."""

import numpy as np
import pytest

from digiclone.measure import intervals


def test_an_interval_is_around_the_mean_and_shrinks() -> None:
    values = np.random.default_rng(0).normal(0.3, 0.1, 400).tolist()
    low, high = intervals.of_many(values)
    assert low < float(np.mean(values)) < high
    assert high - low == pytest.approx(2 * 1.96 * 0.1 / 20, rel=0.2)
    wide = intervals.of_many(values[:20])
    assert wide[1] - wide[0] > 2 * (high - low)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_few_values_have_wide_intervals(count: int) -> None:
    chance = np.random.default_rng(0)
    found = [intervals.of_few(chance.normal(1.0, 0.2, count).tolist()) for _ in range(4_000)]
    assert float(np.mean([low <= 1.0 <= high for low, high in found])) == pytest.approx(0.95, abs=0.012)
