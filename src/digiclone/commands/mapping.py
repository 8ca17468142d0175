"""`digiclone avatar use` and `digiclone avatar map`: an avatar that somebody else made, and how it talks."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from digiclone.avatar import folder
from digiclone.avatar.foreign import adopt, mapfile
from digiclone.avatar.foreign.inspect import Avatar
from digiclone.clone import find
from digiclone.config import ConfigError

CloneArgument = Annotated[str, typer.Argument(metavar="CLONE", help="Which clone.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")]
_WORDS = {
    "direct": "its own", "made": "made of several", "approximate": "near", "bones": "by the eyes' bones",
    "yours": "as you chose", "none": "not moved",
}  # fmt: skip


def use(
    clone: CloneArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A GLB or VRM file with morph targets.")],
    as_json: Json = False,
) -> None:
    """Use an avatar that you have: any GLB or VRM file whose face can move.

    The file is checked and copied; nothing is fetched. How its shapes make our mouths is found out and shown.
    """
    place = find(clone)
    try:
        avatar = adopt.adopt(place, file)
    except ConfigError as error:
        raise ConfigError(f"{file.name}: {error}") from None
    except OSError as error:
        raise ConfigError(f"cannot use {file}: {error.strerror or error}") from None
    _show(place, avatar, as_json)


def mapping(
    clone: CloneArgument,
    settings: Annotated[
        list[str],
        typer.Option("--set", metavar="OURS=THEIRS:GAIN[,…]", help="viseme_PP=mouthClose:1.0; OURS= moves nothing."),
    ] = [],  # noqa: B006  typer wants a literal
    reset: Annotated[bool, typer.Option("--reset", help="Forget all changes; before any --set.")] = False,
    _show_only: Annotated[bool, typer.Option("--show", help="Only show it, as without options.")] = False,
    as_json: Json = False,
) -> None:
    """Show or change which shapes of a clone's avatar make which mouth."""
    place = find(clone)
    head, file = place / "avatar" / folder.HEAD, place / "avatar" / folder.MAPPING
    if not head.is_file():
        raise ConfigError(f"{place.name} has the default head, which needs no mapping; see digiclone avatar use --help")
    avatar = adopt.known(head)
    if settings or reset:
        chosen = {ours: row for text in settings for ours, row in mapfile.parse_setting(text, avatar.targets).items()}
        mapfile.store(file, avatar, chosen, afresh=reset)
    _show(place, avatar, as_json)


def _show(place: Path, avatar: Avatar, as_json: bool) -> None:
    talk = mapfile.talk(avatar, place / "avatar" / folder.MAPPING)
    if as_json:
        print(json.dumps(mapfile.described(avatar, talk) | {"folder": str(place / "avatar")}, ensure_ascii=False))
        return
    table = Table("ours", "theirs × gain", "how", box=None, pad_edge=False)
    for ours, sources in talk.table.items():
        theirs = ", ".join(f"{name} × {gain:g}" for name, gain in sources.items())
        if talk.how[ours] != "none":
            table.add_row(ours, theirs, _WORDS[talk.how[ours]])
    Console().print(table, markup=False)
    counts = ", ".join(f"{count} {_WORDS[kind]}" for kind, count in talk.counts().items())
    print(f"{avatar.kind}, {avatar.vertices:,} points, {len(avatar.targets)} shapes. Of our {len(talk.how)}: {counts}")
    if avatar.licence.line:
        print(f"It is {avatar.licence.line}")
    if avatar.licence.warning:
        print(f"Note: {avatar.licence.warning}")
    if not talk.talks:
        print("None of its shapes is known to open the mouth. Say which one does, such as:")
        print(f"  digiclone avatar map {place.name} --set viseme_aa={next(iter(avatar.targets))}:0.7")
