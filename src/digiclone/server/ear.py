"""Microphone bytes in, signals out: resample, window, ask the VAD, listen."""

from dataclasses import replace
from math import inf

import numpy as np
import soxr

from digiclone.dsp import from_pcm16
from digiclone.listen import Listener, Patience, Signal
from digiclone.stages import RATE, VAD, WINDOW
from digiclone.types import Audio


class Ear:
    """One microphone."""

    def __init__(self, vad: VAD, patience: Patience | None = None) -> None:
        self._vad = vad
        self._memory: object = None
        self._patience = patience or Patience()
        self.listener = Listener(self._patience)
        self.tune(RATE)

    def tune(self, rate: int) -> None:
        """The sound that follows has this rate."""
        self.rate = rate
        # "MQ" delays the sound by 5 ms, "HQ" by 20: nobody hears the difference at 16 kHz, everybody the delay
        self._resampler = soxr.ResampleStream(rate, RATE, 1, dtype="float32", quality="MQ") if rate != RATE else None
        self._rest = np.zeros(0, np.float32)

    def hear(self, pcm: bytes) -> list[Signal]:
        """Sound as it comes from the wire."""
        samples = from_pcm16(pcm, self.rate).samples
        if self._resampler:
            samples = self._resampler.resample_chunk(samples)
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) // WINDOW * WINDOW
        self._rest = samples[whole:]
        signals: list[Signal] = []
        for window in samples[:whole].reshape(-1, WINDOW):
            probability, self._memory = self._vad.speech(Audio(window, RATE), self._memory)
            signals += self.listener.hear(window, probability)
        return signals

    def press(self) -> list[Signal]:
        """Push-to-talk: the turn begins, and no silence ends it."""
        self.listener = Listener(replace(self._patience, sure=inf, unsure=inf))
        return self.listener.begin()

    def release(self) -> list[Signal]:
        """Push-to-talk let go: the turn ends."""
        signals = self.listener.end()
        self.listener = Listener(self._patience)
        return signals
