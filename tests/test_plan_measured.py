"""What was measured of a machine is kept, belongs to that machine, and is scaled to others."""

from pathlib import Path

import pytest

from digiclone.config import ConfigError
from digiclone.plan import measured
from digiclone.plan.cost import Line
from digiclone.plan.measured import Ears, Measured
from digiclone.weights import home

EARS = Ears(line=Line(constant=0.5, per_second=0.1), scaling=0.5, memory_mb=100)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGICLONE_HOME", str(tmp_path))


def test_until_it_is_measured_another_machine_stands_in_scaled() -> None:
    usual = measured.shipped()
    half = measured.own("mine", usual.flops / 2)
    assert half.here == ()
    assert half.flops == usual.flops / 2
    for name, one in half.asr.items():
        assert one.line.seconds(3.0) == pytest.approx(2 * usual.asr[name].line.seconds(3.0))
        assert one.memory_mb == usual.asr[name].memory_mb
    for name, one in half.tts.items():
        assert one.rtf == pytest.approx(2 * usual.tts[name].rtf)
    assert half.rates.layer_s == pytest.approx(2 * usual.rates.layer_s)
    assert half.rates.writing == usual.rates.writing, "operations are operations everywhere"


def test_what_was_measured_here_counts_and_the_rest_is_added() -> None:
    usual = measured.shipped()
    mine = usual.model_copy(update={"machine": "mine", "asr": {"asr:mine:x": EARS}, "here": ("asr",)})
    measured.keep(mine)
    known = measured.own("mine", usual.flops)
    assert known.asr["asr:mine:x"] == EARS
    assert set(usual.asr) < set(known.asr)
    assert known.here == ("asr",)


def test_a_folder_from_another_machine_is_not_believed() -> None:
    usual = measured.shipped()
    measured.keep(usual.model_copy(update={"machine": "another", "here": ("llm", "asr", "tts")}))
    assert measured.own("mine", usual.flops).here == ()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"machine": "x"}', '{"machine": "x", "flops": -1, "rates": {}}'])
def test_a_damaged_file_says_what_to_do(text: str) -> None:
    (home() / measured.FILE).write_text(text)
    with pytest.raises(ConfigError, match="delete it, and measure again"):
        measured.own("mine", 1e9)


def test_what_comes_with_the_package_is_whole() -> None:
    usual = measured.shipped()
    assert {"F16", "Q8_0", "Q4_0"} <= set(usual.rates.writing) & set(usual.rates.reading)
    assert {"asr:moonshine:tiny-en", "asr:whisper:base"} <= set(usual.asr)
    assert {"tts:hibari:heart", "tts:kokoro:82m-int8", "tts:glow:kathleen"} <= set(usual.tts)
    assert Measured.model_validate_json(usual.model_dump_json()) == usual
