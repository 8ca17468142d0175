"""Phone times in, viseme times out: a table. Exact when the synthesiser aligns.

Phones are misaki's (Kokoro, Hibari) and plain IPA; visemes the 15 of Oculus. A diphthong is two mouths, one after the
other. Speech without phone times is left to a backend that listens.
"""

from functools import cached_property

from digiclone import registry
from digiclone.config import Strict
from digiclone.stages import Lipsync
from digiclone.types import Mark, Speech

NEEDS = ()
MODELS = ()

_MOUTHS = {
    "PP": "pbm",
    "FF": "fvɱ",
    "TH": "θð",
    "DD": "tdɾTʔ",
    "kk": "kɡgŋhxɣ",
    "CH": "ʧʤʃʒʨʥɕ",
    "SS": "szʦʣ",
    "nn": "nlɲɫ",
    "RR": "ɹrɻʁɚɝ",
    "aa": "aɑæʌɐɒ",
    "E": "eɛəɜᵊ",
    "I": "iɪjᵻɨy",
    "O": "oɔø",
    "U": "uʊwʉɯ",
}
_TABLE = {phone: (viseme,) for viseme, phones in _MOUTHS.items() for phone in phones}
_TABLE |= {"A": ("E", "I"), "I": ("aa", "I"), "W": ("aa", "U"), "Y": ("O", "I"), "O": ("O", "U"), "Q": ("E", "U")}


class Options(Strict):
    untimed: str = "heard"
    """The backend for speech without phone times. `energy` needs no packages."""


class Backend:
    def __init__(self, options: Options) -> None:
        self._options = options

    @cached_property
    def _listener(self) -> Lipsync:
        return registry.load("lipsync", self._options.untimed)

    def mouth(self, speech: Speech) -> tuple[Mark, ...]:
        if not speech.phones:
            return self._listener.mouth(speech)
        marks: list[Mark] = []
        for phone in speech.phones:
            for viseme, start, end in _split(phone):
                if marks and marks[-1].symbol == viseme and marks[-1].end == start:
                    marks[-1] = Mark(viseme, marks[-1].start, end)
                elif end > start:
                    marks.append(Mark(viseme, start, end))
        return tuple(marks)


def _split(phone: Mark) -> list[tuple[str, float, float]]:
    visemes = _TABLE.get(phone.symbol, ("sil",))
    step = (phone.end - phone.start) / len(visemes)
    edges = [phone.start + step * i for i in range(len(visemes))] + [phone.end]
    return list(zip(visemes, edges, edges[1:], strict=False))
