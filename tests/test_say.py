"""`digiclone say`: any text into a file, whole or not at all."""

import io
import json
import os
import stat
import sys
import wave
from pathlib import Path
from typing import Any

import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from digiclone.cli import app
from digiclone.commands.say import say, write
from digiclone.config import ConfigError
from digiclone.text.phrases import phrases
from digiclone.tts.tone import Backend, Options

pytestmark = pytest.mark.usefixtures("ada")


def seconds(file: Path) -> float:
    with wave.open(str(file)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
        return sound.getnframes() / sound.getframerate()


def test_it_says_how_long_and_when(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a.wav"
    app(["say", "ada", "Hello there. It is half past seven.", "-o", str(out), "--json"], standalone_mode=False)
    about = json.loads(capsys.readouterr().out)
    assert about["file"] == str(out)
    assert about["seconds"] == pytest.approx(seconds(out), abs=1e-3)
    assert [one["text"] for one in about["phrases"]] == ["Hello there.", "It is half past seven."]
    first, second = (one["start"] for one in about["phrases"])
    assert 0 == first < second < about["seconds"]


def test_ten_thousand_characters_are_no_trouble(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    say("ada", "This is a sentence of seven words. " * 300, tmp_path / "a.wav", as_json=False, settings=[])
    assert seconds(tmp_path / "a.wav") > 300
    assert "s of speech in" in capsys.readouterr().out


def test_it_reads_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("Good morning.\n"))
    say("ada", "-", tmp_path / "a.wav", as_json=False, settings=[])
    assert seconds(tmp_path / "a.wav") > 0.2


@pytest.mark.parametrize("text", ["", "   ", "...", "😀 — !", "\n\n"])
def test_a_text_without_words(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no words to say"):
        say("ada", text, tmp_path / "a.wav", as_json=False, settings=[])
    assert not list(tmp_path.iterdir())


def test_words_that_the_voice_cannot_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backend, "speak", lambda *_: iter(()))
    (tmp_path / "a.wav").write_bytes(b"old")
    with pytest.raises(ConfigError, match="speaks English"):
        say("ada", "日本語", tmp_path / "a.wav", as_json=False, settings=[])
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]


@pytest.mark.parametrize("out", ["nowhere/a.wav", ".", "/dev/null"])
def test_where_nothing_can_be_written(out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"no folder|no file"):
        say("ada", "Hello.", Path(out), as_json=False, settings=[])
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.wav").write_bytes(b"old")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(wave.Wave_write, "writeframes", full)
    with pytest.raises(ConfigError, match=r"cannot write .*No space left"):
        say("ada", "Hello.", tmp_path / "a.wav", as_json=False, settings=[])
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]


@given(st.text(max_size=200))
def test_any_text_becomes_a_whole_file_or_a_sentence_about_it(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    file = tmp_path_factory.mktemp("said") / "a.wav"
    pieces = list(phrases([text]))
    try:
        spoken, length = write(Backend(Options()), pieces, file, lambda *_: None)
    except ConfigError:
        return
    assert length == pytest.approx(soundfile.info(file).duration)
    assert [one["text"] for one in spoken] == [piece for piece in pieces if list(Backend(Options()).speak(piece))]
