"""A text as a language model reads it: windows of token numbers, by llama.cpp's own tokenizer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from digiclone.config import ConfigError
from digiclone.llama import Llama

WINDOW = 512
"""Tokens that are read together: what llama.cpp's own perplexity takes, and so what published figures rest on."""


def windows(file: Path, text: str, most: int) -> np.ndarray:
    """(N, WINDOW) int64: the first `most` tokens of `text` for the model in the GGUF `file`, in whole windows.

    If the model wants a mark before a text (BOS), it takes the place of each window's first token, as in llama.cpp.
    Raises `ConfigError` if there is not even one window, `llama.EngineError` if the file cannot be loaded.
    """
    model = Llama(file, WINDOW, threads=1)
    first, tokens = model.tokens("", begin=True), model.tokens(text)
    count = min(most, len(tokens)) // WINDOW
    if not count:
        raise ConfigError(f"a text of {len(tokens)} tokens, of which {most} are read, is less than {WINDOW}")
    found = np.array(tokens[: count * WINDOW], np.int64).reshape(count, WINDOW)
    found[:, : len(first)] = first
    return found
