"""What there is to choose from, with what each costs and is worth, and what somebody wishes. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from digiclone.plan.cost import Line, Rates, Shape

VARIABLES = ("asr", "llm", "format", "tts", "vocoder", "threads", "offload")
ASR, LLM, FORMAT, TTS, VOCODER, THREADS, OFFLOAD = range(len(VARIABLES))


@dataclass(frozen=True)
class Ear:
    """A recogniser: words wrong (percent), seconds on one thread, bytes; n threads are worth n to the power of its
    `scaling`."""

    name: str
    wer: float
    line: Line
    memory: float
    scaling: float = 0.9
    commercial: bool = True


@dataclass(frozen=True)
class Mind:
    """A language model: bytes of its file by format, a score (0-100) of the best of them."""

    name: str
    shape: Shape
    files: Mapping[str, int]
    score: float
    commercial: bool = True


@dataclass(frozen=True)
class Voice:
    """A voice: opinion (1-5), seconds on one thread until its first sound and for a second of speech, bytes; and the
    vocoders that make sound of what it makes."""

    name: str
    mos: float
    first_s: float
    rtf: float
    memory: float
    scaling: float = 0.9
    vocoders: tuple[str, ...] = ("its own",)
    commercial: bool = True


@dataclass(frozen=True)
class Vocoder:
    """What it adds to those of a voice."""

    name: str = "its own"
    first_s: float = 0.0
    rtf: float = 0.0
    memory: float = 0.0
    mos: float = 0.0


@dataclass(frozen=True)
class Form:
    """A format of weights: bits, and the share of a score that it costs."""

    name: str
    bits: int
    loss: float


@dataclass(frozen=True)
class Place:
    """Where things compute: operations a second of one thread, bytes a second and bytes of memory of all."""

    flops: float
    bandwidth: float
    memory: float
    rates: Rates
    unified: bool = False
    """Of an accelerator: its memory is the host's."""


@dataclass(frozen=True)
class Menu:
    """All there is to choose from."""

    ears: Sequence[Ear]
    minds: Sequence[Mind]
    forms: Sequence[Form]
    voices: Sequence[Voice]
    vocoders: Sequence[Vocoder]
    threads: Sequence[int]
    offloads: Sequence[float] = (0.0,)
    server: float = 0.0
    """Bytes of what all of them run in."""
    turn_s: float = 0.0
    """Seconds of one thread to decide whether a sentence is finished, while the recogniser works."""

    def names(self, variable: int) -> list[str]:
        """The values of a variable."""
        rows = (self.ears, self.minds, self.forms, self.voices, self.vocoders)
        if variable < len(rows):
            return [row.name for row in rows[variable]]
        return [str(number) for number in (self.threads if variable == THREADS else self.offloads)]


@dataclass(frozen=True)
class Wishes:
    """What somebody asks for; None is what the mode says, or no limit. `pins` are values by the names of variables."""

    mode: str = "realtime"
    memory: float | None = None
    latency_s: float | None = None
    score: float | None = None
    commercial: bool = False
    pins: Mapping[str, str] = field(default_factory=dict)
