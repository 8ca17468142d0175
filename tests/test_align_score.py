"""How near replies are, and whether sentences can be told apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rouge_score")

from digiclone.align import score


def test_equal_replies_are_nearest_and_foreign_ones_far() -> None:
    found = score.near(
        ["The dog runs.", "A cat", "", "one two three"], ["The dog runs.", "no words", "x", "three two one"]
    )
    assert found.rouge1 == pytest.approx((1.0, 0.0, 0.0, 1.0))
    assert found.rouge_l == pytest.approx((1.0, 0.0, 0.0, 1 / 3))
    assert score.near(["The dogs were running"], ["the dog was run"]).rouge1[0] > 0.7, "stems count"


@given(st.lists(st.text("ab ", max_size=12), min_size=2, max_size=6), st.lists(st.text("ab ", max_size=12), min_size=2))
def test_common_order_is_rarer_than_common_words(ours: list[str], theirs: list[str]) -> None:
    count = min(len(ours), len(theirs))
    found = score.near(ours[:count], theirs[:count])
    assert all(long <= one + 1e-9 for long, one in zip(found.rouge_l, found.rouge1, strict=True))


def test_words_are_counted_together() -> None:
    assert score.words_wrong(["come back here", "please", "..."], ["come back", "please", "x"]) == pytest.approx(1 / 4)


def test_embeddings_are_told_apart_by_what_they_do_not_share() -> None:
    draw = np.random.default_rng(0)
    common = 50 * draw.normal(0, 1, (1, 32))
    said = [common + draw.normal(0, 1, (int(draw.integers(3, 9)), 32)) + 3 * draw.normal(0, 1, 32) for _ in range(20)]
    heard = [one + draw.normal(0, 0.3, one.shape) for one in said]
    assert score.told_apart(said, heard) == 1.0
    assert score.told_apart(said, heard[1:] + heard[:1]) == 0.0
