"""What a neural voice returns, made ready to be played: phones with times, silences of the right length.

Models of the Kokoro family take one id per phone, say how many 25 ms frames each lasts, and begin with a third of a
second of silence. In a conversation that silence is delay, so it is cut; the pause behind a phrase is set by its
punctuation instead.
"""

import numpy as np

from digiclone.dsp import audible
from digiclone.types import Mark, Speech

LEAD = 0.01
"""Seconds kept before the first audible sample."""
_EARLY = 0.043
"""Seconds by which the sound of these models runs ahead of their durations: where hiss, stops and vowels fit their
phones best. (Kokoro's own code takes 75 ms off its time stamps.)"""
_PAUSES = {".": 0.30, "!": 0.30, "?": 0.32, "…": 0.35, ":": 0.22, ";": 0.22, "—": 0.18, ",": 0.14}
"""Silence after a phrase, in seconds, by its last punctuation mark."""
_PAUSE = 0.08
_STRESS = "ˈˌ"
_MODIFIERS = "ːʰʲ\u0303"
_SILENT = ';:,.!?—…"()“”'


def voice(text: str, phones: str, durations: np.ndarray, samples: np.ndarray, rate: int) -> Speech:
    """One phrase.

    `phones` has one character per phone; `durations` are in samples, one for the silence before, one per phone, one
    for the silence after.
    """
    begin, end = audible(samples)
    begin = max(0, begin - round(LEAD * rate))
    silence = np.zeros(round(pause(text) * rate), np.float32)
    sound = np.concatenate([samples[begin:end], silence])
    edges = np.clip(np.cumsum(durations[: len(phones) + 1]) - _EARLY * rate, begin, end) - begin
    edges[0] = 0  # what is kept of the silence before belongs to the first phone
    return Speech(sound, rate, text, marks(phones, edges / rate))


def marks(phones: str, edges: np.ndarray) -> tuple[Mark, ...]:
    """When each phone sounds, given the seconds at which the first begins and each one ends."""
    found: list[Mark] = []
    start = float(edges[0])
    for phone, edge in zip(phones, edges[1:], strict=True):
        stop = float(edge)
        if phone in _STRESS:
            continue  # a stress mark has a duration too: it belongs to the phone behind it
        if phone in _MODIFIERS and found:
            found[-1] = Mark(found[-1].symbol, found[-1].start, stop)
            start = stop
            continue
        found.append(Mark(" " if phone in _SILENT else phone, start, stop))
        start = stop
    return tuple(found)


def pause(text: str) -> float:
    """Seconds of silence behind a phrase."""
    last = text.rstrip("\"'”’)] ")[-1:]
    return _PAUSES.get(last, _PAUSE)
