"""From blocks to a dataset, whatever the recordings are like; what listens is stood in for."""

import errno
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

pytest.importorskip("av", reason="making a voice needs the extra: pip install 'digiclone[voice]'")

from digiclone.types import Audio
from digiclone.voice import dataset
from digiclone.voice.check import Figures
from digiclone.voice.clips import KEPT, VOICES, Block, Clip
from digiclone.voice.read import BLOCK, About, BadRecording

ME, YOU = np.eye(2, 192, dtype=np.float32)
GOOD = Figures(seconds=6.0, clipped=0.0, snr=40.0, rate=13.0, sure=0.95)


class Ears:
    """Writes down a block: six clips, by these voices, in English or not."""

    def __init__(self, voices: list[np.ndarray], foreign: float = 0.0) -> None:
        self.voices, self.foreign, self.heard = voices, foreign, 0

    def __call__(self, audio: Audio, begin: float, folder: Path, _script: object) -> Block:
        self.heard += 1
        folder.mkdir(parents=True, exist_ok=True)
        names = [f"{folder.name}-{number:03}" for number in range(len(self.voices))]
        for name in names:
            soundfile.write(folder / f"{name}.wav", np.full(2205, 0.1), 22_050, subtype="PCM_16")
        np.save(folder / VOICES, np.array(self.voices).reshape(-1, 192))
        (folder / KEPT).write_text("{}")
        clips = tuple(
            Clip(name, f"This is {number}.", begin + 7 * number, begin + 7 * number + 6, GOOD)
            for number, name in enumerate(names)
        )
        return Block(folder, audio.seconds, 6.0 * len(clips) + self.foreign, self.foreign, None, clips)


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that says it is ten hours long, in blocks that hold little."""
    file = tmp_path / "me.wav"
    soundfile.write(file, np.zeros(1000), 22_050)
    monkeypatch.setattr(dataset, "about", lambda _: About(10 * 3600.0, 22_050))

    def long(_file: Path) -> Iterator[Audio]:
        for _ in range(120):
            yield Audio(np.zeros(round(BLOCK * 10), np.float32), 10)

    monkeypatch.setattr(dataset, "blocks", long)
    return file


def build(
    ears: Ears, recording: Path, monkeypatch: pytest.MonkeyPatch, told: list[float] | None = None
) -> dataset.Dataset:
    monkeypatch.setattr(dataset, "clips_of", ears)
    heard: list[float] = [] if told is None else told
    return dataset.build(recording.parent / "voice", [recording], lambda _, share: heard.append(share))


def test_ten_hours_are_worked_off_block_by_block(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float] = []
    made = build(ears := Ears([ME] * 6), recording, monkeypatch, told)
    assert ears.heard == 120
    assert len(made.used) == 720
    assert made.seconds == pytest.approx(36_000)
    assert told == sorted(told)
    assert told[60] == pytest.approx(0.5, abs=0.01)


def test_other_peoples_clips_are_dropped_by_name(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = build(Ears([ME, ME, ME, YOU, ME]), recording, monkeypatch)
    assert len(made.used) == 480
    assert {one.faults for one in made.clips if one.faults} == {(dataset.SOMEBODY_ELSE,)}
    told = json.loads((recording.parent / "voice" / "dataset" / "dataset.json").read_text())
    assert sum(one["faults"] == [dataset.SOMEBODY_ELSE] for one in told["clips"]) == 120


def test_another_language_is_left_out_and_noted(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = build(Ears([ME] * 2, foreign=30.0), recording, monkeypatch)
    assert any("3600 of 5040 s of speech are not English" in note for note in made.notes)
    with pytest.raises(BadRecording, match="not English"):
        build(Ears([], foreign=30.0), recording, monkeypatch)


def test_a_full_disk_leaves_the_old_dataset(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(Ears([ME] * 3), recording, monkeypatch)
    table = recording.parent / "voice" / "dataset" / "metadata.csv"
    before = table.read_text()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(dataset.shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space"):
        build(Ears([ME] * 2), recording, monkeypatch)
    assert table.read_text() == before
