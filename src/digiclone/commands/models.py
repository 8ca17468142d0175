"""`digiclone models`: what the catalogue offers and what of it is on this machine."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, NoReturn

import typer
from rich import progress as bars
from rich.console import Console
from rich.table import Table

from digiclone import weights
from digiclone.weights import File, Model, Report, WeightsError

app = typer.Typer(no_args_is_help=True, help="Weights: what there is, what is here; fetch, verify, remove.")

Names = Annotated[list[str] | None, typer.Argument(help="kind:backend:model, the beginning of one, or a file.")]

PACE = 5.0
"""Seconds between two lines about one download when nobody looks at a terminal."""


@dataclass(frozen=True, slots=True)
class Row:
    """A model of the catalogue, and who would use it."""

    kind: str
    backend: str
    model: Model
    default: bool

    @property
    def id(self) -> str:
        """What a person calls it: kind:backend:model."""
        return f"{self.kind}:{self.backend}:{self.model.name}"

    @property
    def here(self) -> str:
        """Whether its files are present: yes, no, or partly (something is there, and not all of it is whole)."""
        if all(map(weights.present, self.model.files)):
            return "yes"
        return "no" if all(weights.state(file) == "absent" for file in self.model.files) else "partly"


def catalogue() -> list[Row]:
    """Every model that a backend offers."""
    from digiclone.registry import models  # noqa: PLC0415  imports every backend's module

    return [Row(*row) for row in models()]


def select(names: Iterable[str], rows: list[Row]) -> list[Row]:
    """The rows that `names` mean: an exact id, else all that begin so, else those with a file of that name."""
    chosen: dict[str, Row] = {}
    for name in names:
        found = (
            [row for row in rows if row.id == name]
            or [row for row in rows if row.id.startswith(name)]
            or [row for row in rows if any(file.name == name for file in row.model.files)]
        )
        if not found:
            _fail(f"{name!r} is not in the catalogue: `digiclone models list` shows what is", code=2)
        chosen |= {row.id: row for row in found}
    return list(chosen.values())


@app.command("list")
def show(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Every model: its size, its licence, and whether it is here."""
    rows = catalogue()
    if as_json:
        print(json.dumps([_described(row) for row in rows], indent=2))
        return
    table = Table("kind", "backend", "model", "size", "here", "licence", box=None, pad_edge=False)
    for row in rows:
        size = _megabytes(row.model.bytes)
        table.add_row(row.kind, row.backend, row.model.name + " *" * row.default, size, row.here, row.model.licence)
    Console().print(table)
    print(f"* used by default. The store is {weights.home()}.")


def _described(row: Row) -> dict[str, object]:
    return {
        "id": row.id,
        "kind": row.kind,
        "backend": row.backend,
        "model": row.model.name,
        "bytes": row.model.bytes,
        "present": row.here == "yes",
        "default": row.default,
        "licence": row.model.licence,
        "source": row.model.source,
    }


@app.command()
def fetch(
    names: Names = None,
    default: Annotated[bool, typer.Option("--default", help="What a new clone needs: as without names.")] = False,
    every: Annotated[bool, typer.Option("--all", help="The whole catalogue.")] = False,
) -> None:
    """Download models, resuming what was cut off. What is here already costs nothing."""
    rows = catalogue()
    chosen = rows if every else select(names or [], rows)
    if default or not (names or every):
        chosen += [row for row in rows if row.default and row not in chosen]
    files = _files(chosen)
    with _plainly(), progress() as report:
        weights.fetch_all(files, report)
    print(f"{len(files)} files, {_megabytes(sum(file.bytes for file in files))}, are in {weights.home()}")


@app.command()
def verify(names: Names = None) -> None:
    """Hash again what is here. Exits with 1 if something is damaged, or is named and missing."""
    rows = catalogue()
    wrong: list[Row] = []
    for row in select(names, rows) if names else [row for row in rows if row.here != "no"]:
        with _plainly():
            states = {file.name: _state(file) for file in row.model.files}
        bad = [f"{name} {state}" for name, state in states.items() if state != "ok"]
        print(f"{row.id}: {', '.join(bad) or 'ok'}")
        wrong += [row] if bad else []
    if wrong:
        _fail(f"To mend: digiclone models fetch {' '.join(row.id for row in wrong)}")


def _state(file: File) -> str:
    if weights.state(file) == "absent":
        return "missing"
    return "ok" if weights.verify(file) else "DAMAGED"


@app.command()
def rm(names: Annotated[list[str], typer.Argument(help="As for fetch.")]) -> None:
    """Remove models from this machine. A file that another model here also uses stays."""
    rows = catalogue()
    chosen = select(names, rows)
    others = [row for row in rows if row not in chosen and row.here == "yes"]
    kept = set(_files(others))
    with _plainly():
        freed = sum(weights.discard(file) for file in _files(chosen) if file not in kept)
    print(f"{', '.join(row.id for row in chosen)}: {_megabytes(freed)} freed")


def _files(rows: Iterable[Row]) -> list[File]:
    return list(dict.fromkeys(file for row in rows for file in row.model.files))


def _megabytes(count: float) -> str:
    return f"{count / 1e6:.1f} MB"


@contextmanager
def progress() -> Iterator[Report]:
    """A report: bars with speed and time left on a terminal, else a line now and then."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    about = bars.TextColumn("{task.description}"), bars.BarColumn(), bars.DownloadColumn()
    speed = bars.TransferSpeedColumn(), bars.TimeRemainingColumn()
    with bars.Progress(*about, *speed, console=Console(stderr=True)) as screen:
        tasks: dict[str, bars.TaskID] = {}

        def report(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = screen.add_task(name, total=None)
            screen.update(tasks[name], completed=done, total=total or None)

        yield report


def _lines(clock: Callable[[], float] = time.monotonic) -> Report:
    last: dict[str, float] = {}

    def report(name: str, done: int, total: int) -> None:
        begun, ended = name not in last, 0 < total <= done
        if begun or clock() - last[name] >= PACE or (ended and last[name] < float("inf")):
            last[name] = float("inf") if ended else clock()
            of = f" of {_megabytes(total)}" if total else ""
            print(f"{name}: {'begun' if begun and not ended else _megabytes(done) + of}", file=sys.stderr, flush=True)

    return report


@contextmanager
def _plainly() -> Iterator[None]:
    try:
        yield
    except WeightsError as error:
        _fail(str(error))


def _fail(message: str, code: int = 1) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
