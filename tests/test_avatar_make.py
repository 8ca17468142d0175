"""`digiclone avatar make`, from a picture of a head that is known to the clone's folder."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from glb_reader import Glb
from PIL import Image
from typer.testing import CliRunner

from digiclone.avatar import folder, head, make
from digiclone.avatar.camera import look_at, turn
from digiclone.avatar.look import Look
from digiclone.avatar.photo.face import Guess, load
from digiclone.avatar.preview import eyes
from digiclone.avatar.render import render
from digiclone.avatar.visemes import VISEMES
from digiclone.cli import app
from digiclone.clone import create, find
from digiclone.config import ConfigError

run = CliRunner().invoke
SIZE = 640


def ready() -> dict[str, bytes]:
    """What lies in the clone's avatar folder."""
    return {file.name: file.read_bytes() for file in (find("ada") / "avatar").iterdir()}


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head with reddish hair and green eyes before a blue wall, lit from its left."""
    built = head.build(make.assets(), Look(hair="short04", hair_colour="#7a3520", eyes="#3f7a3a"))
    camera = look_at(eyes(built.parts) - [0, 0.03, 0], 0.9, SIZE * 0.9 / 0.42, (SIZE / 2, SIZE / 2), turn(0.15))
    lights = (((0.8, 0.3, 0.6), 0.6), ((-0.5, 0.4, 0.7), 0.25))
    picture = render(
        built.parts, camera, SIZE, SIZE, {"mouthSmileLeft": 0.3, "mouthSmileRight": 0.3}, (0.3, 0.4, 0.7, 1), lights
    )
    file = tmp_path_factory.mktemp("photo") / "me.jpg"
    Image.fromarray(np.round(picture[..., :3] * 255).astype(np.uint8)).save(file, quality=95)
    return file


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, photo: Path) -> Iterator[Path]:
    """A home with the real weights and a clone made from the photo."""
    from digiclone.weights import home as given

    place = tmp_path_factory.mktemp("home")
    for name in ("weights", "derived"):
        (place / name).symlink_to(given() / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGICLONE_HOME", str(place))
        create("ada")
        done = run(
            app,
            ["avatar", "make", "ada", "--photo", str(photo), "--consent", "--clothes", "male_casualsuit02", "--json"],
        )
        assert done.exit_code == 0, done.output
        yield place


@pytest.mark.model
def test_a_photo_becomes_an_avatar(home: Path, photo: Path) -> None:
    files = ready()
    assert set(files) == {"avatar.glb", "avatar.toml", "face.npz", "preview.png"}
    settings = folder.read(find("ada"))
    assert settings.source.kind == "photo"
    assert settings.source.name == "me.jpg"
    assert settings.source.sha256 == make.open_photo(photo).sha256
    assert settings.consent is not None
    assert settings.consent.statement == make.STATEMENT
    assert settings.look.clothes == "male_casualsuit02"
    assert set(settings.licences.values()) == {"CC0-1.0"}
    glb = Glb(files["avatar.glb"])
    assert {f"viseme_{name}" for name in VISEMES} <= set(glb.mesh("Head")["extras"]["targetNames"])
    with Image.open(find("ada") / "avatar" / "preview.png") as preview:
        assert preview.size == (1080, 1078)


@pytest.mark.model
def test_hair_and_eyes_are_seen(home: Path) -> None:
    look = folder.read(find("ada")).look
    assert look.hair.startswith("short")
    red, green, blue = bytes.fromhex(look.hair_colour[1:])
    assert red > 1.3 * green > 1.0 * blue
    red, green, blue = bytes.fromhex(look.eyes[1:])
    assert green > red
    assert green > blue


@pytest.mark.model
def test_the_light_is_gone_and_the_wall_is_not_in_the_skin(home: Path) -> None:
    face = load(find("ada") / "avatar" / "face.npz")
    from digiclone.avatar.photo.texels import texels

    where = texels(make.assets().base_mesh)
    place = where.at(make.assets().base_mesh.vertices)
    skin, seen = face.skin.reshape(-1, 3)[where.pixel], face.seen.ravel()[where.pixel]
    cheeks = [np.median(skin[(seen > 0.5) & (side * place[:, 0] > 0.25) & (side * place[:, 0] < 0.5)
                             & (place[:, 1] > 6.6) & (place[:, 1] < 7.0)], axis=0) for side in (1, -1)]  # fmt: skip
    assert cheeks[0] == pytest.approx(cheeks[1], rel=0.06)
    blue = skin[seen > 0.3]
    assert np.mean(blue[:, 2] > blue[:, 0]) < 0.002


@pytest.mark.model
def test_other_options_need_no_photo_and_keep_the_face(home: Path) -> None:
    before = ready()
    done = run(
        app, ["avatar", "make", "ada", "--hair", "none", "--body", "height=190", "--body", "weight=0.7", "--json"]
    )
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["look"]["hair"] == "none"
    assert answer["look"]["body"]["height"] == 190
    after = ready()
    assert after["avatar.glb"] != before["avatar.glb"]
    assert folder.read(find("ada")).source.kind == "photo"
    assert folder.read(find("ada")).look.clothes == "male_casualsuit02"
    assert np.array_equal(load_vertices(before, home), load_vertices(after, home))


def load_vertices(files: dict[str, bytes], home: Path) -> np.ndarray:
    file = home / "face.npz"
    file.write_bytes(files["face.npz"])
    return load(file).vertices


@pytest.mark.model
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--photo", "nobody.jpg", "--consent"], "nobody.jpg"),
        (["--hair", "bob1"], "did you mean 'bob01'"),
        (["--clothes", "auto"], "a photo shows hair, hair_colour, eyes"),
        (["--body", "height"], "KEY=NUMBER"),
        (["--body", "heigth=180"], "did you mean 'height'"),
        (["--body", "height=nan"], "height"),
        (["--eyes", "green"], "six hexadecimal digits"),
        (["--face", "2"], "--photo"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_changes(home: Path, options: list[str], said: str) -> None:
    before = ready()
    failed = run(app, ["avatar", "make", "ada", *options])
    assert isinstance(failed.exception, ConfigError)
    assert said in str(failed.exception)
    assert ready() == before


@pytest.mark.model
def test_no_face_is_taken_without_consent(home: Path, photo: Path) -> None:
    before = ready()
    refused = run(app, ["avatar", "make", "ada", "--photo", str(photo)])
    assert isinstance(refused.exception, ConfigError)
    assert "--consent" in str(refused.exception)
    assert ready() == before


@pytest.mark.model
def test_a_damaged_face_is_said(home: Path) -> None:
    file = find("ada") / "avatar" / "face.npz"
    whole = file.read_bytes()
    file.write_bytes(whole[:1000])
    try:
        failed = run(app, ["avatar", "make", "ada", "--hair", "none"])
        assert "from the photo again" in str(failed.exception)
    finally:
        file.write_bytes(whole)


def test_auto_is_what_was_seen_or_stays() -> None:
    old = Look(hair="afro01", hair_colour="#112233")
    auto = {"hair": "auto", "hair_colour": "auto", "eyes": "#aabbcc"}
    seen = make.choose(old, auto, Guess("bob01", None, "#000000"))
    assert (seen.hair, seen.hair_colour, seen.eyes) == ("bob01", "#112233", "#aabbcc")


def test_a_body_is_changed_number_by_number() -> None:
    first = make.choose(Look(), {"body": {"height": 180.0}}, Guess(None, None, None))
    second = make.choose(first, {"body": {"age": 60.0}}, Guess(None, None, None))
    assert (second.body.height, second.body.age) == (180.0, 60.0)
