"""How a training went, to look at: `training.html` beside its losses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from digiclone.artifacts import write_atomically
from digiclone.voice import page

PLOTS = {
    "minus the log-likelihood of a number of a mel frame, nats": {"learnt": "loss", "kept": "kept_loss"},
    "error of the log durations": {"learnt": "duration", "kept": "kept_duration"},
}
"""What is drawn of an acoustic model: the losses of the last batch, and of the sentences kept from training."""


def draw(losses: Path, plots: Mapping[str, Mapping[str, str]] = PLOTS) -> None:
    """Write the page of a file of losses, one JSON object a line; of a step that was done twice the last one counts.

    `plots` says by title and by name of a curve which number of a line it draws, where there is one.
    """
    steps = {one["step"]: one for one in map(json.loads, losses.read_text("utf-8").splitlines())}
    looks = [steps[step] for step in sorted(steps)]
    drawn = [
        page.lines(
            title, {name: [(one["step"], one[key]) for one in looks if key in one] for name, key in curves.items()}
        )
        for title, curves in plots.items()
    ]
    body = [
        "<h1>Training</h1>",
        page.paragraph(f"{looks[-1]['step']} steps"),
        f"<div class=plots>{''.join(drawn)}</div>",
    ]
    write_atomically(losses.with_name("training.html"), page.page("Training", body).encode())
