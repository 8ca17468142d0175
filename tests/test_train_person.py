"""A person who speaks in tones, which no recogniser knows, is learnt; and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("av")
pytest.importorskip("onnx")

from digiclone import artifacts, bridge  # noqa: E402
from digiclone.align import pairs  # noqa: E402
from digiclone.config import ConfigError  # noqa: E402
from digiclone.nn.reader import Dims, Reader  # noqa: E402
from digiclone.text import letters  # noqa: E402
from digiclone.train import checkpoint, heard, person, reader, reader_base  # noqa: E402
from digiclone.train.heard import Casting, Line  # noqa: E402
from digiclone.types import Audio  # noqa: E402

WORDS = ("bad", "cab", "dab", "ace", "bead", "face", "cafe", "deaf")
DIMS = Dims(audio=24, letters=len(letters.LETTERS), hidden=48, inner=96, blocks=2, kernel=5, dropout=0.0)
RECIPE = person.Recipe(
    reader.Recipe(DIMS, steps=160, frames=1500, rate=1e-2, warm=5, every=80, hidden=0.0),
    variants=1,
    replayed=Casting(hibari=0, flite=0, kokoro=0),
)


class Encoder:
    """Hears how much there is of 24 tones, every 20 ms."""

    def transcribe(self, audio: Audio) -> str:
        return "bad" * min(1, len(audio.samples))

    def features(self, audio: Audio) -> np.ndarray:
        frames = audio.samples[: len(audio.samples) // 320 * 320].reshape(-1, 320)
        size = np.abs(np.fft.rfft(frames * np.hanning(320), axis=1))[:, 4:28]
        return np.log(size + 0.1)[None].astype(np.float32)


def said(text: str) -> Audio:
    """Each letter a tone of 60 ms, 20 ms of silence between them."""
    time = np.arange(960) / 16_000
    tones = [0.3 * np.sin(2 * np.pi * (250 + 50 * number) * time) for number in letters.numbers(text)]
    return Audio(np.concatenate([np.append(tone, np.zeros(320)) for tone in tones]).astype(np.float32), 16_000)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone's `bridge/` with sentences of that person."""
    for module in (person, reader_base, bridge):
        monkeypatch.setattr(module, "heard_by", lambda name: f"hash of {name}", raising=False)
    chance = np.random.default_rng(0)
    texts = [" ".join(chance.choice(WORDS, 3)) for _ in range(60)]
    pairs.add(
        tmp_path / "bridge" / "pairs", [(f"p{n}", said(text), f"uh {text}", text) for n, text in enumerate(texts)]
    )
    return tmp_path / "bridge"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    file = tmp_path / "reader.pt"
    reader_base.save(Reader(DIMS), file, {"encoder_sha256": "hash of tones:one", "rounds": 1})
    return file


def test_who_speaks_in_tones_is_understood(folder: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    all_ = pairs.read(folder / "pairs")
    found = person.train(RECIPE, all_, base, Encoder(), "tones:one", folder, lambda how, _: told.append(how))
    assert found.wrong < 0.1
    about = artifacts.bridge(folder)
    assert (about.method, about.encoder, about.pairs) == ("plus", "tones:one", len(all_) - len(found.kept))
    assert about.wrong == pytest.approx(found.wrong, abs=1e-3)
    assert 0.6 < about.usual < 1
    assert artifacts.usable_bridge(folder)
    assert set(about.kept) == {pair.name for pair in pairs.split(all_)[1]}
    monkeypatch.setattr(bridge.registry, "load", lambda *_, **__: Encoder())
    assert bridge.Bridge(folder).hear(said("cafe bead ace")).text == "cafe bead ace"


def test_what_was_heard_is_not_heard_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = pairs.read(folder / "pairs")[:3]
    first = person.features(RECIPE, some, Encoder(), "tones:one", 2, folder, lambda *_: None)
    assert len(first) == 9
    assert len({one.features.tobytes() for one in first}) == 9, "variants differ"

    def deaf(*_: object) -> np.ndarray:
        raise AssertionError

    monkeypatch.setattr(Encoder, "features", deaf)
    again = person.features(RECIPE, some, Encoder(), "tones:one", 2, folder, lambda *_: None)
    assert [one.text for one in again] == [one.text for one in first]
    assert all(np.array_equal(one.features, other.features) for one, other in zip(first, again, strict=True))
    with pytest.raises(AssertionError):
        person.features(replace(RECIPE, words="verbatim"), some, Encoder(), "tones:one", 2, folder, lambda *_: None)


def test_it_learns_what_came_out_if_that_is_wanted(folder: Path) -> None:
    recipe = replace(RECIPE, words="verbatim")
    (one,) = person.features(recipe, pairs.read(folder / "pairs")[:1], Encoder(), "x", 0, folder, lambda *_: None)
    assert one.text.startswith("uh ")


def test_too_little_and_another_encoder_are_refused(folder: Path, base: Path) -> None:
    some = pairs.read(folder / "pairs")
    with pytest.raises(ConfigError, match="are too few to learn somebody from: bring at least 20"):
        person.train(RECIPE, some[:15], base, Encoder(), "tones:one", folder, lambda *_: None)
    with pytest.raises(ConfigError, match="learnt to hear through another encoder than the tones:two"):
        person.train(RECIPE, some, base, Encoder(), "tones:two", folder, lambda *_: None)
    assert not (folder / artifacts.BRIDGE).exists()


def test_a_base_comes_back(base: Path) -> None:
    dims, weights = reader_base.load(base)
    assert dims == DIMS
    assert checkpoint.facts(base)["rounds"] == 1
    Reader(dims).load_state_dict(weights)


def test_the_script_of_the_base_is_fair_and_always_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heard, "kokoro_voices", lambda: ["af_a", "bm_b"])
    casting = Casting(hibari=40, flite=10, kokoro=5)
    lines = heard.script(casting)
    assert lines == heard.script(casting)
    assert len(lines) == 40 + 4 * 10 + 5
    assert {line.speaker.partition(":")[0] for line in lines[:30]} >= {"hibari", "flite"}
    assert all(0.8 <= line.taller <= 1.25 for line in lines)
    assert lines != heard.script(replace(casting, seed=1))
    assert all(line.text[0].isupper() and line.text[-1] in ".?!" for line in lines[::2]), "salads look like sentences"


def test_what_the_base_hears_is_kept_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [Line("hibari", f"{'abcdefgh'[n]}ad.", 1.0, 0.0, 1.0) for n in range(5)]
    monkeypatch.setattr(heard, "PART", 2)
    monkeypatch.setattr(heard, "script", lambda _: lines)
    monkeypatch.setattr(heard, "spoken", lambda line: said(line.text).samples)
    first = heard.heard(Casting(), Encoder(), "tones:one", tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    monkeypatch.setattr(heard, "spoken", None)
    again = heard.heard(Casting(), Encoder(), "tones:one", tmp_path)
    assert [(one.name, one.text) for one in again] == [(f"hibari-{n}", line.text) for n, line in enumerate(lines)]
    assert all(np.array_equal(one.features, other.features) for one, other in zip(first, again, strict=True))
