"""`digiclone persona …`: who a clone is, from what the person said."""

import importlib.util
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from digiclone import examples, persona, showing
from digiclone.artifacts import toml, write_atomically
from digiclone.clone import find
from digiclone.commands.avatar import CloneArgument, Json, progress
from digiclone.config import ConfigError, load_toml

app = typer.Typer(no_args_is_help=True, help="Who a clone is, from what the person said.")
PERSONA, STYLE = "persona.md", "style.json"


@app.callback()
def group() -> None:
    """Who a clone is, from what the person said."""


@app.command()
def build(
    clone: CloneArgument,
    files: Annotated[
        list[Path],
        typer.Option(
            "--from", metavar="FILE", help="Chat exports, mail, interviews, subtitles, letters; again for more."
        ),
    ],
    me: Annotated[list[str], typer.Option(help="The person's name in them, if not the clone's; again for more.")] = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Make examples, a style and a persona of what the person said and wrote.

    WhatsApp (.txt), Telegram and Signal (.json), mail (.mbox), interviews with names before what is said (.txt, .srt,
    .vtt), letters and speeches (.txt, .md), what a voice was made of (metadata.csv). Names of others, numbers and
    addresses are taken out before anything is stored. Read what came out, and edit it: FOLDER/persona.md,
    FOLDER/examples.jsonl.
    """
    if importlib.util.find_spec("datafog") is None:
        raise ConfigError("this needs datafog, which finds what is private; run: pip install 'digiclone[persona]'")
    from digiclone.portrait.build import portrait  # noqa: PLC0415
    from digiclone.portrait.style import described  # noqa: PLC0415

    folder = find(clone)
    name = str(load_toml(folder / "clone.toml").get("name", clone))
    with progress() as tell:
        made = portrait(files, me or [name], tell)
        tell("writing", 0.9)
        if not made.examples:
            why = "; ".join(f"{count} skipped: {reason}" for reason, count in made.skipped.most_common())
            raise ConfigError(f"no example came out: {why or 'the person answers nobody in these files'}")
        rows = [json.dumps(asdict(one), ensure_ascii=False) for one in made.examples]
        write_atomically(folder / examples.FILE, ("\n".join(rows) + "\n").encode())
        write_atomically(folder / STYLE, json.dumps(asdict(made.style), ensure_ascii=False, indent=1).encode())
        place = _written(folder, name, described(made.style, name))
    told = {
        "examples": len(made.examples), "masked": dict(made.masked), "skipped": dict(made.skipped),
        "others": made.others, "style": asdict(made.style), "persona": str(place),
    }  # fmt: skip
    if as_json:
        print(json.dumps(told))
        return
    print(f"{len(made.examples)} examples, in {folder / examples.FILE}; a persona in {place}. Read and edit both.")
    for why, count in made.skipped.most_common():
        print(f"- {count} skipped: {why}")
    if made.masked:
        print("Taken out: " + ", ".join(f"{count} {kind.lower()}" for kind, count in made.masked.most_common()))


@app.command()
def tune(
    clone: CloneArgument,
    judge: Annotated[str, typer.Option(help="Who judges: openai:URL#MODEL, BACKEND:MODEL, or a GGUF file.")] = "",
    metric: Annotated[
        Literal["humour", "authenticity", "favourability"], typer.Option(help="What is to be won.")
    ] = "authenticity",
    count: Annotated[int, typer.Option(min=5, help="Questions of each of the two elections.")] = 20,
    questions: Annotated[
        Path | None, typer.Option(help="A file with a question a line; else they come from what the person was asked.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find out by election how to tell the clone who it is, and let it talk that way.

    Ways stand against each other, and against one that only mixes up letters; three judges who know how the person
    speaks vote. The winner must win again, on other questions. It can be stopped and goes on where it was.
    """
    from digiclone.vote.choosers import choosers  # noqa: PLC0415
    from digiclone.vote.tuning import material, name, tune  # noqa: PLC0415

    folder = find(clone)
    try:
        asked = questions.read_text("utf-8").splitlines() if questions else []
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {questions}: {error}") from error
    now, said = showing.chosen(folder), examples.of(folder)
    if not said:
        raise ConfigError(f"{clone} has no examples of what its person said: digiclone persona build {clone} --from …")
    given = material(said, [line.strip() for line in asked if line.strip()], count)
    with progress() as tell:
        found = tune(clone, now, given, metric, judge, choosers, folder / "tuning", tell)
        if showing.known(found.how.strategy).retrieved == "meaning":
            _ = said.directions  # kept, so that the clone starts quickly
    if found.how != now:
        write_atomically(folder / showing.FILE, toml(found.how, "Found by `digiclone persona tune`."))
    if as_json:
        rounds = [asdict(one) for one in (found.first, found.second) if one]
        print(
            json.dumps({"how": found.how.model_dump(), "why": found.why, "changed": found.how != now, "rounds": rounds})
        )
        return
    for result in filter(None, (found.first, found.second)):
        shares = ", ".join(
            f"{who} {one.value:.0%} ({one.low:.0%}-{one.high:.0%})" for who, one in result.shares.items()
        )
        print(f"{result.questions} questions, {result.ballots} ballots: {shares}")
    print(f"{clone} is told who it is by {name(found.how)}: {found.why}.")


def _written(folder: Path, name: str, text: str) -> Path:
    """The persona, beside the one that is there if somebody has edited it."""
    place = folder / PERSONA
    untouched = not place.is_file() or place.read_text("utf-8") == persona.TEMPLATE.format(name=name)
    place = place if untouched else folder / "persona.new.md"
    write_atomically(place, text.encode())
    return place
