"""What the person was asked and said: read once, and found by words or by meaning as quickly in every turn."""

from __future__ import annotations

import hashlib
import json
import logging
import random
import re
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from digiclone import meaning
from digiclone.artifacts import replacing
from digiclone.config import ConfigError

log = logging.getLogger(__name__)
FILE, DIRECTIONS = "examples.jsonl", "examples.npz"


@dataclass(frozen=True, slots=True)
class Example:
    """What the person was asked, and said; where that stands, and when it was, if that is known."""

    question: str
    answer: str
    source: str = ""
    at: str = ""


class Examples(tuple[Example, ...]):
    """Several, with what it takes to find some of them, which is made when it is first needed. May be used from several
    threads.

    `beside`, a file, keeps which directions they point in from one start to the next.
    """

    def __new__(cls, said: Iterable[Example] = (), beside: Path | None = None) -> Examples:
        return super().__new__(cls, said)

    def __init__(self, said: Iterable[Example] = (), beside: Path | None = None) -> None:
        self._beside = beside
        self._busy = threading.RLock()
        self._of: tuple[Examples, list[int]] | None = None

    def without(self, question: str) -> Examples:
        """Those that answer another question than this: all of them, if none answers it."""
        asked = question.strip().lower()
        stay = [number for number, one in enumerate(self) if one.question.strip().lower() != asked]
        if len(stay) == len(self):
            return self
        rest = Examples(self[number] for number in stay)
        rest._of = self, stay
        return rest

    def nearest(self, question: str) -> list[Example]:
        """Those that share words with a question, the likeliest first (BM25, as SQLite's FTS5 has it); behind them the
        others, in an order that is always the same."""
        words = dict.fromkeys(re.findall(r"\w+", question.lower()))
        asked = " OR ".join(f'"{word}"' for word in words)
        ranked = "SELECT rowid FROM said WHERE said MATCH ? ORDER BY bm25(said, 2.0, 1.0), rowid"
        with self._busy:
            found = [row - 1 for (row,) in self._index.execute(ranked, (asked,))] if words else []
        near = [self[number] for number in found]
        there = set(near)
        return [*near, *(one for one in self.mixed if one not in there)]

    def meant(self, question: str) -> list[Example]:
        """The same by what is meant: that of an answer, and of what was asked, beside that of the question. Raises
        `weights.Missing`."""
        (asked,) = meaning.minilm().of([question])
        return [self[number] for number in np.argsort(-(self.directions @ asked), kind="stable")]

    @cached_property
    def mixed(self) -> list[Example]:
        """All of them in no order, which is always the same."""
        return random.Random(0).sample(self, len(self))

    @cached_property
    def directions(self) -> np.ndarray:
        """What each means, shape (examples, 384): some milliseconds for one that was never read."""
        if self._of:
            whole, stay = self._of
            return whole.directions[stay]
        with self._busy:
            texts = [f"{one.question} {one.answer}" for one in self]
            keys = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts]
            known = _kept(self._beside) if self._beside else {}
            new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
            if len(new) > 500:
                log.info("reading what %d examples mean", len(new))
            stays = known.keys() == set(keys)  # if not: what somebody took out must not stay in the file
            known |= zip(new, meaning.minilm().of([*new.values()]), strict=True)
            rows = np.array([known[key] for key in keys], np.float32)
            if self._beside and not stays:
                with replacing(self._beside) as out:
                    np.savez(out, keys=np.array(keys, np.uint64), rows=rows)
            return rows

    @cached_property
    def _index(self) -> sqlite3.Connection:
        index = sqlite3.connect(":memory:", check_same_thread=False)
        index.execute("CREATE VIRTUAL TABLE said USING fts5(question, answer, tokenize = 'porter unicode61')")
        index.executemany("INSERT INTO said VALUES (?, ?)", [(one.question, one.answer) for one in self])
        return index


def of(folder: Path) -> Examples:
    """Those of a clone, which are read again only if somebody wrote into their file; none if there is no such. Raises
    `ConfigError` for a line that is none."""
    try:
        told = (folder / FILE).stat()
    except OSError:
        return Examples()
    return _read(folder, told.st_mtime_ns, told.st_size)


@lru_cache(2)
def _read(folder: Path, _written: int, _size: int) -> Examples:
    return Examples(read(folder / FILE), folder / DIRECTIONS)


def read(file: Path) -> list[Example]:
    """The examples in a file of JSON lines. Raises `ConfigError` for a line that is none."""
    found = list[Example]()
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            found.append(Example(row["question"], row["answer"], row.get("source", ""), row.get("at", "")))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ConfigError(f'{file}, line {number}: write {{"question": …, "answer": …}}') from None
    return found


def _kept(file: Path) -> dict[int, np.ndarray]:
    """Directions that were kept; none, if the file is none."""
    try:
        with file.open("rb") as data, np.load(data) as kept:
            return dict(zip(map(int, kept["keys"]), kept["rows"], strict=True))
    except Exception:  # noqa: BLE001  whatever is wrong with it: it can be made again
        return {}
