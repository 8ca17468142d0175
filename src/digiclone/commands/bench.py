"""`digiclone bench …`: figures of this machine."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(no_args_is_help=True, help="Measure this machine.")


@app.callback()
def group() -> None:
    """Measure this machine."""


@app.command()
def talk(
    turns: Annotated[int, typer.Option(min=2, help="Questions to ask, and interruptions to make.")] = 12,
    audio: Annotated[Path | None, typer.Option(help="Folder of LJSpeech-style data; its test split is played.")] = None,
    settings: Annotated[list[str], typer.Option("--set", metavar="KIND.OPTION=VALUE")] = [],  # noqa: B006
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
) -> None:
    """A spoken conversation through the whole server, in real time: how soon it answers, how soon it falls silent."""
    from digiclone.measure.talk import measure  # noqa: PLC0415

    console = Console(stderr=True)
    with console.status("waking the clone") as status:
        figures = measure(turns, settings, audio, status.update if console.is_terminal else console.print)
    print(json.dumps(figures) if as_json else "", end="\n" if as_json else "")
    if not as_json:
        Console().print(_table(figures))


def _table(figures: dict[str, Any]) -> Table:
    table = Table("seconds", "p50", "p95", title="a spoken conversation")
    flat = {**figures["stages_s"], **{k: v for k, v in figures.items() if k.endswith("_s") and "p50" in v}}
    for name, value in flat.items():
        table.add_row(name, f"{value['p50']:.3f}", f"{value['p95']:.3f}")
    for name in ("overlap_ratio", "underruns", "peak_rss_mb", "turns", "interruptions"):
        table.add_row(name, str(figures[name]), "")
    return table
