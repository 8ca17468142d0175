"""The command line. Every command answers errors in a sentence, and imports what it needs when it runs."""

import errno
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from digiclone.commands import align, avatar, bench, models, persona, qat, voice, vote
from digiclone.commands.doctor import doctor
from digiclone.commands.plan import plan
from digiclone.commands.quantize import quantize
from digiclone.config import ConfigError
from digiclone.weights import WeightsError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(avatar.app, name="avatar")
app.add_typer(voice.app, name="voice")
app.add_typer(align.app, name="align")
app.add_typer(qat.app, name="qat")
app.add_typer(persona.app, name="persona")
app.add_typer(vote.app, name="vote")
app.add_typer(models.app, name="models")
app.add_typer(bench.app, name="bench")
app.command()(doctor)
app.command()(quantize)
app.command()(plan)

CloneName = Annotated[str, typer.Option("--clone", help="Which clone; the only one there is, if you do not say.")]
Settings = Annotated[
    list[str], typer.Option("--set", metavar="KIND.OPTION=VALUE", help="Overrule clone.toml and plan.toml.")
]
PORT = 8765


@app.command()
def serve(
    clone: CloneName = "",
    host: Annotated[
        str, typer.Option(help="An address of this machine; anything but loopback demands a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = PORT,
    settings: Settings = [],  # noqa: B006  typer wants a literal
) -> None:
    """Open the page: talk to a clone in the browser."""
    from digiclone.commands.serve import serve as run  # noqa: PLC0415

    run(clone, host, port, settings)


@app.command()
def talk(
    clone: Annotated[str, typer.Argument(help="Which clone.")],
    audio: Annotated[Path | None, typer.Option(help="A recording of what you say.")] = None,
    text: Annotated[str, typer.Option(help="Or what you say, in writing.")] = "",
    out: Annotated[Path | None, typer.Option(help="Where the clone's voice goes, as a wav file.")] = None,
    events: Annotated[Path | None, typer.Option(help="Where the events go, one JSON object a line.")] = None,
    settings: Settings = [],  # noqa: B006
) -> None:
    """One turn without a browser."""
    from digiclone.commands.talk import talk as run  # noqa: PLC0415

    run(clone, audio, text, out, events, settings)


@app.command()
def say(
    clone: Annotated[str, typer.Argument(help="Which clone.")],
    text: Annotated[str, typer.Argument(help='What it says; "-" reads it from standard input.')],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the sound goes, as a wav file.")],
    as_json: avatar.Json = False,
    settings: Settings = [],  # noqa: B006
) -> None:
    """The clone's voice, reading a text of any length into a sound file."""
    from digiclone.commands.say import say as run  # noqa: PLC0415

    run(clone, text, out, as_json, settings)


@app.command()
def new(name: Annotated[str, typer.Argument(help="What the clone is called.")]) -> None:
    """Make a clone: a folder you can read, edit, copy and delete."""
    from digiclone.clone import create  # noqa: PLC0415

    folder = create(name)
    print(f"{folder}\nEdit persona.md to say who this is. Talk: digiclone serve --clone {folder.name}")


@app.command()
def delete(
    name: Annotated[str, typer.Argument(help="Which clone.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a clone: its face, its voice, who it is and all that was said. Nothing of it stays."""
    from digiclone.clone import delete as remove  # noqa: PLC0415
    from digiclone.clone import find  # noqa: PLC0415

    folder = find(name)
    if not yes:
        typer.confirm(f"Delete {folder} with its face, voice and history? This cannot be undone.", abort=True)
    remove(name)
    print(f"{name} is gone")


@app.command()
def forget(
    clone: Annotated[str, typer.Argument(help="Which clone.")],
    about: Annotated[list[str], typer.Argument(metavar="[WORD]…", help="Words that all stand in it.")] = [],  # noqa: B006
    before: Annotated[datetime | None, typer.Option(help="What was said before this day.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that was ever said.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: avatar.Json = False,
) -> None:
    """Delete what was said: no file of the clone holds it any more. The clone itself stays."""
    from digiclone.commands.forget import forget as run  # noqa: PLC0415

    run(clone, about, before, everything, yes, as_json)


@app.command()
def setup() -> None:
    """Fetch what a new clone needs, and build the default head. Needs the network the first time only."""
    from digiclone.commands.setup import setup as run  # noqa: PLC0415

    run()


def main() -> None:
    """Run the command line; known errors end in one sentence and exit code 1."""
    try:
        app()
    except (ConfigError, WeightsError) as error:
        print(f"digiclone: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print("digiclone: the disk is full; nothing is lost: make room, then run the same command", file=sys.stderr)
        sys.exit(1)
