"""How much of a turn came out of the speaker, and so what was really said. Pure: time comes from the page's reports."""

from dataclasses import dataclass, field

import numpy as np

from digiclone.dsp import resample
from digiclone.stages import RATE
from digiclone.types import Audio, Speech

_BEHIND, _AHEAD = 3.0, 1.0
"""Seconds around the played position in which an echo's words lie: the page's report, the room and the recogniser
lag."""


_ROUNDED = 0.001
"""Reports come in whole milliseconds, and sums of seconds are not exact: a word that ends within this has sounded."""


_LATEST, _STALEST = 0.6, 0.4
"""Seconds: the longest way from the loudspeaker through room and microphone to here, and the oldest report."""


@dataclass(slots=True)
class Playback:
    """One turn's sound."""

    chunks: list[Speech] = field(default_factory=list)
    seconds: float = 0.0
    """Played so far, as the page says."""
    complete: bool = False
    """No more chunks will come."""

    @property
    def total(self) -> float:
        return sum(chunk.seconds for chunk in self.chunks)

    @property
    def sounding(self) -> bool:
        """Is there sound left to play?"""
        return bool(self.chunks) and self.seconds < self.total - 0.05

    def said(self) -> str:
        """The words that were audible so far."""
        return " ".join(
            filter(None, (chunk.heard_by(self.seconds + _ROUNDED - start) for start, chunk in self._starts()))
        )

    def nearby(self) -> str:
        """The words that sound about now: what an echo would consist of."""
        begin, end = self.seconds - _BEHIND, self.seconds + _AHEAD
        words: list[str] = []
        for start, chunk in self._starts():
            before = chunk.heard_by(begin - start).split()
            words += chunk.heard_by(end - start).split()[len(before) :]
        return " ".join(words)

    def sound(self, seconds: float, *, held: bool) -> Audio:
        """What a microphone can have heard in the last `seconds`, at `stages.RATE`, with some slack on both sides.

        `held`: nothing has come out since the reported place. Then, and behind the last chunk, an echo is followed by
        silence.
        """
        begin, end = self.seconds - seconds - _LATEST, self.seconds + (0.0 if held else _STALEST)
        parts = [np.zeros(round(max(0.0, -begin) * RATE), np.float32)]
        for start, chunk in self._starts():
            a, b = (round((max(0.0, t - start)) * chunk.rate) for t in (begin, end))
            if b > 0 and a < len(chunk.samples):
                parts.append(resample(Audio(chunk.samples[a:b], chunk.rate), RATE).samples)
        if held or end >= self.total:
            parts.append(np.zeros(round(seconds * RATE), np.float32))
        return Audio(np.concatenate(parts), RATE)

    def _starts(self) -> list[tuple[float, Speech]]:
        starts: list[tuple[float, Speech]] = []
        at = 0.0
        for chunk in self.chunks:
            starts.append((at, chunk))
            at += chunk.seconds
        return starts
