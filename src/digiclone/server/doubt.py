"""Somebody speaks while the clone does: who?

Until that is known the sound is held, so that a person gets silence within a fifth of a second. In a room where the
clone has heard itself before, proof comes first: there the sound would stutter.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import numpy as np

from digiclone.barge import Verdict, judge
from digiclone.echo import likeness
from digiclone.listen import Ended, Listener
from digiclone.server.turns import Turn
from digiclone.stages import RATE
from digiclone.types import Audio

log = logging.getLogger(__name__)
_FIRST_LOOK, _NEXT_LOOK, _LAST_LOOK = 0.7, 0.3, 2.5
"""Seconds of the voice before its first transcript, between transcripts, and before doubt ends."""
_SURELY, _LIKELY = 0.8, 0.6
"""Likeness that is the clone's own sound, in a third of a second and in two thirds. Of simulated echoes (-20 dB, with
reverberation) 60 % and 97 % reach it, of other voices 4 % and 2 %."""
_PERSISTENCE = 0.35
"""Seconds for which an echo may go on when the sound is held: wire, sound card, room, and the VAD's own delay."""
_TAIL = 0.9
"""Seconds, what was heard before it included, that such an end may last."""
_RECENT = 0.8
"""Seconds of the voice that are compared."""


class Doubt:
    """One voice over the clone's. `ended` is set from outside when the voice stops."""

    def __init__(
        self,
        turn: Turn,
        listener: Listener,
        transcribe: Callable[[Audio], Awaitable[str]],
        hold: Callable[[], Awaitable[None]],
    ) -> None:
        self.turn = turn
        self.ended: Ended | None = None
        self.held = False
        self._held_at = 0.0
        self._listener = listener
        self._transcribe = transcribe
        self._hold = hold

    async def settle(self, *, wary: bool) -> Verdict:
        """Echo, "mm-hmm" or interruption. `wary`: do not hold the sound on suspicion alone."""
        if not wary:
            await self._be_silent()
        elif self._likeness() > _SURELY:
            return "echo"
        look = _FIRST_LOOK
        while True:
            audio = await self._until(look)
            like = self._likeness()
            log.info("likeness %.2f after %.2f s", like, audio.seconds)
            if like > _LIKELY:
                return "echo"
            look = audio.seconds + _NEXT_LOOK
            if not (self.held or self.ended):
                await self._be_silent()
                continue
            text = await self._transcribe(audio)
            final = self.ended is not None or audio.seconds > _LAST_LOOK
            verdict = judge(text, self.turn.reply.playback.nearby(), final=final, brief=self._brief())
            if verdict != "unsure":
                log.info("%r over %r: %s", text, self.turn.reply.playback.nearby(), verdict)
                return verdict

    async def _until(self, look: float) -> Audio:
        """The voice once it is over, or as long as `look` and still going on."""
        while not self.ended and (self._listener.paused or self._listener.seconds < look):
            await asyncio.sleep(0.02)
        return self.ended.audio if self.ended else self._listener.audio

    def _brief(self) -> bool:
        """Did the voice stop when the sound was held? An echo does."""
        if not (self.held and self.ended):
            return False
        return self.ended.audio.seconds - self.ended.silence - self._held_at < _PERSISTENCE

    async def _be_silent(self) -> None:
        if not (self.held or self.turn.over):
            self.held = True
            self._held_at = self._listener.seconds
            await self._hold()

    def _likeness(self) -> float:
        heard = (self.ended.audio if self.ended else self._listener.audio).samples[-round(_RECENT * RATE) :]
        return _own(self.turn, heard, held=self.held)


def is_tail(turn: Turn, ended: Ended) -> bool:
    """Was that short voice only the end of the clone's own sound, still in the room?"""
    voice = ended.audio.seconds - ended.silence
    return voice < _TAIL and _own(turn, ended.audio.samples, held=True) > _LIKELY


def _own(turn: Turn, heard: np.ndarray, *, held: bool) -> float:
    return likeness(Audio(heard, RATE), turn.reply.playback.sound(len(heard) / RATE, held=held))
