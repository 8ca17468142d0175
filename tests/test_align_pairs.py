"""What a bridge learns from: cut out of recordings, brought from a dataset, added one by one."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("av")

from digiclone.align import pairs
from digiclone.align.chat import Found, Utterance
from digiclone.config import ConfigError
from digiclone.types import Audio


def tone(hertz: float, seconds: float, rate: int = 16_000) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def pitch(audio: Audio) -> float:
    size = np.abs(np.fft.rfft(audio.samples))
    return float(size.argmax() * audio.rate / len(audio.samples))


def utterance(media: Path, begin: float, end: float, text: str = "Yes.") -> Utterance:
    return Utterance(f"{media.stem}-{begin:g}", "PAR", media, begin, end, f"Uh {text}", text)


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Seconds of 200, 300, 400 … Hz, a silent one at the end."""
    seconds = [*(tone(200 + 100 * number, 1) for number in range(8)), np.zeros(16_000, np.float32)]
    soundfile.write(tmp_path / "talk.wav", np.concatenate(seconds), 16_000)
    return tmp_path / "talk.wav"


def test_sentences_are_cut_where_they_are_said(tmp_path: Path, media: Path) -> None:
    found = Found([utterance(media, 6.0, 7.0), utterance(media, 1.0, 2.0), utterance(media, 1.5, 4.0)])
    assert pairs.add(tmp_path / "pairs", pairs.from_chat(found)) == 3
    kept = {pair.name: pair for pair in pairs.read(tmp_path / "pairs")}
    assert pitch(kept["talk-6"].audio()) == pytest.approx(800, abs=3)
    assert pitch(kept["talk-1"].audio()) == pytest.approx(300, abs=3)
    assert kept["talk-1.5"].audio().seconds == pytest.approx(2.5, abs=0.01)
    assert (kept["talk-1"].verbatim, kept["talk-1"].cleaned) == ("Uh Yes.", "Yes.")
    assert found.skipped == {}


def test_long_recordings_are_read_in_blocks(tmp_path: Path, media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = pairs.blocks
    monkeypatch.setattr(pairs, "blocks", lambda file: read(file, 1.7))
    found = Found([utterance(media, begin / 2, begin / 2 + 0.4) for begin in range(16)])
    assert pairs.add(tmp_path / "pairs", pairs.from_chat(found)) == 16
    heard = [round(pitch(pair.audio()), -1) for pair in pairs.read(tmp_path / "pairs")]
    assert heard == [200 + 100 * (begin // 2) for begin in range(16)]


def test_what_cannot_be_cut_is_counted(tmp_path: Path, media: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    found = Found(
        [utterance(media, 1, 2), utterance(media, 8.5, 20), utterance(media, 8.1, 8.9), utterance(broken, 0, 1)]
    )
    assert pairs.add(tmp_path / "pairs", pairs.from_chat(found)) == 1
    assert found.skipped == {
        "it lies past the end of the recording": 1,
        "there is silence in the recording": 1,
        "the recording is damaged": 1,
    }


def test_a_dataset_is_brought_and_what_is_wrong_with_it_is_counted(tmp_path: Path) -> None:
    (tmp_path / "wavs").mkdir()
    for name, sound in (
        ("good", tone(200, 2, 22_050)), ("short", tone(200, 0.1, 22_050)), ("long", tone(200, 60, 22_050)),
        ("quiet", np.zeros(30_000, np.float32)), ("mute", tone(200, 2, 22_050)),
    ):  # fmt: skip
        soundfile.write(tmp_path / "wavs" / f"{name}.wav", sound, 22_050)
    (tmp_path / "wavs" / "bad.wav").write_bytes(b"no sound")
    (tmp_path / "metadata.csv").write_text(
        "good|Hello.|Hello there.\nshort|No.\nlong|Much.\nquiet|Hush.\nmute|\nbad|Bad.\ngone|Gone.\n\n", "utf-8"
    )
    made, skipped = pairs.from_dataset(tmp_path)
    assert pairs.add(tmp_path / "pairs", made) == 1
    (pair,) = pairs.read(tmp_path / "pairs")
    assert (pair.name, pair.verbatim, pair.cleaned) == ("good", "Hello there.", "Hello there.")
    assert pair.audio().rate == 16_000
    assert skipped == Counter(
        {
            "it is shorter than 0.3 or longer than 15 seconds": 2,
            "there is silence in the recording": 1,
            "there is no text": 1,
            "the recording is damaged": 1,
            "there is no recording": 1,
        }
    )
    with pytest.raises(ConfigError, match="a dataset in LJSpeech's layout has"):
        pairs.from_dataset(tmp_path / "wavs")


def test_a_correction_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    audio = Audio(tone(200, 1), 16_000)
    pairs.add(tmp_path, [("a", audio, "Won.", "Won."), ("b", audio, "Too|two\nlines.", "")])
    pairs.add(tmp_path, [("a", audio, "One.", "One.")])
    assert [(pair.name, pair.verbatim) for pair in pairs.read(tmp_path)] == [("a", "One."), ("b", "Too two lines.")]


def test_a_crash_costs_one_pair_at_most(tmp_path: Path) -> None:
    audio = Audio(tone(200, 1), 16_000)

    def some() -> object:
        yield "a", audio, "One.", "One."
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pairs.add(tmp_path, some())  # type: ignore[arg-type]
    assert [pair.name for pair in pairs.read(tmp_path)] == ["a"]
    (tmp_path / "wavs" / "a.wav").unlink()
    assert pairs.read(tmp_path) == [], "a pair whose sound is gone is none"


def test_who_is_kept_stays_kept(tmp_path: Path) -> None:
    some = [pairs.Pair(f"p{number}", tmp_path, "", "") for number in range(400)]
    learnt, kept = pairs.split(some)
    assert len(learnt) + len(kept) == 400
    assert 20 <= len(kept) <= 60
    assert {pair.name for pair in pairs.split(some[:200])[1]} == {p.name for p in kept if int(p.name[1:]) < 200}


def test_one_sentence_at_least_is_kept_from_learning(tmp_path: Path) -> None:
    def pair(number: int) -> pairs.Pair:
        return pairs.Pair(f"s{number}", tmp_path / f"s{number}.wav", "a", "a")

    for count in (1, 2, 5, 20):
        for first in range(0, 200, count):
            some = [pair(number) for number in range(first, first + count)]
            learnt, kept = pairs.split(some)
            assert kept
            assert {*learnt, *kept} == {*some}
            assert len(learnt) + len(kept) == len(some)
    all_ = [pair(number) for number in range(400)]
    learnt, kept = pairs.split(all_)
    assert 20 < len(kept) < 60
    assert {*pairs.split(all_[:200])[1]} <= {*kept}, "who was kept stays kept"
    assert pairs.split([]) == ([], [])
