"""The verbs: what a backend of each kind must do. All are synchronous; iterators stream.

A backend may be used from several threads, one call at a time per kind; calls that run long must release the GIL.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from digiclone.types import Audio, Mark, Message, Speech

WINDOW = 512
"""Samples in one window of `VAD.speech`."""
RATE = 16_000
"""Samples per second of all audio that is listened to."""


class VAD(Protocol):
    """Is somebody speaking, and have they finished?"""

    def speech(self, window: Audio, memory: Any) -> tuple[float, Any]:
        """Probability that this window (`WINDOW` samples at `RATE`) is speech, and the memory for the next one.

        The first window comes with `memory=None`; state lives with the caller, so one model serves many listeners.
        """
        ...

    def finished(self, audio: Audio) -> float:
        """Probability that the speaker of `audio` (at `RATE`), who now pauses, has finished the turn."""
        ...


class ASR(Protocol):
    def transcribe(self, audio: Audio) -> str:
        """The words in `audio` (at `RATE`); empty if there are none."""
        ...


class LLM(Protocol):
    """A backend that keeps evaluated prompts may also have `read(messages)`: evaluate them now, answer later."""

    def reply(self, messages: Sequence[Message], audio: Audio | None = None) -> Iterator[str]:
        """The next message, piece by piece. Closing the iterator stops the model at the next token."""
        ...


class TTS(Protocol):
    def speak(self, text: str) -> Iterator[Speech]:
        """One phrase as speech, in one or more chunks."""
        ...


class Lipsync(Protocol):
    def mouth(self, speech: Speech) -> tuple[Mark, ...]:
        """Visemes (names in `VISEMES`) for a chunk of speech, in seconds from its start, in order, without overlap."""
        ...


VISEMES = ("sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U")
"""The 15 Oculus visemes; a mesh calls them `viseme_sil` … `viseme_U`."""

KINDS: dict[str, type] = {"vad": VAD, "asr": ASR, "llm": LLM, "tts": TTS, "lipsync": Lipsync}
