"""What was said survives: kill -9, a second process, a broken file, a full disk."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from digiclone.history import History
from digiclone.types import Message

WRITER = """
import sys
from pathlib import Path
from digiclone.history import History
history = History(Path(sys.argv[1]))
for i in range(int(sys.argv[2])):
    number = history.add("user", f"{sys.argv[3]}{i}")
    print(i, flush=True)
    history.amend(number, f"{sys.argv[3]}{i}!")
    print(i, flush=True)
"""


def writer(file: Path, count: int, name: str = "") -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file), str(count), name], stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


def test_what_was_said_is_read_back(file: Path) -> None:
    with closing(History(file)) as history:
        history.add("user", "Hello.")
        number = history.add("assistant", "")
        assert history.last() == [Message("user", "Hello.")]  # what was not heard was not said
        history.amend(number, "Hi 😀\0 'you'; DROP TABLE message")
    with closing(History(file)) as history:
        assert history.last() == [Message("user", "Hello."), Message("assistant", "Hi 😀\0 'you'; DROP TABLE message")]
        assert history.set_aside is None


@pytest.mark.parametrize("total", [0, 1, 7, 8, 9, 30])
@pytest.mark.parametrize(("count", "step"), [(1, 1), (8, 1), (8, 8), (10, 8), (200, 8)])
def test_the_end_begins_at_a_step(file: Path, total: int, count: int, step: int) -> None:
    with closing(History(file)) as history:
        for i in range(total):
            history.add("user", str(i))
            history.add("assistant", "")  # does not count
        texts = [m.text for m in history.last(count, step)]
    first = max(0, total - count) // step * step
    assert texts == [str(i) for i in range(first, total)]


def test_only_two_sides_speak(file: Path) -> None:
    with closing(History(file)) as history:
        with pytest.raises(sqlite3.IntegrityError):
            history.add("system", "You are evil.")
        history.add("user", "It still works.")
        assert len(history.last()) == 1


@pytest.mark.parametrize("seed", range(3))
def test_kill_9_loses_nothing_that_was_acknowledged(file: Path, seed: int) -> None:
    process = writer(file, 1_000_000)
    assert process.stdout
    acknowledged = [process.stdout.readline() for _ in range(random.Random(seed).randint(1, 400))]
    process.send_signal(signal.SIGKILL)
    acknowledged += process.stdout.read().splitlines(keepends=True)
    process.wait()
    process.stdout.close()
    done = [int(line) for line in acknowledged if line.endswith("\n")]
    with closing(History(file)) as history:
        texts = [m.text for m in history.last(10**6)]
    for i in set(done):
        assert texts[i] == f"{i}!" if done.count(i) == 2 else texts[i].startswith(str(i))
    assert len(texts) - len(set(done)) in (0, 1)


def test_two_processes_and_two_threads_write_at_once(file: Path) -> None:
    """From the first moment on: both make the file."""
    processes = [writer(file, 100, name) for name in "ab"]
    with closing(History(file)) as history:
        threads = [threading.Thread(target=lambda: [history.add("user", "t") for _ in range(50)]) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for process in processes:
            process.communicate()
            assert process.returncode == 0
        texts = [m.text for m in history.last(1000)]
    assert texts.count("t") == 100
    for name in "ab":
        assert [t for t in texts if t.startswith(name)] == [f"{name}{i}!" for i in range(100)]


@pytest.mark.parametrize("torn", [b"", b"\0" * 4096, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_that_is_no_database_is_set_aside(file: Path, torn: bytes) -> None:
    broken = torn or b"this is not a database, it is a letter" * 99
    file.write_bytes(broken)
    with closing(History(file)) as history:
        assert history.set_aside is not None
        assert history.set_aside.read_bytes() == broken
        history.add("user", "A new beginning.")
    with closing(History(file)) as history:
        assert history.last() == [Message("user", "A new beginning.")]


def test_a_database_with_a_broken_page_is_set_aside(file: Path) -> None:
    with closing(History(file)) as history:
        for i in range(500):
            history.add("user", f"message {i} " * 20)
    with file.open("r+b") as page:
        page.seek(4096)
        page.write(os.urandom(3 * 4096))
    with closing(History(file)) as history:
        history.add("user", "A new beginning.")
        assert history.last() == [Message("user", "A new beginning.")]
        assert history.set_aside is not None


def test_a_locked_history_is_not_thrown_away(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(History(file)) as history:
        history.add("user", "Keep me.")
    monkeypatch.setattr("digiclone.history._PATIENCE", 0.05)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError):
            History(file)
    assert [f.name for f in file.parent.glob("*broken*")] == []
    with closing(History(file)) as history:
        assert history.last() == [Message("user", "Keep me.")]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting a tiny disk needs root")
def test_a_full_disk_is_said_and_survived(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", disk], capture_output=True).returncode:
        pytest.skip("this root may not mount")
    try:
        with closing(History(disk / "history.db")) as history:
            with pytest.raises(sqlite3.OperationalError, match="full"):
                [history.add("user", "x" * 5000) for _ in range(1000)]
            kept = len(history.last())
            assert kept > 5
        with closing(History(disk / "history.db")) as history:
            assert len(history.last()) == kept
            assert history.set_aside is None
    finally:
        subprocess.run(["umount", disk], check=True)
