"""The recipe of the base voice: it speaks once, learns, and its file is the network."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")

from digiclone import registry  # noqa: E402
from digiclone.nn.glow_tts import Dims, GlowTTS  # noqa: E402
from digiclone.nn.postfilter import Dims as FilterDims  # noqa: E402
from digiclone.text.symbols import SYMBOLS  # noqa: E402
from digiclone.train import base, checkpoint, glow, postfilter  # noqa: E402

SMALL = Dims(len(SYMBOLS), hidden=8, inner=16, layers=1, window=1, durations=8, blocks=2, wavenet=1)
GAME = postfilter.Recipe(dims=FilterDims(hidden=8, layers=1), steps=2, crops=2, frames=32)
TINY = base.Recipe(
    voice="tone",
    kept=2,
    speeds=(1.0,),
    training=glow.Recipe(dims=SMALL, steps=4, frames=4000, every=2),
    postfilter=GAME,
)


def test_there_is_much_to_say_and_nothing_twice() -> None:
    said = base.texts(0)
    assert len(said) > 4000
    assert len(set(said)) == len(said)
    assert base.texts(0) == said != base.texts(1)


@pytest.fixture(autouse=True)
def _tones(monkeypatch: pytest.MonkeyPatch) -> None:
    """A voice that needs no weights speaks."""
    monkeypatch.setattr(base, "_voice", lambda *_: registry.load("tts", "tone"))


def test_what_was_said_is_not_said_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "PART", 3)
    lines = ["One two.", "Three four five.", "Six.", "Seven eight nine ten."]
    first = base.spoken(TINY, lines, tmp_path)
    files = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert len(files) == 2
    again = base.spoken(TINY, lines, tmp_path)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == files
    assert [one.name for one in first] == [one.name for one in again]
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.ids, other.ids)
        assert np.array_equal(one.mels, other.mels)
    assert len(base.spoken(replace(TINY, version=9), lines[:3], tmp_path)) == len(first) - 1
    assert len(list(tmp_path.iterdir())) == 3, "another version says everything again"


def test_from_sentences_to_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"This is sentence number {word}." for word in ("one", "two", "three", "four", "five", "six")]
    monkeypatch.setattr(base, "texts", lambda _: lines)
    net = base.train(TINY, tmp_path / "work", tmp_path / "base.pt")
    made = base.load(tmp_path / "base.pt")
    assert made.dims == SMALL
    assert set(made.sides or ()) == {"postfilter", "critic"}
    again = GlowTTS(made.dims)
    again.load_state_dict(made.weights)
    for name, weight in net.state_dict().items():
        assert torch.allclose(weight.float(), again.state_dict()[name].float(), atol=1e-2), name


def test_another_round_begins_with_the_base_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"This is sentence number {word}." for word in ("one", "two", "three", "four", "five", "six")]
    monkeypatch.setattr(base, "texts", lambda _: lines)
    file = tmp_path / "base.pt"
    base.train(TINY, tmp_path / "work", file)
    assert checkpoint.facts(file)["rounds"] == 1
    first = base.load(file).weights
    still = replace(TINY, training=replace(TINY.training, rate=0.0))
    again = base.train(still, tmp_path / "work", file, file)
    assert checkpoint.facts(file)["rounds"] == 2
    for name, weight in again.state_dict().items():
        assert torch.allclose(weight.float(), first[name].float(), atol=1e-2), name
    base.train(TINY, tmp_path / "work", file, file)
    assert checkpoint.facts(file)["rounds"] == 3
    assert any(not torch.equal(weight, first[name]) for name, weight in base.load(file).weights.items())
