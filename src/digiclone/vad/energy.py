"""Loudness above the room's noise. No weights, no packages; every pause counts as the end of a turn."""

from dataclasses import dataclass

from digiclone.config import Strict
from digiclone.dsp import rms
from digiclone.types import Audio

NEEDS = ()
MODELS = ()


class Options(Strict):
    margin_db: float = 12.0
    """How much louder than the room a voice is."""


@dataclass(frozen=True)
class Room:
    """The noise so far."""

    level: float


class Backend:
    def __init__(self, options: Options) -> None:
        self._margin = 10 ** (options.margin_db / 20)

    def speech(self, window: Audio, memory: Room | None) -> tuple[float, Room]:
        level = rms(window.samples)
        room = memory.level if memory else 1e-3
        # the room is learnt slowly upward (a voice is no room) and at once downward
        room = max(1e-4, min(level, room) if level < room else room * 1.002)
        ratio = level / (room * self._margin)
        return ratio / (1 + ratio), Room(room)

    def finished(self, audio: Audio) -> float:
        return 1.0
