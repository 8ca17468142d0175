"""Hibari: one voice distilled from Kokoro, 8 MB, a hundred times faster than real time on one core. English.

Its graph knows how long each phone lasts but does not say so; `with_output` makes it. So the mouth is exact.
"""

from collections.abc import Iterator

import numpy as np

from digiclone.config import Strict
from digiclone.text.g2p import phonemize
from digiclone.text.voicing import voice
from digiclone.types import Speech
from digiclone.weights import File, Model, path

NEEDS = ("onnxruntime", "hibari")
MODELS = (
    Model(
        "heart",
        (
            File(
                "hibari.onnx",
                "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8",
                7_936_868,
                ("pypi:hibari-tts==0.2.1!hibari/assets/hibari.onnx",),
            ),
        ),
        "Apache-2.0",
        "Maureese Williams, distilled from Kokoro-82M af_heart",
        {"rate": 24_000},
    ),
)
_RATE = 24_000
_FRAME = 600
"""Samples in one unit of duration."""
_DURATIONS = "/Round_output_0"


class Options(Strict):
    model: str = "heart"
    speed: float = 1.0
    threads: int = 1


class Backend:
    def __init__(self, options: Options) -> None:
        import json  # noqa: PLC0415
        from importlib.resources import files  # noqa: PLC0415

        from hibari import dsp

        from digiclone.onnx import session, with_output  # noqa: PLC0415

        (row,) = (m for m in MODELS if m.name == options.model)
        self._session = session(with_output(path(row.files[0]).read_bytes(), _DURATIONS), options.threads)
        self._vocabulary: dict[str, int] = json.loads((files("hibari") / "assets/vocab.json").read_text("utf-8"))
        self._synth = dsp.synth
        self._speed = np.array([options.speed], np.float32)
        phonemize("Wake up.")  # unpacks the lexicon now, not in the first reply

    def speak(self, text: str) -> Iterator[Speech]:
        phones = "".join(p for p in phonemize(text) if p in self._vocabulary)
        if not phones:
            return
        ids = np.array([[0, *(self._vocabulary[p] for p in phones), 0]], np.int64)
        *spectrum, durations = self._session.run(None, {"ids": ids, "speed": self._speed})
        lh, theta, ln, lr, phi, f0 = (part[0] for part in spectrum)
        # the breath in the voice is noise: a fixed seed makes a phrase always sound the same
        samples = self._synth(lh, theta, ln, lr, phi, f0, np.random.default_rng(0))
        yield voice(text, phones, durations * _FRAME, samples, _RATE)
