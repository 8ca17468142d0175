"""What people put into a clone's folder: written whole or not at all, and with the consent of whose it is."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tomli_w

from digiclone.config import Strict


class Consent(Strict):
    """That a face or a voice may be cloned: what was agreed to, and when, in UTC."""

    statement: str
    given: datetime


def consent(statement: str) -> Consent:
    """Consent given now."""
    return Consent(statement=statement, given=datetime.now(UTC).replace(microsecond=0))


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside the target and rename over it: no reader ever sees half a file, and a crash leaves the old one.

    Raises `OSError`; what was begun is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def toml(values: Strict, comment: str) -> bytes:
    """A file for people: a comment, then every value that is set."""
    return f"# {comment}\n\n{tomli_w.dumps(_set(values.model_dump()))}".encode()


def _set(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is None or empty: TOML has no word for nothing."""
    plain = {key: _set(value) if isinstance(value, dict) else value for key, value in values.items()}
    return {key: value for key, value in plain.items() if value is not None and value != {}}
