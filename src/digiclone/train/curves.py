"""How a training went, to look at: `training.html` beside its losses."""

from __future__ import annotations

import json
from pathlib import Path

from digiclone.artifacts import write_atomically
from digiclone.voice import page

PLOTS = {
    "minus the log-likelihood of a number of a mel frame, nats": ("loss", "kept_loss"),
    "error of the log durations": ("duration", "kept_duration"),
}
"""What is drawn: the losses of the last batch, and of the sentences kept from training."""


def draw(losses: Path) -> None:
    """Write the page of a file of losses, one JSON object a line; of a step that was done twice the last one counts."""
    steps = {one["step"]: one for one in map(json.loads, losses.read_text("utf-8").splitlines())}
    looks = [steps[step] for step in sorted(steps)]
    plots = [
        page.lines(
            title,
            {
                name: [(one["step"], one[key]) for one in looks]
                for name, key in zip(("learnt", "kept"), keys, strict=True)
            },
        )
        for title, keys in PLOTS.items()
    ]
    body = [
        "<h1>Training</h1>",
        page.paragraph(f"{looks[-1]['step']} steps"),
        f"<div class=plots>{''.join(plots)}</div>",
    ]
    write_atomically(losses.with_name("training.html"), page.page("Training", body).encode())
