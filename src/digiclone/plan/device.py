"""What a device can do, from a table of known ones (`devices.toml`) or a file of one's own."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from digiclone.config import ConfigError, Strict, load_toml, nearest, parse

Gigabytes = Annotated[float, Field(gt=0, le=4096)]
Rate = Annotated[float, Field(gt=0, le=100_000)]
Bits = Literal[1, 2, 3, 4, 5, 6, 8, 16, 32]


class Printed(Strict):
    """What tinyDigiClones says of one of its five devices, and what is wrong with it."""

    memory_gb: Gigabytes
    tflops: Rate
    error: str = ""


class Device(Strict):
    """Peaks, as vendors print them: GB and GB/s are powers of ten, operations are dense."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    title: str
    kind: Literal["gpu", "unified", "cpu"]
    """A card with memory of its own; processor and accelerator with one memory; only a processor."""
    arch: Literal["x86_64", "arm64"]
    cores: Annotated[int, Field(gt=0, le=1024)] | None = None
    memory_gb: Gigabytes
    """Of the memory that models live in."""
    bandwidth_gbs: Rate
    tflops_fp32: Rate
    tflops_fp16: Rate | None = None
    tops_int8: Rate | None = None
    bits: Annotated[tuple[Bits, ...], Field(min_length=1)]
    """Widths of weights that it computes with."""
    watts: Annotated[float, Field(gt=0, le=10_000)] | None = None
    source: str
    confirmed: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")] | None = None
    """The month in which the numbers were found in a text."""
    note: str = ""
    paper: Printed | None = None


@cache
def known() -> dict[str, Device]:
    """The table, by name."""
    rows: list[dict[str, Any]] = tomllib.loads((files("digiclone.plan") / "devices.toml").read_text("utf-8"))["device"]
    devices = [parse(Device, row, f"devices.toml: {row.get('name', '?')}") for row in rows]
    return {device.name: device for device in devices}


def find(name: str) -> Device:
    """A device by its name in the table, or by a TOML file. Raises `ConfigError`, with the nearest names there are."""
    if name.endswith(".toml"):
        return read(Path(name).expanduser())
    if name not in known():
        raise ConfigError(
            f"no device {name!r}; {nearest(name, sorted(known()))} A device of your own is a file: --device my.toml "
            "(docs/plan.md shows one); this machine is --device auto"
        )
    return known()[name]


def read(file: Path) -> Device:
    """A device of one's own: the keys of `devices.toml`, without `[[device]]`. Raises `ConfigError`."""
    values = load_toml(file)
    if not values:
        raise ConfigError(f"{file}: there is no such file, or nothing in it")
    values = {"name": "mine", "title": file.stem, "source": f"{file.name}, {date.today():%Y-%m}", **values}
    return parse(Device, values, str(file))
