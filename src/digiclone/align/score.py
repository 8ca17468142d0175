"""How near the replies to what was heard are to the replies to what was said (Tiny-Align, section IV), and whether the
sentences can be told apart.

A reply to the text is the measure, Output_L; a reply to the sound is what is measured, Output_A. Without a floor (the
reply to another sentence) and a ceiling (another reply to the same text) the figures say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from digiclone.voice.words import compare, normalised, total


@dataclass(frozen=True)
class Near:
    """F-measures, of single words and of the longest common subsequence, each sentence's."""

    rouge1: tuple[float, ...]
    rouge_l: tuple[float, ...]


def near(ours: Sequence[str], theirs: Sequence[str]) -> Near:
    """Of replies, pair by pair, with stems for words as everybody counts them."""
    found = [_scorer().score(wanted, got) for got, wanted in zip(ours, theirs, strict=True)]
    return Near(
        tuple(float(one["rouge1"].fmeasure) for one in found), tuple(float(one["rougeL"].fmeasure) for one in found)
    )


@cache
def _scorer() -> Any:
    from rouge_score.rouge_scorer import RougeScorer  # noqa: PLC0415

    return RougeScorer(["rouge1", "rougeL"], use_stemmer=True)


def words_wrong(said: Sequence[str], read: Sequence[str]) -> float:
    """The share of words, all together; sentences without any are left out."""
    return total(compare(one, other) for one, other in zip(said, read, strict=True) if normalised(one)).wer


def told_apart(said: Sequence[np.ndarray], heard: Sequence[np.ndarray]) -> float:
    """The share of utterances whose embeddings (T, width) are nearest, by the cosine of their means, to those of their
    own text among all texts (R@1)."""
    ours, theirs = (_unit(np.stack([one.mean(axis=0) for one in some])) for some in (heard, said))
    return float(np.mean((ours @ theirs.T).argmax(axis=1) == np.arange(len(ours))))


def _unit(rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=0)  # what all texts have in common tells none from another
    return centred / (np.linalg.norm(centred, axis=1, keepdims=True) + 1e-9)
