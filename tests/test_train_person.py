"""A person who speaks in tones, which no recogniser knows, is learnt; and what is refused."""

from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("av")
pytest.importorskip("onnx")
pytest.importorskip("rouge_score")

import tiny_llama  # noqa: E402
from tones import Encoder, said, sentences  # noqa: E402

from digiclone import artifacts, bridge  # noqa: E402
from digiclone.align import judge, pairs  # noqa: E402
from digiclone.align.replies import Replies  # noqa: E402
from digiclone.config import ConfigError  # noqa: E402
from digiclone.llama import Llama, embeddings  # noqa: E402
from digiclone.nn.reader import Dims, Reader  # noqa: E402
from digiclone.text import letters  # noqa: E402
from digiclone.train import checkpoint, heard, linked, listening, person, reader, reader_base  # noqa: E402
from digiclone.train.heard import Casting, Line  # noqa: E402

DIMS = Dims(audio=24, letters=len(letters.LETTERS), hidden=48, inner=96, blocks=2, kernel=5, dropout=0.0)
RECIPE = person.Recipe(
    reader.Recipe(DIMS, steps=160, frames=1500, rate=1e-2, warm=5, every=80, hidden=0.0, slower=0.0),
    variants=1,
    replayed=Casting(hibari=0, flite=0, kokoro=0),
    ears=None,  # of tones there is no encoder that could learn
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone's `bridge/` with sentences of that person."""
    for module in (person, reader_base, bridge):
        monkeypatch.setattr(module, "heard_by", lambda name: f"hash of {name}", raising=False)
    pairs.add(tmp_path / "bridge" / "pairs", sentences(60))
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


def test_what_is_new_is_taken_in_from_what_is_known(folder: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = person.train(RECIPE, pairs.read(folder / "pairs"), base, Encoder(), "tones:one", folder, lambda *_: None)
    pairs.add(folder / "pairs", list(sentences(80))[60:])
    seen: list[int] = []
    fit = reader.fit
    monkeypatch.setattr(reader, "fit", lambda recipe, *rest: seen.append(recipe.steps) or fit(recipe, *rest))
    all_, own = pairs.read(folder / "pairs"), folder / person.OWN
    then = person.train(person.going_on(RECIPE), all_, own, Encoder(), "tones:one", folder, lambda *_: None)
    assert (then.pairs > first.pairs, set(first.kept) <= set(then.kept), seen) == (True, True, [53])
    assert then.wrong < 0.1


class Knowing(Encoder):
    """An encoder whose recogniser can be asked, and always says the same."""

    opinion = "fabe"

    def write(self, features: np.ndarray, guess: str = "") -> str:
        return self.opinion

    def believe(self, features: np.ndarray, texts: list[str]) -> list[float]:
        return [0.0 if text == self.opinion else -20.0 for text in texts]


def unsure(text: str, other: str) -> np.ndarray:
    """Log-probabilities of letters, of which one text is a little likelier than another of the same length."""
    pairs_ = zip(letters.numbers(text), letters.numbers(other), strict=True)
    path = [both for pair in pairs_ for both in (pair, (letters.BLANK, letters.BLANK))]
    found = np.full((len(path), len(letters.LETTERS)), 2e-3, np.float32)
    for row, (a, b) in zip(found, path, strict=True):
        row[b] += 0.45
        row[a] += 0.5
    return np.log(found / found.sum(1, keepdims=True))


def test_the_recogniser_is_trusted_as_far_as_it_helps() -> None:
    def judged(text: str, sounds_like: str, or_like: str) -> list[tuple[reader.Heard, np.ndarray]]:
        return [(reader.Heard("x", np.zeros((3, 24), np.float16), text), unsure(sounds_like, or_like))]

    knowing = Knowing()
    assert person.trusted(judged("fabe", "face", "fabe"), knowing) == (inf, 0.0), "nothing is quicker and as good"
    both = [*judged("fabe", "face", "fabe"), *judged("deaf bead", "deaf bead", "fade bead")]
    assert person.trusted(both, knowing) == (1.0, 0.0), "each is right once"
    assert person.trusted(judged("face", "face", "fabe"), knowing) == (0.0, 0.0), "it only harms"
    assert person.trusted(judged("fabe", "face", "fabe"), Encoder()) == (0.0, 1.0), "it cannot be asked"


def listen(some: list[pairs.Pair], words: str, folder: Path) -> list[reader.Heard]:
    return listening.features(some, words, 2, Encoder(), "tones:one", folder, lambda *_: None)


def test_what_was_heard_is_not_heard_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = pairs.read(folder / "pairs")[:3]
    first = listen(some, "cleaned", folder)
    assert len(first) == 9
    assert len({one.features.tobytes() for one in first}) == 9, "variants differ"

    def deaf(*_: object) -> np.ndarray:
        raise AssertionError

    monkeypatch.setattr(Encoder, "features", deaf)
    again = listen(some, "cleaned", folder)
    assert [one.text for one in again] == [one.text for one in first]
    assert all(np.array_equal(one.features, other.features) for one, other in zip(first, again, strict=True))
    with pytest.raises(AssertionError):
        listen(some, "verbatim", folder)


def test_it_learns_what_came_out_if_that_is_wanted(folder: Path) -> None:
    one, *_ = listen(pairs.read(folder / "pairs")[:1], "verbatim", folder)
    assert one.text.startswith("uh ")


def test_as_the_paper_prints_it_it_gives_what_the_model_has_for_words(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it makes of a sentence looks like the model's embeddings, pads included; bench/align.py says what of it."""
    model = tiny_llama.make(tmp_path / "tiny.gguf")
    all_ = pairs.read(folder / "pairs")
    about = linked.train(linked.Recipe(epochs=20), all_, model, Encoder(), "tones:one", folder, lambda *_: None)
    assert artifacts.bridge(folder) == about
    assert (about.method, about.pairs) == ("paper", len(all_) - len(about.kept))
    monkeypatch.setattr(bridge.registry, "load", lambda *_, **__: Encoder())
    found = bridge.Bridge(folder)
    assert found.speaks(lambda tokens: embeddings(model, tokens))
    assert not found.speaks(lambda tokens: embeddings(model, tokens)[::-1])
    one = found.hear(all_[0].audio()).embeddings
    assert one is not None
    assert one.shape == (30, tiny_llama.WIDTH)
    pad = embeddings(model, [Llama(model, 64, threads=1).end])[0]
    alike = one[20:] @ pad / np.linalg.norm(one[20:], axis=1) / np.linalg.norm(pad)
    assert float(alike.mean()) > 0.5, "behind the words"


def test_a_bridge_is_judged_by_what_it_never_learnt_from(
    folder: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_ = pairs.read(folder / "pairs")
    about = person.train(RECIPE, all_, base, Encoder(), "tones:one", folder, lambda *_: None)
    monkeypatch.setattr(bridge.registry, "load", lambda *_, **__: Encoder())
    replies = Replies(tiny_llama.make(tmp_path / "tiny.gguf"))
    some = [pair for pair in all_ if pair.name in about.kept]
    found = judge.judge(bridge.Bridge(folder), Encoder(), replies, some, "cleaned", lambda *_: None)
    assert found["words_wrong"] == pytest.approx({"bridge": about.wrong, "recogniser": about.usual}, abs=1e-3)
    assert found["rouge1"]["bridge"][0] > found["rouge1"]["floor"][0]
    for one in found["sentences"]:
        assert one["said"] != one["bridge"] or one["reply"] == one["reply_to_bridge"]


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
    assert lines[:30] == heard.script(replace(casting, lines=30))
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
