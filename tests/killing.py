"""A training that is killed, and goes on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from digiclone.train import checkpoint, course

T = TypeVar("T")


def killed_behind(steps: tuple[int, ...], train: Callable[[], T]) -> T:
    """What `train` gives when it is killed behind its checkpoints after those steps, and run again each time."""
    keep = checkpoint.keep

    def keep_and_die(parts: dict[str, Any], done: int, place: Path) -> None:
        keep(parts, done, place)
        if done in steps:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(course, "MINUTE", 0.0)
        patch.setattr(checkpoint, "keep", keep_and_die)
        for _ in steps:
            with pytest.raises(KeyboardInterrupt):
                train()
        return train()
