"""One turn of conversation is one generator of events. Start reading here.

Hear, think, speak, move the lips: each stage runs ahead of the next in its own thread (`ahead.py`), so the first phrase
sounds while the rest is still being written. Nothing here knows of sockets, pages or microphones: the server, the
command line, the tests and the benchmarks all run this same function.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from digiclone import stages
from digiclone.ahead import StageError, Workers, stage
from digiclone.events import Done, Event, Failed, Heard, Measured, Mouthed, Recalled, Said, Spoke
from digiclone.persona import shorten
from digiclone.text.phrases import phrases
from digiclone.types import Audio, Exchange, Mark, Memory, Message, Speech

T = TypeVar("T")
Clock = Callable[[], float]
"""Seconds that only grow."""


@dataclass(frozen=True)
class Cast:
    """Who plays which part."""

    vad: stages.VAD
    asr: stages.ASR
    llm: stages.LLM
    tts: stages.TTS
    lipsync: stages.Lipsync


def nothing(_text: str) -> Sequence[Exchange]:
    """What comes to the mind of somebody without a past."""
    return ()


def turn(
    cast: Cast,
    heard: Audio | str,
    messages: Sequence[Message],
    workers: Workers,
    clock: Clock = time.monotonic,
    remind: Callable[[str], Sequence[Exchange]] = nothing,
) -> Iterator[Event]:
    """Answer what was `heard` (sound at `stages.RATE`, or typed words) after `messages`, and after what it may `remind`
    of: that stands last, so that what comes before it stays evaluated.

    `workers.stop()` interrupts, from any thread: the events just end. A stage that raises ends the turn with `Failed`.
    """
    watch = Stopwatch(clock)
    try:
        text = ""
        for text in hear(cast, heard, workers, watch):
            yield Heard(text)
        if text.strip():
            known = remind(text)
            if memories := tuple(one for one in known if isinstance(one, Memory)):
                yield Recalled(memories)
            reply = write(cast, heard, [*messages, *retold(known), Message("user", shorten(text))])
            words = workers.ahead("llm", watch.first("llm_first_token", reply), depth=256)
            yield from perform(cast, workers.ahead("tts", speak(cast, words, watch)), watch)
        if not workers.stopped:
            yield Done()
    except StageError as error:
        yield Failed(error.stage, str(error), error.hint)
    finally:
        workers.stop()


def hear(cast: Cast, heard: Audio | str, workers: Workers, watch: "Stopwatch") -> Iterable[str]:
    """The words of what was heard, once they are known."""
    if isinstance(heard, str):
        return (heard,)
    return workers.ahead("asr", watch.first("asr", (cast.asr.transcribe(audio) for audio in (heard,))))


def retold(known: Iterable[Exchange]) -> list[Message]:
    """What was said elsewhere, as turns of this talk."""
    return [m for one in known for m in (Message("user", one.asked), Message("assistant", one.answered))]


def write(cast: Cast, heard: Audio | str, messages: Sequence[Message]) -> Iterator[str]:
    """The reply, piece by piece. The model is called, and its iterator closed, where this is iterated."""
    yield from cast.llm.reply(messages, heard if isinstance(heard, Audio) else None)


def speak(cast: Cast, words: Iterator[str], watch: "Stopwatch") -> Iterator[tuple[str, Speech]]:
    """Each phrase as soon as it is written, with each chunk of its sound."""
    for phrase in watch.first("first_phrase", phrases(words)):
        for chunk in watch.first("tts_first_audio", cast.tts.speak(phrase)):
            yield phrase, chunk


def perform(cast: Cast, speech: Iterator[tuple[str, Speech]], watch: "Stopwatch") -> Iterator[Event]:
    """Words, mouth and sound, in that order: the page must know the mouth before the sound plays."""
    said = None
    for phrase, chunk in speech:
        if phrase is not said:
            yield Said(phrase)
        with stage("lipsync"):
            visemes = cast.lipsync.mouth(chunk)
        yield Mouthed(visemes)
        yield Spoke(chunk)
        if said is None:
            yield Measured(watch.spans())
        said = phrase


class Stopwatch:
    """How long each stage took to its first result."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spans: dict[str, Mark] = {}

    def first(self, symbol: str, source: Iterable[T]) -> Iterator[T]:
        """`source`, timed from the first demand to the first item. Only the first source of a symbol counts."""
        start = self._clock()
        for item in source:
            self._spans.setdefault(symbol, Mark(symbol, start, self._clock()))
            yield item

    def spans(self) -> tuple[Mark, ...]:
        """The spans so far. The first phrase is waited for from the start; it counts from the first token."""
        spans = dict(self._spans)
        if phrase := spans.get("first_phrase"):
            token = spans["llm_first_token"]
            spans["first_phrase"] = Mark("first_phrase", max(phrase.start, token.end), phrase.end)
        return tuple(spans.values())
