"""A loudspeaker without a sound card. Pure: time is counted in the samples that are taken from it."""

from typing import Any

import numpy as np

from digiclone.dsp import from_pcm16, resample

RATE = 48_000
"""What most browsers' sound runs at."""


class Speaker:
    """Plays the chunks of the newest turn one after the other, as a page does."""

    def __init__(self) -> None:
        self.turn = 0
        """The turn that plays or played last."""
        self.played = 0
        """Samples of it that came out."""
        self.underruns = 0
        """How often the sound ran dry in the middle of a turn."""
        self._left = np.zeros(0, np.float32)
        self._held = False
        self._complete = True
        self._dry = False

    def on(self, event: dict[str, Any], sound: bytes) -> None:
        """An event from the clone."""
        match event["type"]:
            case "Spoke":
                if event["turn"] != self.turn:
                    self.turn, self.played, self._complete, self._dry = event["turn"], 0, False, False
                    self._left = self._left[:0]
                self._left = np.concatenate([self._left, resample(from_pcm16(sound, event["rate"]), RATE).samples])
                self._dry = False
            case "Done" if event["turn"] == self.turn:
                self._complete = True
            case "Held":
                self._held = True
            case "Resumed":
                self._held = False
            case "Interrupted":
                self._held, self._complete = False, True
                self._left = self._left[:0]
            case _:
                pass

    def take(self, count: int) -> np.ndarray:
        """The next `count` samples that come out: silence while held, and where there is nothing to play."""
        out = np.zeros(count, np.float32)
        if self._held:
            return out
        playing = self._left[:count]
        out[: len(playing)] = playing
        self._left = self._left[count:]
        self.played += len(playing)
        if len(playing) < count and not self._complete and not self._dry:
            self.underruns += 1
            self._dry = True
        return out

    @property
    def seconds(self) -> float:
        """How much of the turn came out."""
        return self.played / RATE

    def sounding(self, at_least: float = 0.0) -> bool:
        """Is there sound left to play, `at_least` so many seconds of it?"""
        return self._held or len(self._left) > at_least * RATE
