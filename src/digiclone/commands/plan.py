"""`digiclone plan`: the best recogniser, language model and voice that a device can run together, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from digiclone import artifacts
from digiclone.artifacts import write_atomically
from digiclone.clone import find
from digiclone.config import ConfigError, nearest
from digiclone.measure.scores import scores
from digiclone.plan import choices, device, paper, places, report
from digiclone.plan.fit import Fit, Runners
from digiclone.plan.measured import Measured
from digiclone.plan.menu import VARIABLES, Wishes
from digiclone.plan.places import Site
from digiclone.plan.search import Solution

PLAN = "plan.toml"


def plan(
    clone: Annotated[str, typer.Argument(metavar="[CLONE]", help="Whose plan.toml is written; none: only shown.")] = "",
    on: Annotated[
        str, typer.Option("--device", metavar="auto|NAME|FILE.toml", help="This machine, one of the table, or yours.")
    ] = "auto",
    mode: Annotated[
        Literal["realtime", "accuracy"], typer.Option(help="Answer within a second, or within ten.")
    ] = "realtime",
    max_memory: Annotated[float | None, typer.Option(min=0, metavar="GB", help="For everything together.")] = None,
    max_latency: Annotated[
        float | None, typer.Option(min=0, metavar="S", help="From the end of a question to the first sound.")
    ] = None,
    min_score: Annotated[float | None, typer.Option(metavar="X", help="Of the language model, 0 to 100.")] = None,
    pin: Annotated[list[str], typer.Option(metavar="WHAT=NAME", help=f"Decided already: {', '.join(VARIABLES)}.")] = [],  # noqa: B006
    commercial: Annotated[bool, typer.Option("--commercial", help="Only what may earn money without asking.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Also models that you would have to bring; always so for another device.")
    ] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Why nothing else.")] = False,
    plot: Annotated[Path | None, typer.Option(metavar="OUT.png", help="Every possibility as a picture.")] = None,
    algorithm: Annotated[
        Literal["best", "paper"], typer.Option(help="paper: as tinyDigiClones prints it, to compare; writes nothing.")
    ] = "best",
    again: Annotated[bool, typer.Option("--again", help="Measure memory and processor again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
) -> None:
    """Choose what plays each part, so that all of it together fits a device and answers in time."""
    folder = find(clone) if clone else None
    wishes = Wishes(mode, max_memory and max_memory * 1e9, max_latency, min_score, commercial, _pins(pin))
    site = places.here(again) if on == "auto" else places.there(device.find(on))
    own = folder / "voice" if folder and artifacts.usable(folder / "voice") else None
    offer = choices.offer(site.known, site.cores, site.card is not None, own, everything or on != "auto", scores())
    _require_known(wishes, offer.menu.names)
    fit = Fit(offer.menu, site.bits, site.host, site.card, wishes)
    if algorithm == "paper":
        _show_paper(fit, as_json)
        return
    solution = fit.solve()
    if solution is None:
        mosts = {limit.name: limit.most for limit in fit.problem.limits}
        raise ConfigError(report.relaxed(fit.relax(), mosts))
    chosen = fit.chosen(solution)
    runners = fit.runners_up(solution)
    if folder:
        heading = f"Chosen by `digiclone plan` for {site.title}, {date.today():%Y-%m-%d}: {_asked(wishes)}."
        text = report.plan_toml(fit, solution, runners, offer.settings(chosen), heading)
        write_atomically(folder / PLAN, text.encode())
    if plot:
        from digiclone.plan import picture  # noqa: PLC0415

        picture.draw(fit, solution, plot)
    notes = [*site.assumed, *_unmeasured(on, site.known), *offer.to_bring(chosen)]
    reasons = _reasons(fit, solution) if explain else {}
    if as_json:
        print(json.dumps(_told(fit, solution, runners, site, offer.settings(chosen), notes, reasons)))
        return
    _show(fit, solution, runners, site, notes, reasons)
    if folder:
        print(f"Written: {folder / PLAN}. Talk: digiclone serve --clone {folder.name}")


def _pins(settings: list[str]) -> dict[str, str]:
    pins = dict[str, str]()
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or name not in VARIABLES:
            raise ConfigError(f"--pin {setting}: write WHAT=NAME, with WHAT one of {', '.join(VARIABLES)}")
        pins[name] = value
    return pins


def _require_known(wishes: Wishes, names: Any) -> None:
    for name, value in wishes.pins.items():
        known = names(VARIABLES.index(name))
        if value not in known:
            raise ConfigError(
                f"--pin {name}={value}: it is not on the menu; {nearest(value, known)} (--all shows more)"
            )


def _asked(wishes: Wishes) -> str:
    told = [wishes.mode]
    told += [f"at most {wishes.memory / 1e9:g} GB"] if wishes.memory is not None else []
    told += [f"at most {wishes.latency_s:g} s"] if wishes.latency_s is not None else []
    told += [f"a score of at least {wishes.score:g}"] if wishes.score is not None else []
    told += ["commercial use"] if wishes.commercial else []
    return ", ".join([*told, *(f"{name}={value}" for name, value in wishes.pins.items())])


def _unmeasured(on: str, known: Measured) -> list[str]:
    """Whether the costs are this machine's."""
    if on != "auto":
        return []
    lacks = [kind for kind in ("llm", "asr", "tts", "server") if kind not in known.here]
    return [f"not measured here, so reckoned from another machine: digiclone bench {kind}" for kind in lacks]


