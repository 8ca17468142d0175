"""Says back what it heard, word by word. No weights, no packages."""

import time
from collections.abc import Iterator, Sequence

from digiclone.config import Strict
from digiclone.types import Audio, Message

NEEDS = ()
MODELS = ()


class Options(Strict):
    seconds_per_word: float = 0.0
    repeat: int = 1


class Backend:
    def __init__(self, options: Options) -> None:
        self._options = options

    def reply(self, messages: Sequence[Message], audio: Audio | None = None) -> Iterator[str]:
        for word in messages[-1].text.split() * self._options.repeat:
            time.sleep(self._options.seconds_per_word)
            yield word + " "
