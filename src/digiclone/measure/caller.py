"""A page without a browser: a microphone that plays recordings in real time, a speaker that only keeps the time.

What it measures is what a person would: from the last sound they make to the first they hear.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from digiclone.dsp import audible, from_pcm16, resample, rms, to_pcm16
from digiclone.types import Audio
from digiclone.wire import decode

RATE = 48_000
"""What most browsers' microphones run at."""
_FRAME = 0.02
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
    arrivals: list[Arrival] = field(default_factory=list)
    underruns: int = 0
    """How often the speaker ran dry in the middle of a turn."""
    _speech: asyncio.Queue[np.ndarray] = field(default_factory=asyncio.Queue)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _ends: dict[int, float] = field(default_factory=dict)
    """When the sound of each turn will have been played."""
    _played: dict[int, float] = field(default_factory=dict)
    """How much was heard of the turns that were interrupted."""
    _held: float | None = None
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

    def sounding(self, at_least: float = 0.0) -> bool:
        """Will the sound of the newest turn go on for `at_least` so many seconds?"""
        ends = [self._ends[turn] for turn in list(self._ends)[-1:]]
        return self._held is not None or any(end > time.monotonic() + at_least for end in ends)

    async def send(self, **command: Any) -> None:
        """Send a command."""
        await self.socket.send(json.dumps(command))

    # ── the page's three jobs ──

    async def microphone(self) -> None:
        """Send the room, and what is said, in real time."""
        await self.send(type="mic", rate=RATE)
        await self.send(type="mode", hands_free=True)
        size = round(_FRAME * RATE)
        noise = np.random.default_rng(0)
        rest = np.zeros(0, np.float32)
        span: tuple[float, float] | None = None
        due = time.monotonic()
        while True:
            if not len(rest) and not self._speech.empty():
                rest = self._speech.get_nowait()
                first, last = voiced(rest, RATE)
                span = (due + first / RATE, due + last / RATE)
            frame = noise.standard_normal(size, np.float32) * _ROOM
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
        """Take events as they come, and keep the time of the speaker."""
        async for frame in self.socket:
            assert isinstance(frame, bytes)
            event, sound = decode(frame)
            arrival = Arrival(event, sound, time.monotonic())
            self.arrivals.append(arrival)
            self._on(arrival)
            self._changed.set()

    async def reports(self) -> None:
        """Tell how much was played, five times a second."""
        while True:
            await asyncio.sleep(0.2)
            for turn in list(self._ends)[-1:]:
                await self._report(turn)

    async def _report(self, turn: int) -> None:
        await self.send(type="played", turn=turn, seconds=self._played.get(turn, self._heard(turn)))

    def _heard(self, turn: int) -> float:
        total = sum(self._seconds(a) for a in self._chunks(turn))
        left = max(0.0, self._ends.get(turn, 0.0) - (self._held or time.monotonic()))
        return max(0.0, total - left)

    def _on(self, arrival: Arrival) -> None:
        turn = arrival.event["turn"]
        match arrival.event["type"]:
            case "Spoke":
                end = self._ends.get(turn)
                self.underruns += end is not None and end < arrival.at - 0.005
                self._ends[turn] = max(end or 0.0, arrival.at) + self._seconds(arrival)
            case "Held":
                self._held = arrival.at
            case "Resumed" if self._held is not None:
                self._ends[turn] += arrival.at - self._held
                self._held = None
            case "Interrupted":
                self._played[turn] = self._heard(turn)
                self._held = None
                self._ends[turn] = min(self._ends.get(turn, 0.0), arrival.at)
            case _:
                pass

    def _chunks(self, turn: int) -> list[Arrival]:
        return [a for a in self.arrivals if a.event["type"] == "Spoke" and a.event["turn"] == turn]

    @staticmethod
    def _seconds(arrival: Arrival) -> float:
        return len(arrival.sound) / 2 / arrival.event["rate"]


@asynccontextmanager
async def call(url: str) -> AsyncIterator[Caller]:
    """A conversation with the server at `ws://…/ws/<clone>`, awake and listening."""
    async with connect(url, max_size=None, compression=None) as socket:
        caller = Caller(socket)
        jobs = [asyncio.create_task(caller.ears())]
        await caller.expect("Ready", timeout=120)
        jobs += [asyncio.create_task(caller.microphone()), asyncio.create_task(caller.reports())]
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
