"""Graphics cards and the like, asked of their own drivers."""

from __future__ import annotations

import ctypes
import ctypes.util
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path

from digiclone.config import Strict


class Accelerator(Strict):
    """One. Where it shares the memory of the processor, `unified`."""

    name: str
    maker: str
    memory_gb: float
    memory_free_gb: float | None = None
    unified: bool = False


def found(unread: list[str]) -> Iterator[Accelerator]:
    """Those that this machine has. What is there and may not be asked is added to `unread`."""
    yield from nvidia(unread)
    yield from amd(unread)
    yield from jetson()
    yield from apple()


class _Memory(ctypes.Structure):
    """nvmlMemory_t: bytes."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def nvidia(unread: list[str]) -> Iterator[Accelerator]:
    """By NVIDIA's management library, which comes with the driver."""
    name = ctypes.util.find_library("nvidia-ml") or "libnvidia-ml.so.1"
    try:
        nvml = ctypes.CDLL(name)
    except OSError:
        return
    if status := nvml.nvmlInit_v2():
        unread.append(f"NVIDIA's driver (NVML says {status}): its cards are not counted")
        return
    try:
        count = ctypes.c_uint()
        nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
        for number in range(count.value):
            handle, memory = ctypes.c_void_p(), _Memory()
            title = ctypes.create_string_buffer(96)
            nvml.nvmlDeviceGetHandleByIndex_v2(number, ctypes.byref(handle))
            nvml.nvmlDeviceGetName(handle, title, len(title))
            if nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)):
                unread.append(f"the memory of {title.value.decode()}: it is not counted")
                continue
            yield Accelerator(
                name=title.value.decode(),
                maker="NVIDIA",
                memory_gb=round(memory.total / 1e9, 2),
                memory_free_gb=round(memory.free / 1e9, 2),
            )
    finally:
        nvml.nvmlShutdown()


def amd(unread: list[str], root: Path = Path("/sys/class/drm")) -> Iterator[Accelerator]:
    """By what the amdgpu driver tells through Linux."""
    for total in sorted(root.glob("card[0-9]*/device/mem_info_vram_total")):
        try:
            whole, used = int(total.read_text()), int(total.with_name("mem_info_vram_used").read_text())
            title = total.with_name("product_name")
            name = title.read_text().strip() if title.is_file() else "AMD graphics"
        except (OSError, ValueError) as error:
            unread.append(f"an AMD card ({error}): it is not counted")
            continue
        yield Accelerator(name=name, maker="AMD", memory_gb=whole / 1e9, memory_free_gb=(whole - used) / 1e9)


def jetson(file: Path = Path("/proc/device-tree/model")) -> Iterator[Accelerator]:
    """A Jetson says what it is in its device tree; its GPU has the processor's memory."""
    name = file.read_bytes().rstrip(b"\0").decode("utf-8", "replace") if file.is_file() else ""
    if "jetson" in name.lower() or "orin" in name.lower():
        import psutil  # noqa: PLC0415

        yield Accelerator(
            name=name, maker="NVIDIA", memory_gb=round(psutil.virtual_memory().total / 1e9, 2), unified=True
        )


def apple() -> Iterator[Accelerator]:
    """Apple's chips are asked by the system's own program."""
    if platform.system() != "Darwin" or platform.machine() != "arm64":
        return
    asked = ["sysctl", "-n", "machdep.cpu.brand_string", "hw.memsize"]
    name, memory = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split("\n")[:2]
    yield Accelerator(name=name, maker="Apple", memory_gb=round(int(memory) / 1e9, 2), unified=True)
