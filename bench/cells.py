"""A benchmark of hours as measurements of minutes: each in a process of its own, and kept, so that what was killed goes
on. Those of a full run lie under bench/results, for others to look at; those of a quick one beside the weights."""

import hashlib
import json
import re
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

from keep import RESULTS, stamp

from digiclone.artifacts import write_atomically
from digiclone.measure.machine import slug
from digiclone.weights import home

A = TypeVar("A")


def cell(
    name: str,
    asked: A,
    made_of: object,
    measure: Callable[[A], dict[str, Any]],
    quick: bool = False,
    timed: bool = True,
) -> dict[str, Any]:
    """What `measure` finds for what is `asked`, made now if it was not yet on a machine like this one; or on any, if it
    is not `timed`. `name` is that of the file, "align/kathleen-plus"; all that decides what comes out is in `asked` and
    `made_of`."""
    key = hashlib.sha256(repr((asked, made_of)).encode()).hexdigest()[:12]
    part, _, rest = name.partition("/")
    folder = (home() / "bench" if quick else RESULTS) / part
    file = folder / f"{plain(rest)}-{slug()}-{key}.json"
    if not timed:
        file = next(iter(sorted(folder.glob(f"{plain(rest)}-*-{key}.json"))), file)
    if not file.exists():
        print(name, asked, file=sys.stderr, flush=True)
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            found = pool.submit(measure, asked).result()
        write_atomically(file, json.dumps(stamp() | found, separators=(",", ":")).encode())
    return json.loads(file.read_text("utf-8"))


def plain(name: str) -> str:
    """As a file can be called on any system."""
    return re.sub(r"[^\w.+]+", "-", name)
