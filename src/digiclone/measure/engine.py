"""How fast a language model reads and writes and how much memory it takes, in a process that does nothing else."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from digiclone.llama import Cache
from digiclone.llm import llamacpp
from digiclone.measure import alone
from digiclone.measure.machine import peak_memory


@dataclass(frozen=True)
class Run:
    """A prompt of so many tokens that was read, and tokens that were written after it, in seconds."""

    prompt: int
    read_s: float
    written: int
    write_s: float

    @property
    def past(self) -> float:
        """Tokens before one that was written, on average."""
        return self.prompt + self.written / 2

    @property
    def token_s(self) -> float:
        """For one token. The engine counts the first one to the reading."""
        return self.write_s / max(1, self.written - 1)


@dataclass(frozen=True)
class Engine:
    """What was measured of a file; `memory` is what it takes at its peak beyond Python, in bytes."""

    threads: int
    context: int
    memory: float
    runs: tuple[Run, ...]


def measure(file: Path, threads: int, context: int, jobs: Sequence[tuple[int, int]], cache: Cache = "f16") -> Engine:
    """Read and write as many tokens as each of the `jobs` says, with a GGUF file. Raises `alone.NotMeasured`."""
    asked = {"file": str(file), "threads": threads, "context": context, "jobs": list(jobs), "cache": cache}
    found = alone.ask(__name__, file.name, asked)
    return Engine(threads, context, found["memory"], tuple(Run(**one) for one in found["runs"]))


def _measured(file: str, threads: int, context: int, jobs: Sequence[tuple[int, int]], cache: Cache) -> dict[str, Any]:
    me = psutil.Process()
    before = me.memory_info().rss
    with tempfile.TemporaryDirectory(prefix="digiclone-") as folder:
        server = llamacpp.server(file, Path(folder) / "llama.sock", context, threads, cache=cache)
        _job(server, 32, 4)  # the first touches the weights
        runs = [asdict(_job(server, prompt, written)) for prompt, written in jobs]
    return {"memory": peak_memory(me.pid) * 2**20 - before, "runs": runs}


def _job(server: Any, prompt: int, written: int) -> Run:
    answers = list[Any]()
    request = {
        # any tokens will do, for time does not depend on which; no two prompts begin alike
        "prompt": [100 + (31 * prompt + 37 * place) % 1000 for place in range(prompt)],
        "n_predict": written,
        "cache_prompt": False,
        "ignore_eos": True,
        "temperature": 0.0,
        "stream": False,
    }

    def keep(answer: Any) -> bool:
        answers.append(answer)
        return True

    server.handle_completions(request, keep)
    (answer,) = answers
    if "timings" not in answer:
        raise RuntimeError(str(answer.get("error", answer)))
    told = answer["timings"]
    return Run(told["prompt_n"], told["prompt_ms"] / 1000, told["predicted_n"], told["predicted_ms"] / 1000)


if __name__ == "__main__":
    alone.answer(_measured)
    os._exit(0)  # the engine's destructor may wait for its own thread forever
