"""Microphone in, "started / paused / resumed / ended" out. Pure: no clock, no model, no thread.

Time is counted in windows of sound, so a recording and a live microphone give the same answers. What a voice is comes
in as a probability per window (the VAD's); whether a pause is the end of the turn comes in through `judge` (Smart
Turn's).
"""

from dataclasses import dataclass, field

import numpy as np

from digiclone.stages import RATE, WINDOW
from digiclone.types import Audio

SECONDS = WINDOW / RATE
"""One window."""


@dataclass(frozen=True, slots=True)
class Patience:
    """When a voice begins and ends. Probabilities and seconds."""

    onset: float = 0.5
    """A window at least this probable may begin speech."""
    offset: float = 0.3
    """A window less probable than this is silence."""
    begin: float = 0.06
    """So much voice begins speech: shorter is a click."""
    pause: float = 0.03
    """So much silence is a pause: work may begin on what was said, to be thrown away if the voice goes on."""
    sure: float = 0.32
    """Silence that ends a turn which sounds finished. By then a short reply is ready anyway, and of the pauses inside
    read sentences only one in ten is as long."""
    unsure: float = 0.9
    """Silence that ends a turn which does not."""
    finished: float = 0.5
    """A turn sounds finished from this probability."""
    before: float = 0.32
    """Sound kept from before the voice was noticed."""
    breath: float = 0.25
    """Silence in which a monologue may be cut."""
    piece: float = 15.0
    """A longer monologue is handed over in pieces, at its pauses."""
    longest: float = 25.0
    """A piece without any pause is cut here."""


@dataclass(frozen=True, slots=True)
class Started:
    """A voice began."""


@dataclass(frozen=True, slots=True, eq=False)
class Paused:
    """The voice pauses. `audio` is what was said since the turn, or the last piece, began."""

    audio: Audio


@dataclass(frozen=True, slots=True)
class Resumed:
    """It was only a pause."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Part of a long monologue, which goes on."""

    audio: Audio


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """The turn is over. `audio` as in `Paused`; `silence` is how long ago the last voice was, in seconds."""

    audio: Audio
    silence: float


Signal = Started | Paused | Resumed | Piece | Ended


@dataclass(slots=True)
class Listener:
    """Feed it windows; it answers with signals. One per microphone."""

    patience: Patience = field(default_factory=Patience)
    _windows: list[np.ndarray] = field(default_factory=list)
    _voiced: int = 0
    """Windows of voice in a row, before speech has begun."""
    _silent: int = 0
    """Windows of silence in a row, within speech."""
    _likely_over: bool | None = None
    speaking: bool = False
    paused: bool = False

    def hear(self, window: np.ndarray, probability: float) -> list[Signal]:
        """One window (`WINDOW` samples at `RATE`) and how probably it is voice."""
        self._windows.append(window)
        if not self.speaking:
            return self._wait(probability)
        voice = probability >= (self.patience.onset if self.paused else self.patience.offset)
        return self._voice() if voice else self._silence()

    def judge(self, finished: float) -> None:
        """How probably the turn is over, for the pause that was last signalled."""
        if self.paused:
            self._likely_over = finished >= self.patience.finished

    def end(self) -> list[Signal]:
        """The turn is over because the speaker says so (push-to-talk let go)."""
        if not self.speaking:
            self.forget()
            return []
        return [self._end()]

    def begin(self) -> list[Signal]:
        """The turn begins because the speaker says so (push-to-talk pressed)."""
        if self.speaking:
            return []
        self.speaking = True
        return [Started()]

    def dismiss(self) -> None:
        """That was no speech. The last of it stays, as what was heard before the next voice."""
        recent = self._windows[-round(self.patience.before / SECONDS) :]
        self.forget()
        self._windows += recent

    def forget(self) -> None:
        """Drop what was heard."""
        self._windows.clear()
        self._voiced = self._silent = 0
        self.paused = self.speaking = False
        self._likely_over = None

    @property
    def seconds(self) -> float:
        """Length of `audio`, without putting it together."""
        return len(self._windows) * SECONDS

    @property
    def audio(self) -> Audio:
        """What was said since the turn, or its last piece, began."""
        return Audio(np.concatenate(self._windows) if self._windows else np.zeros(0, np.float32), RATE)

    def _wait(self, probability: float) -> list[Signal]:
        self._voiced = self._voiced + 1 if probability >= self.patience.onset else 0
        if self._voiced * SECONDS >= self.patience.begin:
            self.speaking = True
            return [Started()]
        keep = self._voiced + round(self.patience.before / SECONDS)
        del self._windows[:-keep]
        return []

    def _voice(self) -> list[Signal]:
        signals: list[Signal] = [Resumed()] if self.paused else []
        self._silent, self.paused, self._likely_over = 0, False, None
        if self.seconds >= self.patience.longest:
            signals.append(self._cut())
        return signals

    def _silence(self) -> list[Signal]:
        self._silent += 1
        silence = self._silent * SECONDS
        if not self.paused:
            if silence < self.patience.pause:
                return []
            self.paused = True
            return [Paused(self.audio)]
        if silence >= (self.patience.sure if self._likely_over else self.patience.unsure):
            return [self._end()]
        if not self._likely_over and silence >= self.patience.breath and self._long():
            return [self._cut()]
        return []

    def _long(self) -> bool:
        return self.seconds >= self.patience.piece

    def _cut(self) -> Piece:
        piece = Piece(self.audio)
        self._windows.clear()
        self.paused, self._likely_over = False, None
        return piece

    def _end(self) -> Ended:
        ended = Ended(self.audio, self._silent * SECONDS)
        self.forget()
        return ended
