"""Measuring this machine: what was measured is what the planner reckons with."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from digiclone.cli import app
from digiclone.config import ConfigError
from digiclone.measure.engine import Engine, Run
from digiclone.measure.hearing import Hearing
from digiclone.measure.speaking import Pace
from digiclone.plan import cost, measured, measuring, probe, shaped
from digiclone.plan.device import Device
from digiclone.plan.measured import Measured
from digiclone.plan.probe import Machine

FLOPS, BANDWIDTH = 5e10, 2e10
MACHINE = Device(
    name="this-machine", title="A test", kind="cpu", arch="x86_64", cores=2, memory_gb=8.0,
    bandwidth_gbs=BANDWIDTH / 1e9, tflops_fp32=2 * FLOPS / 1e12, bits=(16, 8, 4), source="a test",
)  # fmt: skip
TRUE = cost.Rates(
    reach=0.6, layer_s=4e-5, step_s=1e-3, writing={"F16": 2.0, "Q8_0": 2.5, "Q4_0": 4.0},
    reading={"F16": 2.5, "Q8_0": 1.8, "Q4_0": 1.7}, scaling=0.85, engine_bytes=9e7, buffer_bytes=4.0,
)  # fmt: skip


def silent(_what: str, _share: float) -> None:
    """Nobody listens to the progress."""


@pytest.fixture(autouse=True)
def _machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that takes exactly as long as the cost model says with `TRUE`, and files that nobody has to write."""
    monkeypatch.setenv("DIGICLONE_HOME", str(tmp_path))
    monkeypatch.setattr(
        probe, "machine", lambda again=False: Machine(device=MACHINE, memory_total_gb=8.0, memory_free_gb=6.0)
    )
    made = dict[Path, tuple[cost.Shape, str]]()

    def write(shape: cost.Shape, form: str, file: Path) -> None:
        with file.open("wb") as sparse:
            sparse.truncate(int(shape.multiplied * {"F16": 16, "Q8_0": 8.5, "Q4_0": 4.5}[form] / 8))
        made[file] = shape, form

    def measure(file: Path, threads: int, context: int, jobs: Any) -> Engine:
        shape, form = made[file]
        size = file.stat().st_size
        runs = []
        for prompt, written in jobs:
            read = cost.read_s(shape, form, prompt, threads, FLOPS, TRUE)
            token = cost.write_s(shape, form, size, prompt + written / 2, threads, FLOPS, BANDWIDTH, TRUE)
            runs.append(Run(prompt, read, written, token * (written - 1)))
        return Engine(threads, context, cost.llm_bytes(shape, form, size, context, 512, TRUE), tuple(runs))

    monkeypatch.setattr(shaped, "write", write)
    monkeypatch.setattr(measuring.engine, "measure", measure)
    monkeypatch.setattr(
        measuring.hearing, "hearing",
        lambda _name, options, seconds: Hearing([(s, (0.1 + 0.2 * s) / options["threads"]) for s in seconds], 50.0),
    )  # fmt: skip
    monkeypatch.setattr(
        measuring.speaking, "pace",
        lambda _name, options, texts: Pace(0.2, 0.4, len(texts), [(0.4 / options["threads"], 1.0) for _ in texts]),
    )  # fmt: skip
    monkeypatch.setattr(measuring.hearing, "deciding", lambda: 0.12)
    monkeypatch.setattr(measuring.talk, "memory", lambda _settings: 321.4)
    monkeypatch.setattr(measuring, "_present", lambda kind: iter([(f"{kind}:some:model", "some", "model")]))
    monkeypatch.setattr(measuring, "_shipped_voices", lambda: iter([("tts:glow:kathleen", "glow", "kathleen")]))


def known() -> Measured:
    return measured.own("A test", FLOPS)


def test_a_machine_that_keeps_to_the_model_is_found_out() -> None:
    found, taken = measuring.llm(known(), 2, BANDWIDTH, silent)
    assert found.here == ("llm",)
    assert len(taken) == 2 * len(measuring.MADE_UP)
    for one in taken:
        for run in one.sample.engine.runs:
            sample = one.sample
            write = cost.write_s(
                sample.shape,
                sample.form,
                sample.weights,
                run.past,
                sample.engine.threads,
                FLOPS,
                BANDWIDTH,
                found.rates,
            )
            read = cost.read_s(sample.shape, sample.form, run.prompt, sample.engine.threads, FLOPS, found.rates)
            assert write == pytest.approx(run.token_s, rel=0.05)
            assert read == pytest.approx(run.read_s, rel=0.05)


def test_recognisers_and_voices_are_kept_by_name_with_what_threads_are_worth() -> None:
    found = measuring.tts(measuring.asr(known(), 2, silent), 2, silent)
    ears = found.asr["asr:some:model"]
    assert ears.line.seconds(5.0) == pytest.approx(1.1)
    assert ears.scaling == pytest.approx(1.0)
    voice = found.tts["tts:glow:kathleen"]
    assert (voice.first_s, voice.rtf, voice.scaling, voice.memory_mb) == (0.2, 0.4, pytest.approx(1.0), 6)
    assert found.here == ("asr", "tts")


@pytest.mark.parametrize(("together", "worth"), [(0.5, 1.0), (1.2, 0.0), (0.3, 1.0)])
def test_threads_are_worth_something_between_nothing_and_all(together: float, worth: float) -> None:
    alone, noise = [1.0, 2.0, 5.0], [1.0, 9.0, 1.0]
    assert measuring.scaling(alone, [together * a * n for a, n in zip(alone, noise, strict=True)], 2) == worth


def test_the_command_keeps_what_it_measured_and_the_planner_reckons_with_it() -> None:
    for kind in ("llm", "asr", "tts", "server"):
        result = CliRunner().invoke(app, ["bench", kind])
        assert result.exit_code == 0, result.output
        assert "digiclone plan reckons with it" in result.output
    mine = measured.own("A test", FLOPS)
    assert mine.here == ("llm", "asr", "tts", "server")
    assert (mine.server_mb, mine.turn_s) == (321, 0.12)
    assert mine.rates.engine_bytes == pytest.approx(TRUE.engine_bytes, rel=0.2)
    assert CliRunner().invoke(app, ["bench", "llm", "--json"]).stdout.startswith('{"rates"')


def test_without_models_it_says_where_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(measuring.weights, "present", lambda _file: False)
    with pytest.raises(ConfigError, match="digiclone setup"):
        list(measuring._present("asr"))
