"""A whole conversation, measured from outside: a real server, a real WebSocket, real recordings in real time."""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from digiclone.clone import Clone, parse_flags, prepare
from digiclone.dsp import audible
from digiclone.measure.caller import Arrival, Caller, call, first_audible
from digiclone.measure.machine import device, peak_memory
from digiclone.measure.recordings import Recording, recordings
from digiclone.turn import Cast
from digiclone.types import Audio, Message
from digiclone.weights import home

STAGES = ("endpoint", "asr", "llm_first_token", "first_phrase", "tts_first_audio")
_HEAR_OUT = 4.0
"""Seconds of the clone's voice that are listened to, at most, once its reply is complete."""
_STORIES = ("Tell me about the sea.", "What did you do last summer?", "Tell me about your town.", "Who is your friend?")
_LEAK = 0.1
"""-20 dB from loudspeaker to microphone: a laptop whose echo is not cancelled at all."""
_LISTEN_FIRST = 0.7
"""Seconds of the clone's voice before it is interrupted."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and the first sound of its answer, in seconds on the server's clock."""

    voice_ended: float
    first_sound: float
    spans: dict[str, tuple[float, float]]

    @property
    def voice_to_voice(self) -> float:
        return self.first_sound - self.voice_ended

    @property
    def overhead(self) -> float:
        """What is neither inside a model call nor the wait for the end of the turn."""
        waiting = [(self.voice_ended, self.spans["endpoint"][1])]
        calls = [span for name, span in self.spans.items() if name not in ("endpoint", "wait")]
        return self.voice_to_voice - _covered(waiting + calls, self.voice_ended, self.first_sound)


def measure(turns: int, settings: list[str], folder: Path | None, tell: Callable[[str], None]) -> dict[str, Any]:
    """Talk `turns` times, interrupt as often, then run the same models one after the other. The figures of one run."""
    clips = recordings(turns, folder)
    with server(settings) as (process, port, sandbox):
        url = f"ws://127.0.0.1:{port}/ws/bench"
        exchanges, barges, underruns, models = asyncio.run(_talk(url, clips, tell))
        echo = asyncio.run(_echo(url, tell))
        peak = peak_memory(process.pid)
        tell("the same models, one after the other")
        sequential = list(_sequential(sandbox / "clones" / "bench", clips, settings))
    endpoint = [e.spans["endpoint"][1] - e.voice_ended for e in exchanges]
    overlapped = float(np.median([e.voice_to_voice for e in exchanges]) - np.median(endpoint))
    return {
        "voice_to_voice_s": spread([e.voice_to_voice for e in exchanges]),
        "stages_s": {
            "endpoint": spread(endpoint),
            **{name: spread([e.spans[name][1] - e.spans[name][0] for e in exchanges]) for name in STAGES[1:]},
            "transport": spread([e.first_sound - e.spans["tts_first_audio"][1] - _waited(e) for e in exchanges]),
        },
        "sequential_s": spread(sequential),
        "overlap_ratio": round(overlapped / float(np.median(sequential)), 3),
        "overhead_s": spread([e.overhead for e in exchanges]),
        "barge_in_s": spread([b[0] for b in barges]),
        "barge_in_certain_s": spread([b[1] for b in barges]),
        "echo": echo,
        "underruns": underruns,
        "peak_rss_mb": round(peak),
        "turns": len(exchanges),
        "interruptions": len(barges),
        "models": models,
        "device": device(),
    }


def memory(settings: list[str]) -> float:
    """The most memory, in MB, of a server that was spoken to once."""
    (clip,) = recordings(1, None)

    async def speak() -> None:
        async with call(f"ws://127.0.0.1:{port}/ws/bench") as caller:
            await _exchange(caller, clip)

    with server(settings) as (process, port, _):
        asyncio.run(speak())
        return peak_memory(process.pid)


def spread(values: list[float]) -> dict[str, float | None]:
    """Median and 95th percentile; None if nothing was measured: a reply can be too short to be interrupted."""
    if not values:
        return {"p50": None, "p95": None}
    return {"p50": round(float(np.percentile(values, 50)), 4), "p95": round(float(np.percentile(values, 95)), 4)}


@contextmanager
def server(settings: list[str]) -> Iterator[tuple["subprocess.Popen[str]", int, Path]]:
    """A server of its own on a free port, with a new clone "bench" in a home that shares the weights."""
    with tempfile.TemporaryDirectory(prefix="digiclone-bench-") as folder:
        sandbox = Path(folder)
        for shared in ("weights", "derived"):
            (home() / shared).mkdir(parents=True, exist_ok=True)
            (sandbox / shared).symlink_to(home() / shared)
        environment = {**os.environ, "DIGICLONE_HOME": folder, "PYTHONUNBUFFERED": "1"}
        run = [sys.executable, "-m", "digiclone"]
        subprocess.run([*run, "new", "bench"], env=environment, check=True, capture_output=True)
        flags = [part for setting in settings for part in ("--set", setting)]
        command = [*run, "serve", "--clone", "bench", "--port", "0", *flags]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout
                while not (match := re.search(r"http://127\.0\.0\.1:(\d+)/", line := process.stdout.readline())):
                    if not line:
                        raise RuntimeError("the server ended before it listened")
                yield process, int(match[1]), sandbox
            finally:
                process.terminate()


