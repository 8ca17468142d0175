"""Who was asked what and said what, in a file of JSON lines: nobody is asked the same twice, not even after a crash."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from digiclone.config import ConfigError, Strict, parse
from digiclone.measure.respondent import Respondent
from digiclone.sources import exclusive
from digiclone.types import Message


class Line(Strict):
    """One answer."""

    id: str
    """A hash of who was asked, of all that was asked, and of the number of the round."""
    who: str
    round: int
    asked: str
    """The last message, for people who read the file."""
    said: str
    seconds: float


class Asked:
    """See `opened`."""

    def __init__(self, lines: dict[str, Line], file: BinaryIO) -> None:
        self._lines, self._file = lines, file

    def once(self, who: Respondent, messages: Sequence[Message], nth: int = 0, most: int | None = None) -> Line:
        """What it said to that in the `nth` round, asked now if it never was. Raises what `Respondent.ask` does."""
        everything = [who.identity, nth, [[m.role, m.text] for m in messages]]
        key = hashlib.sha256(json.dumps(everything).encode()).hexdigest()
        if key not in self._lines:
            begun = time.monotonic()
            said = who.ask(messages, most)
            took = round(time.monotonic() - begun, 3)
            line = Line(id=key, who=who.name, round=nth, asked=messages[-1].text, said=said, seconds=took)
            self._file.write(line.model_dump_json().encode() + b"\n")
            self._file.flush()
            self._lines[key] = line
        return self._lines[key]


@contextmanager
def opened(file: Path) -> Iterator[Asked]:
    """The answers in `file`, which need not be there, for this process alone.

    A line that was cut off by a crash, at the end, is removed. Raises `ConfigError` for one that is damaged elsewhere.
    """
    with exclusive(file.with_suffix(".lock"), f"answers/{file.name}"):
        whole = file.read_bytes() if file.exists() else b""
        whole = whole[: whole.rfind(b"\n") + 1]
        lines = {line.id: line for line in _read(whole, file)}
        with file.open("ab") as end:
            end.truncate(len(whole))
            yield Asked(lines, end)


def _read(whole: bytes, file: Path) -> Iterator[Line]:
    for number, text in enumerate(whole.split(b"\n")[:-1], 1):
        where = f"{file}, line {number}"
        try:
            values = dict(json.loads(text))
        except (ValueError, TypeError, RecursionError):
            raise ConfigError(f"{where} is damaged: delete that line, and what it says is asked again") from None
        yield parse(Line, values, where)
