"""The engine's wheel beside llama.cpp's own build for this very processor: tokens a second, by format.

    python bench/engines.py [--quick] [--json]

The wheel that pip brings (xllamacpp) is built for AVX2, so that it runs everywhere. npm brings llama.cpp built for each
kind of processor (`@node-llama-cpp`, MIT), of which the best is taken as it starts: with AVX-512, integer dot products
and what else there is. Both run the same files by the same calls (`llama.py`), in turn, each in a process of its own;
medians. SmolLM2-135M, which comes in Q4_1; 128 tokens are read by all cores, and 64 written by one core and by all, of
which the better counts. Nothing of the npm package is kept or used elsewhere.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from keep import keep

from digiclone import llama
from digiclone.commands.formats import write
from digiclone.llm import llamacpp
from digiclone.measure.machine import cores
from digiclone.sources import npm
from digiclone.weights import fetch

PEER = "@node-llama-cpp/linux-x64@3.22.1"
FORMATS = ("F16", "Q8_0", "Q4_0")
READ, WRITTEN = 128, 64


def measured(file: Path, engine: Path | None) -> dict[str, Any]:
    """Seconds of each reading, and of each token, by a number of writing threads; and what the build can use."""
    if engine:
        functions = llama.typed(_Parts(engine))
        llama.library = lambda: functions
    told = llama.library().llama_print_system_info
    told.restype = ctypes.c_char_p
    text = np.random.default_rng(0).integers(1000, 40_000, READ).tolist()
    took = dict[str, list[float]](read=[])
    for writers in sorted({1, cores()}):
        model, tokens = llama.Llama(file, 512, cores(), writers), list[float]()
        for _ in range(3):
            model.forget(0)
            took["read"].append(_seconds(model, text))
            tokens += [_seconds(model, [token]) for token in text[:WRITTEN]]
        took[f"{writers} write"] = tokens
    return {"build": told().decode(), "took": took}


def _seconds(model: llama.Llama, some: list[int]) -> float:
    begun = time.perf_counter()
    model.read(some)
    return time.perf_counter() - begun


class _Parts:
    """A llama.cpp in several libraries, as if it were one; its parts for this processor are chosen by itself."""

    def __init__(self, folder: Path) -> None:
        names = ("libggml-base", "libggml.", "libllama.")
        self._parts = [ctypes.CDLL(str(next(folder.glob(f"{name}*.so"))), ctypes.RTLD_GLOBAL) for name in names]
        self.ggml_backend_load_all_from_path(str(folder).encode())

    def __getattr__(self, name: str) -> Any:
        return next(getattr(part, name) for part in self._parts if hasattr(part, name))


def rows(folder: Path, rounds: int) -> list[dict[str, Any]]:
    """A row for each engine and format."""
    for kind in FORMATS:
        write(fetch(llamacpp.MODELS[0].files[0]), folder / kind, kind, None, lambda _what, _share: None)
    engines = {"wheel": None, "for this processor": _peer(folder)}
    asked = [(name, kind) for name in engines for kind in FORMATS]
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {one: [] for one in asked}
    for name, kind in asked * rounds:
        with ProcessPoolExecutor(1, get_context("spawn")) as alone:
            found[name, kind].append(alone.submit(measured, folder / kind, engines[name]).result())
    table = [_row(name, kind, all_) for (name, kind), all_ in found.items()]
    for row in table:
        whole = next(one for one in table if one["engine"] == row["engine"] and one["format"] == "F16")
        row["ratio_to_f16"] = {key: row[key] / whole[key] for key in ("read_tok_s", "write_tok_s")}
    return table


def _row(name: str, kind: str, found: list[Mapping[str, Any]]) -> dict[str, Any]:
    def median(key: str) -> float:
        return float(np.median([second for one in found for second in one["took"][key]]))

    return {
        "engine": name, "format": kind, "read_tok_s": READ / median("read"),
        "write_tok_s": max(1 / median(key) for key in found[0]["took"] if key != "read"), "build": found[0]["build"],
    }  # fmt: skip


def _peer(folder: Path) -> Path:
    """Where its libraries lie, unpacked."""
    subprocess.run([*npm(), "pack", PEER, "--ignore-scripts", "--loglevel=error"], cwd=folder, check=True)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.glob("package/bins/*"))


def main() -> None:
    """Measure, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round instead of five")
    parser.add_argument("--json", action="store_true", help="one line, for machines")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {"rows": rows(Path(folder), 1 if options.quick else 5)}
    keep("engines", options.quick, found)
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
