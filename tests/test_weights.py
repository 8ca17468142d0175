"""The store: what is present, what is derived, what happens on a full disk or without a network."""

import errno
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from digiclone import sources, weights
from digiclone.weights import File

SRC = Path(weights.__file__).parents[1]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGICLONE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DIGICLONE_OFFLINE", raising=False)
    return tmp_path / "home"


@pytest.fixture
def sealed_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any socket or program is a failure."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("it reached for the outside")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)


def on_disk(folder: Path, content: bytes = b"weights", name: str = "a.bin") -> File:
    """A file that a copy gives."""
    (folder / "original").write_bytes(content)
    return File(name, hashlib.sha256(content).hexdigest(), len(content), (f"file:{folder / 'original'}",))


def test_a_fetched_file_is_named_sealed_and_read_only(tmp_path: Path, home: Path) -> None:
    file = on_disk(tmp_path)
    with pytest.raises(weights.Missing, match=r"digiclone models fetch a\.bin"):
        weights.path(file)
    place = weights.fetch(file)
    assert place == weights.path(file) == home / "weights" / file.sha256[:2] / file.sha256 / "a.bin"
    assert place.read_bytes() == b"weights"
    assert place.stat().st_mode & 0o222 == 0
    assert weights.state(file) == "sealed"
    assert weights.verify(file)
    assert not list((home / "partial").glob("*.part"))


def test_what_is_present_needs_no_source(tmp_path: Path, sealed_off: None) -> None:
    file = on_disk(tmp_path)
    weights.fetch(file)
    (tmp_path / "original").unlink()
    assert weights.fetch_all([file, file]) == [weights.path(file)] * 2


@pytest.mark.parametrize("source", ["url:https://example.org/a", "pypi:a==1!b", "npm:a@1!b", "hf:a/b@main!c"])
def test_offline_means_offline(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sealed_off: None) -> None:
    monkeypatch.setenv("DIGICLONE_OFFLINE", "1")
    with pytest.raises(weights.Offline, match="DIGICLONE_OFFLINE"):
        weights.fetch(File("a.bin", "0" * 64, 1, (source,)))
    assert weights.fetch(on_disk(tmp_path)).exists(), "a copy needs no network"


def test_a_corrupted_file_is_noticed_and_replaced(tmp_path: Path) -> None:
    file = on_disk(tmp_path)
    place = weights.fetch(file)
    place.chmod(0o644)
    place.write_bytes(b"weighty")
    assert weights.state(file) == "touched"
    assert not weights.verify(file)
    assert weights.fetch(file).read_bytes() == b"weights"


def test_rot_behind_the_seal_is_found_by_verify_and_then_mended(tmp_path: Path) -> None:
    file = on_disk(tmp_path)
    place = weights.fetch(file)
    place.chmod(0o644)
    place.write_bytes(b"weighty")
    os.utime(place, (weights.SEAL, weights.SEAL))
    assert not weights.verify(file)
    assert weights.fetch(file).read_bytes() == b"weights"


def test_a_store_that_was_copied_is_hashed_once_and_kept(tmp_path: Path, home: Path) -> None:
    file = on_disk(tmp_path)
    weights.fetch(file)
    shutil.copytree(home, tmp_path / "copy", copy_function=shutil.copyfile)
    shutil.rmtree(home)
    shutil.copytree(tmp_path / "copy", home, copy_function=shutil.copyfile)
    (tmp_path / "original").unlink()
    assert weights.state(file) == "touched"
    assert weights.fetch(file).exists()
    assert weights.state(file) == "sealed"


def test_a_cut_file_is_damaged_and_not_present(tmp_path: Path) -> None:
    file = on_disk(tmp_path)
    place = weights.fetch(file)
    place.chmod(0o644)
    place.write_bytes(b"wei")
    with pytest.raises(weights.Missing, match="damaged"):
        weights.path(file)
    assert weights.fetch(file).read_bytes() == b"weights"


def test_the_first_source_with_the_right_content_wins(tmp_path: Path) -> None:
    (tmp_path / "wrong").write_bytes(b"wrong!!")
    file = on_disk(tmp_path)
    wrong = File(file.name, file.sha256, file.bytes, (f"file:{tmp_path / 'wrong'}", "gopher:x", *file.sources))
    assert weights.fetch(wrong).read_bytes() == b"weights"


