"""A line a run: bench/results/<name>-<device>.jsonl."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from digiclone.measure.machine import device, slug

RESULTS = Path(__file__).parent / "results"


def keep(name: str, quick: bool, found: dict[str, Any]) -> None:
    """Append what was found to the results of this device, with when and of which commit."""
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{name}-{slug()}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({**stamp(), "quick": quick, "device": device(), **found}) + "\n")


def stamp() -> dict[str, str]:
    """When, and of which commit."""
    asked = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=RESULTS.parent)
    return {"at": datetime.now(UTC).isoformat(timespec="seconds"), "commit": commit.stdout.strip()}
