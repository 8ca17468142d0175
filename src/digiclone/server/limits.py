"""How much a page may send. Token buckets on the wall clock."""

import time
from dataclasses import dataclass, field

from digiclone.wire import BadFrame


@dataclass(slots=True)
class Bucket:
    """Fills at `rate` units a second up to `room`; taking more than it holds is refused."""

    rate: float
    room: float
    level: float = field(init=False)
    _at: float = field(default_factory=time.monotonic, init=False)

    def __post_init__(self) -> None:
        self.level = self.room

    def take(self, amount: float) -> bool:
        now = time.monotonic()
        self.level = min(self.room, self.level + (now - self._at) * self.rate)
        self._at = now
        if amount > self.level:
            return False
        self.level -= amount
        return True


class Meter:
    """The limits of one page."""

    def __init__(self) -> None:
        self._sound = Bucket(rate=1.1, room=2.0)
        """Seconds of sound per second: real time, a tenth more for clocks that differ, and what a stalled tab
        caught up."""
        self._commands = Bucket(rate=20, room=60)

    def sound(self, seconds: float) -> None:
        """Account for a frame of sound. Raises `BadFrame` when the page sends faster than anybody speaks."""
        if not self._sound.take(seconds):
            raise BadFrame("sound faster than real time")

    def command(self) -> None:
        """Account for a command. Raises `BadFrame` for a flood."""
        if not self._commands.take(1):
            raise BadFrame("too many commands")
