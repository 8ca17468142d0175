"""What a training keeps of itself, so that a kill costs no more than the steps since."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from digiclone.artifacts import replacing


def key(recipe: object, material: Iterable[str | NDArray[Any] | Tensor] = ()) -> str:
    """Twelve letters that name a training; they are others for every other recipe, for anything else that it learns
    from and anything else that it begins with: what was left half-done is nothing to it."""
    found = hashlib.sha256(repr(recipe).encode())
    for one in material:
        values = np.ascontiguousarray(one)
        found.update(f"{values.dtype} {values.shape} ".encode() + values.tobytes())
    return found.hexdigest()[:12]


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


def halved(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights in 16 bits, as a base keeps them."""
    return {name: w.cpu().half() if w.is_floating_point() else w.cpu() for name, w in weights.items()}


def whole(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Such weights in 32 bits again."""
    return {name: w.float() if w.is_floating_point() else w for name, w in weights.items()}


def facts(file: Path) -> dict[str, Any]:
    """What a base says of itself."""
    return torch.load(file, map_location="cpu")["facts"]
