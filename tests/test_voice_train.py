"""`digiclone voice train`, `card` and `use`: who may train, what is said before, and what becomes of the result."""

import errno
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from support import clips
from typer.testing import CliRunner, Result

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[voice]'")
pytest.importorskip("tensorboardX", reason="training needs the extra: pip install 'digiclone[voice]'")
pytest.importorskip("whisper_normalizer", reason="training needs the extra: pip install 'digiclone[voice]'")

from digiclone import artifacts, cli  # noqa: E402
from digiclone.clone import choices  # noqa: E402
from digiclone.commands import training  # noqa: E402
from digiclone.config import ConfigError  # noqa: E402
from digiclone.measure.speaking import Pace  # noqa: E402
from digiclone.nn import glow_tts, hifigan  # noqa: E402
from digiclone.text.symbols import SYMBOLS  # noqa: E402
from digiclone.train import base, checkpoint, expect, glow  # noqa: E402
from digiclone.train import voice as recipes  # noqa: E402
from digiclone.types import Audio  # noqa: E402
from digiclone.voice import card, consent  # noqa: E402
from digiclone.voice.words import Reading  # noqa: E402

SMALL = glow_tts.Dims(len(SYMBOLS), hidden=8, inner=16, layers=1, window=1, durations=8, blocks=2, wavenet=1)
VOCODER = hifigan.Dims(channels=16, kernels=(3,), dilations=(1,))


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.app, ["voice", *words])


def refusal(*words: str) -> str:
    found = run(*words).exception
    assert isinstance(found, ConfigError), found
    return str(found)


def agreed(folder: Path) -> None:
    given = consent.Spoken(consent=artifacts.consent(consent.STATEMENT), heard=consent.STATEMENT, alike=1.0)
    (folder / consent.FILE).write_bytes(artifacts.toml(given, consent.COMMENT))
    (folder / consent.SOUND).write_bytes(b"yes")


def spoken(reading: Reading) -> card.Spoken:
    return card.Spoken(Audio(np.full(2000, 0.1, np.float32), 22_050), "number won", reading, 4.2, 0.9)


