"""What this machine is and can do: asked of the system, and measured where it matters.

A sensor that may not be read is named in `Machine.unread`, and what stands in for it; nothing is guessed silently.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil

from digiclone.artifacts import write_atomically
from digiclone.config import Strict
from digiclone.measure.machine import cores
from digiclone.measure.machine import device as described
from digiclone.plan import accelerators
from digiclone.plan.accelerators import Accelerator
from digiclone.plan.device import Device
from digiclone.weights import home

GIGA = 1e9
ROUNDS = 3
BLOCK = 64 << 20
"""Bytes that each thread reads in a round: more than caches hold."""
SIDE = 1024
"""Of the square matrices that are multiplied."""
TOLD = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "asimddp", "i8mm", "sve", "bf16")
"""Instructions that matrix kernels use, as Linux calls them."""


class Machine(Strict):
    """This machine. `device` has what was measured in place of peaks."""

    device: Device
    memory_total_gb: float
    memory_free_gb: float
    memory_limit_gb: float | None = None
    """Of the container, if it has one."""
    instructions: tuple[str, ...] = ()
    accelerators: tuple[Accelerator, ...] = ()
    unread: tuple[str, ...] = ()
    """What could not be read, and what stands in for it."""

    @property
    def usable_gb(self) -> float:
        """What models may take: what is free, or what the container leaves of that."""
        limits = [self.memory_free_gb, *([self.memory_limit_gb] if self.memory_limit_gb is not None else [])]
        return max(0.0, min(limits))


def machine(again: bool = False) -> Machine:
    """This machine; what was measured before is not measured `again` unless the processor is another one."""
    unread = list[str]()
    cores, instructions = _cores(), _instructions(unread)
    key = {"cpu": described()["cpu"], "cores": cores, "instructions": list(instructions)}
    bandwidth, flops = _measured(key, again)
    total = psutil.virtual_memory().total / GIGA
    device = Device(
        name="this-machine",
        title=f"{described()['cpu']}, {cores} cores",
        kind="cpu",
        arch="arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64",
        cores=cores,
        memory_gb=round(total, 2),
        bandwidth_gbs=round(bandwidth, 2),
        tflops_fp32=round(flops, 4),
        bits=(16, 8, 4, 2),  # the engine unpacks all of llama.cpp's formats on any processor
        source="measured on this machine",
    )
    return Machine(
        device=device,
        memory_total_gb=round(total, 2),
        memory_free_gb=round(psutil.virtual_memory().available / GIGA, 2),
        memory_limit_gb=container_room(unread),
        instructions=instructions,
        accelerators=tuple(accelerators.found(unread)),
        unread=tuple(unread),
    )


def bandwidth(threads: int) -> float:
    """GB/s that so many threads read together."""
    blocks = [np.ones(BLOCK // 4, np.float32) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:

        def read() -> None:
            list(pool.map(np.max, blocks))  # numpy releases the GIL

        return threads * BLOCK / _quickest(read) / GIGA


def flops() -> float:
    """10^12 single precision operations a second in a matrix product, by numpy's library."""
    left, right = np.ones((2, SIDE, SIDE), np.float32)
    return 2 * SIDE**3 / _quickest(lambda: left @ right) / 1e12


def container_room(unread: list[str], root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """GB that the container still allows; None where nothing limits it."""
    for most, used in (
        (root / "memory.max", root / "memory.current"),
        (root / "memory" / "memory.limit_in_bytes", root / "memory" / "memory.usage_in_bytes"),
    ):
        try:
            text = most.read_text().strip()
            if text.isdigit() and int(text) < 2**60:
                return round((int(text) - int(used.read_text())) / GIGA, 2)
        except FileNotFoundError:
            continue
        except OSError as error:
            unread.append(f"the container's limit ({error.strerror}): all free memory counts")
    return None


def _cores() -> int:
    """Cores that this process may use, or that the container pays for."""
    count = cores()
    quota = Path("/sys/fs/cgroup/cpu.max")
    if quota.is_file():
        most, _, period = quota.read_text().partition(" ")
        if most.strip().isdigit():
            count = min(count, max(1, round(int(most) / int(period))))
    return count


def _instructions(unread: list[str]) -> tuple[str, ...]:
    told = Path("/proc/cpuinfo")
    try:
        words = set(told.read_text("utf-8").split())
    except OSError:
        unread.append("the processor's instructions: those of every processor of its kind")
        return ()
    return tuple(name for name in TOLD if name in words)


def _measured(key: dict[str, object], again: bool) -> tuple[float, float]:
    """GB/s and 10^12 operations a second, measured once."""
    file = home() / "machine.json"
    try:
        kept = json.loads(file.read_text("utf-8"))
        if kept["key"] == key and not again:
            return float(kept["bandwidth_gbs"]), float(kept["tflops"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # never measured, or not whole: measured now
    cores = int(str(key["cores"]))
    found = {"key": key, "bandwidth_gbs": bandwidth(cores), "tflops": flops()}
    write_atomically(file, json.dumps(found).encode())
    return float(found["bandwidth_gbs"]), float(found["tflops"])


def _quickest(work: Callable[[], object]) -> float:
    work()
    took = list[float]()
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return min(took)
