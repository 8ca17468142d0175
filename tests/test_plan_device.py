"""What is known of devices, and a file of one's own, mistakes included."""

from pathlib import Path

import pytest

from digiclone.config import ConfigError
from digiclone.plan import device
from digiclone.plan.device import Device

OWN = 'kind = "cpu"\narch = "arm64"\nmemory_gb = 8\nbandwidth_gbs = 17\ntflops_fp32 = 0.1\nbits = [16, 8]\n'
EVERY = sorted(device.known())


def test_the_table_has_the_papers_devices_and_many_more() -> None:
    table = device.known()
    assert len(table) >= 20
    papers = [one for one in table.values() if one.paper]
    assert len(papers) == 5
    assert all(one.source for one in table.values())


@pytest.mark.parametrize("name", EVERY)
def test_the_numbers_of_a_device_agree_with_each_other(name: str) -> None:
    one = device.find(name)
    assert one.name == name
    if one.tflops_fp16:
        assert one.tflops_fp16 >= 0.99 * one.tflops_fp32
    if one.tops_int8 and one.tflops_fp16:
        assert one.tops_int8 >= 0.99 * one.tflops_fp16
    # between a board of 2012 and a server: whatever is outside was mistyped
    assert 0.5 < 1000 * one.tflops_fp32 / one.bandwidth_gbs < 200


def test_an_unknown_device_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'raspberry-pi-5-8gb'"):
        device.find("raspberry-pi-5")


def test_a_device_of_ones_own_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "board.toml"
    file.write_text(OWN)
    own = device.find(str(file))
    assert (own.name, own.title, own.memory_gb, own.bits) == ("mine", "board", 8.0, (16, 8))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("memory_gb = 8", "memory_gb"),
        ("memory_gb = -8", "greater than 0"),
        ("memory_gb = 1e9", "less than or equal to 4096"),
        ("memory_gb = nan", "memory_gb"),
        ('memory_gb = "much"', "memory_gb"),
        ("memory_bg = 8\nmemory_gb = 8", "did you mean 'memory_gb'"),
        ("bits = [7]\nmemory_gb = 8", "bits"),
        ("memory_gb = ", "line"),
    ],
)
def test_absurd_and_missing_numbers_are_named(tmp_path: Path, change: str, said: str) -> None:
    file = tmp_path / "board.toml"
    text = OWN.replace("memory_gb = 8\n", "" if change == "memory_gb = 8" else f"{change}\n")
    file.write_text(text.replace("bits = [16, 8]\n", "") if "bits" in change else text)
    with pytest.raises(ConfigError, match=said):
        device.find(str(file))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        device.find(str(tmp_path / "none.toml"))


def test_a_device_is_a_value() -> None:
    assert isinstance(hash(device.find(EVERY[0])), int)
    assert Device(**device.find(EVERY[0]).model_dump()) == device.find(EVERY[0])
