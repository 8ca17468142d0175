"""A recogniser of one person's speech, however they speak: the bridge that `digiclone align train` made."""

from collections.abc import Sequence
from pathlib import Path

from digiclone import bridge
from digiclone.config import ConfigError, Strict
from digiclone.types import Audio
from digiclone.weights import File

NEEDS = ("onnxruntime",)
MODELS = ()


class Options(Strict):
    bridge: str = ""
    """The folder of one, as `digiclone align train` writes it in a clone's folder."""


def files(options: Options) -> Sequence[File]:
    """The weights that it needs."""
    return bridge.files(folder(options.bridge))


def folder(given: str) -> Path:
    """Raises `ConfigError` if none is given."""
    if not given:
        raise ConfigError("asr:bridge needs a bridge: make one with `digiclone align train CLONE`")
    return Path(given).expanduser()


class Backend:
    def __init__(self, options: Options) -> None:
        self._bridge = bridge.opened(folder(options.bridge))

    def transcribe(self, audio: Audio) -> str:
        return self._bridge.hear(audio).text
