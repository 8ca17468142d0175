"""Work in a process that does nothing else, so that its time and its memory are its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from digiclone.config import ConfigError

PATIENCE = 1200.0
"""Seconds after which a measurement is given up."""


class NotMeasured(ConfigError):
    """The process that measures failed; says with what."""


def ask(module: str, what: str, question: Mapping[str, Any]) -> dict[str, Any]:
    """What `python -m module` makes of a question, which it hears as JSON. Raises `NotMeasured`, with `what` it was
    and what the process wrote."""
    command = [sys.executable, "-m", module]
    try:
        run = subprocess.run(
            command, input=json.dumps(question), capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise NotMeasured(f"{what}: still not done after {PATIENCE / 60:.0f} minutes") from None
    if run.returncode:
        raise NotMeasured(f"{what} could not be measured: {run.stderr.strip()[-2000:] or f'exit {run.returncode}'}")
    return json.loads(run.stdout.splitlines()[-1])


def answer(work: Callable[..., Mapping[str, Any]]) -> None:
    """The other side: the keys of the question are the arguments of `work`."""
    found = work(**json.load(sys.stdin))
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
