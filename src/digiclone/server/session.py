"""One browser tab: what it sends, what it hears, and who may interrupt whom."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import replace
from math import inf
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from digiclone import wire
from digiclone.clone import Clone
from digiclone.events import (
    Corrected,
    Event,
    Failed,
    Forgotten,
    Heard,
    Held,
    Interrupted,
    Measured,
    Ready,
    SpeechEnded,
    SpeechStarted,
    Spoke,
)  # fmt: skip
from digiclone.events import Resumed as SoundResumed
from digiclone.listen import Ended, Paused, Piece, Resumed, Signal, Started
from digiclone.server.doubt import Doubt, is_tail
from digiclone.server.ear import Ear
from digiclone.server.limits import Meter
from digiclone.server.reply import After, Reply
from digiclone.server.turns import Turn, waits
from digiclone.types import Audio

log = logging.getLogger(__name__)
_CAPTION = 1.0
"""Seconds of new voice between two captions of what the person is saying."""
_WARY = 2
"""Echoes after which the sound is no longer held on suspicion: this room needs proof first. An interruption halves the
count, so that one mistake does not slow the clone for good."""
_ECHO_TAIL = 0.5
"""Seconds after the clone's last sound in which the microphone may still hear it."""


class Session:
    """Feed `run` a socket and a clone that is awake."""

    def __init__(self, socket: WebSocket, clone: Clone) -> None:
        self._socket, self._clone = socket, clone
        self._began = time.monotonic()
        self._ear = Ear(clone.cast.vad)
        self._hands_free = False
        self._pressed = False
        self._meter = Meter()
        self._number = 0
        self._turns: dict[int, Turn] = {}
        self._guess: Reply | None = None
        self._before: list[Future[str]] = []
        """What was understood, or soon will be, of the turn so far: a long monologue comes in pieces."""
        self._captioned = 0.0
        self._doubt: Doubt | None = None
        self._judging: asyncio.Task[None] | None = None
        self._tail: Turn | None = None
        """The turn whose end the voice that speaks now may be."""
        self._hushed = -inf
        """When the last turn's sound ended."""
        self._echoes = 0
        """How often the clone heard itself lately."""
        self._tasks: set[asyncio.Task[Any]] = set()

    # ── the socket ──

    async def run(self) -> None:
        """Serve the tab until it goes away. Raises `wire.BadFrame` for a page that does not keep to the protocol."""
        await self._send(Ready(self._clone.display, self._clone.models, tuple(self._clone.history.last(20))))
        try:
            while (frame := await self._socket.receive())["type"] != "websocket.disconnect":
                if (sound := frame.get("bytes")) is not None:
                    await self._on_sound(sound)
                else:
                    await self._on_command(wire.parse(frame["text"]))
        except WebSocketDisconnect:
            log.info("the page went away")
        finally:
            await self._leave()

    async def _leave(self) -> None:
        for turn in self._turns.values():
            turn.reply.stop()
        self._drop_guess()
        if self._judging:
            self._judging.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _send(self, event: Event, number: int | None = None) -> None:
        number = self._number if number is None else number
        try:
            await self._socket.send_bytes(wire.encode(event, number, self._clock()))
        except (WebSocketDisconnect, RuntimeError):
            log.info("the page went away before it heard of %s", type(event).__name__)

    def _clock(self) -> float:
        return time.monotonic() - self._began

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)
        return task

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a task of this tab broke", exc_info=error)

    # ── what the page sends ──

    async def _on_sound(self, sound: bytes) -> None:
        if len(sound) > wire.MOST_AUDIO or len(sound) % 2:
            raise wire.BadFrame("a sound frame is at most 64 KiB of whole 16-bit samples")
        self._meter.sound(len(sound) / 2 / self._ear.rate)
        if not (self._hands_free or self._pressed):
            return
        try:
            signals = self._ear.hear(sound)
        except Exception as error:  # noqa: BLE001  as above: the typed conversation still works
            self._hands_free = self._pressed = False
            await self._send(
                Failed("vad", f"{type(error).__name__}: {error}", "the microphone is off until you press talk")
            )
            return
        await self._on_signals(signals)
        self._caption()

    async def _on_command(self, command: wire.Command) -> None:
        self._meter.command()
        match command:
            case wire.Mic(rate=rate):
                self._ear.tune(rate)
            case wire.Mode(hands_free=hands_free):
                self._hands_free = hands_free
                self._forget()
                self._ear.listener.forget()
            case wire.Talk(down=True):
                self._pressed = True
                self._forget()
                await self._interrupt()
                await self._on_signals(self._ear.press())
            case wire.Talk():
                self._pressed = False
                await self._on_signals(self._ear.release())
            case wire.Say(text=text):
                await self._interrupt()
                self._release(self._start(text))
            case wire.Stop():
                await self._interrupt()
            case wire.Correct(turn=number, text=text):
                await self._on_correct(number, " ".join(text.split()))
            case wire.Forget(number=number):
                await self._on_forget(number)
            case wire.Played(turn=number, seconds=seconds):
                await self._on_played(number, seconds)

    async def _on_played(self, number: int, seconds: float) -> None:
        turn = self._turns.get(number)
        if turn is None:
            return
        turn.played(seconds)
        await self._write(turn.remember)
        if turn.over and number == self._number and not turn.rehearsed:
            turn.rehearsed = True
            self._hushed = self._clock()
            self._spawn(run_in_threadpool(self._clone.rehearse))

    async def _on_correct(self, number: int, text: str) -> None:
        """The person says what they said."""
        turn, folder = self._turns.get(number), self._clone.folder / "bridge" / "pairs"
        try:
            if turn is None or not text:
                raise LookupError("its sound is no longer here: correct what was said last")
            await run_in_threadpool(turn.correct, text, folder)
        except (LookupError, OSError, sqlite3.Error) as error:
            await self._send(Failed("correction", str(error), "what you said stays as it was understood"), number)
            return
        await self._send(Corrected(text), number)
        if turn.over:
            self._spawn(run_in_threadpool(self._clone.rehearse))

    async def _on_forget(self, number: int) -> None:
        try:
            await run_in_threadpool(self._clone.history.forget, [number])
        except sqlite3.Error as error:
            await self._send(Failed("history", str(error), "it is not forgotten yet: try again"))
            return
        await self._send(Forgotten(number))

    # ── what the ear hears ──

    async def _on_signals(self, signals: list[Signal]) -> None:
        for signal in signals:
            await self._on_signal(signal)

    async def _transcribe(self, audio: Audio) -> str:
        """Outside of a turn. If the recogniser breaks, the page is told and nothing was heard."""
        try:
            return await run_in_threadpool(self._clone.cast.asr.transcribe, audio)
        except Exception as error:  # noqa: BLE001  whatever a backend raises, the conversation goes on
            await self._send(Failed("asr", f"{type(error).__name__}: {error}"))
            return ""

    async def _on_signal(self, signal: Signal) -> None:
        if self._doubt:  # whose voice this is, `_judge` finds out
            if isinstance(signal, Ended):
                self._doubt.ended = signal
            elif isinstance(signal, Paused):
                self._ear.listener.judge(1.0)  # who says "mm-hmm" and pauses has finished
            return
        match signal:
            case Started():
                await self._on_started()
            case Paused(audio=audio):
                self._on_paused(audio)
            case Resumed():
                self._drop_guess()
            case Piece(audio=audio):
                self._drop_guess()
                # in the background: while a piece is read the microphone goes on
                loop = asyncio.get_running_loop()
                self._before.append(asyncio.run_coroutine_threadsafe(self._transcribe(audio), loop))
                self._captioned = 0.0
            case Ended():
                await self._on_ended(signal)

    async def _on_started(self) -> None:
        self._captioned = 0.0
        turn = self._turns.get(self._number)
        if turn and turn.reply.playback.chunks and not turn.over and not self._pressed:
            self._doubt = Doubt(turn, self._ear.listener, self._transcribe, lambda: self._send(Held()))
            self._judging = self._spawn(self._judge(self._doubt))
            return
        await self._send(SpeechStarted())
        self._tail = self._just_heard()
        if not self._tail:
            await self._take_back()

    def _just_heard(self) -> Turn | None:
        """The turn whose last sound may still be in the room, if any."""
        if self._clock() - self._hushed > _ECHO_TAIL:
            return None
        newest = self._turns.get(self._number)
        return newest if newest and newest.over else self._turns.get(self._number - 1)

    async def _take_back(self) -> None:
        """The person goes on before the answer has begun to sound: it was only the first half of a thought."""
        turn = self._turns.get(self._number)
        if turn and not turn.over and not turn.reply.playback.chunks:
            self._before = [Future()]
            self._before[0].set_result(turn.reply.text)
            await self._write(turn.retract)
            await self._interrupt()

    def _on_paused(self, audio: Audio) -> None:
        self._drop_guess()
        self._guess = self._start(audio)
        self._spawn(self._ask_finished(audio))

    async def _on_ended(self, ended: Ended) -> None:
        tail, self._tail = self._tail, None
        if tail and is_tail(tail, ended):
            self._drop_guess()
            await self._send(SoundResumed())
            return
        await self._send(SpeechEnded())
        await self._take_back()
        await self._interrupt()
        reply = self._guess or self._start(ended.audio)
        self._guess = None
        self._before = []
        self._release(reply, self._clock() - ended.silence)

    async def _ask_finished(self, audio: Audio) -> None:
        guess = self._guess
        finished = await run_in_threadpool(self._clone.cast.vad.finished, audio)
        if self._guess is guess:  # still the same pause
            self._ear.listener.judge(finished)

    def _caption(self) -> None:
        listener = self._ear.listener
        if not listener.speaking or self._doubt or self._guess:
            return
        if listener.seconds - self._captioned >= _CAPTION:
            self._captioned = listener.seconds
            self._spawn(self._write_caption(listener.audio))

    async def _write_caption(self, audio: Audio) -> None:
        before = [await asyncio.wrap_future(text) for text in self._before]
        text = " ".join(filter(None, [*before, await self._transcribe(audio)]))
        if self._ear.listener.speaking:
            await self._send(Heard(text, final=False))

    # ── somebody speaks while the clone does ──

    async def _judge(self, doubt: Doubt) -> None:
        verdict = await doubt.settle(wary=self._echoes >= _WARY)
        log.info("a voice over the clone's: %s", verdict)
        self._doubt = None
        if verdict == "interruption":
            self._echoes //= 2
            await self._interrupt()
            await self._send(SpeechStarted())
            if doubt.ended:
                await self._on_ended(doubt.ended)
            elif self._ear.listener.paused:
                self._on_paused(self._ear.listener.audio)
            return
        self._echoes += verdict == "echo"
        if not doubt.ended:
            self._ear.listener.dismiss()
        if doubt.held:
            await self._send(SoundResumed())

    async def _interrupt(self) -> None:
        """Be silent, now: the page first, the models as soon as they can."""
        if self._judging and self._doubt:
            self._judging.cancel()
        self._doubt = None
        turn = self._turns.get(self._number)
        if turn is None or turn.over:
            return
        turn.reply.stop()
        await self._send(Interrupted())

    # ── turns ──

    def _start(self, heard: Audio | str) -> Reply:
        cast = self._clone.cast
        if self._before:
            cast = replace(cast, asr=After(cast.asr, tuple(self._before)))
        reply = Reply(cast, heard, self._clone.prompt(), self._clock, self._clone.remind)
        self._spawn(reply.join())
        if not isinstance(heard, str):
            self._spawn(self._send_guess(reply))
        return reply

    async def _send_guess(self, reply: Reply) -> None:
        """What was understood so far, as a caption, while it is not yet certain that the person has finished."""
        await reply.transcribed.wait()
        if self._guess is reply and reply.text:
            await self._send(Heard(reply.text, final=False))

    def _forget(self) -> None:
        """What was heard so far will not be answered."""
        self._drop_guess()
        self._before = []

    def _drop_guess(self) -> None:
        if self._guess:
            self._guess.stop()
            self._guess = None

    def _release(self, reply: Reply, voice_ended: float | None = None) -> None:
        self._number += 1
        turn = self._turns[self._number] = Turn(reply, self._clone.history)
        self._turns.pop(self._number - 2, None)
        reply.release()
        self._spawn(self._deliver(turn, self._number, voice_ended))

    async def _deliver(self, turn: Turn, number: int, voice_ended: float | None) -> None:
        playback = turn.reply.playback
        released = self._clock()
        async for event in turn.reply.events():
            match event:
                case Heard(text=text) if text.strip():
                    await self._write(turn.begin)
                case Spoke(speech=speech):
                    playback.chunks.append(speech)
                case Measured(spans=spans) if voice_ended is not None:
                    event = Measured((*spans, *waits(spans, voice_ended, released)))
                case Failed(stage=stage, error=error):
                    log.warning("%s failed: %s", stage, error)
                case _:
                    pass
            if not turn.reply.stopped:
                await self._send(event, number)
        playback.complete = True

    async def _write(self, change: Callable[[], None]) -> None:
        """Change the history. A disk that is full does not end the conversation."""
        try:
            change()
        except sqlite3.Error as error:
            hint = "what is said now is not remembered; is the disk full?"
            await self._send(Failed("history", str(error), hint))
