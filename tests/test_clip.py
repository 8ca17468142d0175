"""Searched scales: the layout is Q4_0's, and no block loses more than by llama.cpp's own rounding."""

import numpy as np
import pytest
from gguf import GGMLQuantizationType  # noqa: TID253
from gguf.quants import dequantize, quantize  # noqa: TID253
from hypothesis import given
from hypothesis import strategies as st

from digiclone.train.clip import BLOCK, BYTES, codes, encoder, error, fitted, pack, q4_0, search

Q4_0 = GGMLQuantizationType.Q4_0


def loss(weights: np.ndarray, importance: np.ndarray, packed: np.ndarray) -> np.ndarray:
    """The weighted squared error of each block, as who reads the file finds it."""
    apart = (weights - dequantize(packed, Q4_0)).astype(np.float64) ** 2 * importance
    return apart.reshape(len(weights), -1, BLOCK).sum(2)


@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.floats(1e-4, 1e3),
    tail=st.floats(1.5, 30),
    spread=st.floats(0, 4),
)
def test_no_block_is_worse_than_by_usual_rounding(seed: int, size: float, tail: float, spread: float) -> None:
    random = np.random.default_rng(seed)
    weights = (size * random.standard_t(tail, (3, 64))).clip(-1e5, 1e5).astype(np.float32)  # scales have 16 bits
    importance = np.exp(spread * random.normal(size=64)).astype(np.float32)
    usual, found = (
        loss(weights, importance, packed) for packed in (quantize(weights, Q4_0), q4_0(weights, importance))
    )
    assert (found <= usual * (1 + 1e-4)).all()


def test_a_lonely_large_weight_in_a_quiet_column_is_clipped() -> None:
    weights = np.linspace(-1, 1, 32, dtype=np.float32)[None]
    weights[0, 5] = 3.0
    quiet = np.ones(32, np.float32)
    quiet[5] = 1e-6
    (found,), (usual,) = (dequantize(packed, Q4_0) for packed in (q4_0(weights, quiet), quantize(weights, Q4_0)))
    assert usual[5] == pytest.approx(3.0, rel=1e-3)
    assert found[5] < 2.5
    others = np.arange(32) != 5
    assert np.abs(found - weights[0])[others].max() < 0.7 * np.abs(usual - weights[0])[others].max()


def test_what_fits_stays_exact() -> None:
    scale = np.array([0.5, -0.25, 2.0], np.float16)
    code = np.random.default_rng(0).integers(0, 16, (3, BLOCK), dtype=np.uint8)
    code[:, 0] = 0  # -8: what the usual rule puts the largest weight on
    weights = scale.astype(np.float32)[:, None] * (code.astype(np.float32) - 8)
    found = search(weights, np.ones_like(weights))
    assert np.array_equal(found[0], scale)
    assert np.array_equal(found[1], code)


def test_a_scale_fits_its_codes_best() -> None:
    random = np.random.default_rng(0)
    blocks, importance = random.normal(size=(20, BLOCK)).astype(np.float32), random.uniform(0.1, 5, (20, BLOCK))
    code = codes(blocks, np.full(20, 0.3))
    best = fitted(blocks, importance, code)
    for other in (0.98 * best, 1.02 * best):
        assert (error(blocks, importance, best, code) < error(blocks, importance, other, code)).all()


def test_the_layout_is_read_back_by_gguf() -> None:
    random = np.random.default_rng(0)
    scale = random.normal(size=50).astype(np.float16)
    code = random.integers(0, 16, (50, BLOCK), dtype=np.uint8)
    packed = pack(scale, code)
    assert packed.shape == (50, BYTES)
    assert packed.dtype == np.uint8
    np.testing.assert_array_equal(
        dequantize(packed, Q4_0), scale.astype(np.float32)[:, None] * (code.astype(np.float32) - 8)
    )


def test_nothing_is_nothing() -> None:
    packed = q4_0(np.zeros((2, 32), np.float32), np.ones(32, np.float32))
    assert not dequantize(packed, Q4_0).any()
    for size in (1e-9, 1e-41):  # less than 16 bits can say
        tiny = np.full((1, 32), size, np.float32)
        assert not dequantize(q4_0(tiny, np.ones(32, np.float32)), Q4_0).any()
        assert (codes(tiny, np.zeros(1, np.float16)) == 8).all()


def test_columns_that_nothing_drives_are_no_reason_to_fail() -> None:
    weights = np.random.default_rng(0).normal(size=(4, 64)).astype(np.float32)
    found = dequantize(q4_0(weights, np.zeros(64, np.float32)), Q4_0)
    np.testing.assert_allclose(found, dequantize(quantize(weights, Q4_0), Q4_0), atol=0.3)


def test_only_matrices_whose_importance_is_known_are_searched() -> None:
    encode = encoder({"known": np.ones(32, np.float32)})
    weights = np.ones((2, 32), np.float32)
    assert encode("unknown", weights) is None
    found = encode("known", weights)
    assert found is not None
    assert found.shape == (2, BYTES)