@pytest.fixture
def voice(ada: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with enough recordings and consent; small networks, and a card that praises."""
    clips(ada / "voice", 24)
    agreed(ada / "voice")
    torch.manual_seed(0)
    start = base.Base(SMALL, glow_tts.GlowTTS(SMALL).state_dict(), None)
    tiny = recipes.Recipe(training=glow.Recipe(dims=SMALL, steps=4, frames=4000, every=2), postfilter=None)
    monkeypatch.setattr(base, "load", lambda _: start)
    monkeypatch.setattr(recipes, "Recipe", lambda **_: tiny)
    monkeypatch.setattr(hifigan, "load", lambda _: hifigan.Generator(VOCODER).eval())
    monkeypatch.setattr(training, "bring", lambda _: None)
    monkeypatch.setattr(training, "path", lambda _: Path("hifigan"))
    praise(monkeypatch, Reading(words=5))
    return ada / "voice"


def praise(monkeypatch: pytest.MonkeyPatch, reading: Reading) -> None:
    pace = Pace(first_audio_s=0.1, rtf=0.2, memory_mb=90.0, each=[])
    made = card.Card(("Number one.",), (spoken(reading),), (spoken(Reading(words=5)),), 0.1, pace)
    monkeypatch.setattr(card, "of", lambda *_: made)


def test_a_good_voice_is_used(voice: Path) -> None:
    said = run("train", "ada", "--json")
    assert said.exception is None, said.output
    about = json.loads(said.stdout)
    assert about["used"]
    assert about["accuracy"] == 1
    assert "no GPU): less than a minute at most" in said.stderr
    assert (voice / "training" / "training.html").exists()
    assert "I agree that a copy" in artifacts.voice(voice).right
    assert choices(voice.parent)["tts"].backend == "tone", "clone.toml is stronger"
    (voice.parent / "clone.toml").write_text('name = "Ada"\n')
    chosen = choices(voice.parent)["tts"]
    assert (chosen.backend, chosen.options) == ("glow", {"voice": str(voice)})
    page = (voice / "card.html").read_text()
    assert "Good enough" in page
    assert page.count("<audio") == 2 == len(list((voice / "card").iterdir()))


def test_a_bad_voice_is_not_used_unless_somebody_insists(voice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (voice.parent / "clone.toml").write_text('name = "Ada"\n')
    praise(monkeypatch, Reading(words=5, dropped=3))
    said = run("train", "ada")
    assert "a sentence lacks 3 words" in said.stdout
    assert "voice use ada always" in said.stdout
    assert choices(voice.parent)["tts"].backend == "hibari"
    assert "its own voice" in run("use", "ada", "always").stdout
    assert choices(voice.parent)["tts"].backend == "glow"
    assert "the default voice" in run("use", "ada", "never").stdout
    assert choices(voice.parent)["tts"].backend == "hibari"
    run("use", "ada", "good")
    assert artifacts.voice(voice).use == "if good"
    assert "lacks 3 words" in (voice / "card.html").read_text()


def test_a_new_voice_needs_a_new_card(voice: Path) -> None:
    run("train", "ada")
    assert artifacts.verdict(voice) == []
    start = recipes.Start(base.load(base.SHIPPED), Path("hifigan"))
    recipes.train(recipes.Recipe(), recipes.dataset(voice), start, voice, "", lambda *_: None)
    assert artifacts.verdict(voice) is None
    assert not artifacts.usable(voice)


def test_without_consent_nothing_is_trained(voice: Path) -> None:
    (voice / consent.FILE).unlink()
    assert "digiclone voice consent ada" in refusal("train", "ada")
    assert not (voice / "training").exists()


def test_without_recordings_nothing_is_trained(ada: Path) -> None:
    assert "digiclone voice build" in refusal("train", "ada")
    assert "digiclone voice train" in refusal("card", "ada")
    assert "digiclone voice train" in refusal("use", "ada", "always")


@pytest.mark.parametrize(
    ("lacking", "what"), [({"DISK": 1e9}, "of disk"), ({"MEMORY": 1e9}, "of memory"), ({"DISK_VOCODER": 1e9}, "")]
)
def test_a_machine_that_is_too_small_is_told(
    voice: Path, monkeypatch: pytest.MonkeyPatch, lacking: dict[str, float], what: str
) -> None:
    for name, value in lacking.items():
        monkeypatch.setattr(expect, name, value)
    if what:
        assert what in refusal("train", "ada")
        assert not (voice / artifacts.VOICE).exists()
    else:
        assert run("train", "ada").exception is None
        assert "of disk" in refusal("train", "ada", "--tune-vocoder")


def test_clips_that_are_gone_cannot_judge(voice: Path) -> None:
    run("train", "ada")
    kept = artifacts.voice(voice).kept
    assert [one.text for one in card.sentences(voice / "dataset", kept)] == [
        f"Number {int(name[-3:])}." for name in kept
    ]
    with pytest.raises(ConfigError, match=r"1 of the 1 clips .* are gone"):
        card.sentences(voice / "dataset", ["none"])


@pytest.mark.parametrize(("seconds", "said"), [(2, "less than a minute"), (3000, "50 min"), (7500, "2 h 5 min")])
def test_times_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert expect.spoken(seconds) == said


def test_a_full_disk_is_a_sentence_and_nothing_is_lost(
    voice: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(sys, "argv", ["digiclone", "voice", "train", "ada"])
    with pytest.raises(SystemExit, match="1"):
        cli.main()
    assert "the disk is full" in capsys.readouterr().err
    assert not list(voice.rglob("*.part"))
    monkeypatch.undo()
    assert not (voice / artifacts.VOICE).exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a disk that is always full")
def test_torch_says_that_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "open", lambda *_: open("/dev/full", "wb", buffering=0))  # noqa: SIM115
    with pytest.raises(OSError, match="No space"):
        checkpoint.save({"weights": torch.zeros(100_000)}, tmp_path / "net.pt")


def test_what_a_killed_training_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".net.pt.12345.part").write_bytes(b"half")
    assert checkpoint.resume({}, tmp_path / "net.pt") == 0
    assert not list(tmp_path.iterdir())


def test_the_dates_are_in_utc(voice: Path) -> None:
    run("train", "ada")
    made = artifacts.voice(voice).made
    assert made.tzinfo == UTC
    assert abs((datetime.now(UTC) - made).total_seconds()) < 600
