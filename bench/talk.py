"""The spoken conversation, measured: runs `digiclone bench talk` and keeps its JSON in bench/results/.

    python bench/talk.py [--turns 12]

One line per run is appended to bench/results/talk-<device>.jsonl, so progress and regressions stay visible.
"""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from digiclone.measure.machine import slug

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Run once and append the figures."""
    command = [sys.executable, "-m", "digiclone", "bench", "talk", "--json", *sys.argv[1:]]
    figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    stamp = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "commit": commit.stdout.strip()}
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"talk-{slug()}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({**stamp, **figures}) + "\n")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
