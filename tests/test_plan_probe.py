"""What is found out about this machine, on machines that are not this one."""

import json
import os
from pathlib import Path

import pytest

from digiclone.plan import accelerators, probe


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Measuring costs nothing here; what was measured is listed."""
    asked = list[str]()

    def measured(what: str, value: float) -> float:
        asked.append(what)
        return value

    monkeypatch.setenv("DIGICLONE_HOME", str(tmp_path))
    monkeypatch.setattr(probe, "bandwidth", lambda _threads: measured("bandwidth", 20.0))
    monkeypatch.setattr(probe, "flops", lambda: measured("flops", 0.1))
    return asked


def test_this_machine_is_measured_once(quick: list[str], tmp_path: Path) -> None:
    first, second = probe.machine(), probe.machine()
    assert first.device == second.device
    assert (first.device.bandwidth_gbs, first.device.tflops_fp32) == (20.0, 0.1)
    assert first.device.cores
    assert first.memory_total_gb >= first.usable_gb > 0
    assert quick == ["bandwidth", "flops"]
    probe.machine(again=True)
    assert len(quick) == 4


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": 1}', "null"])
def test_another_processor_or_a_torn_file_is_measured_again(quick: list[str], tmp_path: Path, content: str) -> None:
    probe.machine()
    (tmp_path / "machine.json").write_text(content)
    probe.machine()
    assert len(quick) == 4
    kept = json.loads((tmp_path / "machine.json").read_text())
    kept["key"]["cpu"] = "another"
    (tmp_path / "machine.json").write_text(json.dumps(kept))
    probe.machine()
    assert len(quick) == 6


def test_what_is_measured_is_possible() -> None:
    assert 0.5 < probe.bandwidth(1) < 2000
    assert 0.0005 < probe.flops() < 100


@pytest.mark.parametrize(
    ("files", "room"),
    [
        ({}, None),
        ({"memory.max": "max\n", "memory.current": "5\n"}, None),
        ({"memory.max": "4000000000\n", "memory.current": "1000000000\n"}, 3.0),
        ({"memory/memory.limit_in_bytes": "2000000000", "memory/memory.usage_in_bytes": "500000000"}, 1.5),
        ({"memory/memory.limit_in_bytes": "9223372036854771712", "memory/memory.usage_in_bytes": "5"}, None),
        ({"memory.max": "1000000000\n", "memory.current": "1500000000\n"}, -0.5),
    ],
)
def test_a_containers_room_is_its_limit_without_what_it_holds(
    tmp_path: Path, files: dict[str, str], room: float | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert probe.container_room([], tmp_path) == room


def test_models_may_take_what_the_container_leaves(quick: list[str]) -> None:
    found = probe.machine().model_copy(update={"memory_free_gb": 10.0, "memory_limit_gb": 3.0})
    assert found.usable_gb == 3.0
    assert found.model_copy(update={"memory_limit_gb": -0.5}).usable_gb == 0.0
    assert found.model_copy(update={"memory_limit_gb": None}).usable_gb == 10.0


def test_a_limit_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_self: Path, *_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    unread = list[str]()
    monkeypatch.setattr(Path, "read_text", forbidden)
    assert probe.container_room(unread, tmp_path) is None
    assert any("Permission denied" in one and "all free memory counts" in one for one in unread)


def test_an_amd_card_is_found_in_the_tree_of_linux(tmp_path: Path) -> None:
    card = tmp_path / "card1" / "device"
    card.mkdir(parents=True)
    (card / "mem_info_vram_total").write_text("25753026560\n")
    (card / "mem_info_vram_used").write_text("1073741824\n")
    (card / "product_name").write_text("Radeon RX 7900 XTX\n")
    broken = tmp_path / "card2" / "device"
    broken.mkdir(parents=True)
    (broken / "mem_info_vram_total").write_text("none\n")
    unread = list[str]()
    (found,) = accelerators.amd(unread, tmp_path)
    assert (found.name, found.maker) == ("Radeon RX 7900 XTX", "AMD")
    assert found.memory_gb == pytest.approx(25.75, abs=0.01)
    assert found.memory_free_gb == pytest.approx(24.68, abs=0.01)
    assert len(unread) == 1


def test_a_jetson_says_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "model"
    assert list(accelerators.jetson(file)) == []
    file.write_bytes(b"Raspberry Pi 5 Model B\0")
    assert list(accelerators.jetson(file)) == []
    file.write_bytes(b"NVIDIA Jetson Orin Nano Developer Kit\0")
    (found,) = accelerators.jetson(file)
    assert found.unified
    assert found.memory_gb == pytest.approx(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, rel=0.01)


def test_looking_for_accelerators_never_fails() -> None:
    unread = list[str]()
    assert all(one.memory_gb > 0 for one in accelerators.found(unread))
