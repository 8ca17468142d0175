"""A turn that was let out: how much of it was heard, and what of it is remembered."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from digiclone.align import pairs
from digiclone.history import History
from digiclone.server.reply import Reply
from digiclone.types import Mark


@dataclass(slots=True)
class Turn:
    """One question and its answer. The methods that write raise `sqlite3.Error`."""

    reply: Reply
    history: History
    rehearsed: bool = False
    """Has the language model read how this turn ended?"""
    _asked: int | None = None
    _answered: int | None = None
    _said: str = ""

    @property
    def over(self) -> bool:
        """Nothing of it sounds any more, nothing will."""
        playback = self.reply.playback
        return self.reply.stopped or (playback.complete and not playback.sounding)

    def played(self, seconds: float) -> None:
        """So much of its sound came out of the speaker."""
        playback = self.reply.playback
        playback.seconds = max(playback.seconds, min(seconds, playback.total))

    def begin(self) -> None:
        """Write what was asked, and a place for the answer."""
        self._asked = self.history.add("user", self.reply.text)
        self._answered = self.history.add("assistant", "")

    def remember(self) -> None:
        """Write what was audible so far."""
        said = self.reply.playback.said()
        if self._answered is not None and said != self._said:
            self.history.amend(self._answered, said)
            self._said = said

    def retract(self) -> None:
        """The question was only the first half of one: it will be written whole."""
        if self._asked is not None:
            self.history.amend(self._asked, "")

    def correct(self, text: str, folder: Path) -> None:
        """Keep the sound in `folder` with what was really said, to learn from, and remember that it was said.

        Raises `LookupError` if the sound is not here in one piece, `OSError` if it cannot be kept.
        """
        sound = self.reply.sound
        if sound is None:
            raise LookupError("only what was said in one go can be corrected, and only while it is among the last two")
        name = f"said-{hashlib.sha256(sound.samples.tobytes()).hexdigest()[:12]}"
        pairs.add(folder, [(name, sound, text, text)])
        if self._asked is not None:
            self.history.amend(self._asked, text)


def waits(spans: tuple[Mark, ...], voice_ended: float, released: float) -> tuple[Mark, ...]:
    """The wait for the end of the person's turn, and how long the reply had been ready by then."""
    ready = max(span.end for span in spans)
    endpoint = Mark("endpoint", voice_ended, released)
    return (endpoint, Mark("wait", ready, released)) if ready < released else (endpoint,)
