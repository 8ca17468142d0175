"""`digiclone bench …`: figures of this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from digiclone.commands.answers import answers
from digiclone.commands.avatar import Json, progress

if TYPE_CHECKING:
    from digiclone.plan.measured import Measured
    from digiclone.plan.places import Site

app = typer.Typer(no_args_is_help=True, help="Measure this machine.")
app.command()(answers)


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


@app.command()
def llm(as_json: Json = False) -> None:
    """How fast this machine reads and writes with a language model, by models made up of random numbers; the planner
    reckons with it from then on."""
    from digiclone.plan import measuring  # noqa: PLC0415

    site = _site()
    with progress() as tell:
        known, taken = measuring.llm(site.known, site.cores, site.host.bandwidth, tell)
    rows = [
        {
            "model": one.model, "format": one.sample.form, "threads": one.sample.engine.threads, "prompt": run.prompt,
            "read_tokens_s": round(run.prompt / run.read_s, 1), "write_tokens_s": round(1 / run.token_s, 1),
            "memory_mb": round(one.sample.engine.memory / 1e6),
        }
        for one in taken for run in one.sample.engine.runs
    ]  # fmt: skip
    _keep(known, {"rates": known.rates.model_dump(), "runs": rows}, rows, as_json)


@app.command()
def asr(as_json: Json = False) -> None:
    """How fast this machine writes down speech, with every recogniser that is here; the planner reckons with it."""
    from digiclone.plan import measuring  # noqa: PLC0415

    site = _site()
    with progress() as tell:
        known = measuring.asr(site.known, site.cores, tell)
    rows = [
        {
            "model": name, "three_seconds_take_s": round(one.line.seconds(3.0), 3),
            "ten_seconds_take_s": round(one.line.seconds(10.0), 3), "scaling": round(one.scaling, 2),
            "memory_mb": round(one.memory_mb),
        }
        for name, one in known.asr.items()
    ]  # fmt: skip
    _keep(known, {name: one.model_dump() for name, one in known.asr.items()}, rows, as_json)


@app.command()
def tts(as_json: Json = False) -> None:
    """How fast this machine speaks, with every voice that is here; the planner reckons with it."""
    from digiclone.plan import measuring  # noqa: PLC0415

    site = _site()
    with progress() as tell:
        known = measuring.tts(site.known, site.cores, tell)
    rows = [
        {
            "model": name, "ten_words_begin_s": round(one.first_s, 3), "a_second_takes_s": round(one.rtf, 3),
            "scaling": round(one.scaling, 2), "memory_mb": round(one.memory_mb),
        }
        for name, one in known.tts.items()
    ]  # fmt: skip
    _keep(known, {name: one.model_dump() for name, one in known.tts.items()}, rows, as_json)


@app.command()
def server(as_json: Json = False) -> None:
    """How much memory the server takes besides its models; the planner reckons with it."""
    from digiclone.plan import measuring  # noqa: PLC0415

    with progress() as tell:
        known = measuring.server(_site().known, tell)
    _keep(known, {"server_mb": known.server_mb}, [{"what": "the server", "memory_mb": round(known.server_mb)}], as_json)


def _site() -> Site:
    """This machine, measured again, with what is known of it so far."""
    from digiclone.plan import places  # noqa: PLC0415

    return places.here(again=True)


def _keep(known: Measured, found: Mapping[str, Any], rows: list[dict[str, Any]], as_json: bool) -> None:
    from digiclone.plan import measured  # noqa: PLC0415

    place = measured.keep(known)
    if as_json:
        print(json.dumps(found))
        return
    table = Table(*(name.replace("_", " ") for name in rows[0]), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)
    print(f"Kept in {place}; digiclone plan reckons with it.")


def _table(figures: dict[str, Any]) -> Table:
    table = Table("seconds", "p50", "p95", title="a spoken conversation")
    flat = {**figures["stages_s"], **{k: v for k, v in figures.items() if k.endswith("_s") and "p50" in v}}
    for name, value in flat.items():
        table.add_row(name, *("-" if value[of] is None else f"{value[of]:.3f}" for of in ("p50", "p95")))
    for name in ("overlap_ratio", "underruns", "peak_rss_mb", "turns", "interruptions"):
        table.add_row(name, str(figures[name]), "")
    return table
