"""A voice goes to another machine and comes home: all that training takes is in the archive, and only a whole voice of
these recordings comes in."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from support import clips
from test_voice_train import agreed, refusal, run

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[voice]'")
pytest.importorskip("tensorboardX", reason="training needs the extra: pip install 'digiclone[voice]'")
pytest.importorskip("whisper_normalizer", reason="training needs the extra: pip install 'digiclone[voice]'")

from digiclone import artifacts  # noqa: E402
from digiclone.commands import packing  # noqa: E402
from digiclone.nn import glow_tts, hifigan  # noqa: E402
from digiclone.text.symbols import SYMBOLS  # noqa: E402
from digiclone.train import base, elsewhere, glow  # noqa: E402
from digiclone.train import voice as recipes  # noqa: E402

SMALL = glow_tts.Dims(len(SYMBOLS), hidden=8, inner=16, layers=1, window=1, durations=8, blocks=2, wavenet=1)
VOCODER = hifigan.Dims(channels=16, kernels=(3,), dilations=(1,))


@pytest.fixture
def voice(ada: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone that may be trained, with a small base."""
    clips(ada / "voice", 24)
    agreed(ada / "voice")
    torch.manual_seed(0)
    base.save(base.Base(SMALL, glow_tts.GlowTTS(SMALL).state_dict(), None), tmp_path / "base.pt", {})
    (tmp_path / "hifigan.pt").write_bytes(b"vocoder")
    monkeypatch.setattr(base, "SHIPPED", tmp_path / "base.pt")
    monkeypatch.setattr(packing, "path", lambda _: tmp_path / "hifigan.pt")
    monkeypatch.setattr(packing, "bring", lambda _: None)
    monkeypatch.setattr(packing, "card", lambda *_: None)
    tiny = recipes.Recipe(training=glow.Recipe(dims=SMALL, steps=4, frames=4000, every=2), postfilter=None)
    monkeypatch.setattr(recipes, "Recipe", lambda **_: tiny)
    monkeypatch.setattr(hifigan, "load", lambda _: hifigan.Generator(VOCODER).eval())
    return ada / "voice"


@pytest.fixture
def there(voice: Path, tmp_path: Path) -> Path:
    """Where the archive was unpacked."""
    said = run("pack", "ada", "--out", str(tmp_path / "ada.tar"))
    assert said.exception is None, said.output
    assert "tar xf ada.tar && sh voice-ada/train.sh" in said.stdout
    with tarfile.open(tmp_path / "ada.tar") as archive:
        archive.extractall(tmp_path / "there", filter="data")
    return tmp_path / "there" / "voice-ada"


def test_a_voice_is_trained_elsewhere(voice: Path, there: Path) -> None:
    trained = elsewhere.train(there)
    assert run("unpack", "ada", str(trained)).exception is None
    about = artifacts.voice(voice)
    assert "I agree that a copy" in about.right
    assert (voice / "decoder.onnx").stat().st_size > 1000
    assert set(about.kept) < {f"clip-{number:03}" for number in range(24)}
    assert (voice / "training" / "training.html").exists()
    assert [one.name for one in voice.iterdir() if one.name.startswith("tmp")] == []


def test_the_archive_needs_nothing_else(there: Path) -> None:
    others = ["xllamacpp", "faster_whisper", "starlette", "av", "pyloudnorm", "rapidfuzz", "whisper_normalizer"]
    others += ["scipy", "PIL", "rich", "gguf"]
    code = f"""
import sys
sys.modules |= dict.fromkeys({others})
import digiclone.train.elsewhere
from digiclone.text.g2p import phonemize
print(digiclone.__file__, phonemize("Yes."))
"""
    found = subprocess.run([sys.executable, "-c", code], cwd=there, capture_output=True, text=True, check=True)
    where, phones = found.stdout.split()
    assert Path(where).is_relative_to(there)
    assert phones == "jˈɛs."
    pinned = (there / "requirements.txt").read_text()
    assert "torch==" in pinned
    assert "hibari-tts==" in pinned
    subprocess.run(["sh", "-n", "train.sh"], cwd=there, check=True)


def test_what_identifies_a_person_besides_the_voice_stays_at_home(there: Path) -> None:
    names = {file.name for file in there.rglob("*") if file.is_file()}
    assert not names & {"consent.wav", "consent.toml", "persona.md", "history.db", "clone.toml", "dataset.json"}


@pytest.mark.parametrize("name", ["recordings", "consent"])
def test_what_may_not_be_trained_is_not_packed(voice: Path, tmp_path: Path, name: str) -> None:
    (voice / ("dataset/metadata.csv" if name == "recordings" else "consent.toml")).unlink()
    assert "digiclone voice" in refusal("pack", "ada", "--out", str(tmp_path / "ada.tar"))
    assert not (tmp_path / "ada.tar").exists()


def test_only_a_whole_voice_of_these_recordings_comes_in(voice: Path, there: Path, tmp_path: Path) -> None:
    trained = elsewhere.train(there)
    broken = tmp_path / "broken.tar"
    broken.write_bytes(trained.read_bytes()[:5000])
    assert "no archive that could be read" in refusal("unpack", "ada", str(broken))
    assert "no archive" in refusal("unpack", "ada", str(tmp_path / "nowhere.tar"))
    _without(trained, broken, "decoder.onnx")
    assert "lacks decoder.onnx" in refusal("unpack", "ada", str(broken))
    lines = (voice / "dataset" / "metadata.csv").read_text().replace("clip-", "other-")
    (voice / "dataset" / "metadata.csv").write_text(lines)
    assert "are gone" in refusal("unpack", "ada", str(trained))
    assert not (voice / artifacts.VOICE).exists()


def test_paths_that_lead_elsewhere_are_not_followed(voice: Path, tmp_path: Path) -> None:
    evil = tmp_path / "evil.tar"
    (tmp_path / "x").write_text("gotcha")
    with tarfile.open(evil, "w") as archive:
        archive.add(tmp_path / "x", "../../../clone.toml")
        archive.add(tmp_path / "x", "/gotcha")
        link = tarfile.TarInfo("decoder.onnx")
        link.type, link.linkname = tarfile.SYMTYPE, str(voice.parent / "clone.toml")
        archive.addfile(link)
    assert "lacks" in refusal("unpack", "ada", str(evil))
    assert "gotcha" not in (voice.parent / "clone.toml").read_text()
    assert not list(voice.rglob("x"))


def _without(source: Path, target: Path, name: str) -> None:
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old:
            if member.name != name:
                new.addfile(member, old.extractfile(member))
