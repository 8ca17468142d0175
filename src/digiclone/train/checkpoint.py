"""What a training keeps of itself, so that a kill costs no more than the steps since."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch


def keep(parts: Mapping[str, Any], done: int, place: Path) -> None:
    """Write the states of `parts` (network, optimiser, schedule) after `done` steps or epochs; whole or not at all."""
    half = place.with_suffix(".part")
    torch.save({**{name: part.state_dict() for name, part in parts.items()}, "done": done}, half)
    half.replace(place)


def resume(parts: Mapping[str, Any], place: Path) -> int:
    """Give `parts` the states that were kept, if any were; how much was done by then."""
    if not place.exists():
        return 0
    found = torch.load(place, map_location="cpu")
    for name, part in parts.items():
        part.load_state_dict(found[name])
    return int(found["done"])
