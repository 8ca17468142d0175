"""Where a clone would compute: this machine, a processor of the table, an accelerator and what is around it."""

import pytest

from digiclone.plan import device, measured, places


def test_a_slower_processor_pays_more_for_everything() -> None:
    small, large = places.there(device.find("raspberry-pi-5-8gb")), places.there(device.find("amd-ryzen-7-7840u-32gb"))
    assert small.host.flops < large.host.flops
    usual = measured.shipped()
    by = usual.flops / small.host.flops
    assert small.host.rates.step_s == pytest.approx(usual.rates.step_s * by)
    assert small.host.rates.layer_s == pytest.approx(usual.rates.layer_s * by)
    for name, ears in usual.asr.items():
        assert small.known.asr[name].line.seconds(3.0) == pytest.approx(ears.line.seconds(3.0) * by)
    assert small.host.rates == small.known.rates


@pytest.mark.parametrize("name", sorted(device.known()))
def test_every_device_of_the_table_is_a_place(name: str) -> None:
    one = device.find(name)
    site = places.there(one)
    assert (site.card is None) == (one.kind == "cpu")
    assert site.host.memory <= max(one.memory_gb * 1e9, places.HOST_MEMORY)
    if site.card:
        assert site.card.memory < one.memory_gb * 1e9
        assert site.card.unified == (one.kind == "unified")
        assert site.assumed
    else:
        assert not site.assumed
