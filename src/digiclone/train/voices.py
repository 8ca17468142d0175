"""Who speaks in the training data: synthesisers that know when each phone sounds.

flite:NAME                 Debian's `flite`, with `-psdur`; its CMU phones become the phones that misaki writes
hibari                     the default voice
kokoro:NAME                one of Kokoro's 54 voices, English whatever its own language is
kokoro:NAME+NAME           halfway between two of them: a speaker that nobody has heard before
"""

import json
import shutil
import subprocess
import tarfile
import tempfile
import wave
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from digiclone import registry, weights
from digiclone.dsp import from_pcm16
from digiclone.onnx import session, with_output
from digiclone.text.g2p import phonemize
from digiclone.text.voicing import voice
from digiclone.types import Audio, Mark, Speech
from digiclone.weights import File

STYLES = File(
    "kokoro-js-1.2.1.tgz",
    "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860",
    26_887_218,
    ("npm:kokoro-js@1.2.1",),
)
"""All of Kokoro's voices: the styles of 54 speakers."""
_CMU = {
    "aa": "ɑ", "ae": "æ", "ah": "ʌ", "ao": "ɔ", "aw": "W", "ax": "ə", "ay": "I", "b": "b", "ch": "ʧ", "d": "d",
    "dh": "ð", "dx": "T", "eh": "ɛ", "er": "ɝ", "ey": "A", "f": "f", "g": "ɡ", "hh": "h", "ih": "ɪ", "iy": "i",
    "jh": "ʤ", "k": "k", "l": "l", "m": "m", "n": "n", "ng": "ŋ", "ow": "O", "oy": "Y", "p": "p", "pau": " ",
    "r": "ɹ", "s": "s", "sh": "ʃ", "t": "t", "th": "θ", "uh": "ʊ", "uw": "u", "v": "v", "w": "w", "y": "j",
    "z": "z", "zh": "ʒ",
}  # fmt: skip
"""CMU's phones in misaki's letters and IPA: one mouth table serves all voices."""
_RATE = 24_000
_FRAME = 600
"""Samples in one unit of Kokoro's durations."""


class Missing(Exception):
    """A program that the recipe needs is not here; the message says how to get it."""


def speak(speaker: str, text: str, speed: float = 1.0, hertz: float = 0.0) -> Speech:
    """`text` in that voice, with phone times. `hertz` is the mean pitch, for flite alone; 0 leaves it.

    Raises `Missing` without flite, and what `digiclone.weights` raises without the weights.
    """
    synthesiser, _, name = speaker.partition(":")
    if synthesiser == "flite":
        return _flite(name, text, speed, hertz)
    if synthesiser == "kokoro":
        return _kokoro(name, text, speed)
    (speech,) = registry.load("tts", synthesiser, speed=speed).speak(text)
    return speech


def kokoro_voices() -> list[str]:
    """The names of Kokoro's voices: two letters for language and sex, then a name."""
    return sorted(_styles())


# -- flite ------------------------------------------------------------------------------------------------------------


def _flite(name: str, text: str, speed: float, hertz: float) -> Speech:
    if not shutil.which("flite"):
        raise Missing("flite is not here: it speaks with exact phone times. On Debian: apt-get install flite")
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "said.wav"
        command = ["flite", "-voice", name, "-psdur", "--setf", f"duration_stretch={1 / speed:.3f}"]
        if hertz:
            command += ["--setf", f"int_f0_target_mean={hertz:.0f}"]
        done = subprocess.run([*command, "-t", text, "-o", str(wav)], check=True, capture_output=True, text=True)
        audio = _read(wav)
    return Speech(audio.samples, audio.rate, text, _segments(done.stdout, audio.seconds))


def _segments(line: str, seconds: float) -> tuple[Mark, ...]:
    """``pau:0.220 sh:0.367 …``: each phone with its end."""
    marks: list[Mark] = []
    start = 0.0
    for word in line.split():
        phone, _, stop = word.partition(":")
        end = min(float(stop), seconds)
        marks.append(Mark(_CMU[phone], start, end))
        start = end
    return tuple(marks)


def _read(file: Path) -> Audio:
    with wave.open(str(file)) as wav:
        return from_pcm16(wav.readframes(wav.getnframes()), wav.getframerate())


# -- Kokoro -----------------------------------------------------------------------------------------------------------


def _kokoro(names: str, text: str, speed: float) -> Speech:
    run, vocabulary = _model()
    phones = "".join(p for p in phonemize(text, british=names.startswith("b")) if p in vocabulary)
    ids = np.array([[0, *(vocabulary[p] for p in phones), 0]], np.int64)
    style = np.mean([_styles()[name][len(phones) - 1] for name in names.split("+")], axis=0, keepdims=True)
    samples, durations = run(None, {"tokens": ids, "style": style, "speed": np.array([speed], np.float32)})
    return voice(text, phones, durations[0] * _FRAME, samples, _RATE)


@cache
def _model() -> tuple[Any, dict[str, int]]:
    """What runs the model, and the number of each phone."""
    vocabulary = json.loads((files("hibari") / "assets/vocab.json").read_text("utf-8"))
    model = weights.fetch(registry.find("tts", "kokoro", "82m-int8").files[0]).read_bytes()
    return session(with_output(model, "/encoder/Round_output_0"), threads=2).run, vocabulary


@cache
def _styles() -> dict[str, np.ndarray]:
    """By voice: a style (256 numbers) for each count of phones, shape (510, 256)."""
    styles: dict[str, np.ndarray] = {}
    with tarfile.open(weights.fetch(STYLES)) as archive:
        for member in archive:
            file = Path(member.name)
            if file.parent.name == "voices" and file.suffix == ".bin" and (data := archive.extractfile(member)):
                styles[file.stem] = np.frombuffer(data.read(), "<f4").reshape(-1, 256)
    return styles
