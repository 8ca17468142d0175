"""The number formats that a language model can be written in."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from digiclone.artifacts import replacing
from digiclone.config import ConfigError, nearest
from digiclone.requantise import BESIDE, FORMATS, Encode, requantise, rounded

Importance = Mapping[str, np.ndarray]
"""How strongly each column of a matrix is driven, by the matrix's name (`train/activations.py`)."""


def known(name: str) -> str:
    """The format that is meant by a name. Raises `ConfigError` if it is none."""
    kind = name.upper()
    if kind not in FORMATS:
        raise ConfigError(f"there is no format {name!r}; {nearest(kind, list(FORMATS))}")
    return kind


def opened(file: Path) -> Any:
    """A reader of a GGUF file. Raises `ConfigError` if it is none, is cut off, or is one of several parts."""
    from digiclone.gguffile import Reader

    if not file.is_file():
        raise ConfigError(f"there is no file {file}")
    with file.open("rb") as beginning:
        if beginning.read(4) != b"GGUF":
            raise ConfigError(f"{file} is no GGUF file")
    try:
        reader = Reader(file)
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

    Raises `ConfigError` if the disk refuses.
    """
    try:
        with replacing(out) as file:
            encode = _encoder(kind, importance) if importance else None
            requantise(source, Path(file.name), kind, encode, tell)
    except OSError as error:
        raise ConfigError(f"cannot write {out}: {error.strerror or error}") from error


def beside(file: Path, kind: str) -> str:
    """What to say of matrices that could not be written in the format; nothing if all were."""
    other = BESIDE.get(kind)
    count = sum(tensor.tensor_type.name == other for tensor in opened(file).tensors)
    return f"{count} matrices are in {other}: their rows are no multiple of 256." if other and count else ""


def _encoder(kind: str, importance: Importance) -> Encode:
    """Matrices whose importance is known with searched scales, the others as usual."""
    return lambda name, matrix: rounded(matrix, kind, importance[name]) if name in importance else None
