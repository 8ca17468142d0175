"""A voice learnt from one person's recordings by `digiclone voice train`: Glow-TTS, HiFi-GAN, and no torch. English.

Sound comes in pieces, so the first word is heard while the last is still to be made. Glow-TTS decides how long each
phone lasts, so the mouth is exact.
"""

from collections.abc import Iterator
from itertools import pairwise
from math import ceil
from pathlib import Path

import numpy as np

from digiclone import artifacts
from digiclone.config import ConfigError, Strict, nearest
from digiclone.dsp import VOICE_HOP, VOICE_RATE, audible
from digiclone.text.g2p import phonemize
from digiclone.text.phrases import MOST_WORDS, phrases
from digiclone.text.symbols import ids, known
from digiclone.text.voicing import LEAD, marks, pause
from digiclone.types import Mark, Speech

NEEDS = ("onnxruntime", "hibari")
MODELS = ()
SHIPPED = Path(__file__).with_name("voices")
"""Folders of voices that come with the package."""
FIRST, MORE, LATER = 24, 1.5, 100
"""Mel frames of 11.6 ms after which a piece ends with the next word. Few at first, for the sake of an early start, then
so many times as many, up to the last: each is ready before the one before it has sounded."""
AROUND = 14
"""Mel frames on either side that the sound of one depends on (`train/hifigan_export.around` of HiFi-GAN V1)."""
LONGEST = 1000
"""Phones in one go."""
SLOWEST = 100
"""Mel frames that a phone may last, whatever the network says: a second."""


class Options(Strict):
    voice: str = "kathleen"
    """One that comes with the package, or the folder of another."""
    speed: float = 1.0
    threads: int = 2


class Backend:
    def __init__(self, options: Options) -> None:
        from digiclone.onnx import session  # noqa: PLC0415

        folder = _folder(options.voice)
        about = artifacts.voice(folder)
        self._noise, self._slower = about.noise, about.slower / options.speed
        self._encoder, self._decoder, self._vocoder = (
            session(folder / f"{part}.onnx", options.threads) for part in ("encoder", "decoder", "vocoder")
        )
        phonemize("Wake up.")  # unpacks the lexicon now, not in the first reply

    def speak(self, text: str) -> Iterator[Speech]:
        whole = len(text.split()) <= MOST_WORDS
        for piece in [text] if whole else phrases([text]):
            phones = known(phonemize(piece))[:LONGEST]
            if any(phone.isalpha() for phone in phones):
                lengths, mels = self._frames(phones)
                yield from self._sound(piece, _times(phones, lengths), mels)

    def _frames(self, phones: str) -> tuple[np.ndarray, np.ndarray]:
        """How many mel frames each symbol lasts (P,), and the frames (1, mels, F)."""
        mean, logs = self._encoder.run(None, {"ids": np.array([ids(phones)], np.int64)})
        lengths = np.ceil(np.exp(np.minimum(logs[0], np.log(SLOWEST))) * self._slower).clip(1).astype(np.int64)
        lengths[-1] += lengths.sum() % 2  # the flow takes frames in pairs
        latent = np.repeat(mean, lengths, axis=2)
        # a fixed seed makes a phrase always sound the same
        latent += self._noise * np.random.default_rng(0).standard_normal(latent.shape, np.float32)
        return lengths, self._decoder.run(None, {"latent": latent})[0]

    def _sound(self, text: str, phones: tuple[Mark, ...], mels: np.ndarray) -> Iterator[Speech]:
        """The frames as sound, in pieces of whole words; without the silence before, and with a pause behind."""
        frames = mels.shape[2]
        silent = np.broadcast_to(np.float32(0), frames * VOICE_HOP)
        timetable = Speech(silent, VOICE_RATE, text, phones)
        said = 0
        for begin, end in pairwise(_cuts(phones, frames)):
            first = max(0, begin - AROUND)
            last = min(frames, end + AROUND)
            sides = {"before": np.array([begin - first]), "after": np.array([last - end])}
            samples = self._vocoder.run(None, {"mels": mels[:, :, first:last], **sides})[0][0]
            offset = begin * VOICE_HOP
            loud, quiet = audible(samples)
            if end == frames:
                samples = np.append(samples[:quiet], np.zeros(round(pause(text) * VOICE_RATE), np.float32))
            if begin == 0:
                offset = max(0, loud - round(LEAD * VOICE_RATE))
                samples = samples[offset:]
            words = timetable.heard_by(end * VOICE_HOP / VOICE_RATE).split()
            own = _within(phones, offset / VOICE_RATE, len(samples) / VOICE_RATE)
            yield Speech(samples, VOICE_RATE, " ".join(words[said:]), own)
            said = len(words)


def _folder(voice: str) -> Path:
    """Where a voice lies. Raises `ConfigError` for one that is none."""
    shipped = {folder.name: folder for folder in SHIPPED.glob("*/")}
    folder = shipped.get(voice, Path(voice).expanduser())
    if not (folder / artifacts.VOICE).is_file():
        raise ConfigError(f"tts:glow has no voice {voice!r}; {nearest(voice, sorted(shipped))}")
    return folder


def _times(phones: str, lengths: np.ndarray) -> tuple[Mark, ...]:
    """When each phone sounds. The blank between two belongs half to either; those at both ends are silence."""
    ends = np.cumsum(lengths)
    edges = ends[::2] - lengths[::2] / 2
    edges[0], edges[-1] = ends[0], ends[-2]
    return marks(phones, edges * VOICE_HOP / VOICE_RATE)


def _cuts(phones: tuple[Mark, ...], frames: int) -> list[int]:
    """The frames at which pieces begin and end."""
    found, least = [0], float(FIRST)
    for phone in phones:
        end = ceil(phone.start * VOICE_RATE / VOICE_HOP - 1e-6)
        if phone.symbol == " " and end - found[-1] >= least and frames - end >= FIRST:
            found.append(end)
            least = min(LATER, MORE * least)
    return [*found, frames]


def _within(phones: tuple[Mark, ...], begin: float, seconds: float) -> tuple[Mark, ...]:
    """The phones from `begin` on, for so many seconds, counted from there."""
    cut = (Mark(phone.symbol, max(0.0, phone.start - begin), min(seconds, phone.end - begin)) for phone in phones)
    return tuple(phone for phone in cut if phone.end > phone.start)
