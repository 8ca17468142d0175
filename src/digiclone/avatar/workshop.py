"""A process that builds heads for the server: one after the other, at low priority, so that talking does not stutter.

A line of JSON on stdin is one `Order`; an empty line takes it back. Lines of JSON on stdout are what comes of it:
``{"doing", "share"}`` while it lasts, and one last ``{"done": true}`` or ``{"error", "hint"}``. A draft is dropped when
another order comes. What the last build has read and shaped is kept, so the next draft takes a second instead of
four; after `PATIENCE` without an order the process ends and gives its memory back, and it ends with its stdin.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import psutil

from digiclone.avatar.look import Look
from digiclone.config import ConfigError, Strict
from digiclone.weights import WeightsError

PATIENCE = 180.0
"""Seconds."""
OVERTAKEN = "A newer choice took its place."
_NICE = 10


class Order(Strict):
    """Build the clone in folder `clone` with `look`: as a draft to the file `draft`, or for good where that is None."""

    clone: str
    look: Look
    draft: str | None = None


class Overtaken(Exception):
    """Nobody waits for this draft any more."""


def main() -> None:
    """Work until there is nothing more to do."""
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    sys.stdout = sys.stderr  # a library that prints must not speak for us
    psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else _NICE)

    def say(**line: Any) -> None:
        lines.write(json.dumps(line) + "\n")

    for order, overtaken in orders(sys.stdin):
        work(order, overtaken, say)


def orders(lines: IO[str]) -> Iterator[tuple[Order, Callable[[], bool]]]:
    """Every order, and whether another one, or the end, has come after it."""
    waiting: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in lines:
            waiting.put(line)
        waiting.put("")

    threading.Thread(target=read, daemon=True).start()
    try:
        while line := waiting.get(timeout=PATIENCE):
            if line.strip():  # an empty line is the order to stop
                yield Order.model_validate_json(line), lambda: not waiting.empty()
    except queue.Empty:
        return


def work(order: Order, overtaken: Callable[[], bool], say: Callable[..., None]) -> None:
    """Carry out one order."""
    from digiclone.avatar import make  # noqa: PLC0415  scipy and pillow: half a second

    def progress(doing: str, share: float) -> None:
        if order.draft and overtaken():
            raise Overtaken
        say(doing=doing, share=round(share, 3))

    try:
        if order.draft:
            make.remake(Path(order.clone), order.look, Path(order.draft), progress, draft=True)
        else:
            make.change(Path(order.clone), order.look.model_dump(), progress)
    except Overtaken:
        say(error=OVERTAKEN, hint="")
    except (ConfigError, WeightsError) as error:
        say(error=str(error), hint="")
    except OSError as error:
        say(error=f"The head could not be written: {error.strerror}.", hint="Is the disk full?")
    except Exception as error:  # noqa: BLE001  the page is told, the server goes on
        say(error=f"{type(error).__name__}: {error}", hint="The clone keeps the head it had.")
    else:
        say(done=True)


if __name__ == "__main__":
    main()
