"""`digiclone models`, over a catalogue that the test makes."""

import hashlib
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner, Result

from digiclone import weights
from digiclone.commands import models
from digiclone.weights import File, Model


def file(folder: Path, name: str, content: bytes) -> File:
    (folder / name).write_bytes(content)
    return File(name, hashlib.sha256(content).hexdigest(), len(content), (f"file:{folder / name}",))


@pytest.fixture(autouse=True)
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Model, bool]]:
    """Three models; `base` and `base-en` share a file."""
    monkeypatch.setenv("DIGICLONE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DIGICLONE_OFFLINE", raising=False)
    shared, own = file(tmp_path, "vocabulary.txt", b"a b c"), file(tmp_path, "base.bin", b"base")
    rows = [
        ("asr", "moonshine", Model("tiny", (file(tmp_path, "tiny.bin", b"tiny"),), "MIT", "Moonshine"), True),
        ("asr", "whisper", Model("base", (own, shared), "MIT", "OpenAI"), False),
        ("asr", "whisper", Model("base-en", (shared,), "MIT", "OpenAI"), False),
    ]
    registry = ModuleType("digiclone.registry")
    registry.models = lambda: rows  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "digiclone.registry", registry)
    return rows


def call(*words: str) -> Result:
    return CliRunner().invoke(models.app, list(words))


def here() -> dict[str, bool]:
    return {row["id"]: row["present"] for row in json.loads(call("list", "--json").stdout)}


def test_list_says_what_is_here() -> None:
    assert here() == {"asr:moonshine:tiny": False, "asr:whisper:base": False, "asr:whisper:base-en": False}
    call("fetch", "vocabulary.txt")
    assert call("list").stdout.count("yes") == 2
    (weights.home() / "weights").rename(weights.home() / "gone")
    assert call("list").stdout.count("yes") == 0


def test_fetch_takes_the_default_when_nothing_is_named() -> None:
    assert call("fetch").exit_code == 0
    assert here() == {"asr:moonshine:tiny": True, "asr:whisper:base": False, "asr:whisper:base-en": False}


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("asr:whisper:base",), 2),
        (("asr:whisper",), 2),
        (("asr:moon", "tiny.bin"), 1),
        (("--all",), 3),
        (("asr:whisper:base-en", "--default"), 2),
    ],
)
def test_fetch_takes_what_is_named(words: tuple[str, ...], count: int) -> None:
    told = call("fetch", *words)
    assert told.exit_code == 0, told.output
    assert told.stdout.startswith(f"{count} files")


def test_an_exact_name_is_not_a_prefix() -> None:
    assert [row.id for row in models.select(["asr:whisper:base"], models.catalogue())] == ["asr:whisper:base"]


def test_an_unknown_name_says_where_to_look() -> None:
    told = call("fetch", "asr:parrot")
    assert told.exit_code == 2
    assert "digiclone models list" in told.output


def test_a_failed_fetch_exits_with_1(tmp_path: Path) -> None:
    (tmp_path / "tiny.bin").unlink()
    told = call("fetch", "asr:moonshine")
    assert told.exit_code == 1
    assert "run the same command again" in told.output


@pytest.mark.parametrize("content", [b"tinx", b"ti"])
def test_verify_finds_what_is_damaged_and_fetch_mends_it(
    content: bytes, rows: list[tuple[str, str, Model, bool]]
) -> None:
    call("fetch", "--all")
    assert call("verify").exit_code == 0
    place = weights.path(rows[0][2].files[0])
    place.chmod(0o644)
    place.write_bytes(content)
    told = call("verify")
    assert told.exit_code == 1
    assert "tiny.bin DAMAGED" in told.output
    assert "digiclone models fetch asr:moonshine:tiny" in told.output
    assert call("fetch", "asr:moonshine:tiny").exit_code == 0
    assert call("verify").exit_code == 0


def test_verify_of_nothing_is_well_but_a_named_model_must_be_there() -> None:
    assert call("verify").exit_code == 0
    told = call("verify", "asr:moonshine")
    assert told.exit_code == 1
    assert "tiny.bin missing" in told.output


def test_rm_keeps_what_another_model_uses() -> None:
    call("fetch", "--all")
    assert "0.0 MB freed" in call("rm", "asr:whisper:base").stdout
    assert here() == {"asr:moonshine:tiny": True, "asr:whisper:base": False, "asr:whisper:base-en": True}
    call("rm", "asr:whisper")
    assert here()["asr:whisper:base-en"] is False


def test_progress_without_a_terminal_is_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    report = models._lines(lambda: now[0])
    for step in range(101):
        now[0] = step * 0.2
        report("a.bin", step * 1_000_000, 100_000_000)
    report("a.bin", 100_000_000, 100_000_000)
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "a.bin: begun",
        "a.bin: 25.0 MB of 100.0 MB",
        "a.bin: 50.0 MB of 100.0 MB",
        "a.bin: 75.0 MB of 100.0 MB",
        "a.bin: 100.0 MB of 100.0 MB",
    ]


def test_progress_on_a_terminal_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with models.progress() as report:
        report("archive", 5, 0)
        report("a.bin", 5, 10)
        report("a.bin", 10, 10)
