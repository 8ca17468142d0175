"""`digiclone avatar …`: the face of a clone."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import progress as bars
from rich.console import Console

from digiclone.avatar.folder import Settings
from digiclone.clone import find
from digiclone.commands.bring import bring
from digiclone.commands.mapping import mapping, use
from digiclone.config import ConfigError

app = typer.Typer(no_args_is_help=True, help="The face of a clone.")
app.command()(use)
app.command("map")(mapping)

CloneArgument = Annotated[str, typer.Argument(metavar="CLONE", help="Which clone.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")]
AUTO = "auto: as in the photo"


@app.callback()
def group() -> None:
    """The face of a clone."""


@app.command()
def make(
    clone: CloneArgument,
    photo: Annotated[
        Path | None, typer.Option(help="A picture of the face, from the front; without one, the face stays.")
    ] = None,
    face: Annotated[
        int | None, typer.Option(min=1, help="Which face, if there are several: from left to right.")
    ] = None,
    hair: Annotated[str | None, typer.Option(metavar="NAME|none|auto", help=AUTO)] = None,
    hair_colour: Annotated[str | None, typer.Option(metavar="#rrggbb|auto", help=AUTO)] = None,
    eyes: Annotated[str | None, typer.Option(metavar="#rrggbb|auto", help=AUTO)] = None,
    brows: Annotated[str | None, typer.Option(metavar="NAME")] = None,
    clothes: Annotated[str | None, typer.Option(metavar="NAME")] = None,
    clothes_colour: Annotated[str | None, typer.Option(metavar="#rrggbb")] = None,
    body: Annotated[
        list[str], typer.Option(metavar="KEY=NUMBER", help="height=185 (cm), age=40, weight=0.6, muscle, gender, …")
    ] = [],  # noqa: B006  typer wants a literal
    agreed: Annotated[
        bool, typer.Option("--consent", help="The person in the photo is you, or has agreed to this.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make the avatar from one photo, or change its hair, clothes and body.

    The photo is read, not kept: what remains is the shape and skin of the face, in the clone's own folder.
    """
    from digiclone.avatar import make as maker  # noqa: PLC0415  scipy and pillow: half a second

    folder = find(clone)
    named = {
        "hair": hair, "hair_colour": hair_colour, "eyes": eyes, "brows": brows,
        "clothes": clothes, "clothes_colour": clothes_colour,
    }  # fmt: skip
    wishes: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    if body:
        wishes["body"] = dict(map(_number, body))
    fetch()
    if photo is not None:
        _ask(maker.STATEMENT, agreed)
    elif face is not None:
        raise ConfigError("--face chooses a face of a photo; say which with --photo")
    with progress() as tell:
        settings = maker.make(folder, photo, face, wishes, tell) if photo else maker.change(folder, wishes, tell)
    _show(folder, settings, as_json)


def fetch() -> None:
    """Bring the parts of a head, and what reads faces, onto this machine; nothing if they are here."""
    from digiclone.avatar import default  # noqa: PLC0415
    from digiclone.avatar.photo import networks  # noqa: PLC0415

    bring(file for row in (*default.MODELS, *networks.MODELS) for file in row.files)


def _number(setting: str) -> tuple[str, float]:
    key, equals, value = setting.partition("=")
    try:
        if equals:
            return key, float(value)
    except ValueError:
        pass
    raise ConfigError(f"--body {setting}: write KEY=NUMBER, such as height=185")


def _ask(statement: str, agreed: bool) -> None:
    """Nobody's face is taken without consent."""
    if agreed:
        return
    if not sys.stdin.isatty():
        raise ConfigError(f"add --consent if this is so: {statement}")
    typer.confirm(f"{statement}\nIs that so?", abort=True)


def _show(folder: Path, settings: Settings, as_json: bool) -> None:
    place = folder / "avatar"
    if as_json:
        print(json.dumps({"folder": str(place)} | settings.model_dump(mode="json")))
        return
    look = settings.look
    print(f"{place / 'avatar.glb'}\nhair {look.hair} {look.hair_colour}, eyes {look.eyes}, clothes {look.clothes}")
    print(f"Look at {place / 'preview.png'}; then talk: digiclone serve --clone {folder.name}")


@contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    """What is being done and how far it is: a bar on a terminal, else a line for each thing."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    about = bars.TextColumn("{task.description}"), bars.BarColumn(), bars.TimeElapsedColumn()
    with bars.Progress(*about, console=Console(stderr=True), transient=True) as screen:
        task = screen.add_task("", total=1.0)
        yield lambda what, share: screen.update(task, description=what, completed=share)


def _lines() -> Callable[[str, float], None]:
    said: set[str] = set()

    def tell(what: str, share: float) -> None:
        if what not in said:
            print(f"{share:4.0%} {what}", file=sys.stderr, flush=True)
        said.add(what)

    return tell
