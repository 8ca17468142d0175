"""A page without a browser: a microphone that plays recordings in real time, a speaker that only keeps the time.

What it measures is what a person would: from the last sound they make to the first they hear.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from digiclone.dsp import audible, from_pcm16, resample, rms, to_pcm16
from digiclone.measure.speaker import RATE, Speaker
from digiclone.types import Audio
from digiclone.wire import decode

_FRAME = 0.02
"""Seconds per frame of the sound card."""
_ECHO = 0.14
"""Seconds from the loudspeaker's buffer to the microphone's: what a laptop takes."""
_ROOM = 1e-3
"""Amplitude of the room's noise between recordings: no microphone is silent."""


@dataclass(slots=True)
class Arrival:
    """An event, and when it came (on `time.monotonic`)."""

    event: dict[str, Any]
    sound: bytes
    at: float


@dataclass
class Caller:
    """One open conversation."""

    socket: ClientConnection
    leak: float = 0.0
    """How much of the loudspeaker the microphone hears: 0.1 is a laptop without echo cancellation."""
    arrivals: list[Arrival] = field(default_factory=list)
    speaker: Speaker = field(default_factory=Speaker)
    _speech: asyncio.Queue[np.ndarray] = field(default_factory=asyncio.Queue)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _voice: asyncio.Future[tuple[float, float]] | None = None

    async def say(self, audio: Audio) -> tuple[float, float]:
        """Play a recording into the microphone. When its first and last voiced sample were sent."""
        self._voice = asyncio.get_running_loop().create_future()
        await self._speech.put(resample(audio, RATE).samples)
        return await self._voice

    async def expect(self, kind: str, after: int = 0, timeout: float = 30.0) -> Arrival:
        """The first event of that kind behind the first `after` arrivals."""
        async with asyncio.timeout(timeout):
            while True:
                for arrival in self.arrivals[after:]:
                    if arrival.event["type"] == kind:
                        return arrival
                self._changed.clear()
                await self._changed.wait()

    async def send(self, **command: Any) -> None:
        """Send a command."""
        await self.socket.send(json.dumps(command))

    # ── the page's three jobs ──

    async def sound_card(self) -> None:
        """In real time, frame by frame: the speaker plays, the microphone hears the room, the person and the echo."""
        await self.send(type="mic", rate=RATE)
        await self.send(type="mode", hands_free=True)
        size = round(_FRAME * RATE)
        noise = np.random.default_rng(0)
        rest = np.zeros(0, np.float32)
        air = deque([np.zeros(size, np.float32)] * round(_ECHO / _FRAME))
        span: tuple[float, float] | None = None
        due = time.monotonic()
        while True:
            if not len(rest) and not self._speech.empty():
                rest = self._speech.get_nowait()
                first, last = voiced(rest, RATE)
                span = (due + first / RATE, due + last / RATE)
            air.append(self.speaker.take(size))
            frame = noise.standard_normal(size, np.float32) * _ROOM + self.leak * air.popleft()
            frame[: len(rest[:size])] += rest[:size]
            rest = rest[size:]
            due += _FRAME
            # a microphone hands over a frame when its last sample is in
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await self.socket.send(to_pcm16(Audio(frame, RATE)))
            if span and not len(rest) and self._voice:
                self._voice.set_result(span)
                span = self._voice = None

    async def ears(self) -> None:
        """Take events as they come."""
        async for frame in self.socket:
            assert isinstance(frame, bytes)
            event, sound = decode(frame)
            self.arrivals.append(Arrival(event, sound, time.monotonic()))
            self.speaker.on(event, sound)
            self._changed.set()
            if event["type"] in ("Held", "Interrupted", "Done"):
                await self.report()

    async def reports(self) -> None:
        """Tell how much was played, five times a second."""
        while True:
            await asyncio.sleep(0.2)
            await self.report()

    async def report(self) -> None:
        """Tell how much was played."""
        if self.speaker.turn:
            await self.send(type="played", turn=self.speaker.turn, seconds=self.speaker.seconds)


@asynccontextmanager
async def call(url: str, leak: float = 0.0) -> AsyncIterator[Caller]:
    """A conversation with the server at `ws://…/ws/<clone>`, awake and listening."""
    async with connect(url, max_size=None, compression=None) as socket:
        caller = Caller(socket, leak)
        jobs = [asyncio.create_task(caller.ears())]
        await caller.expect("Ready", timeout=120)
        jobs += [asyncio.create_task(caller.sound_card()), asyncio.create_task(caller.reports())]
        try:
            yield caller
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)


def voiced(samples: np.ndarray, rate: int) -> tuple[int, int]:
    """First and one past the last sample of voice: 10 ms frames within 30 dB of the loudest."""
    hop = rate // 100
    levels = np.array([rms(frame) for frame in samples[: len(samples) // hop * hop].reshape(-1, hop)])
    loud = np.flatnonzero(levels > levels.max() * 10 ** (-30 / 20))
    return int(loud[0]) * hop, (int(loud[-1]) + 1) * hop


def first_audible(arrival: Arrival) -> float:
    """Seconds from the start of a chunk to its first audible sample."""
    begin, _ = audible(from_pcm16(arrival.sound, arrival.event["rate"]).samples)
    return begin / arrival.event["rate"]
