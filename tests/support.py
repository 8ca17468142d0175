"""What several tests use: waiting for a condition, casts of stand-ins, sound that is a voice to the energy VAD."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from digiclone import registry
from digiclone.stages import RATE
from digiclone.turn import Cast
from digiclone.types import Audio, Speech

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


def quiet(seconds: float, rate: int = RATE) -> np.ndarray:
    """A room."""
    return np.random.default_rng(1).normal(0, 1e-3, round(seconds * rate)).astype(np.float32)


def voice(seconds: float, rate: int = RATE) -> np.ndarray:
    """A voice, as far as the energy VAD can tell."""
    t = np.arange(round(seconds * rate)) / rate
    return (0.4 * np.sin(2 * np.pi * 180 * t) * (1 + 0.3 * np.sin(2 * np.pi * 4 * t))).astype(np.float32)
