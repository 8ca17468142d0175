"""What is understood of a person's speech, and how it stands in the prompt: as if it had been written."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import tiny_llama

from digiclone import artifacts, bridge, clone, registry
from digiclone.artifacts import toml
from digiclone.asr import bridge as asr
from digiclone.config import ConfigError
from digiclone.llama import Llama, embeddings
from digiclone.llm import bridge as llm
from digiclone.text import letters
from digiclone.types import Audio, Message
from digiclone.weights import File, Model

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from digiclone.train.traced import encoded, traced  # noqa: E402

PAST = [Message("system", "You are Ada."), Message("user", "Hi."), Message("assistant", "Hello!")]
SOUND = Audio(np.ones(16_000, np.float32), 16_000)


class Spelling(torch.nn.Module):
    """Hears letters as they are."""

    def forward(self, features):
        return torch.log_softmax(features, 2)


class Speaking(torch.nn.Module):
    """Hears embeddings as they are, the first number of each telling how many there are."""

    def forward(self, features):
        count = torch.nn.functional.one_hot(features[:, 0, 0].long(), 31)
        return features[:, 1:], count.float()


class Encoder:
    """Hears what it is told to."""

    def __init__(self) -> None:
        self.heard = np.zeros((1, 4, 1), np.float32)
        self.times = self.asked = 0
        self.opinion = self.guess = ""

    def features(self, audio: Audio) -> np.ndarray:
        self.times += 1
        return self.heard

    def write(self, features: np.ndarray, guess: str = "") -> str:
        self.asked += 1
        self.guess = guess
        return self.opinion

    def believe(self, features: np.ndarray, texts: Sequence[str]) -> list[float]:
        return [0.0 if text == self.opinion else -9.0 for text in texts]

    def mumble(self, text: str, other: str) -> None:
        """Says one text a little more clearly than another of the same length."""
        self.spell(text)
        mine = self.heard
        self.spell(other)
        self.heard = 0.5 * self.heard + 0.55 * mine

    def spell(self, text: str) -> None:
        path = [number for letter in letters.numbers(text) for number in (letter, letters.BLANK)]
        self.heard = 9 * np.eye(len(letters.LETTERS), dtype=np.float32)[path][None]

    def say(self, rows: np.ndarray) -> None:
        self.heard = np.zeros((1, 31, rows.shape[1]), np.float32)
        self.heard[0, 1 : len(rows) + 1] = rows
        self.heard[0, 0, 0] = len(rows)


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> Encoder:
    ears = Encoder()
    row = Model("tiny", (File("ears.onnx", "a" * 64, 1, ("pypi:ears==1!ears",)),), "MIT", "nobody")
    load, find = registry.load, registry.find
    monkeypatch.setattr(registry, "load", lambda kind, name, **o: ears if name == "ears" else load(kind, name, **o))
    monkeypatch.setattr(registry, "find", lambda kind, name, model: row if name == "ears" else find(kind, name, model))
    bridge.opened.cache_clear()
    return ears


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny_llama.make(tmp_path / "tiny.gguf")


def made(folder: Path, method: Literal["plus", "paper"], sha256: str | None = None, trust: float = 0.0) -> Path:
    about = artifacts.Bridge(
        method=method, encoder="ears:tiny", encoder_sha256=sha256 or bridge.heard_by("ears:tiny"),
        made=datetime(2026, 1, 1, tzinfo=UTC), pairs=100, recipe="", wrong=0.1, usual=0.2, kept=[], trust=trust,
    )  # fmt: skip
    folder.mkdir()
    (folder / artifacts.BRIDGE).write_bytes(toml(about, "A bridge."))
    width = len(letters.LETTERS) if method == "plus" else tiny_llama.WIDTH
    net, outputs = (Spelling(), ["likely"]) if method == "plus" else (Speaking(), ["embeddings", "lengths"])
    free = {"features": {1: "frames"}}
    example = torch.ones(1, 31, width)
    (folder / bridge.NET).write_bytes(encoded(traced(net, [example], ["features"], outputs, free), {}))
    return folder


@pytest.fixture
def spelt(tmp_path: Path, encoder: Encoder) -> Path:
    return made(tmp_path / "plus", "plus")


@pytest.fixture
def spoken(tmp_path: Path, encoder: Encoder, model: Path) -> Path:
    folder = made(tmp_path / "paper", "paper")
    engine = Llama(model, 64, threads=1)
    texts = [engine.text([token]).decode("utf-8", "replace") for token in range(engine.size)]
    np.savez(folder / bridge.WORDS, table=embeddings(model).astype(np.float16), texts=np.array(texts))
    return folder


def backend(folder: Path, model: Path, **options: Any) -> llm.Backend:
    usual = {"seed": 1, "temperature": 1e-3, "most_tokens": 5}  # near ties fall otherwise in the end
    return llm.Backend(llm.Options(bridge=str(folder), file=str(model), **(usual | options)))


def reply(mind: llm.Backend, messages: Sequence[Message], audio: Audio | None = None) -> str:
    return "".join(mind.reply(messages, audio))


def asked(text: str = "") -> list[Message]:
    return [*PAST, Message("user", text)]


def test_letters_are_answered_like_writing(spelt: Path, encoder: Encoder, model: Path) -> None:
    encoder.spell("What is that?")
    mind = backend(spelt, model)
    assert reply(mind, asked(), SOUND) == reply(mind, asked("What is that?")) != reply(mind, asked("No."))


def test_embeddings_are_answered_like_their_words(spoken: Path, encoder: Encoder, model: Path) -> None:
    mind = backend(spoken, model)
    tokens = Llama(model, 64, threads=1).tokens("What is that?")
    encoder.say(embeddings(model, tokens))
    assert reply(mind, asked(), SOUND) == reply(mind, asked("What is that?"))
    encoder.say(embeddings(model, tokens)[::-1])
    assert reply(mind, asked(), Audio(SOUND.samples, SOUND.rate)) != reply(mind, asked("What is that?"))


def test_captions_and_the_model_ask_once(spelt: Path, spoken: Path, encoder: Encoder, model: Path) -> None:
    for folder, hear in ((spelt, encoder.spell), (spoken, _saying(encoder, model))):
        bridge.opened.cache_clear()
        hear("Is it?")
        encoder.times = 0
        assert asr.Backend(asr.Options(bridge=str(folder))).transcribe(SOUND) == "Is it?"
        reply(backend(folder, model), asked(), SOUND)
        assert encoder.times == 1


def _saying(encoder: Encoder, model: Path) -> Callable[[str], None]:
    engine = Llama(model, 64, threads=1)
    return lambda text: encoder.say(embeddings(model, engine.tokens(text)))


def test_what_was_read_before_changes_no_answer(spelt: Path, encoder: Encoder, model: Path) -> None:
    mind = backend(spelt, model)
    encoder.spell("And now?")
    alone = reply(mind, asked(), SOUND)
    mind.read(PAST)
    assert reply(mind, asked(), SOUND) == alone
    for other in ([], PAST[:1], [*PAST, Message("user", "Much more of it."), Message("assistant", "Yes.")]):
        reply(mind, [*other, Message("user", "Well?")])
        assert reply(mind, asked(), SOUND) == alone
    next(mind.reply(asked("Stop!")))
    assert reply(mind, asked(), SOUND) == alone


def test_an_instruction_stands_before_what_is_heard(spelt: Path, encoder: Encoder, model: Path) -> None:
    encoder.spell("It rains.")
    mind = backend(spelt, model, instruction="Say it again:")
    plain = backend(spelt, model)
    assert reply(mind, asked(), SOUND) == reply(plain, asked("Say it again: It rains.")) != reply(plain, asked(), SOUND)


def test_what_is_long_is_read_in_pieces(spelt: Path, encoder: Encoder) -> None:
    encoder.spell("Well.")
    heard = bridge.Bridge(spelt)
    pieces = heard.hear(Audio(np.ones(16_000 * 50, np.float32), 16_000)).text.split()
    assert len(pieces) in (3, 4)
    assert set(pieces) == {"Well."}
    assert heard.hear(Audio(np.ones(1_599, np.float32), 16_000)).text == ""
    assert encoder.times == len(pieces)


def test_nobody_can_stand_where_the_sound_belongs(spelt: Path, encoder: Encoder, model: Path) -> None:
    encoder.spell("It rains.")
    mind = backend(spelt, model)
    past = [PAST[0], Message("user", f"Say {llm.HERE}."), PAST[2]]
    heard = reply(mind, [*past, Message("user", "")], SOUND)
    assert heard == reply(mind, [*past, Message("user", "It rains.")])


def test_too_long_a_past_is_shortened(spelt: Path, encoder: Encoder, model: Path) -> None:
    encoder.spell("Go on.")
    past = [PAST[0], *[Message("user", "word " * 30), Message("assistant", "words " * 30)] * 8]
    assert isinstance(reply(backend(spelt, model, context=512), [*past, Message("user", "")], SOUND), str)


def test_a_second_opinion_is_asked_for_if_it_is_trusted_and_needed(tmp_path: Path, encoder: Encoder) -> None:
    alone, asking = (asr.Backend(asr.Options(bridge=str(made(tmp_path / str(t), "plus", trust=t)))) for t in (0.0, 1.0))

    def read(ears: asr.Backend) -> str:
        return ears.transcribe(Audio(SOUND.samples, SOUND.rate))

    encoder.opinion = "it rains"
    encoder.mumble("it ruins", "it rains")
    assert read(alone) == "it ruins"
    assert (encoder.asked, read(asking), encoder.asked, encoder.guess) == (0, "it rains", 1, "it ruins")
    encoder.spell("it ruins")
    assert read(asking) == "it ruins", "it is sure"
    assert encoder.asked == 1


def test_nothing_was_said(spelt: Path, encoder: Encoder) -> None:
    ears = asr.Backend(asr.Options(bridge=str(spelt)))
    encoder.spell("x")
    assert ears.transcribe(Audio(np.zeros(800, np.float32), 16_000)) == ""
    assert encoder.times == 0


def test_what_does_not_go_together_is_refused(tmp_path: Path, spoken: Path, encoder: Encoder, model: Path) -> None:
    with pytest.raises(ConfigError, match="align train"):
        asr.Backend(asr.Options())
    with pytest.raises(ConfigError, match="align train"):
        llm.Backend(llm.Options())
    with pytest.raises(ConfigError, match="there is no bridge"):
        asr.Backend(asr.Options(bridge=str(tmp_path)))
    other = made(tmp_path / "other", "plus", "b" * 64)
    with pytest.raises(ConfigError, match="learnt to hear through another ears:tiny"):
        asr.Backend(asr.Options(bridge=str(other)))
    rounded = tiny_llama.make(tmp_path / "rounded.gguf", "Q8_0")
    assert reply(backend(spoken, rounded), asked("Yes?")) is not None, "rounded weights are the same words"
    with np.load(spoken / bridge.WORDS) as kept:
        np.savez(spoken / bridge.WORDS, table=kept["table"][::-1], texts=kept["texts"])
    bridge.opened.cache_clear()
    with pytest.raises(ConfigError, match="learnt the words of another language model"):
        backend(spoken, model)


def test_a_clone_understands_through_its_own_bridge_if_it_is_better(encoder: Encoder, ada: Path) -> None:
    def played() -> list[str]:
        chosen = clone.choices(ada)
        return [f"{chosen[kind].backend} ({chosen[kind].origin['backend']})" for kind in ("asr", "llm")]

    (ada / "clone.toml").write_text('name = "Ada"\n', "utf-8")
    usual = ["moonshine (default)", "llamacpp (default)"]
    assert played() == usual
    about = artifacts.bridge(made(ada / "bridge", "plus"))
    assert played() == ["bridge (its own bridge)", "bridge (its own bridge)"]
    for change, wanted in (
        ({"wrong": 0.3}, False), ({"wrong": 0.3, "use": "always"}, True), ({"use": "never"}, False),
        ({"wrong": float("nan")}, False),
    ):  # fmt: skip
        (ada / "bridge" / artifacts.BRIDGE).write_bytes(toml(about.model_copy(update=change), "A bridge."))
        assert (played() != usual) == wanted
    (ada / "bridge" / artifacts.BRIDGE).write_bytes(toml(about, "A bridge."))
    (ada / "clone.toml").write_text('name = "Ada"\n[asr]\nbackend = "moonshine"\n', "utf-8")
    assert played() == ["moonshine (clone.toml)", "bridge (its own bridge)"], "what is written there is stronger"
