"""What lies in a clone's folder: written whole or not at all, readable, and gone when it is deleted."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from digiclone import artifacts
from digiclone.avatar import folder
from digiclone.avatar.folder import Settings, Source, View
from digiclone.avatar.look import Body, Look
from digiclone.cli import app
from digiclone.clone import clones, create, delete, find
from digiclone.config import ConfigError

run = CliRunner().invoke


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "new" / "a.glb"
    artifacts.write_atomically(file, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        artifacts.write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert [f.name for f in file.parent.iterdir()] == ["a.glb"]


def test_consent_is_kept_with_its_moment() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    agreed = artifacts.consent("It is me.")
    assert agreed.statement == "It is me."
    assert before <= agreed.given <= datetime.now(UTC)


@given(
    name=st.text(max_size=40),
    height=st.none() | st.floats(140, 210),
    turn=st.floats(-60, 60),
    licences=st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=9), max_size=3),
)
def test_settings_survive_the_file(
    tmp_path_factory: pytest.TempPathFactory, name: str, height: float | None, turn: float, licences: dict[str, str]
) -> None:
    clone = tmp_path_factory.mktemp("clone")
    settings = Settings(
        source=Source(kind="photo", name=name, sha256="0" * 64),
        consent=artifacts.consent(f"of {name}"),
        look=Look(hair="none", body=Body(height=height)),
        view=View(turn=turn),
        licences=licences,
    )
    folder.write(clone, settings)
    assert folder.read(clone) == settings


def test_no_file_means_the_default_head(tmp_path: Path) -> None:
    assert folder.read(tmp_path) == Settings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[look]\nhiar = 'bob01'", "did you mean 'hair'"),
        ("[look]\nhair = 'bob1'", "did you mean 'bob01'"),
        ("[look]\neyes = 'blue'", "six hexadecimal digits"),
        ("[view]\nturn = 200", "less than or equal to 60"),
        ("[view]\nturn = nan", "turn"),
        ("[source]\nkind = 'film'", "photo"),
        ("[look", "avatar.toml"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "avatar").mkdir()
    (tmp_path / "avatar" / "avatar.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=said):
        folder.read(tmp_path)


def test_a_deleted_clone_leaves_nothing() -> None:
    place = create("ada")
    (place / "avatar").mkdir()
    (place / "avatar" / "face.npz").write_bytes(b"a face")
    create("bob")
    delete("ada")
    assert clones() == ["bob"]
    assert sorted(f.name for f in place.parent.iterdir()) == ["bob"]


def test_what_a_crash_left_half_deleted_goes_with_the_next_deletion() -> None:
    place = create("ada")
    (place.parent / ".gone-eve.7").mkdir()
    (place.parent / ".gone-eve.7" / "face.npz").write_bytes(b"a face")
    assert clones() == ["ada"]
    delete("ada")
    assert list(place.parent.iterdir()) == []


def test_deleting_asks_first() -> None:
    create("ada")
    assert run(app, ["delete", "ada"], input="n\n").exit_code == 1
    assert find("ada").is_dir()
    assert run(app, ["delete", "ada"], input="y\n").exit_code == 0
    assert clones() == []
    create("ada")
    assert "ada is gone" in run(app, ["delete", "ada", "--yes"]).output
    assert isinstance(run(app, ["delete", "../ada", "--yes"]).exception, ConfigError)
