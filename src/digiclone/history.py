"""What was said, in SQLite. A row is written as soon as it is known and amended as more is said: `kill -9` loses
nothing. What is forgotten is gone: no page of the file, no log and no index holds it any more."""

import sqlite3
import threading
import time
from collections.abc import Sequence
from math import inf
from pathlib import Path

from digiclone.types import Memory, Message

_PATIENCE = 5.0
"""Seconds to wait for a file that another process has locked."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,           -- Unix time
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    text TEXT NOT NULL
);
CREATE VIRTUAL TABLE IF NOT EXISTS word USING fts5(
    text, content='message', content_rowid='id', tokenize='porter unicode61'
);
CREATE TABLE IF NOT EXISTS meaning (
    id INTEGER PRIMARY KEY,     -- of a message
    direction BLOB NOT NULL     -- float32; see meaning.py
);
CREATE TRIGGER IF NOT EXISTS misread AFTER UPDATE OF text ON message BEGIN
    DELETE FROM meaning WHERE id = old.id;
END;
CREATE TRIGGER IF NOT EXISTS unlearnt AFTER DELETE ON message BEGIN
    DELETE FROM meaning WHERE id = old.id;
END;
CREATE TRIGGER IF NOT EXISTS added AFTER INSERT ON message BEGIN
    INSERT INTO word (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER IF NOT EXISTS amended AFTER UPDATE OF text ON message BEGIN
    INSERT INTO word (word, rowid, text) VALUES ('delete', old.id, old.text);
    INSERT INTO word (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER IF NOT EXISTS deleted AFTER DELETE ON message BEGIN
    INSERT INTO word (word, rowid, text) VALUES ('delete', old.id, old.text);
END;
"""
_EXCHANGES = """
SELECT asked.text, coalesce((
    SELECT group_concat(text, ' ') FROM (
        SELECT text FROM message WHERE id > asked.id AND role = 'assistant' AND text != '' AND id < coalesce(
            (SELECT min(id) FROM message WHERE id > asked.id AND role = 'user'), 9e18) ORDER BY id)), ''),
    asked.id, asked.at
FROM message AS asked WHERE asked.role = 'user' AND asked.text != ''
"""
"""What a person said, each with what was answered."""
_BEHIND = "SELECT coalesce(min(id), 9e18) FROM (SELECT id FROM message WHERE text != '' ORDER BY id DESC LIMIT ?)"
"""The first of the last messages."""
_FORGET = """
DELETE FROM message WHERE id = :asked AND role = 'user' OR role = 'assistant' AND id > :asked AND id < coalesce(
    (SELECT min(id) FROM message WHERE id > :asked AND role = 'user'), 9e18)
    AND EXISTS (SELECT 1 FROM message WHERE id = :asked AND role = 'user')
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

    def count(self) -> int:
        """Of all messages."""
        with self._lock:
            (total,) = self._db.execute("SELECT count(*) FROM message WHERE text != ''").fetchone()
        return total

    def exchanges(self, since: float = 0.0, until: float = inf) -> list[Memory]:
        """All that was said between two times, with what was answered, oldest first."""
        with self._lock:
            between = f"{_EXCHANGES} AND asked.at >= ? AND asked.at < ? ORDER BY asked.id"
            return [Memory(*row) for row in self._db.execute(between, (since, until)).fetchall()]

    def holding(self, word: str) -> int:
        """In how many messages a word stands, in any of its forms."""
        with self._lock:
            (count,) = self._db.execute("SELECT count(*) FROM word WHERE word MATCH ?", (_quoted([word]),)).fetchone()
        return count

    def search(self, words: Sequence[str], most: int, shown: int = 0) -> list[Memory]:
        """What has to do with the words, the best first (BM25); not of the last messages, of which so many are `shown`
        to the model already."""
        with self._lock:
            (behind,) = self._db.execute(_BEHIND, (shown,)).fetchone()
            hits = self._db.execute(
                "SELECT rowid FROM word WHERE word MATCH ? AND rowid < ? ORDER BY bm25(word) LIMIT ?",
                (_quoted(words), behind, 4 * most),
            ).fetchall()
        return self.talks([number for (number,) in hits])[:most]

    def talks(self, numbers: Sequence[int]) -> list[Memory]:
        """What was asked and answered where these messages stand, in their order, each once."""
        begins = "SELECT max(id) FROM message WHERE id <= ? AND role = 'user' AND text != ''"
        with self._lock:
            asked = [self._db.execute(begins, (number,)).fetchone()[0] for number in numbers]
            those = [number for number in dict.fromkeys(asked) if number is not None]
            found = [self._db.execute(f"{_EXCHANGES} AND asked.id = ?", (number,)).fetchone() for number in those]
        return [Memory(*row) for row in found]

    def unread(self, most: int) -> list[tuple[int, str]]:
        """Messages whose meaning is not known, the last first."""
        with self._lock:
            return self._db.execute(
                "SELECT id, text FROM message WHERE text != '' AND id NOT IN (SELECT id FROM meaning)"
                " ORDER BY id DESC LIMIT ?",
                (most,),
            ).fetchall()

    def learn(self, number: int, text: str, direction: bytes) -> None:
        """Keep what a message means, unless it says something else by now."""
        with self._lock, self._db:
            self._db.execute(
                "INSERT OR REPLACE INTO meaning SELECT id, ? FROM message WHERE id = ? AND text = ?",
                (direction, number, text),
            )

    def meanings(self, shown: int = 0) -> list[tuple[int, bytes]]:
        """Of all messages but the last ones, of which so many are `shown`."""
        with self._lock:
            (behind,) = self._db.execute(_BEHIND, (shown,)).fetchone()
            return self._db.execute("SELECT id, direction FROM meaning WHERE id < ? ORDER BY id", (behind,)).fetchall()

    def forget(self, numbers: Sequence[int]) -> int:
        """Delete what was said, and what was answered to it; how many messages that were. Nothing of them stays."""
        with self._lock:
            with self._db:
                gone = sum(self._db.execute(_FORGET, {"asked": number}).rowcount for number in numbers)
                self._db.execute("INSERT INTO word (word) VALUES ('rebuild')")  # its index keeps what was deleted
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def close(self) -> None:
        self._db.close()


def _quoted(words: Sequence[str]) -> str:
    return " OR ".join('"' + word.replace('"', "") + '"' for word in words)


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
        db.execute("PRAGMA secure_delete=ON")
        (indexed,) = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'word'").fetchone()
        db.executescript(_SCHEMA)
        if not indexed:
            db.execute("INSERT INTO word (word) VALUES ('rebuild')")
            db.commit()
        (state,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if state != "ok":
            raise sqlite3.DatabaseError(state)
    except sqlite3.Error:
        db.close()
        raise
    return db
