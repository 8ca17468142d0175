"""`digiclone forget`: what was said is deleted, truly."""

import json
import re
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from math import inf

import typer

from digiclone.clone import find
from digiclone.config import ConfigError
from digiclone.history import History
from digiclone.types import Memory


def forget(clone: str, about: Sequence[str], before: datetime | None, all_: bool, yes: bool, as_json: bool) -> None:
    """Delete talks with all of the words `about` in them, those that were `before` a day, both, or all."""
    if all_ == bool(about or before):
        raise ConfigError("what is to be forgotten? Words that stand in it, --before DATE, or --all")
    folder = find(clone)
    with closing(History(folder / "history.db")) as history:
        found = _meant(history.exchanges(until=before.timestamp() if before else inf), about)
        broken = sorted(folder.glob("history.db.broken-*")) if all_ else []
        if not as_json:
            _show(found)
        if (found or broken) and not yes:
            typer.confirm(f"Delete {len(found)} talks? This cannot be undone.", abort=True)
        messages = history.forget([one.number for one in found])
    for file in broken:
        file.unlink()
    told = {"talks": len(found), "messages": messages, "files": [file.name for file in broken]}
    print(json.dumps(told) if as_json else f"{len(found)} talks are forgotten; nothing of them is left.")


def _meant(exchanges: Sequence[Memory], about: Sequence[str]) -> list[Memory]:
    wanted = [re.compile(rf"\b{re.escape(word)}", re.IGNORECASE) for word in about]
    return [one for one in exchanges if all(word.search(f"{one.asked} {one.answered}") for word in wanted)]


def _show(found: Sequence[Memory], most: int = 10) -> None:
    for one in found[:most]:
        print(f"{datetime.fromtimestamp(one.at):%Y-%m-%d %H:%M}  {one.asked}\n{'':18}{one.answered}")
    if len(found) > most:
        print(f"and {len(found) - most} more")
