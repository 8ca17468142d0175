"""`digiclone voice pack` and `unpack`: a voice is trained on another machine, and nothing stays there.

The archive has all that training takes, so the other machine needs Python and pip, no account and no clone:

train.sh           installs, trains, says what to bring home and what to delete
requirements.txt   the packages, pinned as here
digiclone/         this program's own code
base.pt, hifigan.pt, voice/dataset/
"""

import io
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

import digiclone
from digiclone import artifacts
from digiclone.artifacts import replacing
from digiclone.clone import find
from digiclone.commands.avatar import CloneArgument, Json
from digiclone.commands.bring import bring
from digiclone.commands.training import card, ready
from digiclone.config import ConfigError
from digiclone.weights import path

NEEDED = (
    "torch", "onnx", "tensorboardX", "numpy", "onnxruntime", "soundfile", "soxr", "hibari-tts", "pydantic", "tomli-w",
    "psutil", "platformdirs", "filelock", "httpx", "packaging", "typer",
)  # fmt: skip
"""Distributions that training imports."""
MOST_BYTES = 1 << 30
"""Of an archive that comes home: a voice is a hundredth of that."""
SCRIPT = """\
#!/bin/sh
# Trains the voice in this folder. Stopped, it goes on where it was. Nothing is sent anywhere.
set -e
cd "$(dirname "$0")"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 1; }
[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/python -m pip install --quiet --requirement requirements.txt
.venv/bin/python -m digiclone.train.elsewhere
echo "Done. Bring home:       $PWD/trained.tar"
echo "Then, at home:          digiclone voice unpack CLONE trained.tar"
echo "And delete all of this: rm -rf $PWD"
"""


def pack(
    clone: CloneArgument,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The archive; voice-CLONE.tar, if not said.")] = None,
) -> None:
    """One archive that trains the voice on another machine, with one command: a rented one with a GPU, say.

    Bring it there, unpack it, run `sh train.sh`; bring home the trained.tar that it makes.
    """
    ready()
    from digiclone.train import base  # noqa: PLC0415
    from digiclone.train import voice as recipes  # noqa: PLC0415
    from digiclone.train.elsewhere import BASE, HIFIGAN  # noqa: PLC0415
    from digiclone.voice import consent, models  # noqa: PLC0415

    voice = find(clone) / "voice"
    recipes.require_dataset(voice)
    consent.read(voice)
    bring([models.HIFIGAN])
    name = f"voice-{voice.parent.name}"
    out = out or Path(f"{name}.tar")
    source = Path(digiclone.__file__).parent
    pins = "".join(f"{one}=={version(one)}\n" for one in NEEDED)
    with replacing(out) as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for place, text in (("train.sh", SCRIPT), ("requirements.txt", pins)):
            _add(archive, f"{name}/{place}", text.encode())
        for code in sorted(source.rglob("*.py")):
            archive.add(code, f"{name}/digiclone/{code.relative_to(source)}")
        for place, weights in ((BASE, base.SHIPPED), (HIFIGAN, path(models.HIFIGAN))):
            archive.add(weights, f"{name}/{place}")
        archive.add(voice / "dataset" / "metadata.csv", f"{name}/voice/dataset/metadata.csv")
        archive.add(voice / "dataset" / "wavs", f"{name}/voice/dataset/wavs")
    print(f"{out} ({out.stat().st_size / 1e6:.0f} MB). There: tar xf {out.name} && sh {name}/train.sh")
    print(f"It holds {clone}'s recordings: bring it only where you trust, and delete it there afterwards.")


def unpack(
    clone: CloneArgument,
    file: Annotated[Path, typer.Argument(help="The trained.tar that came home.")],
    as_json: Json = False,
) -> None:
    """Take the voice that was trained elsewhere, and judge it."""
    ready()
    from digiclone.train.elsewhere import COMES_HOME, PARTS  # noqa: PLC0415
    from digiclone.voice import consent  # noqa: PLC0415

    voice = find(clone) / "voice"
    right = consent.read(voice).right
    with tempfile.TemporaryDirectory(dir=voice) as folder:
        place = Path(folder)
        _extract(file, place, COMES_HOME)
        _check(place, voice, PARTS)
        artifacts.keep_voice(place, artifacts.voice(place).model_copy(update={"right": right}))
        for name in (artifacts.VOICE, artifacts.CARD):
            (voice / name).unlink(missing_ok=True)
        (voice / "training").mkdir(exist_ok=True)
        for name in COMES_HOME:  # the settings come after the weights: without them it is no voice
            if (place / name).exists():
                (place / name).replace(voice / name)
    card(clone, as_json)


def _extract(file: Path, place: Path, names: tuple[str, ...]) -> None:
    """The files of those names, and no others."""
    try:
        with tarfile.open(file) as archive:
            for member in archive:
                if member.name in names and member.isfile():
                    if member.size > MOST_BYTES:
                        raise ConfigError(f"{file}: {member.name} is too large for a part of a voice")
                    archive.extract(member, place, filter="data")
    except (OSError, tarfile.TarError, EOFError) as error:
        raise ConfigError(f"{file} is no archive that could be read ({error}); bring it home again") from None


def _check(place: Path, voice: Path, parts: tuple[str, ...]) -> None:
    """Raises `ConfigError` unless it is a whole voice that learnt from these recordings."""
    from digiclone import registry  # noqa: PLC0415
    from digiclone.voice.card import sentences  # noqa: PLC0415

    if lacking := [name for name in parts if not (place / name).is_file()]:
        raise ConfigError(f"that archive lacks {', '.join(lacking)}: bring home the trained.tar that train.sh made")
    sentences(voice / "dataset", artifacts.voice(place).kept)
    list(registry.load("tts", "glow", voice=str(place)).speak("Hello."))


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))
