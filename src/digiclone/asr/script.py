"""Hears what it is told to hear. No weights, no packages."""

from digiclone.config import Strict
from digiclone.dsp import rms
from digiclone.types import Audio

NEEDS = ()
MODELS = ()


class Options(Strict):
    text: str = "Hello there."
    """What every utterance is taken to say; silence says nothing."""


class Backend:
    def __init__(self, options: Options) -> None:
        self._text = options.text

    def transcribe(self, audio: Audio) -> str:
        return self._text if rms(audio.samples) > 1e-4 else ""
