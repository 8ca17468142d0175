"""A clone's `avatar/` folder: `avatar.glb` and what says how it came to be.

    avatar.glb     the head; any program that reads glTF takes it
    avatar.toml    where it is from, who agreed, what was chosen; for people to read and edit
    face.npz       shape and skin out of the photo (never the photo)
    preview.png    the head from three sides, and its 15 mouths
    mapping.toml   for a head that somebody else made: which of its shapes make which mouth

No folder means the default head.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from digiclone.artifacts import Consent, toml, write_atomically
from digiclone.avatar.look import Look
from digiclone.config import Strict, load_toml, parse

COMMENT = "The avatar of this clone. Change [look] and run: digiclone avatar make CLONE"
HEAD, SETTINGS, FACE, PREVIEW, MAPPING = "avatar.glb", "avatar.toml", "face.npz", "preview.png", "mapping.toml"


class Source(Strict):
    """Where the head is from: built in, a photo, or a file by somebody else. `sha256` is of that photo or file."""

    kind: Literal["default", "photo", "file"] = "default"
    name: str = ""
    sha256: str = ""


class View(Strict):
    """How the page shows it.

    `distance` is a factor; `height` metres; `turn` and `field` degrees; `background` one of the page's own or a
    colour; `life` 0 to 1.
    """

    distance: Annotated[float, Field(ge=0.5, le=3)] = 1.0
    height: Annotated[float, Field(ge=-0.3, le=0.3)] = 0.0
    turn: Annotated[float, Field(ge=-60, le=60)] = 0.0
    field: Annotated[float, Field(ge=8, le=60)] = 20.0
    background: Annotated[str, Field(pattern="^(?:[a-z]{1,20}|#[0-9a-f]{6})$")] = "studio"
    life: Annotated[float, Field(ge=0, le=1)] = 1.0


class Settings(Strict):
    """`avatar.toml`."""

    source: Source = Source()
    consent: Consent | None = None
    look: Look = Look()
    view: View = View()
    licences: dict[str, str] = Field(default_factory=dict[str, str])


def read(clone: Path) -> Settings:
    """The settings of the clone in this folder; the defaults where it has none. Raises `ConfigError`."""
    file = clone / "avatar" / SETTINGS
    return parse(Settings, load_toml(file), f"avatar/{SETTINGS}") if file.is_file() else Settings()


def write(clone: Path, settings: Settings) -> None:
    """Store the settings."""
    write_atomically(clone / "avatar" / SETTINGS, toml(settings, COMMENT))
