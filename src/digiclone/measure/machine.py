"""This machine in a few words, and what a process took of it."""

import platform
from pathlib import Path
from typing import Any

import psutil

from digiclone.llm.llamacpp import cores


def device() -> dict[str, Any]:
    """What a figure was measured on."""
    return {
        "cpu": _cpu_name(),
        "cores": cores(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
    }


def slug() -> str:
    """The device as a file name."""
    d = device()
    words = "".join(c if c.isalnum() else " " for c in f"{d['cpu']} {d['cores']} cores".lower()).split()
    return "-".join(words)


def peak_memory(pid: int) -> float:
    """The most memory that a running process ever held, in MB. On Linux the kernel's own figure, elsewhere the
    present one."""
    status = Path(f"/proc/{pid}/status")
    if status.is_file():
        (line,) = (x for x in status.read_text().splitlines() if x.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return psutil.Process(pid).memory_info().rss / 2**20


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
