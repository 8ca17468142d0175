"""A trained voice at work: the sound of pieces is the sound of the whole, and all words and phones are in it once."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from digiclone import artifacts, registry
from digiclone.config import ConfigError
from digiclone.dsp import VOICE_HOP, VOICE_RATE
from digiclone.text.phrases import MOST_WORDS
from digiclone.tts import glow
from digiclone.types import Speech

Use = Literal["if good", "always", "never"]
LONG = "The quick brown fox, who had slept badly, jumps over the lazy dog and then over another one."
TEXTS = ["", "...", "😀", "日本語", "Hi.", "Hello, you 2!", LONG, "a" * 3000, "so " * 500, "\x00\n\t?"]


@pytest.fixture(scope="module")
def voice(tiny_voice: Path) -> glow.Backend:
    return registry.load("tts", "glow", voice=str(tiny_voice), threads=1)


@pytest.mark.parametrize("text", TEXTS)
def test_whatever_it_is_given(voice: glow.Backend, text: str) -> None:
    pieces = list(voice.speak(text))
    assert bool(pieces) == any(c.isascii() and c.isalnum() for c in text)
    for piece in pieces:
        assert piece.samples.dtype == np.float32
        assert np.abs(piece.samples).max(initial=0) <= 1
        times = [t for phone in piece.phones for t in (phone.start, phone.end)]
        assert times == sorted(times)
        assert all(0 <= t <= piece.seconds + 1e-6 for t in times)


def test_the_pieces_are_the_whole(voice: glow.Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = list(voice.speak(LONG))
    monkeypatch.setattr(glow, "FIRST", 10**6)
    (whole,) = voice.speak(LONG)
    assert len(pieces) > 2
    assert np.concatenate([piece.samples for piece in pieces]) == pytest.approx(whole.samples, abs=1e-4)
    assert " ".join(piece.text for piece in pieces) == whole.text == LONG
    assert _joined(pieces) == pytest.approx(_joined([whole]), abs=1e-6)


def test_the_first_piece_comes_early(voice: glow.Backend) -> None:
    first, *_ = voice.speak(LONG)
    assert glow.FIRST * VOICE_HOP / VOICE_RATE * 0.5 < first.seconds < 1.5
    assert LONG.startswith(first.text)
    assert first.heard_by(first.seconds / 2) != first.text


def test_every_word_is_heard_once_wherever_it_is_cut(voice: glow.Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "In 1984 it cost $5.20, or so they say; I do not know at all."
    for least in range(1, 60, 7):
        monkeypatch.setattr(glow, "FIRST", least)
        monkeypatch.setattr(glow, "LATER", least)
        assert " ".join(piece.text for piece in voice.speak(text) if piece.text) == text


def test_it_says_the_same_twice_and_slower_if_asked(tiny_voice: Path, voice: glow.Backend) -> None:
    one, two = (np.concatenate([piece.samples for piece in voice.speak(LONG)]) for _ in range(2))
    assert np.array_equal(one, two)
    slow = registry.load("tts", "glow", voice=str(tiny_voice), speed=0.5)
    assert sum(piece.seconds for piece in slow.speak(LONG)) > 1.3 * len(one) / VOICE_RATE


def test_a_long_text_is_said_phrase_by_phrase(voice: glow.Backend) -> None:
    text = "One more. " * (MOST_WORDS + 1)
    assert " ".join(piece.text for piece in voice.speak(text)).split() == text.split()


def test_blanks_are_shared_by_their_neighbours() -> None:
    frame = VOICE_HOP / VOICE_RATE
    a, b = glow._times("ab", np.array([10, 4, 2, 6, 20]))
    assert (a.symbol, b.symbol) == ("a", "b")
    assert [a.start, a.end, b.start, b.end] == pytest.approx([10 * frame, 15 * frame, 15 * frame, 22 * frame])


@pytest.mark.parametrize("name", ["katleen", "/nowhere", ""])
def test_a_voice_that_is_none(name: str) -> None:
    with pytest.raises(ConfigError, match="tts:glow has no voice"):
        registry.load("tts", "glow", voice=name)


def test_a_damaged_voice_is_named(tiny_voice: Path, tmp_path: Path) -> None:
    for file in tiny_voice.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "decoder.onnx").write_bytes((tiny_voice / "decoder.onnx").read_bytes()[:1000])
    with pytest.raises(registry.Broken, match=r"tts:glow cannot be loaded.*decoder.onnx"):
        registry.load("tts", "glow", voice=str(tmp_path))


@pytest.mark.parametrize(
    ("use", "card", "used"),
    [
        ("if good", '{"faults": []}', True),
        ("if good", '{"faults": ["it mumbles"]}', False),
        ("if good", None, False),
        ("if good", "{", False),
        ("always", None, True),
        ("always", '{"faults": ["it mumbles"]}', True),
        ("never", '{"faults": []}', False),
    ],
)
def test_when_a_voice_is_used(
    tmp_path: Path, use: Literal["if good", "always", "never"], card: str | None, used: bool
) -> None:
    assert not artifacts.usable(tmp_path)
    about = artifacts.Voice(
        rate=22_050, use=use, right="", made=datetime.now(UTC), minutes=1, recipe="", likelihood=0, kept=[]
    )
    (tmp_path / artifacts.VOICE).write_bytes(artifacts.toml(about, "A voice."))
    if card is not None:
        (tmp_path / artifacts.CARD).write_text(card)
    assert artifacts.usable(tmp_path) == used


def _joined(pieces: list[Speech]) -> list[float]:
    """When each phone ends, over all pieces; silences may be cut in two."""
    found, start = list[float](), 0.0
    for piece in pieces:
        found += [start + phone.end for phone in piece.phones if phone.symbol != " "]
        start += piece.seconds
    return found
