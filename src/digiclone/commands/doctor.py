"""`digiclone doctor`: is this machine ready, and if not, what to do."""

import dataclasses
import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from digiclone import doctor as looking
from digiclone.doctor import Finding

COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Look this machine over. Exits with 1 if there is a problem."""
    findings = looking.examine()
    if as_json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    else:
        Console().print(_table(findings))
    if any(finding.status == "problem" for finding in findings):
        raise typer.Exit(1)


def _table(findings: list[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        said = finding.detail + (f"\n→ {finding.advice}" if finding.advice else "")
        table.add_row(Text(finding.status, COLOURS[finding.status]), Text(finding.name), Text(said))
    return table
