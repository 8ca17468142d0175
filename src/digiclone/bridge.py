"""What one person says, understood: a speech encoder hears it, and a bridge that learnt from this person makes of it
letters, or embeddings of a language model (`digiclone align train`). No torch.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf, log
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from digiclone import artifacts, registry
from digiclone.config import ConfigError
from digiclone.dsp import split_at_quiet
from digiclone.onnx import session
from digiclone.text import letters, reading, spelling
from digiclone.text.settle import settled
from digiclone.types import Audio
from digiclone.weights import File

NET, WORDS = "bridge.onnx", "words.npz"
"""The network; and, if it gives embeddings, the table that they are read by."""

SOME, ALIKE = 200, 0.95
"""Tokens whose embeddings are compared, and the cosine above which a median of them is the same: rounded to four bits
it is 0.99, of another model 0."""


SHORTEST, LONGEST = 0.1, 20.0
"""Seconds: in less there is no word; what is longer is cut at its quietest points, for nobody learnt from it."""
SURE = log(0.5)
"""The log-probability above which a reading is believed: it is likelier than all others together."""


@runtime_checkable
class Recogniser(Protocol):
    """A recogniser that can be asked for a second opinion on what it hears."""

    def write(self, features: np.ndarray, guess: str = "") -> str:
        """What it reads in the `features` of a sound; a `guess` that is nearly right makes it quicker."""
        ...

    def believe(self, features: np.ndarray, texts: Sequence[str]) -> Sequence[float]:
        """The log-probability of each text."""
        ...


@dataclass(frozen=True, eq=False)
class Understood:
    """What was said, in letters; and `embeddings` (T, width), if it is in them that the bridge understands."""

    text: str
    embeddings: np.ndarray | None = None


class Bridge:
    """Of a folder. Raises `ConfigError` for one that is none, or whose encoder is not the one that it learnt with."""

    def __init__(self, folder: Path) -> None:
        self.about = artifacts.bridge(folder)
        if self.about.encoder_sha256 != heard_by(self.about.encoder):
            raise ConfigError(
                f"the bridge in {folder} learnt to hear through another {self.about.encoder} than the one here;"
                " train it again: digiclone align train"
            )
        name, _, model = self.about.encoder.partition(":")
        self._encoder = registry.load("asr", name, model=model, threads=2)
        self._net = session(folder / NET, threads=2)
        self._own_ears = self._net.get_inputs()[0].name == "samples"
        self._words = _Words(folder / WORDS) if self.about.method == "paper" else None
        self._last: tuple[Audio, Understood] | None = None
        self._busy = threading.Lock()

    def hear(self, audio: Audio) -> Understood:
        """What was said in `audio` (at `stages.RATE`). Who asks for captions and who asks for embeddings ask one after
        the other: the second is given what the first was."""
        with self._busy:
            if self._last is None or self._last[0] is not audio:
                self._last = audio, self._hear(audio)
            return self._last[1]

    def speaks(self, embeddings: Callable[[list[int]], np.ndarray]) -> bool:
        """Whether it gives the embeddings of a language model that has these for its tokens, be they rounded
        otherwise. Letters go with every model."""
        return self._words is None or self._words.like(embeddings)

    def _hear(self, audio: Audio) -> Understood:
        if self._words is None:
            return Understood(" ".join(filter(None, map(self._read, split_at_quiet(audio, LONGEST)))))
        if audio.seconds < SHORTEST:
            return Understood("")
        found, lengths = self._net.run(None, {"features": self._encoder.features(audio)})
        embeddings = found[0, : int(lengths[0].argmax())] if lengths.size else found[0]
        return Understood(self._words.nearest(embeddings), embeddings)

    def _read(self, audio: Audio) -> str:
        """Letters."""
        if audio.seconds < SHORTEST:
            return ""
        if self._own_ears:
            likely, features = self._net.run(None, {"samples": audio.samples[None].astype(np.float32)})
        else:
            features = self._encoder.features(audio)
            (likely,) = self._net.run(None, {"features": features})
        return understood(likely[0], features, self._encoder, self.about.trust)


def read(likely: np.ndarray) -> str:
    """The text of log-probabilities of letters (N, letters), by their sound and by how English is spelt."""
    return letters.text(reading.read(likely, spelling.english()))


def understood(likely: np.ndarray, features: np.ndarray, recogniser: object, trust: float) -> str:
    """What is read in log-probabilities of letters (N, letters); if that is not sure, settled with what a `recogniser`
    that can be asked reads in the `features`. Its opinion counts `trust` times as much as the sound of the letters; if
    that is without end, nothing else does."""
    if trust == inf and isinstance(recogniser, Recogniser):
        return recogniser.write(features, letters.text(letters.collapsed(likely.argmax(axis=1).tolist())))
    mine = read(likely)

    def worth(texts: Sequence[str]) -> list[float]:
        assert isinstance(recogniser, Recogniser)
        sounds = [reading.sound(likely, letters.numbers(text)) for text in texts]
        return [sound + trust * other for sound, other in zip(sounds, recogniser.believe(features, texts), strict=True)]

    if not trust or not isinstance(recogniser, Recogniser) or reading.sound(likely, letters.numbers(mine)) > SURE:
        return mine
    return settled(mine, recogniser.write(features, mine), worth)


class _Words:
    """The embeddings that a language model has for its tokens, and their texts."""

    def __init__(self, file: Path) -> None:
        with np.load(file) as kept:
            self._table, self._texts = kept["table"].astype(np.float32), kept["texts"].tolist()
        self._table /= np.linalg.norm(self._table, axis=1, keepdims=True) + 1e-9

    def like(self, embeddings: Callable[[list[int]], np.ndarray]) -> bool:
        """Whether the same tokens have these embeddings elsewhere."""
        some = np.linspace(0, len(self._table) - 1, SOME).astype(int).tolist()
        try:
            theirs = embeddings(some)
        except IndexError:
            return False
        if theirs.shape[1] != self._table.shape[1]:
            return False
        cosines = (theirs * self._table[some]).sum(1) / (np.linalg.norm(theirs, axis=1) + 1e-9)
        return bool(np.median(cosines) > ALIKE)

    def nearest(self, embeddings: np.ndarray) -> str:
        """The text of the tokens whose embeddings point most nearly the same way."""
        return "".join(self._texts[number] for number in (embeddings @ self._table.T).argmax(1)).strip()


@cache
def opened(folder: Path) -> Bridge:
    """The bridge in a folder, loaded once."""
    return Bridge(folder)


def files(folder: Path) -> Sequence[File]:
    """The weights of the encoder through which the bridge in a folder hears."""
    return _files(artifacts.bridge(folder).encoder)


def heard_by(encoder: str) -> str:
    """One hash of all files of an encoder ("moonshine:tiny-en")."""
    return hashlib.sha256("".join(file.sha256 for file in _files(encoder)).encode()).hexdigest()


def _files(encoder: str) -> Sequence[File]:
    name, _, model = encoder.partition(":")
    return registry.find("asr", name, model).files
