"""`digiclone plan`, as people use it: the file, the reasons, the refusals."""

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from digiclone import clone
from digiclone.cli import app
from digiclone.config import ConfigError
from digiclone.plan import probe
from digiclone.plan.device import Device
from digiclone.plan.probe import Machine

LAPTOP = Device(
    name="this-machine", title="A laptop", kind="cpu", arch="x86_64", cores=4, memory_gb=16.0, bandwidth_gbs=30.0,
    tflops_fp32=0.4, bits=(16, 8, 4, 2), source="a test",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGICLONE_HOME", str(tmp_path))
    found = Machine(device=LAPTOP, memory_total_gb=16.0, memory_free_gb=8.0)
    monkeypatch.setattr(probe, "machine", lambda _=False: found)


def plan(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["plan", *arguments])


def told(*arguments: str) -> dict:
    result = plan(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_clone_obeys_its_plan(tmp_path: Path) -> None:
    clone.create("ada")
    result = plan("ada", "--pin", "format=Q4_0")
    assert result.exit_code == 0, result.output
    assert "serve --clone ada" in result.output
    text = (tmp_path / "clones" / "ada" / "plan.toml").read_text()
    assert "Next best:" in text
    sections = tomllib.loads(text)
    chosen = clone.choices(tmp_path / "clones" / "ada")
    assert chosen["llm"].options["format"] == sections["llm"]["format"] == "Q4_0"
    assert chosen["llm"].origin["format"] == "plan.toml"
    assert clone.files(chosen)


def test_without_a_clone_nothing_is_written(tmp_path: Path) -> None:
    before = {file for file in tmp_path.rglob("*") if file.is_file()}
    assert told()["chosen"]["llm"] == "smollm2-135m-instruct"
    assert {file for file in tmp_path.rglob("*") if file.is_file()} == before


def test_it_says_what_it_promises_and_what_else_there_was() -> None:
    found = told("--mode", "accuracy", "--explain")
    assert found["promise_s"] >= found["takes"]["certainty"]
    assert found["takes"]["memory"] < 8e9
    assert set(found["runner_up"]) <= set(found["chosen"])
    assert any("tinyllama" in line for line in found["why_not"]["llm"])
    assert any("digiclone bench llm" in note for note in found["notes"])


def test_another_device_is_planned_for_with_everything_there_is() -> None:
    found = told("--device", "jetson-orin-nano-8gb", "--mode", "accuracy")
    assert found["device"]["name"] == "jetson-orin-nano-8gb"
    assert found["takes"]["memory"] <= 0.85 * 8e9
    assert any(note.startswith("each core does") for note in found["notes"])


def test_a_device_of_ones_own_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'kind = "cpu"\narch = "arm64"\ncores = 4\nmemory_gb = 4.0\nbandwidth_gbs = 10.0\ntflops_fp32 = 0.1\n'
        "bits = [16, 8]\n"
    )
    assert told("--device", str(file), "--mode", "accuracy")["device"]["title"] == "mine"
    file.write_text(file.read_text().replace("4.0", "-4.0"))
    result = plan("--device", str(file))
    assert isinstance(result.exception, ConfigError)
    assert "memory_gb" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--device", "jetson-orin-nano"], "did you mean 'jetson-orin-nano-8gb'"),
        (["--pin", "llm"], "write WHAT=NAME"),
        (["--pin", "brain=phi-2"], "write WHAT=NAME"),
        (["--pin", "llm=phi2", "--all"], "did you mean 'phi-2'"),
        (["--max-memory", "0.1"], "Nothing fits. The smallest change that helps: 0."),
        (["--max-latency", "0.2"], "0.43 s of silence until it is sure that you have finished"),
        (["--min-score", "90"], "a score of"),
        (["--pin", "llm=phi-2", "--pin", "format=Q3_K_M", "--all"], "something else than --pin"),
        (["nobody"], "there is no clone 'nobody'"),
    ],
)
def test_what_cannot_be_is_said_with_what_to_do(arguments: list[str], says: str) -> None:
    result = plan(*arguments)
    assert isinstance(result.exception, ConfigError), result.output
    assert says in str(result.exception)


def test_no_free_memory_is_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Machine(device=LAPTOP, memory_total_gb=16.0, memory_free_gb=8.0, memory_limit_gb=-0.5)
    monkeypatch.setattr(probe, "machine", lambda _=False: full)
    result = plan()
    assert isinstance(result.exception, ConfigError)
    assert "0.00 GB is the limit" in str(result.exception)


def test_the_papers_algorithms_take_the_smallest() -> None:
    found = told("--algorithm", "paper", "--mode", "accuracy", "--all")
    assert found["chosen"]["llm"] == "smollm2-135m-instruct"
    assert found["chosen"]["format"] == "Q8_0", "of so small a model Q4_0 takes more: the engine lays it out anew"


def test_a_picture_shows_every_possibility(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="a picture needs the extra: pip install 'digiclone[plot]'")
    told("--all", "--plot", str(tmp_path / "plan.png"))
    assert (tmp_path / "plan.png").read_bytes().startswith(b"\x89PNG")
