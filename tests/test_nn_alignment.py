"""Monotonic alignment search against every alignment there is."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")

from digiclone.nn.alignment import search  # noqa: E402


def brute(likelihood: np.ndarray) -> float:
    """The most that any alignment of (phones, frames) reaches."""
    phones, frames = likelihood.shape
    best = -np.inf
    for cuts in combinations(range(1, frames), phones - 1):
        edges = (0, *cuts, frames)
        best = max(best, sum(likelihood[p, edges[p] : edges[p + 1]].sum() for p in range(phones)))
    return best


@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5)), min_size=1, max_size=4),
)
def test_no_alignment_is_likelier(seed: int, sizes: list[tuple[int, int]]) -> None:
    phones = np.array([p for p, _ in sizes])
    frames = phones + np.array([more for _, more in sizes])
    shape = (len(sizes), phones.max(), frames.max())
    likelihood = np.random.default_rng(seed).normal(0, 3, shape).astype(np.float32)
    found = search(torch.from_numpy(likelihood), torch.from_numpy(phones), torch.from_numpy(frames)).numpy()
    for row, (p, f) in enumerate(zip(phones, frames, strict=True)):
        path = found[row, :p, :f]
        assert found[row].sum() == f, "nothing behind the end"
        assert (path.sum(axis=0) == 1).all(), "each frame has one phone"
        assert (path.sum(axis=1) >= 1).all(), "each phone has a frame"
        assert (np.diff(path.argmax(axis=0)) >= 0).all(), "in order"
        assert (path * likelihood[row, :p, :f]).sum() == pytest.approx(brute(likelihood[row, :p, :f]), abs=1e-3)


def test_more_phones_than_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="more phones than frames"):
        search(torch.zeros(1, 3, 2), torch.tensor([3]), torch.tensor([2]))
