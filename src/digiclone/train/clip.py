"""Weight clipping for Q4_0: the scale of each block of weights that loses least where it matters.

Q4_0 keeps 32 neighbouring weights of a row as one scale d (16 bits) and 32 codes c of 4 bits: w ≈ d (c - 8). Usual
rounding chooses d so that the largest weight is exact. A smaller scale clips it, and is finer for the 31 others: what
is best depends on the block, and on how strongly each column is driven. So each block tries a grid of scales, fits each
to the codes that it leads to, and keeps the one with the least sum of E[x²] (w - d (c - 8))²: the error of what the
matrix gives, if columns are independent.

What is found is written as it is. Rounding the found weights by the usual rule once more would choose another scale
for every eighth block.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from digiclone.requantise import Encode

BLOCK = 32
"""Weights that share a scale."""
BYTES = 18
"""Of a block: the scale, then 16 bytes, of which byte i has code i in its low and code i + 16 in its high half."""
RATIOS = np.linspace(0.6, 1.2, 13, dtype=np.float32)
"""Tried scales, in parts of the usual one. Codes reach from -8 to 7, so with the other sign 8/7 clips nothing."""
CHUNK = 8192
"""Blocks that are searched together: so many fit into the processor's cache."""


def q4_0(weights: np.ndarray, importance: np.ndarray) -> np.ndarray:
    """The rows of a matrix (R, C) as rows of Q4_0 blocks, uint8 (R, C / 32 * 18).

    `importance` (C,) is E[x²] of each column, or ones for the plain squared error. C is a multiple of 32.
    """
    rows, columns = weights.shape
    blocks = weights.astype(np.float32, copy=False).reshape(-1, BLOCK)
    matters = np.tile(importance.astype(np.float32).reshape(-1, BLOCK), (rows, 1))
    found = [
        pack(*search(blocks[first : first + CHUNK], matters[first : first + CHUNK]))
        for first in range(0, len(blocks), CHUNK)
    ]
    return np.concatenate(found).reshape(rows, columns // BLOCK * BYTES)


def search(blocks: np.ndarray, importance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best scale (N,) float16 and codes (N, 32) uint8 of `blocks` (N, 32), each weight with its importance.

    The usual scale is among those tried, and rounding is to the nearest code: no block comes out worse than usual.
    """
    usual = np.take_along_axis(blocks, np.abs(blocks).argmax(1)[:, None], 1)[:, 0] / -8
    best = usual.astype(np.float16)
    least = error(blocks, importance, best, codes(blocks, best))
    for ratio in np.concatenate([RATIOS, -RATIOS]):
        scale = fitted(blocks, importance, codes(blocks, ratio * usual)).astype(np.float16)
        lost = error(blocks, importance, scale, codes(blocks, scale))
        better = lost < least
        best, least = np.where(better, scale, best), np.where(better, lost, least)
    return best, codes(blocks, best)


def fitted(blocks: np.ndarray, importance: np.ndarray, code: np.ndarray) -> np.ndarray:
    """The scale (N,) that is best for given codes: weighted least squares."""
    steps = code.astype(np.float32) - 8
    driven = importance * steps
    over = (driven * steps).sum(1)
    return np.divide((driven * blocks).sum(1), over, out=np.zeros_like(over), where=over > 0)


def codes(blocks: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The nearest codes (N, 32) uint8 of `blocks` (N, 32) under the scales (N,)."""
    step = scale.astype(np.float32)[:, None]
    inverse = np.divide(1, step, out=np.zeros_like(step), where=np.abs(step) > 2**-25)  # less is 0 in 16 bits
    return np.clip(np.rint(blocks * inverse) + 8, 0, 15).astype(np.uint8)


def error(blocks: np.ndarray, importance: np.ndarray, scale: np.ndarray, code: np.ndarray) -> np.ndarray:
    """The weighted squared error (N,) of each block."""
    lost = blocks - scale.astype(np.float32)[:, None] * (code.astype(np.float32) - 8)
    return (importance * lost * lost).sum(1)


def pack(scale: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Scales (N,) float16 and codes (N, 32) uint8 in Q4_0's layout, uint8 (N, 18)."""
    low, high = code[:, : BLOCK // 2], code[:, BLOCK // 2 :]
    return np.concatenate([scale.astype("<f2")[:, None].view(np.uint8), low | high << 4], 1)


def encoder(importance: Mapping[str, np.ndarray]) -> Encode:
    """For `requantise`: searches the matrices whose importance is known, and leaves the others to usual rounding."""

    def encode(name: str, weights: np.ndarray) -> np.ndarray | None:
        return q4_0(weights, importance[name]) if name in importance else None

    return encode
