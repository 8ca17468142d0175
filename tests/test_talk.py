"""`digiclone talk` from the outside: recordings of every kind in, a voice and a log out, mistakes in a sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from support import voice

from digiclone.commands import talk as command
from digiclone.config import ConfigError
from digiclone.types import Speech

pytestmark = pytest.mark.timeout(60)
Run = subprocess.CompletedProcess[str]


def talk(*arguments: object) -> Run:
    run = [sys.executable, "-W", "error", "-m", "digiclone", "talk", *map(str, arguments)]
    return subprocess.run(run, capture_output=True, text=True, env=dict(os.environ), check=False)


def refused(run: Run) -> str:
    """The one sentence of a command that failed."""
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert run.stderr.startswith("digiclone: "), run.stderr
    return run.stderr.strip()


def write(file: Path, rate: int = 16_000, channels: int = 1, **how: Any) -> Path:
    samples = np.stack([voice(0.4, rate)] * channels, axis=1)
    soundfile.write(file, samples, rate, **how)
    return file


def test_words_in_voice_and_events_out(ada: Path, tmp_path: Path) -> None:
    out, log = tmp_path / "reply.wav", tmp_path / "events.jsonl"
    run = talk("ada", "--text", "One two. Three.", "--out", out, "--events", log)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == "you:   One two. Three.\nada: One two.\nada: Three.\n"
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert [e["type"] for e in events][:4] == ["Heard", "Said", "Mouthed", "Spoke"]
    assert events[-1]["type"] == "Done"
    times = [e["at"] for e in events]
    assert times == sorted(times)
    info = soundfile.info(out)
    assert (info.channels, info.subtype, info.samplerate) == (1, "PCM_16", 22_050)
    assert info.duration == pytest.approx(0.06 * (7 + 5), abs=0.01)


KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "8k": ("a.wav", {"rate": 8000}),
    "44.1k stereo": ("a.wav", {"rate": 44_100, "channels": 2}),
    "24 bit": ("a.wav", {"subtype": "PCM_24"}),
    "float": ("a.wav", {"subtype": "FLOAT"}),
    "8 bit": ("a.wav", {"subtype": "PCM_U8"}),
    "flac": ("a.flac", {"rate": 48_000}),
    "mp3": ("a.mp3", {"rate": 44_100}),
    "ogg": ("a.ogg", {"rate": 48_000}),
    "no extension": ("recording", {"format": "WAV"}),
    "192k, six channels": ("a.wav", {"rate": 192_000, "channels": 6}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_recordings_of_every_kind(tmp_path: Path, kind: str) -> None:
    name, how = KINDS[kind]
    audio = command.read(write(tmp_path / name, **how))
    assert audio.rate == how.get("rate", 16_000)
    assert audio.seconds == pytest.approx(0.4, abs=0.1)
    assert audio.samples.ndim == 1
    assert np.abs(audio.samples).max() == pytest.approx(0.5, abs=0.1)


def test_a_recording_is_answered(ada: Path, tmp_path: Path) -> None:
    run = talk("ada", "--audio", write(tmp_path / "a.wav", 44_100, 2))
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("you:   Hello there.\nada: Hello there.")


def test_a_recording_of_nothing(ada: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 8000)
    run = talk("ada", "--audio", tmp_path / "a.wav", "--out", tmp_path / "out.wav")
    assert (run.returncode, run.stderr) == (0, "")
    assert "nothing was heard" in run.stdout
    assert soundfile.info(tmp_path / "out.wav").duration == 0.5


def test_a_truncated_recording_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(whole[: len(whole) // 2 + 1])
    assert command.read(tmp_path / "a.wav").seconds == pytest.approx(0.2, abs=0.01)


def test_samples_that_are_no_numbers(tmp_path: Path) -> None:
    soundfile.write(
        tmp_path / "a.wav", np.array([np.nan, 0.5, np.inf, -np.inf] * 99, np.float32), 16_000, subtype="FLOAT"
    )
    samples = command.read(tmp_path / "a.wav").samples
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "is no recording"),
        (b"", "is no recording"),
        (b"Dear diary,", "is no recording"),
        (b"RIFF\xff\xff\xff\xffWAVE", "is no recording"),
        ("folder", "is no recording"),
        ("no samples", "has no sound"),
        ("raw", "is no recording"),
    ],
)
def test_what_is_no_recording_is_a_sentence(tmp_path: Path, content: bytes | str | None, complaint: str) -> None:
    file = tmp_path / ("a.raw" if content == "raw" else "a.wav")
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content == "folder":
        file.mkdir()
    elif content == "no samples":
        soundfile.write(file, np.zeros(0), 16_000)
    elif content == "raw":
        file.write_bytes(b"\1\2" * 100)
    with pytest.raises(ConfigError, match=complaint):
        command.read(file)


def test_mistakes_are_answered_in_a_sentence(ada: Path, tmp_path: Path) -> None:
    sound = write(tmp_path / "a.wav")
    assert "is no recording" in refused(talk("ada", "--audio", tmp_path / "missing.wav"))
    assert "say something" in refused(talk("ada"))
    assert "say something" in refused(talk("ada", "--audio", sound, "--text", "Hi."))
    assert "did you mean 'ada'?" in refused(talk("adda", "--text", "Hi."))
    assert "did you mean 'repeat'?" in refused(talk("ada", "--text", "Hi.", "--set", "llm.repat=2"))
    assert "models fetch" in refused(talk("ada", "--text", "Hi.", "--set", "tts.backend=hibari"))


@pytest.mark.parametrize("option", ["--out", "--events"])
def test_a_place_that_cannot_be_written_is_a_sentence(ada: Path, tmp_path: Path, option: str) -> None:
    assert "nowhere" in refused(talk("ada", "--text", "Hi.", option, tmp_path / "nowhere" / "file"))


def test_a_stage_that_fails_is_named(ada: Path, tmp_path: Path) -> None:
    settings = ["--set", "llm.backend=openai", "--set", "llm.url=http://127.0.0.1:9/v1"]
    run = talk("ada", "--text", "Hi.", *settings, "--out", tmp_path / "out.wav")
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert "127.0.0.1:9" in run.stderr


def test_chunks_of_several_rates_become_one_file(tmp_path: Path) -> None:
    chunks = [Speech(voice(0.5, rate), rate) for rate in (24_000, 16_000, 24_000)]
    command.write(tmp_path / "out.wav", list(chunks))
    info = soundfile.info(tmp_path / "out.wav")
    assert (info.samplerate, info.duration) == (24_000, pytest.approx(1.5, abs=0.01))