async def _talk(url: str, clips: list[Recording], tell: Callable[[str], None]) -> tuple[Any, ...]:
    exchanges: list[Exchange] = []
    barges: list[tuple[float, float]] = []
    async with call(url) as caller:
        models = caller.arrivals[0].event["models"]
        await _exchange(caller, clips[0])  # the first turn warms caches nobody asked about
        for i, clip in enumerate(clips):
            tell(f"turn {i + 1} of {len(clips)}: {clip.name}")
            if exchange := await _exchange(caller, clip):
                exchanges.append(exchange)
        for i, clip in enumerate(clips):
            tell(f"interruption {i + 1} of {len(clips)}")
            if barge := await _interrupt(caller, clip, clips[i - 1]):
                barges.append(barge)
        return exchanges, barges, caller.speaker.underruns, models


async def _exchange(caller: Caller, clip: Recording) -> Exchange | None:
    """Ask, and hear the answer out, or its first seconds. None if the clone had nothing to say."""
    seen = len(caller.arrivals)
    _, voice_ended = await caller.say(clip.audio)
    await caller.expect("Done", seen)
    await _hush(caller)
    spoke = [a for a in caller.arrivals[seen:] if a.event["type"] == "Spoke"]
    measured = [a for a in caller.arrivals[seen:] if a.event["type"] == "Measured"]
    if not spoke:
        return None
    clock = _offset(caller.arrivals)
    spans = {s["symbol"]: (s["start"], s["end"]) for s in measured[0].event["spans"]}
    return Exchange(voice_ended - clock, spoke[0].at + first_audible(spoke[0]) - clock, spans)


async def _interrupt(caller: Caller, question: Recording, interruption: Recording) -> tuple[float, float] | None:
    """Ask, let the clone begin, speak over it. Seconds from the voice to silence, and to certainty; None if it was
    through."""
    seen = len(caller.arrivals)
    await caller.say(question.audio)
    await caller.expect("Spoke", seen)
    await asyncio.sleep(_LISTEN_FIRST)
    if not caller.speaker.sounding(at_least=1.0):
        await caller.expect("Done", seen)
        await _hush(caller)
        return None
    now = len(caller.arrivals)
    voice_began, _ = await caller.say(interruption.audio)
    interrupted = await caller.expect("Interrupted", now)
    silent = min(a.at for a in caller.arrivals[now:] if a.event["type"] in ("Held", "Interrupted"))
    await caller.expect("Done", caller.arrivals.index(interrupted))
    await _hush(caller)
    return silent - voice_began, interrupted.at - voice_began


async def _echo(url: str, tell: Callable[[str], None]) -> dict[str, float]:
    """Let the clone speak into a microphone that hears it, nobody else there: it must not interrupt itself."""
    spoken = 0.0
    async with call(url, leak=_LEAK) as caller:
        for i, question in enumerate(_STORIES):
            tell(f"echo {i + 1} of {len(_STORIES)}")
            seen = len(caller.arrivals)
            await caller.send(type="say", text=question)
            await caller.expect("Done", seen)
            while caller.speaker.sounding():
                await asyncio.sleep(0.02)
            spoken += caller.speaker.seconds
            await caller.report()
            await asyncio.sleep(1.0)
        kinds = [a.event["type"] for a in caller.arrivals]
        held = _total(caller.arrivals, "Held", "Resumed")
    return {
        "spoken_s": round(spoken, 1),
        "false_interruptions": kinds.count("Interrupted"),
        "false_turns": kinds.count("SpeechEnded"),
        "holds": kinds.count("Held"),
        "held_s": round(held, 2),
    }


def _total(arrivals: list[Arrival], begin: str, end: str) -> float:
    """Seconds between events of two kinds that alternate."""
    starts = [a.at for a in arrivals if a.event["type"] == begin]
    stops = [a.at for a in arrivals if a.event["type"] == end]
    return sum(stop - start for start, stop in zip(starts, stops, strict=False))


async def _hush(caller: Caller) -> None:
    """Let the clone speak for some seconds, then stop it."""
    until = time.monotonic() + _HEAR_OUT
    while caller.speaker.sounding() and time.monotonic() < until:
        await asyncio.sleep(0.02)
    await caller.send(type="stop")


def _sequential(folder: Path, clips: list[Recording], settings: list[str]) -> Iterator[float]:
    """Seconds to the first sound when every stage waits for the one before to be through."""
    clone = Clone(folder, parse_flags(settings))
    clone.wake()
    for clip in clips:
        sound = prepare(clip.audio)
        assert isinstance(sound, Audio)
        began = time.monotonic()
        first = _one_after_the_other(clone.cast, sound, clone.prompt())
        yield time.monotonic() - began + first


def _one_after_the_other(cast: Cast, sound: Audio, messages: list[Message]) -> float:
    text = cast.asr.transcribe(sound)
    reply = "".join(cast.llm.reply([*messages, Message("user", text)]))
    speech = list(cast.tts.speak(reply))
    return audible(speech[0].samples)[0] / speech[0].rate if speech else 0.0


def _offset(arrivals: list[Arrival]) -> float:
    """What to take from `time.monotonic` to get the server's clock: the quickest message shows it best."""
    return min(a.at - a.event["at"] for a in arrivals)


def _waited(exchange: Exchange) -> float:
    """How long the ready answer was held back for the end of the turn."""
    start, end = exchange.spans.get("wait", (0.0, 0.0))
    return end - start


def _covered(spans: list[tuple[float, float]], begin: float, end: float) -> float:
    """Length of the union of spans within [begin, end]."""
    total, reached = 0.0, begin
    for start, stop in sorted(spans):
        start, stop = max(start, reached), min(stop, end)
        if stop > start:
            total += stop - start
            reached = stop
    return total
