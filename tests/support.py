"""What several tests use: waiting for a condition, casts of stand-ins, sound that is a voice to the energy VAD."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile
from starlette.types import ASGIApp, Receive, Scope, Send

from digiclone import registry
from digiclone.avatar.look import Body
from digiclone.clone import Clone, find
from digiclone.dsp import to_pcm16
from digiclone.stages import RATE
from digiclone.turn import Cast
from digiclone.types import Audio, Speech
from digiclone.wire import decode

PATIENCE = 10.0
"""Seconds that a condition may take to come true; nothing is measured with it."""


def eventually(condition: Callable[[], object], what: str = "") -> None:
    """Wait until `condition` holds."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, f"still not: {what or condition}"
        time.sleep(0.002)


def wait(event: threading.Event) -> None:
    assert event.wait(PATIENCE), "nobody set the event"


def threads_of(*names: str) -> list[threading.Thread]:
    """The living threads of stages."""
    return [t for t in threading.enumerate() if t.name in names]


def make_cast(**parts: Any) -> Cast:
    """Weightless models, some of them replaced."""
    names = {"vad": "energy", "asr": "script", "llm": "echo", "tts": "tone", "lipsync": "phones"}
    return replace(Cast(**{kind: registry.load(kind, name) for kind, name in names.items()}), **parts)


class Asr:
    """Hears what a function says."""

    def __init__(self, transcribe: Callable[[Audio], str]) -> None:
        self.transcribe = transcribe


class Llm:
    """Answers what a generator function says."""

    def __init__(self, reply: Callable[..., Any]) -> None:
        self.asked: list[Any] = []
        self._reply = reply

    def reply(self, messages: Any, audio: Audio | None = None) -> Any:
        self.asked.append(messages)
        return self._reply()


class Tts:
    """Speaks as a generator function says."""

    def __init__(self, speak: Callable[[str], Iterator[Speech]]) -> None:
        self.speak = speak


class Lips:
    def __init__(self, mouth: Callable[[Speech], Any]) -> None:
        self.mouth = mouth


def chunk(text: str, seconds: float = 0.1, rate: int = 8000) -> Speech:
    return Speech(np.zeros(round(seconds * rate), np.float32), rate, text)


def words(text: str) -> list[str]:
    """Those of a text, without capitals and marks."""
    return re.findall(r"[a-z0-9']+", text.lower().replace("-", " "))


def quiet(seconds: float, rate: int = RATE) -> np.ndarray:
    """A room."""
    return np.random.default_rng(1).normal(0, 1e-3, round(seconds * rate)).astype(np.float32)


def voice(seconds: float, rate: int = RATE) -> np.ndarray:
    """A voice, as far as the energy VAD can tell."""
    t = np.arange(round(seconds * rate)) / rate
    return (0.4 * np.sin(2 * np.pi * 180 * t) * (1 + 0.3 * np.sin(2 * np.pi * 4 * t))).astype(np.float32)


SILENCE = quiet(1.0)
"""Ends a turn even if nobody has judged yet whether it sounds finished: after it no microphone goes on sending."""


def pcm(samples: np.ndarray, rate: int = RATE) -> list[bytes]:
    """Sound in the frames of a microphone: 20 ms each."""
    data = to_pcm16(Audio(samples, rate))
    step = 2 * (rate // 50)
    return [data[i : i + step] for i in range(0, len(data), step)]


class Tab:
    """A page without a browser: says commands, plays sound, reads events."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.heard: list[dict[str, Any]] = []
        self.until("Ready")

    def send(self, **command: Any) -> None:
        self.socket.send_text(json.dumps(command))

    def say(self, text: str) -> None:
        self.send(type="say", text=text)

    def hands_free(self, on: bool = True) -> None:
        self.send(type="mic", rate=RATE)
        self.send(type="mode", hands_free=on)

    def speak(self, *sounds: np.ndarray) -> None:
        for frame in pcm(np.concatenate(sounds)):
            self.socket.send_bytes(frame)

    def played(self, turn: int, seconds: float) -> None:
        self.send(type="played", turn=turn, seconds=seconds)

    def read(self) -> dict[str, Any]:
        event, sound = decode(self.socket.receive_bytes())
        event["seconds"] = len(sound) / 2 / event.get("rate", 1)
        self.heard.append(event)
        return event

    def until(self, kind: str, turn: int | None = None) -> list[dict[str, Any]]:
        """The events up to the next one of that kind (and turn)."""
        events = [self.read()]
        while events[-1]["type"] != kind or turn not in (None, events[-1]["turn"]):
            events.append(self.read())
        return events

    def turn(self, text: str) -> list[dict[str, Any]]:
        """A whole typed turn."""
        self.say(text)
        return self.until("Done")


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


class Open(Protocol):
    def __call__(self, name: str = "ada") -> AbstractContextManager[Tab]: ...


class Unlimited:
    """A meter without limits."""

    def sound(self, seconds: float) -> None: ...
    def command(self) -> None: ...


class Counted:
    """An application, and how many of its conversations are open."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.open = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.open += scope["type"] == "websocket"
        try:
            await self.app(scope, receive, send)
        finally:
            self.open -= scope["type"] == "websocket"


def history(name: str = "ada") -> list[tuple[str, str]]:
    said = Clone(find(name)).history.last()
    return [(m.role, m.text) for m in said]


PEOPLE = {
    "heavy": Body(gender=1, age=45, weight=0.95, muscle=0.7, height=190),
    "thin": Body(gender=0, age=25, asian=1, weight=0.1, muscle=0.2, height=155),
    "old": Body(gender=1, age=85, african=1),
}
"""Very different adults: features, build and age."""


def clips(voice: Path, count: int) -> None:
    """A dataset of so much noise, in the folder of a voice."""
    (voice / "dataset" / "wavs").mkdir(parents=True)
    draw = np.random.default_rng(0)
    lines = []
    for number in range(count):
        name = f"clip-{number:03}"
        soundfile.write(voice / "dataset" / "wavs" / f"{name}.wav", draw.uniform(-0.1, 0.1, 40_000), 22_050)
        lines.append(f"{name}|Number {number}.|Number {number}.\n")
    (voice / "dataset" / "metadata.csv").write_text("".join(lines))
