"""Where a clone would compute, as the cost model wants it: this machine as measured, or a device of the table."""

from __future__ import annotations

from dataclasses import dataclass, replace

from digiclone.plan import measured, probe
from digiclone.plan.cost import Rates
from digiclone.plan.device import Device
from digiclone.plan.measured import Measured
from digiclone.plan.menu import Place

GIGA = 1e9
REACHED = 0.75
"""Of the peak of a processor's arithmetic, in a large matrix product."""
READ = 0.8
"""Of the peak of memory's bandwidth, by all cores together."""
LEFT, LEFT_CARD = 0.85, 0.95
"""Of the memory, by the system and the desktop; on a card by its driver."""
CORE = {"x86_64": 6e10, "arm64": 2.5e10}
"""Operations a second of one core, where a table tells those of the accelerator only: AVX2 at 3 GHz, and a Cortex-A78
at 2 GHz, of whose peaks `REACHED`."""
CORES = 8
"""Where a table tells none: of the computer around a card."""
HOST_MEMORY, HOST_BANDWIDTH = 16 * GIGA, 50 * GIGA
"""Of that computer: two channels of DDR4-3200."""
GRAPHICS = Rates(
    reach=0.85, layer_s=1.5e-5, step_s=3e-4,
    writing={"F16": 0.0, "Q8_0": 4.2, "Q4_0": 6.5}, reading={"F16": 2.8, "Q8_0": 3.1, "Q4_0": 3.1},
    scaling=1.0, engine_bytes=4e8, buffer_bytes=4.0,
)  # fmt: skip
"""What llama.cpp makes of an accelerator, by its own published tables of Llama 2 7B (its discussion 4167: M2 Max, 400
GB/s, 13.6 TFLOPS: 24.7, 41.8 and 66.0 tokens a second in F16, Q8_0 and Q4_0, and 756, 678 and 671 of a prompt).
The constants of a layer and a step are a guess of what starting so many kernels takes."""


@dataclass(frozen=True)
class Site:
    """A host, its accelerator if it has one, how many cores compute, the widths there are, what models cost there, and
    what was assumed."""

    name: str
    title: str
    host: Place
    card: Place | None
    cores: int
    bits: tuple[int, ...]
    known: Measured
    assumed: tuple[str, ...] = ()


def here(again: bool = False) -> Site:
    """This machine. The engine that comes with the package computes on the processor: an accelerator is not used.
    Raises `ConfigError` if what was measured before is damaged."""
    machine = probe.machine(again)
    device = machine.device
    cores = device.cores or 1
    flops = device.tflops_fp32 * 1e12 / cores
    known = measured.own(device.title, flops)
    host = Place(flops, device.bandwidth_gbs * GIGA, machine.usable_gb * GIGA, known.rates)
    unused = [f"{one.name} is not used: the engine that comes with the package computes on the processor"
              for one in machine.accelerators]  # fmt: skip
    return Site(device.name, device.title, host, None, cores, device.bits, known, (*machine.unread, *unused))


def there(device: Device) -> Site:
    """A device of the table, or of a file: its processor, or an accelerator and the processor beside it."""
    cores = device.cores or CORES
    own = device.kind == "cpu"
    flops = REACHED * (device.tflops_fp32 * 1e12 / cores if own else CORE[device.arch])
    known = measured.shipped().scaled(flops)
    bandwidth, memory = READ * device.bandwidth_gbs * GIGA, LEFT * device.memory_gb * GIGA
    host = Place(flops, bandwidth, memory, known.rates)
    if own:
        return Site(device.name, device.title, host, None, cores, device.bits, known)
    assumed = [f"each core does {flops / GIGA:.0f} GFLOPS"]
    card = Place(
        flops=(device.tflops_fp16 or device.tflops_fp32) * 1e12,
        bandwidth=device.bandwidth_gbs * GIGA,
        memory=LEFT_CARD * device.memory_gb * GIGA,
        rates=GRAPHICS,
    )
    if device.kind == "unified":
        card = replace(card, memory=memory, unified=True)
    else:
        host = replace(host, bandwidth=HOST_BANDWIDTH, memory=HOST_MEMORY)
        memory, bandwidth = HOST_MEMORY / GIGA, HOST_BANDWIDTH / GIGA
        assumed.append(f"the computer around it has {cores} cores, {memory:.0f} GB and {bandwidth:.0f} GB/s")
    assumed.append("its accelerator reaches what llama.cpp reaches of others (not measured here)")
    return Site(device.name, device.title, host, card, cores, device.bits, known, tuple(assumed))
