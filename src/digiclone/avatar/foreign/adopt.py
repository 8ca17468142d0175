"""A file becomes the avatar of a clone: checked first, whole or not at all. What else the clone has stays."""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from digiclone.artifacts import consent
from digiclone.avatar import folder
from digiclone.avatar.foreign import mapfile
from digiclone.avatar.foreign.container import MOST_BYTES, too_big
from digiclone.avatar.foreign.inspect import Avatar, inspect

STATEMENT = "Who put this file here may use it; if it shows a real person, that person has agreed."


def adopt(clone: Path, file: Path) -> Avatar:
    """Make a copy of `file` the avatar of the clone in the folder `clone`.

    Raises `Unfit`, `ConfigError` or `OSError`; then the clone has the avatar that it had.
    """
    with file.open("rb") as source, incoming(clone) as copy:
        if (size := os.fstat(source.fileno()).st_size) > MOST_BYTES:
            raise too_big(size)
        shutil.copyfileobj(source, copy, 1 << 20)
        copy.close()
        return install(clone, Path(copy.name), file.name)


@contextmanager
def incoming(clone: Path) -> Iterator[BinaryIO]:
    """An empty file in the clone's avatar folder, for what is to become its avatar. Removed if it does not."""
    place = clone / "avatar"
    place.mkdir(exist_ok=True)
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".", suffix=".part", delete=False) as file:
            try:
                yield file  # pyright: ignore[reportReturnType]  it is a file in all but name
            finally:
                Path(file.name).unlink(missing_ok=True)
    finally:
        with contextlib.suppress(OSError):
            place.rmdir()  # if nothing came of it


def install(clone: Path, file: Path, name: str) -> Avatar:
    """Check `file`, from `incoming`, and let it take the place of the avatar. `name` is what its owner calls it."""
    settings = folder.read(clone)
    _sync(file)
    avatar = inspect(file)
    with file.open("rb") as data:
        digest = hashlib.file_digest(data, "sha256").hexdigest()
    place = clone / "avatar"
    mapping, head = place / folder.MAPPING, place / folder.HEAD
    # in this order a crash between two steps leaves an avatar that talks
    mapping.unlink(missing_ok=True)
    file.chmod(0o644)
    file.replace(head)
    # a picture of another face
    (place / folder.PREVIEW).unlink(missing_ok=True)
    mapfile.store(mapping, avatar, {}, afresh=True)
    source = folder.Source(kind="file", name=name, sha256=digest)
    licences = {"avatar": avatar.licence.line} if avatar.licence.line else {}
    given = {"source": source, "consent": consent(STATEMENT), "licences": licences}
    folder.write(clone, settings.model_copy(update=given))
    return avatar


def known(head: Path) -> Avatar:
    """As `inspect`, remembered for as long as the file stays the same."""
    stat = head.stat()
    return _remembered(head, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=8)
def _remembered(head: Path, _changed: int, _size: int) -> Avatar:
    return inspect(head)


def _sync(file: Path) -> None:
    with file.open("rb") as data:
        os.fsync(data.fileno())
