"""The number formats that a language model can be written in, and who writes them."""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from digiclone.artifacts import replacing
from digiclone.config import ConfigError, nearest
from digiclone.requantise import FORMATS, requantise

PROGRAM = "llama-quantize"
PROGRAMS = (
    "Q6_K", "Q5_K_M", "Q5_K_S", "Q4_K_M", "Q4_K_S", "IQ4_NL", "IQ4_XS", "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q2_K",
)  # fmt: skip
"""Formats that only llama.cpp's own program writes."""

Importance = Mapping[str, np.ndarray]
"""How strongly each column of a matrix is driven, by the matrix's name (`train/activations.py`)."""


def known(name: str) -> str:
    """The format that is meant by a name. Raises `ConfigError` if it is none, or if nothing here can write it."""
    kind = name.upper()
    if kind in PROGRAMS and shutil.which(PROGRAM) is None:
        raise ConfigError(
            f"{kind} is written by {PROGRAM}, which is not here: install llama.cpp (github.com/ggml-org/llama.cpp) so "
            f"that {PROGRAM} is on the PATH, or take one of {', '.join(FORMATS)}"
        )
    if kind not in (*FORMATS, *PROGRAMS):
        raise ConfigError(f"there is no format {name!r}; {nearest(kind, [*FORMATS, *PROGRAMS])}")
    return kind


def opened(file: Path) -> Any:
    """A reader of a GGUF file. Raises `ConfigError` if it is none, is cut off, or is one of several parts."""
    from gguf import GGUFReader

    if not file.is_file():
        raise ConfigError(f"there is no file {file}")
    with file.open("rb") as beginning:
        if beginning.read(4) != b"GGUF":
            raise ConfigError(f"{file} is no GGUF file")
    try:
        reader = GGUFReader(file)
        parts = int(reader.fields["split.count"].contents()) if "split.count" in reader.fields else 1
    except Exception as error:  # whatever numpy says of bytes that are not there
        raise ConfigError(f"{file} is a GGUF file that is cut off or damaged ({error})") from error
    if parts > 1:
        raise ConfigError(f"{file} is one of {parts} parts; make one of them with: llama-gguf-split --merge")
    return reader


def write(
    source: Path, out: Path, kind: str, importance: Importance | None, tell: Callable[[str, float], None]
) -> None:
    """Write `source` in the format `kind`, whole or not at all; with its scales searched if `importance` is known.

    Raises `ConfigError` if the disk or the program refuses.
    """
    try:
        with replacing(out) as file:
            half = Path(file.name)
            if kind in PROGRAMS:
                tell(f"writing {kind}", 0.0)
                _by_program(source, half, kind)
            elif importance is None:
                requantise(source, half, kind, tell=tell)
            else:
                from digiclone.train.clip import encoder  # noqa: PLC0415

                requantise(source, half, kind, encoder(importance), tell)
    except OSError as error:
        raise ConfigError(f"cannot write {out}: {error.strerror or error}") from error


def _by_program(source: Path, out: Path, kind: str) -> None:
    command = [PROGRAM, "--allow-requantize", str(source), str(out), kind]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if run.returncode:
        raise ConfigError(f"{PROGRAM} failed: {run.stdout.strip()[-500:]}")
