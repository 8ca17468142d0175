"""What is said in a block of sound, word by word, to the hundredth of a second: Silero finds speech, Algorithm 1 cuts
it, Whisper writes it down, and the sound itself says where a pause between two words really is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digiclone.asr import whisper
from digiclone.dsp import resample
from digiclone.types import Audio
from digiclone.vad import silero
from digiclone.voice.cut import Word
from digiclone.voice.segment import Segment, segments

Floats = NDArray[np.floating]
RATE = 16_000
STEP = 512
"""Samples of one score of the voice activity detector."""
CHUNK = 28.0
"""Seconds that Whisper hears at once, at most; it was trained on thirty."""
ROOM = 0.2
"""Seconds of sound around a chunk that it hears as well."""
HOP = RATE // 100
"""Samples over which loudness is measured."""
NEAR = 0.5
"""Seconds before the first word and behind the last in which silence is looked for."""
QUIET = 30.0
"""Decibels below the loudest of speech: pauses of clean speech are quieter, its sounds are not."""


@dataclass(frozen=True)
class Chunk:
    """What Whisper heard at once, from `start` to `end` in seconds; in another language than English, no words."""

    start: float
    end: float
    language: str
    words: tuple[Word, ...]


def transcribed(audio: Audio, threads: int = 2) -> list[Chunk]:
    """The speech in a block of sound, in order."""
    sound = resample(audio, RATE).samples
    loud = levels(sound)
    return [_heard(sound, loud, *chunk, threads) for chunk in chunks(scores(sound), STEP / RATE)]


def scores(sound: Floats) -> Floats:
    """How surely each step of 512 samples at 16 kHz is speech, 0..1."""
    detector, memory, found = _detector(), None, list[float]()
    whole = np.pad(sound, (0, -len(sound) % STEP)).reshape(-1, STEP)
    for window in whole:
        score, memory = detector.speech(Audio(window, RATE), memory)
        found.append(score)
    return np.array(found, np.float32)


def chunks(steps: Floats, seconds: float) -> list[tuple[float, float]]:
    """Stretches of speech, begin and end in seconds, none longer than `CHUNK`: Algorithm 1's segments, neighbours
    joined as long as they fit (WhisperX, section 2.2)."""
    longest = int(CHUNK / seconds)
    joined = list[Segment]()
    for start, end in segments(steps, longest):
        if joined and end - joined[-1][0] <= longest:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    return [(start * seconds, end * seconds) for start, end in joined]


def _heard(sound: Floats, loud: Floats, start: float, end: float, threads: int) -> Chunk:
    begin = max(0.0, start - ROOM)
    piece = sound[int(begin * RATE) : int((end + ROOM) * RATE)]
    said, about = _recogniser(threads).transcribe(
        piece, beam_size=5, word_timestamps=True, condition_on_previous_text=False
    )
    if about.language != "en":
        return Chunk(start, end, about.language, ())
    words = [
        Word(word.word, begin + float(word.start), begin + float(word.end), float(word.probability))
        for segment in said
        if not _invented(segment)
        for word in segment.words
    ]
    return Chunk(start, end, "en", tuple(snapped(joined(words), loud)))


def _invented(segment: Any) -> bool:
    """Whisper's own signs that there was nothing to write down (Radford et al. 2022, section 4.5)."""
    return segment.no_speech_prob > 0.6 or segment.avg_logprob < -1 or segment.compression_ratio > 2.4


def joined(words: Sequence[Word]) -> list[Word]:
    """Words, of which those that do not begin with a space belong to the one before; without the spaces."""
    found = list[Word]()
    for word in words:
        if found and not word.text.startswith(" "):
            before = found[-1]
            found[-1] = replace(before, text=before.text + word.text, end=word.end, sure=min(before.sure, word.sure))
        else:
            found.append(replace(word, text=word.text.strip()))
    return found


def snapped(words: Sequence[Word], loud: Floats) -> list[Word]:
    """The same words, each from the end of a pause to the beginning of the next: Whisper knows times to a tenth of a
    second, the loudness `loud` (N,) of each hundredth knows better."""
    if not words:
        return []
    middles = [(word.start + word.end) / 2 for word in words]
    edges = [words[0].start - NEAR, *middles, words[-1].end + NEAR]
    pauses = [_pause(loud, a, b) for a, b in pairwise(edges)]
    rests = zip(words, pauses, pauses[1:], strict=False)
    return [replace(word, start=before[1], end=after[0]) for word, before, after in rests]


def _pause(loud: Floats, start: float, end: float) -> tuple[float, float]:
    """The longest silence between two times, or the quietest moment if there is none."""
    first = max(0, int(start * 100))
    part = loud[first : max(first + 1, int(end * 100))]
    if not len(part):
        return end, end
    edges = np.flatnonzero(np.diff(np.concatenate([[0], part < -QUIET, [0]])))
    runs = edges.reshape(-1, 2)
    if not len(runs):
        quietest = (first + int(np.argmin(part)) + 0.5) / 100
        return quietest, quietest
    begin, after = runs[np.argmax(runs[:, 1] - runs[:, 0])]
    return (first + int(begin)) / 100, (first + int(after)) / 100


def levels(sound: Floats) -> Floats:
    """Loudness (N,) of each hundredth of a second, in decibels against loud speech: nine tenths of them are below 0."""
    frames = np.pad(sound, (0, -len(sound) % HOP)).reshape(-1, HOP)
    found = 10 * np.log10(np.mean(np.square(frames, dtype=np.float64), axis=1) + 1e-10)
    return found - np.percentile(found, 90) if len(found) else found


@lru_cache(maxsize=1)
def _detector() -> silero.Backend:
    return silero.Backend(silero.Options())


@lru_cache(maxsize=1)
def _recogniser(threads: int) -> Any:
    return whisper.load(whisper.Options(threads=threads))
