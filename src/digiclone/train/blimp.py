"""What a language model knows of grammar: which of two sentences that differ in one thing it finds likelier (BLiMP,
Warstadt et al. 2020). 67 paradigms of twelve phenomena.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from digiclone.config import ConfigError
from digiclone.llama import Llama
from digiclone.train.precision import DEVICE

TOGETHER = 32
"""Sentences that are judged side by side."""
OF_PAPER = {"s-selection": "argument_structure"}
"""Phenomena that have another name in the paper's tables than in its files."""


@dataclass(frozen=True)
class Pair:
    """A sentence and one that is wrong, as tokens."""

    paradigm: str
    phenomenon: str
    good: tuple[int, ...]
    bad: tuple[int, ...]


def pairs(folder: Path, file: Path, count: int) -> list[Pair]:
    """The first `count` pairs of each paradigm, for the model in the GGUF `file`. Raises `ConfigError` for a folder
    without any."""
    found, words = list[Pair](), Llama(file, 64, threads=1)
    begin = words.tokens("", begin=True) or [words.end]  # a text before which another ended

    def tokens(text: str) -> tuple[int, ...]:
        return (*begin, *words.tokens(text, marks=False))

    for paradigm in sorted(folder.glob("*.jsonl")):
        for line in paradigm.read_text("utf-8").splitlines()[:count]:
            row = json.loads(line)
            good, bad = tokens(row["sentence_good"]), tokens(row["sentence_bad"])
            term: str = row["linguistics_term"]
            found.append(Pair(row["UID"], OF_PAPER.get(term, term), good, bad))
    if not found:
        raise ConfigError(f"there is no paradigm of BLiMP (*.jsonl) in {folder}")
    return found


def right(
    net: nn.Module, some: Sequence[Pair], tell: Callable[[str, float], None] = lambda what, share: None
) -> list[bool]:
    """Of each pair, whether the sentence is likelier for the model than the wrong one."""
    sentences = [sentence for pair in some for sentence in (pair.good, pair.bad)]
    order = np.argsort([len(sentence) for sentence in sentences], kind="stable")
    found = np.zeros(len(sentences))
    for first in range(0, len(order), TOGETHER):
        tell("choosing between sentences", first / len(order))
        lot = order[first : first + TOGETHER]
        found[lot] = _likely(net, [sentences[number] for number in lot])
    return (found[0::2] > found[1::2]).tolist()


@torch.no_grad()
def _likely(net: nn.Module, sentences: Sequence[Sequence[int]]) -> np.ndarray:
    """The log-probability of each; what stands behind its end changes nothing before it."""
    longest = max(map(len, sentences))
    tokens = torch.tensor([[*sentence, *[0] * (longest - len(sentence))] for sentence in sentences], device=DEVICE)
    logits: Tensor = net(tokens[:, :-1])
    wanted = tokens[:, 1:]
    each = -functional.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="none").view_as(wanted)
    inside = torch.arange(1, longest, device=DEVICE) < torch.tensor([[len(one)] for one in sentences], device=DEVICE)
    return (each * inside).sum(1).cpu().numpy()


def grouped(some: Sequence[Pair], right: Sequence[bool]) -> Mapping[str, float]:
    """The share that is right of each phenomenon, each of its paradigms counting alike, and of "all" phenomena."""
    paradigms: dict[tuple[str, str], list[bool]] = {}
    for pair, one in zip(some, right, strict=True):
        paradigms.setdefault((pair.phenomenon, pair.paradigm), []).append(one)
    phenomena: dict[str, list[float]] = {}
    for (phenomenon, _), each in paradigms.items():
        phenomena.setdefault(phenomenon, []).append(float(np.mean(each)))
    found = {phenomenon: float(np.mean(each)) for phenomenon, each in sorted(phenomena.items())}
    return {**found, "all": float(np.mean(list(found.values())))}


def interval(some: Sequence[Pair], phenomena: Mapping[str, float]) -> tuple[float, float]:
    """Where "all" of the `grouped` shares lies with a probability of 95 %, over pairs; a little too wide, for paradigms
    of a phenomenon are taken to be alike."""
    counts = Counter(pair.phenomenon for pair in some)
    variance = sum(phenomena[name] * (1 - phenomena[name]) / count for name, count in counts.items()) / len(counts) ** 2
    return phenomena["all"] - 1.96 * variance**0.5, phenomena["all"] + 1.96 * variance**0.5
