"""`digiclone qat`, as people use it: trained, judged, exported; and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

pytest.importorskip("torch")

import tiny_llama

from digiclone import llama as engine
from digiclone.cli import app
from digiclone.commands import qat
from digiclone.config import ConfigError
from digiclone.nn import llama
from digiclone.train import scratch

SMALL = ("--tokens", 4096, "--own", 512, "--steps", 30)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["qat", *map(str, arguments)])


def complaint(*arguments: object) -> str:
    result = run(*arguments)
    assert isinstance(result.exception, ConfigError), result.output
    return str(result.exception)


def told(*arguments: object) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama.make(tmp_path_factory.mktemp("model") / "tiny.gguf", "Q8_0")


@pytest.fixture(scope="module")
def folder(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("qat")
    found = told("train", model, folder, *SMALL)
    assert found == {"file": str(folder / "model.gguf"), "fallen_back": []}
    return folder


def test_what_was_trained_is_judged_beside_plain_rounding(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("It was a bright cold day in April. " * 60, "utf-8")
    found = told("eval", folder, "--text", tmp_path / "text.txt", "--tokens", 1024)
    files = found["files"]
    assert files["as it was"]["divergence"] == 0.0
    assert 0 < files["trained"]["divergence"] < files["rounded"]["divergence"]
    assert files["trained"]["megabytes"] == pytest.approx(files["rounded"]["megabytes"], rel=0.01)
    assert found["won_back"]["divergence"] == pytest.approx(
        1 - files["trained"]["divergence"] / files["rounded"]["divergence"]
    )
    shown = run("eval", folder, "--text", tmp_path / "text.txt", "--tokens", 1024).stdout
    assert "Training won back" in shown


def test_it_goes_out_as_a_file_that_the_engine_reads(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.gguf"
    assert told("export", folder, out)["bytes"] == out.stat().st_size
    assert engine.Llama(out, 64, threads=1).size > 256
    assert "is there already" in complaint("export", folder, out)
    assert run("export", folder, out, "--force").exit_code == 0


def test_a_cache_of_few_bits_is_learnt_with_and_told(tmp_path: Path) -> None:
    wide = tmp_path / "wide.gguf"
    dims = llama.Dims(400, width=64, inner=96, layers=1, heads=2, kv_heads=1, head=32)
    scratch.write(scratch.begun(dims), tiny_llama.make(tmp_path / "tiny.gguf"), wide)
    told("train", wide, tmp_path / "work", "--tokens", 4096, "--own", 0, "--steps", 2, "--cache", "q8_0")
    assert "holds another training" in complaint("train", wide, tmp_path / "work", "--own", 0, "--steps", 2)
    shown = run("export", tmp_path / "work", tmp_path / "out.gguf").stdout
    assert 'cache = "q8_0"' in shown.replace("\n", "")


def test_the_same_again_is_done_at_once_and_another_is_refused(folder: Path, model: Path) -> None:
    before = (folder / "model.gguf").read_bytes()
    told("train", model, folder, *SMALL)
    assert (folder / "model.gguf").read_bytes() == before
    assert "holds another training (steps = 30)" in complaint("train", model, folder, *SMALL[:-1], 40)
    other = tiny_llama.make(folder / "other.gguf")
    assert "holds another training (model = " in complaint("train", other, folder, *SMALL)


def test_what_cannot_be_trained_says_why(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "there is no training in" in complaint("eval", tmp_path)
    assert "there is no training in" in complaint("export", tmp_path, tmp_path / "x.gguf")
    (tmp_path / "short.txt").write_text("Too short.", "utf-8")
    assert "is less than 512" in complaint("train", model, tmp_path / "a", "--text", tmp_path / "short.txt")
    assert "too little to learn from" in complaint("train", model, tmp_path / "b", "--tokens", 1024, "--own", 0)
    assert "is no GGUF file" in complaint("train", tmp_path / "short.txt", tmp_path / "e", *SMALL)
    assert "cannot read" in complaint("train", model, tmp_path / "f", "--text", tmp_path / "none.txt")
    assert [one.name for one in tmp_path.iterdir() if one.is_dir()] == [], "no folder is claimed by a mistake"
    monkeypatch.setattr(qat, "_needed", lambda net, together: together * 1e15)
    few = complaint("train", model, tmp_path / "c", *SMALL)
    assert "takes about 4000000.0 GB of memory" in few
    assert "with --together 1 it takes 1000000.0 GB" in few
    assert "has not come to its end" in complaint("eval", tmp_path / "c")
    foreign = tiny_llama.make(tmp_path / "foreign.gguf", architecture="qwen2")
    assert "is a qwen2; in torch there is only llama" in complaint("train", foreign, tmp_path / "d", *SMALL)


def test_rows_that_are_no_whole_blocks_are_told(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qat, "_fitted", lambda *_: type("Made", (), {"fallen_back": ["blk.0.attn_q"]}))
    from digiclone.train import qat as recipes

    monkeypatch.setattr(recipes, "write", lambda *_: None)
    result = run("train", model, tmp_path, *SMALL)
    assert "1 matrices have rows that are no whole number of blocks of 32" in " ".join(result.stdout.split())
