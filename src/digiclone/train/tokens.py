"""A text as a language model reads it: windows of token numbers, by llama.cpp's own tokenizer.

The engine's bindings do not export its tokenizer, but its server has it, on a socket that only this user can open. In
a process of its own, as `measure/engine.py`.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import httpx
import numpy as np

from digiclone.config import ConfigError
from digiclone.llm import llamacpp
from digiclone.measure import alone
from digiclone.measure.machine import cores

WINDOW = 512
"""Tokens that are read together: what llama.cpp's own perplexity takes, and so what published figures rest on."""


def windows(file: Path, text: str, most: int) -> np.ndarray:
    """(N, WINDOW) int64: the first `most` tokens of `text` for the model in the GGUF `file`, in whole windows.

    If the model wants a mark before a text (BOS), it takes the place of each window's first token, as in llama.cpp.
    Raises `ConfigError` if there is not even one window, or the engine cannot load the file.
    """
    told = alone.ask(__name__, f"the tokens of {file.name}", {"file": str(file), "text": text})
    count = min(most, len(told["tokens"])) // WINDOW
    if not count:
        raise ConfigError(f"a text of {len(told['tokens'])} tokens, of which {most} are read, is less than {WINDOW}")
    found = np.array(told["tokens"][: count * WINDOW], np.int64).reshape(count, WINDOW)
    found[:, : len(told["first"])] = told["first"]
    return found


def _told(file: str, text: str) -> dict[str, list[int]]:
    """All tokens of a text, and what the model wants before any text."""
    with tempfile.TemporaryDirectory(prefix="digiclone-") as folder:
        socket = Path(folder) / "llama.sock"
        llamacpp.server(file, socket, WINDOW, cores())
        with httpx.Client(
            transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://engine", timeout=600
        ) as client:

            def tokens(content: str, special: bool) -> list[int]:
                answer = client.post("/tokenize", json={"content": content, "add_special": special})
                return answer.raise_for_status().json()["tokens"]

            found = {"first": tokens("", True), "tokens": tokens(text, False)}
    return found


if __name__ == "__main__":
    alone.answer(_told)
    os._exit(0)
