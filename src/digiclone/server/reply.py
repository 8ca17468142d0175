"""A turn that runs in threads, seen from asyncio. It may begin before it is certain that it is wanted."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool

from digiclone.ahead import Workers
from digiclone.events import Event, Failed, Heard
from digiclone.playback import Playback
from digiclone.stages import ASR
from digiclone.turn import Cast, nothing, turn
from digiclone.types import Audio, Exchange, Message


@dataclass(frozen=True)
class After:
    """An ASR that continues what was already understood."""

    asr: ASR
    before: tuple[Future[str], ...]

    def transcribe(self, audio: Audio) -> str:
        return " ".join(filter(None, [*(text.result() for text in self.before), self.asr.transcribe(audio)]))


class Reply:
    """One turn. Its events wait until `release`; `stop` throws them away."""

    def __init__(
        self,
        cast: Cast,
        heard: Audio | str,
        messages: list[Message],
        clock: Callable[[], float],
        remind: Callable[[str], Sequence[Exchange]] = nothing,
    ) -> None:
        self.playback = Playback()
        self.text = ""
        """What was heard, known before the events are released."""
        self.sound = heard if isinstance(heard, Audio) and not isinstance(cast.asr, After) else None
        """All that the person said, if it came in one piece."""
        self.stopped = False
        """Is it not wanted any more? (A turn that is complete is not stopped: it may still be sounding.)"""
        self._workers = Workers()
        self._released = asyncio.Event()
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self.transcribed = asyncio.Event()
        self._pump = asyncio.create_task(self._run(turn(cast, heard, messages, self._workers, clock, remind)))

    def release(self) -> None:
        """The turn is wanted: let its events out."""
        self._released.set()

    def stop(self) -> None:
        """The turn is not wanted any more. Returns at once; the models end at their next token."""
        self.stopped = True
        self._workers.stop()
        self._released.set()

    async def events(self) -> AsyncIterator[Event]:
        """The events, once released, until the turn ends or is stopped."""
        await self._released.wait()
        while (event := await self._events.get()) is not None:
            yield event

    async def join(self) -> None:
        """Wait until the models are idle."""
        await self._pump
        await run_in_threadpool(self._workers.join)

    async def _run(self, events: Iterator[Event]) -> None:
        try:
            async for event in iterate_in_threadpool(events):
                if isinstance(event, Heard):
                    self.text = event.text
                    self.transcribed.set()
                self._events.put_nowait(event)
        except Exception as error:
            logging.getLogger(__name__).exception("a turn broke")
            self._events.put_nowait(Failed("turn", f"{type(error).__name__}: {error}"))
        finally:
            self.transcribed.set()
            self._events.put_nowait(None)
