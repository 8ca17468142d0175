"""A text as a language model reads it: windows of token numbers, by llama.cpp's own tokenizer.

The engine's bindings do not export its tokenizer, but its server has it, on a socket that only this user can open. In
a process of its own, as `measure/engine.py`.
"""

from __future__ import annotations

import importlib
import os
import tempfile
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from digiclone.config import ConfigError
from digiclone.measure import alone

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


_ALIVE = list[Any]()
"""The engine: its destructor may wait for its own thread forever, so it is never called."""


def _told(file: str, text: str) -> dict[str, list[int]]:
    """All tokens of a text, and what the model wants before any text."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as `llm/llamacpp.py` runs it
    xllamacpp: Any = importlib.import_module("xllamacpp")  # a compiled module without type stubs

    with tempfile.TemporaryDirectory(prefix="digiclone-") as folder:
        parameters: Any = xllamacpp.CommonParams()
        parameters.model.path = file
        parameters.n_ctx = WINDOW
        parameters.n_parallel = 1
        parameters.warmup = False
        parameters.verbosity = -1
        socket = str(Path(folder) / "llama.sock")
        parameters.hostnames = [socket]
        _ALIVE.append(xllamacpp.Server(parameters))
        with httpx.Client(transport=httpx.HTTPTransport(uds=socket), base_url="http://engine", timeout=600) as client:

            def tokens(content: str, special: bool) -> list[int]:
                answer = client.post("/tokenize", json={"content": content, "add_special": special})
                return answer.raise_for_status().json()["tokens"]

            found = {"first": tokens("", True), "tokens": tokens(text, False)}
    return found


if __name__ == "__main__":
    alone.answer(_told)
    os._exit(0)
