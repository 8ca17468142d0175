"""Material that takes long to make, kept on disk in parts, so that a run that was stopped goes on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from digiclone.train import checkpoint

log = logging.getLogger(__name__)
L = TypeVar("L")
T = TypeVar("T")


@dataclass(frozen=True)
class Parts(Generic[L, T]):
    """`make` gives what some lines become, the first of which has that number; `save` and `load` keep a part."""

    name: str
    """What is done with a line: "spoken"."""
    size: int
    """Lines of a part."""
    made_of: object
    """All that decides what comes out, beside the lines and their numbers."""
    make: Callable[[Sequence[L], int], Iterable[T]]
    save: Callable[[Sequence[T], Path], None]
    load: Callable[[Path], list[T]]

    def of(self, lines: Sequence[L], folder: Path) -> list[T]:
        """What all the lines become; what is in `folder` is not made again."""
        folder.mkdir(parents=True, exist_ok=True)
        found, begun = list[T](), time.monotonic()
        for first in range(0, len(lines), self.size):
            some = lines[first : first + self.size]
            place = folder / f"{first:06}-{checkpoint.key((self.made_of, first, some))}.npz"
            if not place.exists():
                self.save(list(self.make(some, first)), place)
            found += self.load(place)
            log.info("%s: %d of %d, %.0f s", self.name, first + len(some), len(lines), time.monotonic() - begun)
        return found
