"""`digiclone voice build`: real recordings become a dataset; what is no good is named; a kill costs one block."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from digiclone import cli
from digiclone.commands import training
from digiclone.commands import voice as command
from digiclone.config import ConfigError
from digiclone.dsp import resample
from digiclone.measure.recordings import recordings
from digiclone.types import Audio
from digiclone.voice import dataset
from digiclone.voice.read import BadRecording
from digiclone.voice.script import Script

for package in training.PACKAGES:
    pytest.importorskip(package, reason="making a voice needs the extra: pip install 'digiclone[voice]'")

pytestmark = pytest.mark.model
RATE = 22_050


def silent(_what: str, _share: float) -> None:
    """Nobody listens to the progress."""


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute of one person, and one line by another, as files."""
    folder = tmp_path_factory.mktemp("spoken")
    first = recordings(60)
    speaker = first[0].name.partition("_")[0].partition("-")[0][:4]
    own = [r for r in first if r.name.startswith(speaker)][:7]
    rest = np.zeros(RATE // 2, np.float32)
    sound = np.concatenate([part for r in own for part in (resample(r.audio, RATE).samples, rest)])
    soundfile.write(folder / "me.flac", sound, RATE)
    return folder


@pytest.fixture(scope="module")
def built(spoken: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dataset.Dataset]:
    voice = tmp_path_factory.mktemp("voice")
    return voice, dataset.build(voice, [spoken], silent)


def test_the_dataset_is_in_ljspeechs_layout(built: tuple[Path, dataset.Dataset]) -> None:
    voice, made = built
    lines = (voice / "dataset" / "metadata.csv").read_text("utf-8").splitlines()
    assert len(lines) == len(made.used) > 1
    for line in lines:
        name, text, again = line.split("|")
        assert text == again
        assert len(text.split()) > 2
        about = soundfile.info(voice / "dataset" / "wavs" / f"{name}.wav")
        assert (about.samplerate, about.channels, about.subtype) == (RATE, 1, "PCM_16")


def test_the_report_shows_every_clip(built: tuple[Path, dataset.Dataset]) -> None:
    voice, made = built
    report = (voice / "dataset" / "report.html").read_text("utf-8")
    assert report.count("<audio") == len(made.clips)
    assert "<svg" in report
    assert "http" not in report, "nothing is loaded from elsewhere"
    told = json.loads((voice / "dataset" / "dataset.json").read_text("utf-8"))
    assert told == json.loads(json.dumps(dataset.told(made)))


def test_nearly_all_that_was_said_is_kept(built: tuple[Path, dataset.Dataset]) -> None:
    _, made = built
    assert made.used_seconds > 0.8 * made.speech


def test_the_same_again_makes_nothing_anew(
    built: tuple[Path, dataset.Dataset], spoken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice, made = built
    before = (voice / "dataset" / "metadata.csv").read_bytes()
    monkeypatch.setattr("digiclone.voice.clips.transcribed", _refused)
    assert dataset.build(voice, [spoken, spoken / "me.flac"], silent) == made
    assert (voice / "dataset" / "metadata.csv").read_bytes() == before


def _refused(*_: object) -> None:
    raise AssertionError("that was done before")


def test_a_kill_costs_one_block(spoken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, begun = dataset.clips_of, list[str]()

    def killed_later(sound: Audio, begin: float, folder: Path, script: Script | None) -> dataset.Block:
        begun.append(folder.name)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return real(sound, begin, folder, script)

    monkeypatch.setattr(dataset, "blocks", lambda file: _short_blocks(file))
    monkeypatch.setattr(dataset, "clips_of", killed_later)
    with pytest.raises(KeyboardInterrupt):
        dataset.build(tmp_path, [spoken], silent)
    assert [folder.name for folder in (tmp_path / "blocks").iterdir()] == begun[:1]
    assert not (tmp_path / "dataset").exists()
    monkeypatch.setattr(dataset, "clips_of", real)
    first = (tmp_path / "blocks" / begun[0] / "block.json").stat().st_mtime_ns
    made = dataset.build(tmp_path, [spoken], silent)
    assert (tmp_path / "blocks" / begun[0] / "block.json").stat().st_mtime_ns == first
    assert {one.file.parent.name for one in made.clips} > set(begun[:1])


def _short_blocks(file: Path) -> list[Audio]:
    from digiclone.voice.read import blocks

    return list(blocks(file, longest=12))[:3]


def test_files_that_are_no_sound_are_named_and_the_rest_is_used(
    built: tuple[Path, dataset.Dataset], spoken: Path, tmp_path: Path
) -> None:
    voice, made = built
    (tmp_path / "shopping.txt").write_text("milk")
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE * 3), RATE)
    again = dataset.build(voice, [spoken, tmp_path], silent)
    assert any("shopping.txt" in note for note in again.notes)
    assert again.clips == made.clips


@pytest.mark.parametrize("kind", ["silence", "hiss", "chord"])
def test_what_is_no_speech_makes_no_dataset(kind: str, tmp_path: Path) -> None:
    t = np.arange(RATE * 6) / RATE
    sound = {
        "silence": np.zeros_like(t),
        "hiss": 0.1 * np.random.default_rng(0).standard_normal(len(t)),
        "chord": 0.1 * np.sum([np.sin(2 * np.pi * f * t) for f in (262, 330, 392)], axis=0),
    }[kind]
    soundfile.write(tmp_path / "me.wav", sound, RATE)
    with pytest.raises(BadRecording, match="Record a few minutes"):
        dataset.build(tmp_path / "voice", [tmp_path / "me.wav"], silent)
    assert not (tmp_path / "voice" / "dataset").exists()


def test_a_telephone_is_noticed(spoken: Path, tmp_path: Path) -> None:
    sound, rate = soundfile.read(spoken / "me.flac", dtype="float32")
    soundfile.write(tmp_path / "call.wav", resample(Audio(sound[: rate * 12], rate), 8000).samples, 8000)
    made = dataset.build(tmp_path / "voice", [tmp_path / "call.wav"], silent)
    assert any("telephone" in note for note in made.notes)


def test_the_command_says_what_it_made(
    built: tuple[Path, dataset.Dataset], spoken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, made = built
    monkeypatch.setattr(command, "find", lambda _: tmp_path)
    monkeypatch.setattr(dataset, "build", lambda *_: made)
    said = CliRunner().invoke(cli.app, ["voice", "build", "ada", "--audio", str(spoken), "--json"])
    assert json.loads(said.stdout)["used"] == round(made.used_seconds, 1)
    said = CliRunner().invoke(cli.app, ["voice", "build", "ada", "--audio", str(spoken)])
    assert "too few for a voice" in said.stdout
    assert "report.html" in said.stdout
    missing = CliRunner().invoke(cli.app, ["voice", "build", "ada", "--audio", str(spoken / "none.wav")])
    assert isinstance(missing.exception, ConfigError)


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "PACKAGES", ("torch", "no_such_package"))
    said = CliRunner().invoke(cli.app, ["voice", "build", "ada", "--audio", "x.wav"])
    assert isinstance(said.exception, ConfigError)
    assert "no_such_package; run: pip install 'digiclone[voice]'" in str(said.exception)
