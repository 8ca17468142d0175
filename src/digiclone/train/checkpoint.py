"""What a training keeps of itself, so that a kill costs no more than the steps since."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from digiclone.artifacts import replacing


def keep(parts: Mapping[str, Any], done: int, place: Path) -> None:
    """Write the states of `parts` (network, optimiser, schedule) after `done` steps or epochs; whole or not at all."""
    save({**{name: part.state_dict() for name, part in parts.items()}, "done": done}, place)


def save(states: Mapping[str, Any], place: Path) -> None:
    """Write what torch can read again; whole or not at all. Raises `OSError`."""
    try:
        with replacing(place) as file:
            torch.save(dict(states), file)
    except RuntimeError as error:  # torch keeps to itself what the disk said
        raise error.__context__ if isinstance(error.__context__, OSError) else error from None


def resume(parts: Mapping[str, Any], place: Path) -> int:
    """Give `parts` the states that were kept, if any were; how much was done by then."""
    for half in place.parent.glob(f".{place.name}.*.part"):  # of a process that was killed
        half.unlink()
    if not place.exists():
        return 0
    found = torch.load(place, map_location="cpu")
    for name, part in parts.items():
        part.load_state_dict(found[name])
    return int(found["done"])
