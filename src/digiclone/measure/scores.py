"""How good the answers of language models were found: `home()/scores.json`, by `Respondent.key`.

Only marks that a believed judge gave get here. Those of two judges cannot be compared.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated

from pydantic import Field

from digiclone.artifacts import write_atomically
from digiclone.config import ConfigError, Strict, parse
from digiclone.sources import exclusive
from digiclone.weights import home

FILE = "scores.json"
Mark = Annotated[float, Field(ge=1, le=5)]


class Score(Strict):
    """Of a model in a format."""

    score: Mark
    """The mean of coherence and accuracy."""
    low: Mark
    high: Mark
    """Its 95 % interval over questions."""
    coherence: Mark
    accuracy: Mark
    questions: Annotated[int, Field(gt=0)]
    judge: str
    date: datetime


def scores() -> dict[str, Score]:
    """All there are. Raises `ConfigError` for a damaged file."""
    file = home() / FILE
    if not file.exists():
        return {}
    try:
        rows = {key: dict(row) for key, row in dict(json.loads(file.read_bytes())).items()}
        return {key: parse(Score, row, key) for key, row in rows.items()}
    except (ConfigError, ValueError, TypeError, RecursionError) as error:
        raise ConfigError(
            f"{file} is damaged ({error}): delete it, and measure again: digiclone bench answers"
        ) from None


def keep(key: str, score: Score) -> bool:
    """Write it down, unless there is one over more questions. Whether it was. Raises as `scores`, and `OSError`."""
    file = home() / FILE
    with exclusive(file.with_suffix(".lock"), FILE):
        known = scores()
        if key in known and known[key].questions > score.questions:
            return False
        rows = {name: row.model_dump(mode="json") for name, row in sorted((known | {key: score}).items())}
        write_atomically(file, (json.dumps(rows, indent=1) + "\n").encode())
        return True
