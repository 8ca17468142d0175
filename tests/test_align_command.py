"""`digiclone align prepare` and `simulate`, as people use them: somebody is made up, and brought to a clone."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tones import sentences
from typer.testing import CliRunner, Result

pytest.importorskip("rustling")

from digiclone import artifacts
from digiclone.align import pairs
from digiclone.cli import app
from digiclone.clone import create, find
from digiclone.config import ConfigError

TEXTS = "The red ship sails.\nShe sells sea shells.\nI think so.\nCome here, now.\nWhat is it?\nNo, never.\nIt rains.\n"


def align(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["align", *map(str, arguments)])


def complaint(*arguments: object) -> str:
    result = align(*arguments)
    assert isinstance(result.exception, ConfigError), result.output
    return str(result.exception)


@pytest.fixture(scope="module")
def somebody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "texts.txt").write_text(TEXTS, "utf-8")
    result = align("simulate", folder, "--texts", folder / "texts.txt", "--count", 7, "--voice", "tone", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"transcript": str(folder / "aphasic-0.cha")}
    return folder


@pytest.fixture(autouse=True)
def _ada(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGICLONE_HOME", str(tmp_path / "home"))
    create("ada")


def test_who_was_made_up_is_brought(somebody: Path) -> None:
    result = align("prepare", "ada", "--chat", somebody, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["brought"], told["pairs"], told["skipped"]) == (7, 7, {})
    found = pairs.read(find("ada") / "bridge" / "pairs")
    assert [pair.cleaned for pair in found] == TEXTS.splitlines()
    assert any(pair.verbatim != pair.cleaned for pair in found)
    assert all(pair.audio().seconds > 0.3 for pair in found)


def test_what_is_brought_again_is_there_once(somebody: Path) -> None:
    align("prepare", "ada", "--chat", somebody)
    result = align("prepare", "ada", "--chat", somebody)
    assert "7 sentences brought, 7 there now" in result.stdout
    assert "That is few" in result.stdout
    result = align("prepare", "ada", "--chat", somebody, "--speaker", "INV", "--json")
    assert json.loads(result.stdout)["pairs"] == 9


def test_a_dataset_is_brought_in_the_same_way(somebody: Path, tmp_path: Path) -> None:
    align("prepare", "ada", "--chat", somebody)
    create("bob")
    result = align("prepare", "bob", "--dataset", find("ada") / "bridge" / "pairs", "--json")
    assert json.loads(result.stdout)["brought"] == 7
    assert len(pairs.read(find("bob") / "bridge" / "pairs")) == 7


def test_a_bridge_goes_elsewhere_without_the_person(tmp_path: Path) -> None:
    folder = find("ada") / "bridge"
    about = artifacts.Bridge(
        method="plus", encoder="moonshine:tiny-en", encoder_sha256="a" * 64, made=datetime(2026, 1, 1, tzinfo=UTC),
        pairs=100, recipe="", wrong=0.1, usual=0.2, kept=[],
    )  # fmt: skip
    artifacts.keep_bridge(folder, about)
    (folder / "bridge.onnx").write_bytes(b"a network")
    pairs.add(folder / "pairs", sentences(2))
    result = align("export", "ada", tmp_path / "ada.zip", "--json")
    assert json.loads(result.stdout)["holds"] == ["bridge.toml", "bridge.onnx"]
    with zipfile.ZipFile(tmp_path / "ada.zip") as packed:
        packed.extractall(tmp_path / "there")
    assert artifacts.bridge(tmp_path / "there") == about
    assert sorted(file.name for file in (tmp_path / "there").iterdir()) == ["bridge.onnx", "bridge.toml"]
    assert "is there already" in complaint("export", "ada", tmp_path / "ada.zip")
    assert "none of the 0 sentences is here" in complaint("eval", "ada")


def test_what_is_wiped_is_gone() -> None:
    folder = find("ada") / "bridge"
    pairs.add(folder / "pairs", sentences(2))
    assert align("wipe", "ada").exit_code == 1, "it asks"
    assert len(pairs.read(folder / "pairs")) == 2
    assert "no bridge any more" in align("wipe", "ada", "--yes").stdout
    assert [file.name for file in find("ada").iterdir() if "bridge" in file.name] == []
    assert "ada has none" in align("wipe", "ada", "--yes").stdout


def test_mistakes_are_answered_in_a_sentence(somebody: Path, tmp_path: Path) -> None:
    assert "there is no clone 'eve'" in complaint("prepare", "eve", "--chat", somebody)
    assert "what does ada's person sound like?" in complaint("prepare", "ada")
    assert "there is no .cha file" in complaint("prepare", "ada", "--chat", tmp_path / "home")
    assert "CHI says nothing" in complaint("prepare", "ada", "--chat", somebody, "--speaker", "CHI")
    assert "no kind 'aphasik'; did you mean 'aphasic'?" in complaint("simulate", tmp_path, "--kind", "aphasik")
    assert "there are only" in complaint("simulate", tmp_path, "--count", 100_000)
