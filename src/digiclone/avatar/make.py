"""`digiclone avatar make`: a clone's avatar, from a photo or from what an earlier photo told.

Everything slow happens in memory; then the files are put into the clone's folder one after the other, each at once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from digiclone.artifacts import Consent, consent, toml, write_atomically
from digiclone.avatar import folder
from digiclone.avatar.assets import Assets, open_assets
from digiclone.avatar.default import LOOKS, MESH
from digiclone.avatar.folder import FACE, HEAD, MAPPING, PREVIEW, SETTINGS, Settings, Source
from digiclone.avatar.glb import encode
from digiclone.avatar.head import Built, build
from digiclone.avatar.look import Look
from digiclone.avatar.photo.face import Face, Guess, load
from digiclone.avatar.photo.likeness import likeness
from digiclone.avatar.photo.read import open_photo
from digiclone.avatar.preview import sheet
from digiclone.config import ConfigError, parse
from digiclone.weights import path

Progress = Callable[[str, float], None]
Wishes = Mapping[str, Any]

AUTO = "auto"
STATEMENT = "The person in this photo is me, or has agreed that I make a talking likeness of them."


def make(clone: Path, photo: Path, number: int | None, wishes: Wishes, progress: Progress) -> Settings:
    """A new face for the clone in this folder, whose person has agreed (`STATEMENT`).

    `wishes` are fields of `Look`; "auto", or nothing said, is what the photo shows. `number` chooses one of several
    faces. Raises `ConfigError` (a `PhotoError` is one), and nothing is written then.
    """
    picture = open_photo(photo)
    face = likeness(picture, assets(), number, _part(progress, 0.0, 0.4))
    old = folder.read(clone)
    look = choose(old.look, dict.fromkeys(Guess.__dataclass_fields__, AUTO) | dict(wishes), face.guess)
    source = Source(kind="photo", name=picture.name, sha256=picture.sha256)
    return _finish(clone, old, source, consent(STATEMENT), look, face, progress)


def change(clone: Path, wishes: Wishes, progress: Progress) -> Settings:
    """The same face with another look: from `face.npz`, or the default person where there is none."""
    old, face = folder.read(clone), stored(clone)
    look = choose(old.look, wishes, face.guess if face else Guess(None, None, None))
    source, agreed = (old.source, old.consent) if face else (Source(), None)
    return _finish(clone, old, source, agreed, look, face, progress)


def remake(clone: Path, look: Look, out: Path, progress: Progress, *, draft: bool = False) -> None:
    """Write the clone's head in another look to `out`, and nothing else. A `draft` is coarser and quicker."""
    built = build(assets(), look, stored(clone), progress, draft=draft)
    write_atomically(out, encode(built.parts, built.extras, built.skeleton))


def choose(look: Look, wishes: Wishes, seen: Guess) -> Look:
    """The look with wishes fulfilled, "auto" being what was `seen`, or stays as it is where that is unclear."""
    values = look.model_dump()
    for name, wish in wishes.items():
        if name == "body":
            values["body"] = values["body"] | dict(wish)
        elif wish != AUTO:
            values[name] = wish
        elif name not in Guess.__dataclass_fields__:
            raise ConfigError(f"{name} cannot be {AUTO!r}: a photo shows {', '.join(Guess.__dataclass_fields__)}")
        elif (guessed := getattr(seen, name)) is not None:
            values[name] = guessed
    return parse(Look, values, "the look")


def stored(clone: Path) -> Face | None:
    """What a photo told about the clone's face, or None. Raises `ConfigError` where the file is damaged."""
    file = clone / "avatar" / FACE
    return _load(file, file.stat().st_mtime_ns) if file.is_file() else None


@functools.lru_cache(maxsize=2)
def _load(file: Path, _written: int) -> Face:
    """Read once for many drafts: what `build` keeps of a face, it keeps for this very object."""
    return load(file)


def assets() -> Assets:
    """The archives that heads are made of. Raises `Missing` where they have not been fetched."""
    return open_assets(path(MESH), path(LOOKS))


def _finish(
    clone: Path,
    old: Settings,
    source: Source,
    agreed: Consent | None,
    look: Look,
    face: Face | None,
    progress: Progress,
) -> Settings:
    built = build(assets(), look, face, _part(progress, 0.4, 0.75))
    glb = encode(built.parts, built.extras, built.skeleton)
    progress("drawing the preview", 0.75)
    preview = sheet(built.parts)
    settings = Settings(source=source, consent=agreed, look=look, view=old.view, licences=_licences(built))
    files = {HEAD: glb, PREVIEW: preview, SETTINGS: toml(settings, folder.COMMENT)}
    if face:
        files = {FACE: face.save()} | files
    progress("writing", 0.95)
    for name, data in files.items():
        write_atomically(clone / "avatar" / name, data)
    # the shapes of our own head have our own names
    (clone / "avatar" / MAPPING).unlink(missing_ok=True)
    progress("done", 1.0)
    return settings


def _licences(built: Built) -> dict[str, str]:
    sources: Any = built.extras["sources"]
    return dict.fromkeys(sources, str(built.extras["licence"]))


def _part(progress: Progress, low: float, high: float) -> Progress:
    return lambda what, share: progress(what, low + (high - low) * share)
