"""What was measured of this machine's models, and what stands in for it until it is: `digiclone bench` writes it,
`digiclone plan` reads it.

    home()/measured.json      this machine's own
    plan/measured.json        of the machine that the package was made on, scaled by how fast this one computes
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from digiclone.artifacts import write_atomically
from digiclone.config import ConfigError, Strict
from digiclone.plan.cost import Line, Positive, Rates
from digiclone.weights import home

FILE = "measured.json"
Kind = Literal["llm", "asr", "tts", "server"]
Scaling = Annotated[float, Field(ge=0, le=1)]
"""n threads are worth n to this power."""


class Ears(Strict):
    """A recogniser on one thread."""

    line: Line
    scaling: Scaling
    memory_mb: Positive


class Mouth(Strict):
    """A voice on one thread: seconds until the first sound of ten words, and of computing for a second of speech."""

    first_s: Positive
    rtf: Positive
    scaling: Scaling
    memory_mb: Positive


class Measured(Strict):
    """Of a machine; recognisers and voices by kind:backend:model."""

    machine: str
    flops: Annotated[float, Field(gt=0)]
    """Operations a second of one thread."""
    rates: Rates
    server_mb: Positive
    """What the server takes with parts that take nothing, and with the listener for turns."""
    turn_s: Positive = 0.1
    """Seconds in which the listener for turns decides whether a sentence is finished, on one thread."""
    asr: dict[str, Ears] = Field(default_factory=dict)
    tts: dict[str, Mouth] = Field(default_factory=dict)
    here: tuple[Kind, ...] = ()
    """What of it was measured on this machine; the rest is another's, scaled."""

    def scaled(self, flops: float) -> Measured:
        """As it would be on a machine one thread of which does so many operations a second."""
        by = self.flops / flops
        # what the rates count in operations follows the machine by itself
        rates = {name: getattr(self.rates, name) * by for name in ("layer_s", "sync_s", "step_s")}
        return Measured(
            machine=self.machine,
            flops=flops,
            server_mb=self.server_mb,
            turn_s=self.turn_s * by,
            rates=self.rates.model_copy(update=rates),
            asr={name: one.model_copy(update={"line": slower(one.line, by, by)}) for name, one in self.asr.items()},
            tts={
                name: one.model_copy(update={"first_s": one.first_s * by, "rtf": one.rtf * by})
                for name, one in self.tts.items()
            },
        )


def slower(line: Line, constant: float, per_second: float) -> Line:
    """A line of which both parts take so many times as long."""
    return line.model_copy(update={"constant": line.constant * constant, "per_second": line.per_second * per_second})


def shipped() -> Measured:
    """Of the machine that the package was made on."""
    return Measured.model_validate_json((files("digiclone.plan") / FILE).read_text("utf-8"))


def own(machine: str, flops: float) -> Measured:
    """Of this machine, one thread of which does so many operations a second; what was not measured on it is what was
    shipped, scaled. Raises `ConfigError` for a damaged file."""
    usual = shipped().scaled(flops).model_copy(update={"machine": machine})
    file = home() / FILE
    if not file.is_file():
        return usual
    mine = read(file)
    if mine.machine != machine:  # the folder was brought here from another one
        return usual
    return mine.model_copy(update={"asr": {**usual.asr, **mine.asr}, "tts": {**usual.tts, **mine.tts}})


def read(file: Path) -> Measured:
    """Raises `ConfigError` for a file that is none."""
    try:
        return Measured.model_validate_json(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise ConfigError(
            f"{file} cannot be read ({first}); delete it, and measure again: digiclone bench llm"
        ) from None


def keep(found: Measured) -> Path:
    """Write what was measured; where it lies."""
    file = home() / FILE
    write_atomically(file, found.model_dump_json(indent=1).encode())
    return file