def _reasons(fit: Fit, solution: Solution) -> dict[str, list[str]]:
    """By variable, why each of its other values was not chosen."""
    found = dict[str, list[str]]()
    for variable, name in enumerate(VARIABLES):
        others = [value for n, value in enumerate(fit.menu.names(variable)) if n != solution.values[variable]]
        if others:
            found[name] = [report.why_not(fit.why_not(solution, variable, value)) for value in others]
    return found


def _told(
    fit: Fit, solution: Solution, runners: Runners, site: Site, settings: Mapping[str, Any], notes: list[str],
    reasons: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    return {
        "device": {"name": site.name, "title": site.title, "cores": site.cores, "bits": list(site.bits)},
        "chosen": fit.chosen(solution),
        "promise_s": round(fit.promise(solution), 4),
        "takes": {name: round(value, 6) for name, value in fit.spent(solution).items()},
        "aims": dict(zip((aim.name for aim in fit.problem.aims), solution.aims, strict=True)),
        "runner_up": {name: fit.chosen(second)[name] for name, second in runners.items() if second},
        "settings": settings,
        "notes": notes,
        "why_not": reasons,
        "nodes": solution.nodes,
    }


def _show(
    fit: Fit, solution: Solution, runners: Runners, site: Site, notes: list[str], reasons: Mapping[str, list[str]]
) -> None:
    chosen = fit.chosen(solution)
    table = Table("", "chosen", "next best", "which would be", box=None, pad_edge=False)
    for variable, name in enumerate(VARIABLES):
        if len(fit.menu.names(variable)) == 1 and name in ("vocoder", "offload"):
            continue
        second = runners[name]
        other = fit.chosen(second)[name] if second else "nothing else fits"
        table.add_row(name, chosen[name], other, report.difference(fit, solution, second) if second else "")
    console = Console()
    console.print(f"{site.title}: {report.predicted(fit, solution)}.")
    console.print(table)
    for name, lines in reasons.items():
        console.print(f"\nWhy no other {name}:")
        for line in lines:
            console.print(f"  {line}")
    for note in notes:
        console.print(f"- {note}")


def _show_paper(fit: Fit, as_json: bool) -> None:
    names = paper.chosen(fit)
    if as_json:
        print(json.dumps({"algorithm": "paper", "chosen": names}))
        return
    print("As tinyDigiClones prints it (docs/papers/tinydigiclones.md says what is wrong with that):")
    for name, value in names.items():
        print(f"  {name}: {value}")
