"""An election on disk: answers and ballots in SQLite, each written as soon as it is there. Nobody is asked twice: what
is in the file is not asked again, and two processes cannot cast the same ballot."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digiclone.config import ConfigError
from digiclone.vote.ballot import Ballot, Outcome
from digiclone.vote.election import Slot

PATIENCE = 30.0
"""Seconds to wait for another process that writes."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answer (
    candidate TEXT NOT NULL,
    question TEXT NOT NULL,
    text TEXT NOT NULL,
    prompt TEXT NOT NULL,       -- JSON: all that the candidate was given
    seconds REAL NOT NULL,
    at REAL NOT NULL,           -- Unix time
    PRIMARY KEY (candidate, question)
);
CREATE TABLE IF NOT EXISTS ballot (
    question TEXT NOT NULL,
    judge TEXT NOT NULL,
    metric TEXT NOT NULL,
    turn INTEGER NOT NULL,      -- which rotation of the candidates
    shown TEXT NOT NULL,        -- JSON: the candidates, from first to last
    lengths TEXT NOT NULL,      -- JSON: characters of their answers
    outcome TEXT NOT NULL CHECK (outcome IN ('chosen', 'none', 'abstained', 'unreadable')),
    choice TEXT,
    said TEXT NOT NULL,         -- what the judge said, or how likely each option was
    prompt TEXT NOT NULL,
    seconds REAL NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (question, judge, metric, turn)
);
CREATE TABLE IF NOT EXISTS opinion (    -- Crowd Score's
    candidate TEXT NOT NULL,
    question TEXT NOT NULL,
    style TEXT NOT NULL,
    voter TEXT NOT NULL,        -- the model, and whether it was asked why
    found TEXT NOT NULL,        -- JSON
    at REAL NOT NULL,
    PRIMARY KEY (candidate, question, style, voter)
);
"""


@dataclass(frozen=True)
class Vote:
    """What came of asking: outcome, the candidate, and what was said."""

    outcome: Outcome
    choice: str | None
    said: str
    prompt: str
    seconds: float


class Store:
    """Of one election; for several threads and processes. Raises `ConfigError` for a file of another election."""

    def __init__(self, file: Path, identity: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(file, timeout=PATIENCE, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.executescript(_SCHEMA)
            with self._db:
                self._db.execute("INSERT OR IGNORE INTO about VALUES ('election', ?)", (identity,))
            (there,) = self._db.execute("SELECT value FROM about WHERE key = 'election'").fetchone()
        except sqlite3.DatabaseError as error:
            raise ConfigError(f"{file} cannot be used: {error}; move it away to begin anew") from error
        if there != identity:
            self._db.close()
            raise ConfigError(
                f"{file} holds an election with other candidates, judges or questions; move it away, or undo the change"
            )

    def answer(self, candidate: str, question: str) -> str | None:
        """What a candidate answered, if it did."""
        with self._lock:
            asked = "SELECT text FROM answer WHERE candidate = ? AND question = ?"
            row = self._db.execute(asked, (candidate, question)).fetchone()
        return row and row[0]

    def keep_answer(self, candidate: str, question: str, text: str, prompt: str, seconds: float) -> None:
        """Write it; the first one stays."""
        row = candidate, question, text, prompt, seconds, time.time()
        with self._lock, self._db:
            self._db.execute("INSERT OR IGNORE INTO answer VALUES (?, ?, ?, ?, ?, ?)", row)

    def cast(self, slot: Slot, lengths: Sequence[int], vote: Vote) -> bool:
        """Write a ballot; whether it was the first for its slot, which stays."""
        row = (
            slot.question, slot.judge, slot.metric, slot.turn, json.dumps(slot.order), json.dumps(list(lengths)),
            vote.outcome, vote.choice, vote.said, vote.prompt, vote.seconds, time.time(),
        )  # fmt: skip
        with self._lock, self._db:
            done = self._db.execute("INSERT OR IGNORE INTO ballot VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            return done.rowcount == 1

    def is_cast(self, slot: Slot) -> bool:
        """Whether there is a ballot for it."""
        where = "SELECT 1 FROM ballot WHERE question = ? AND judge = ? AND metric = ? AND turn = ?"
        with self._lock:
            key = slot.question, slot.judge, slot.metric, slot.turn
            return self._db.execute(where, key).fetchone() is not None

    def ballots(self) -> Iterator[Ballot]:
        """All, in the order of their questions, judges, metrics and turns."""
        asked = (
            "SELECT question, judge, metric, shown, lengths, outcome, choice FROM ballot"
            " ORDER BY question, judge, metric, turn"
        )
        with self._lock:
            rows = self._db.execute(asked).fetchall()
        for question, judge, metric, shown, lengths, outcome, choice in rows:
            order, sizes = tuple(json.loads(shown)), tuple(json.loads(lengths))
            yield Ballot(question, judge, metric, order, sizes, outcome, choice)

    def opinion(self, key: tuple[str, str, str, str]) -> dict[str, Any] | None:
        """What a voter found, by candidate, question, style and voter, if it was asked."""
        asked = "SELECT found FROM opinion WHERE candidate = ? AND question = ? AND style = ? AND voter = ?"
        with self._lock:
            row = self._db.execute(asked, key).fetchone()
        return row and json.loads(row[0])

    def keep_opinion(self, key: tuple[str, str, str, str], found: Mapping[str, Any]) -> None:
        """Write it; the first one stays."""
        with self._lock, self._db:
            row = *key, json.dumps(found), time.time()
            self._db.execute("INSERT OR IGNORE INTO opinion VALUES (?, ?, ?, ?, ?, ?)", row)

    def close(self) -> None:
        self._db.close()
