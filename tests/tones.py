"""Somebody who speaks in tones, which no recogniser knows, and an encoder that hears them."""

import numpy as np

from digiclone.text import letters
from digiclone.types import Audio

WORDS = ("bad", "cab", "dab", "ace", "bead", "face", "cafe", "deaf")


class Encoder:
    """Hears how much there is of 24 tones, every 20 ms."""

    def transcribe(self, audio: Audio) -> str:
        return "bad" * min(1, len(audio.samples))

    def features(self, audio: Audio) -> np.ndarray:
        frames = audio.samples[: len(audio.samples) // 320 * 320].reshape(-1, 320)
        size = np.abs(np.fft.rfft(frames * np.hanning(320), axis=1))[:, 4:28]
        return np.log(size + 0.1)[None].astype(np.float32)


def said(text: str) -> Audio:
    """Each letter a tone of 60 ms, 20 ms of silence between them."""
    time = np.arange(960) / 16_000
    tones = [0.3 * np.sin(2 * np.pi * (250 + 50 * number) * time) for number in letters.numbers(text)]
    return Audio(np.concatenate([np.append(tone, np.zeros(320)) for tone in tones]).astype(np.float32), 16_000)


def sentences(count: int, seed: int = 0) -> list[tuple[str, Audio, str, str]]:
    """As `align.pairs` takes them: what comes out begins with "uh"."""
    chance = np.random.default_rng(seed)
    texts = [" ".join(chance.choice(WORDS, 3)) for _ in range(count)]
    return [(f"p{number}", said(text), f"uh {text}", text) for number, text in enumerate(texts)]
