"""This machine in a few words, and what a process took of it."""

import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from digiclone.llm.llamacpp import cores

DOTS = {"avx512_vnni", "avx_vnni", "asimddp"}
"""What processors call it that they multiply and add four pairs of 8-bit numbers at once: it decides how quick a
quantised model is, and makers sell machines with and without it under one name."""


def device() -> dict[str, Any]:
    """What a figure was measured on."""
    return {
        "cpu": _cpu_name(),
        "cores": cores(),
        "integer_dots": bool(DOTS.intersection(" ".join(_told("flags", "Features")).split())),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
    }


def slug() -> str:
    """The device as a file name."""
    d = device()
    told = f"{d['cpu']} {d['cores']} cores{' integer dots' if d['integer_dots'] else ''}"
    return "-".join("".join(c if c.isalnum() else " " for c in told.lower()).split())


def peak_memory(pid: int) -> float:
    """The most memory that a running process ever held, in MB. On Linux the kernel's own figure, elsewhere the
    present one."""
    status = Path(f"/proc/{pid}/status")
    if status.is_file():
        (line,) = (x for x in status.read_text().splitlines() if x.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return psutil.Process(pid).memory_info().rss / 2**20


def _cpu_name() -> str:
    return next(_told("model name"), platform.processor() or platform.machine())


def _told(*names: str) -> Iterator[str]:
    """What Linux says of its processors under one of the `names`."""
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.is_file() else ():
        name, _, value = line.partition(":")
        if name.strip() in names:
            yield value.strip()