def test_every_source_that_failed_is_named(tmp_path: Path, home: Path) -> None:
    (tmp_path / "wrong").write_bytes(b"wrong!!")
    file = on_disk(tmp_path)
    bad = File(file.name, file.sha256, file.bytes, (f"file:{tmp_path / 'wrong'}", "file:relative"))
    with pytest.raises(weights.WeightsError, match=r"(?s)wrong sha256.*absolute path.*run the same command again"):
        weights.fetch(bad)
    assert not weights.present(bad)
    assert not list((home / "partial").glob("*.part"))


def test_one_failure_does_not_keep_the_others_away(tmp_path: Path) -> None:
    good, bad = on_disk(tmp_path), File("b.bin", "0" * 64, 5, ())
    with pytest.raises(weights.WeightsError, match=r"b\.bin"):
        weights.fetch_all([bad, good])
    assert weights.present(good)


def test_more_bytes_than_promised_are_refused(tmp_path: Path) -> None:
    file = on_disk(tmp_path, b"x" * 100)
    with pytest.raises(weights.WeightsError, match="more than the 10 bytes"):
        weights.fetch(File("a.bin", file.sha256, 10, file.sources))


def test_too_little_room_is_said_before_anything_starts(tmp_path: Path, sealed_off: None) -> None:
    huge = File("huge", "0" * 64, 1 << 60, ("url:https://example.org/huge",))
    with pytest.raises(weights.NoSpace, match=r"MB are needed in .*DIGICLONE_HOME"):
        weights.fetch_all([on_disk(tmp_path), huge])
    assert not weights.present(on_disk(tmp_path))


def test_a_disk_that_fills_up_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: str, errand: sources.Errand) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sources, "obtain", full)
    with pytest.raises(weights.NoSpace, match="DIGICLONE_HOME"):
        weights.fetch(on_disk(tmp_path))
    assert not weights.present(on_disk(tmp_path))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_really_full_disk(tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGICLONE_HOME", str(small_disk))
    monkeypatch.setattr(weights, "_make_room", lambda _: None)
    file = on_disk(tmp_path, b"x" * 3_000_000)
    with pytest.raises(weights.NoSpace, match="The disk is full"):
        weights.fetch(file)
    assert not weights.present(file)


def test_a_home_that_cannot_be_made_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", forbidden)
    with pytest.raises(weights.WeightsError, match="to a folder you may write to"):
        weights.fetch(on_disk(tmp_path))


def test_discard_frees_the_space(tmp_path: Path) -> None:
    file = on_disk(tmp_path)
    place = weights.fetch(file)
    assert weights.discard(file) == 7
    assert not place.parent.exists()
    assert weights.discard(file) == 0


@pytest.mark.parametrize("name", ["../a", "a/b", "..", "", "a\\b"])
def test_a_name_is_a_file_name(name: str) -> None:
    with pytest.raises(ValueError, match="not a file name"):
        File(name, "0" * 64, 1, ())
    with pytest.raises(ValueError, match="sha256"):
        File("a", "ABC", 1, ())


# -- derived ----------------------------------------------------------------------------------------------------------


def whole(half: Path) -> None:
    half.write_bytes(b"whole")


def test_derived_is_made_once_and_keeps_its_suffix(home: Path) -> None:
    made: list[Path] = []

    def make(half: Path) -> None:
        made.append(half)
        half.write_bytes(b"quantised")

    place = weights.derived("small.gguf", make)
    assert place == weights.derived("small.gguf", make) == home / "derived" / "small.gguf"
    assert place.read_bytes() == b"quantised"
    assert [half.suffix for half in made] == [".gguf"]


def test_derived_leaves_nothing_when_make_raises(home: Path) -> None:
    def fail(half: Path) -> None:
        half.write_bytes(b"half")
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        weights.derived("a.gguf", fail)
    assert [path for path in home.rglob("a.gguf*") if path.suffix != ".lock"] == []
    assert weights.derived("a.gguf", whole).read_bytes() == b"whole"


def test_derived_refuses_to_leave_its_folder() -> None:
    with pytest.raises(ValueError, match="not a file name"):
        weights.derived("../weights/x", lambda _: None)


def test_derived_survives_a_kill() -> None:
    program = (
        "import os, signal; from digiclone import weights\n"
        "def make(half): half.write_bytes(b'half'); os.kill(os.getpid(), signal.SIGKILL)\n"
        "weights.derived('a.gguf', make)"
    )
    child = subprocess.run([sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(SRC)}, check=False)
    assert child.returncode == -9
    assert weights.derived("a.gguf", whole).read_bytes() == b"whole"


def test_two_threads_derive_once() -> None:
    made: list[int] = []
    both = threading.Barrier(2)

    def make(half: Path) -> None:
        made.append(1)
        half.write_bytes(b"x")

    def work() -> None:
        both.wait()
        weights.derived("a", make)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
