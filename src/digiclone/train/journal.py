"""How a training goes, to look at while it runs and after: in its folder

losses.jsonl     one JSON object for every look at the sentences kept from training
training.html    their curves
tensorboard/     the same for TensorBoard
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from tensorboardX import SummaryWriter

from digiclone.artifacts import write_atomically
from digiclone.voice import page

LOSSES, PAGE, EVENTS = "losses.jsonl", "training.html", "tensorboard"
Plots = Mapping[str, Mapping[str, str]]
"""By title and by name of a curve, the number that it draws."""


class Journal:
    """Of a training that goes on after step `begun`; what was written of later steps is forgotten."""

    def __init__(self, folder: Path, plots: Plots, begun: int) -> None:
        self._folder, self._plots = folder, plots
        self._looks = {step: numbers for step, numbers in _read(folder / LOSSES) if step <= begun}
        self._events = SummaryWriter(str(folder / EVENTS), purge_step=begun + 1, write_to_disk=True)

    def add(self, step: int, numbers: Mapping[str, float]) -> None:
        """Write down a look after `step` steps."""
        self._looks[step] = {"step": step, **{name: float(number) for name, number in numbers.items()}}
        lines = "".join(json.dumps(look) + "\n" for look in self._looks.values())
        write_atomically(self._folder / LOSSES, lines.encode())
        write_atomically(self._folder / PAGE, self._page().encode())
        for name, number in numbers.items():
            self._events.add_scalar(name, float(number), step)
        self._events.flush()

    def close(self) -> None:
        """End the thread that writes for TensorBoard."""
        self._events.close()

    def _page(self) -> str:
        looks = list(self._looks.values())
        plots = [
            page.lines(
                title, {name: [(one["step"], one[key]) for one in looks if key in one] for name, key in curves.items()}
            )
            for title, curves in self._plots.items()
        ]
        said = page.paragraph(f"{looks[-1]['step']:.0f} steps")
        return page.page("Training", ["<h1>Training</h1>", said, f"<div class=plots>{''.join(plots)}</div>"])


def _read(losses: Path) -> Iterator[tuple[int, dict[str, float]]]:
    """The looks that can be read."""
    for line in losses.read_text("utf-8").splitlines() if losses.exists() else ():
        with suppress(ValueError, KeyError, TypeError):
            look = json.loads(line)
            yield int(look["step"]), look


def logged(log: logging.Logger) -> Callable[[str, float], None]:
    """A line in the log whenever there is something new to say."""
    last = ""

    def tell(how: str, _share: float) -> None:
        nonlocal last
        if how != last:
            log.info("%s", how)
        last = how

    return tell
