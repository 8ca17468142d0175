"""wav2vec 2.0 (Baevski et al. 2020), which Tiny-Align hears through: one vector per 20 ms, and letters of each.

Its weights are in a hub that is not always there, so it takes a folder, which

    python -m digiclone.train.wav2vec2 FOLDER

fills with those of facebook/wav2vec2-base-960h, or of any model of its kind.
"""

import json
import threading
from itertools import groupby
from pathlib import Path

import numpy as np

from digiclone.config import ConfigError, Strict
from digiclone.types import Audio
from digiclone.weights import File

NEEDS = ("onnxruntime",)
MODELS = ()
NET, ABOUT = "wav2vec2.onnx", "letters.json"


class Options(Strict):
    folder: str = ""
    """What `python -m digiclone.train.wav2vec2` filled."""
    threads: int = 2


def files(options: Options) -> tuple[File, ...]:
    """Nothing to fetch."""
    return ()


class Backend:
    def __init__(self, options: Options) -> None:
        folder = Path(options.folder).expanduser()
        if not options.folder or not (folder / NET).is_file():
            raise ConfigError(
                "asr:wav2vec2 needs a folder with a model: fill one with `python -m digiclone.train.wav2vec2 FOLDER`"
                " (it downloads facebook/wav2vec2-base-960h), and set [asr] folder in clone.toml"
            )
        from digiclone.onnx import session  # noqa: PLC0415

        about = json.loads((folder / ABOUT).read_text("utf-8"))
        self._letters, self._blank, self._normalised = about["letters"], about["blank"], about["normalised"]
        self._least = about["least"]
        self._net = session(folder / NET, options.threads)
        self._busy = threading.Lock()

    def transcribe(self, audio: Audio) -> str:
        with self._busy:
            (likely,) = self._run(audio, "likely")
        found = [number for number, _ in groupby(likely.argmax(1).tolist()) if number != self._blank]
        said = "".join(self._letters[number] for number in found).replace("|", " ").strip()
        return said.capitalize() if said.isupper() else said

    def features(self, audio: Audio) -> np.ndarray:
        """The last layer, shape (1, n, width), 50 vectors a second."""
        return self._run(audio, "features")

    def _run(self, audio: Audio, wanted: str) -> np.ndarray:
        samples = np.pad(audio.samples.astype(np.float32), (0, max(0, self._least - len(audio.samples))))
        if self._normalised:
            samples = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
        return self._net.run([wanted], {"samples": samples[None]})[0]
