"""What was said, in SQLite. A row is written as soon as it is known and amended as more is said: `kill -9` loses
nothing."""

import sqlite3
import threading
import time
from pathlib import Path

from digiclone.types import Message

_PATIENCE = 5.0
"""Seconds to wait for a file that another process has locked."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,           -- Unix time
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    text TEXT NOT NULL
)
"""


class History:
    """The conversations of one clone. May be used from several threads and several processes."""

    def __init__(self, file: Path) -> None:
        self.set_aside: Path | None = None
        """Where an unreadable history was moved to, if there was one."""
        self._lock = threading.Lock()
        try:
            self._db = _open(file)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise  # a full disk or a locked file is not a broken history
            self.set_aside = file.with_name(f"{file.name}.broken-{time.time_ns()}")
            file.rename(self.set_aside)
            self._db = _open(file)

    def add(self, role: str, text: str) -> int:
        """Write a message; its number, for `amend`."""
        with self._lock, self._db:
            row = self._db.execute("INSERT INTO message (at, role, text) VALUES (?, ?, ?)", (time.time(), role, text))
            assert row.lastrowid is not None
            return row.lastrowid

    def amend(self, number: int, text: str) -> None:
        """Replace a message's text: more of it was said."""
        with self._lock, self._db:
            self._db.execute("UPDATE message SET text = ? WHERE id = ?", (text, number))

    def last(self, count: int = 200, step: int = 1) -> list[Message]:
        """The last messages, oldest first: at least `count`, beginning at a multiple of `step`.

        What was never heard is not among them.
        """
        with self._lock:
            (total,) = self._db.execute("SELECT count(*) FROM message WHERE text != ''").fetchone()
            rows = self._db.execute(
                "SELECT role, text FROM message WHERE text != '' ORDER BY id LIMIT -1 OFFSET ?",
                (max(0, total - count) // step * step,),
            ).fetchall()
        return [Message(role, text) for role, text in rows]

    def close(self) -> None:
        self._db.close()


def _open(file: Path) -> sqlite3.Connection:
    """Another process that opens or closes the file locks it for a moment, in ways that SQLite does not wait for."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return _connect(file)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _connect(file: Path) -> sqlite3.Connection:
    db = sqlite3.connect(file, timeout=_PATIENCE, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute(_SCHEMA)
        (state,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if state != "ok":
            raise sqlite3.DatabaseError(state)
    except sqlite3.Error:
        db.close()
        raise
    return db
