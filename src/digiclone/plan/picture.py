"""Every possibility as a picture: how soon against how well, what is chosen and what does not fit."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from digiclone.config import ConfigError
from digiclone.plan.fit import Fit
from digiclone.plan.menu import FORMAT, LLM
from digiclone.plan.problem import Limit
from digiclone.plan.search import FINITE, Solution, solve

LATENCY, MEMORY = "latency", "memory"


@dataclass(frozen=True)
class Point:
    """A language model in a format, with the best of everything else that fits; where nothing does, the quickest."""

    model: str
    form: str
    latency: float
    memory: float
    score: float
    fits: bool

    def beats(self, other: Point) -> bool:
        """Whether it answers better, and not later."""
        return self.score > other.score and self.latency <= other.latency


def draw(fit: Fit, solution: Solution, file: Path) -> None:
    """Write a picture of every language model in every format, each with the best of everything else that there is for
    it. Raises `ConfigError` without matplotlib."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ConfigError("a picture needs matplotlib; run: pip install 'digiclone[plot]'")
    from matplotlib.figure import Figure  # noqa: PLC0415

    points = list(_points(fit))
    chosen = (fit.menu.names(LLM)[solution.values[LLM]], fit.menu.names(FORMAT)[solution.values[FORMAT]])
    limits = {limit.name: limit.most for limit in fit.problem.limits}
    figure = Figure(figsize=(9, 5.5), layout="constrained")
    axes = figure.subplots()
    for fits, colour in ((False, "#b9b9b9"), (True, "#2f6f9f")):
        some = [point for point in points if point.fits is fits]
        axes.scatter(
            [one.latency for one in some], [one.score for one in some], s=[20 + 60 * one.memory / 1e9 for one in some],
            color=colour, alpha=0.75, label="fits" if fits else "does not fit",
        )  # fmt: skip
    for one in points:
        best = (one.model, one.form) == chosen
        if best or (one.fits and not any(other.fits and other.beats(one) for other in points)):
            axes.annotate(
                f"{one.model} {one.form}", (one.latency, one.score), xytext=(5, 4), textcoords="offset points",
                fontsize=7, fontweight="bold" if best else "normal",
            )  # fmt: skip
        if best:
            axes.scatter([one.latency], [one.score], s=220, facecolors="none", edgecolors="#c1440e", linewidths=2,
                         label="chosen")  # fmt: skip
    axes.axvline(limits[LATENCY], color="#c1440e", linestyle="--", linewidth=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.set_xlabel("seconds from the end of a question to the first sound")
    axes.set_ylabel("score of the language model")
    axes.set_title(f"area: memory of everything together; {limits[MEMORY] / 1e9:.1f} GB are allowed", fontsize=9)
    axes.legend(loc="lower right", fontsize=8)
    figure.savefig(file, dpi=150)


def _points(fit: Fit) -> Iterator[Point]:
    latency = next(limit for limit in fit.problem.limits if limit.name == LATENCY)
    free = fit.problem.with_limits({limit.name: FINITE for limit in fit.problem.limits if limit.name != "parts"})
    free = free.aiming([Limit(LATENCY, latency.tables, 0.0)])
    for model, form in product(range(len(fit.menu.minds)), range(len(fit.menu.forms))):
        if fit.menu.forms[form].name not in fit.menu.minds[model].files:
            continue
        here, allowed = (
            problem.taking(LLM, np.array([model])).taking(FORMAT, np.array([form])) for problem in (free, fit.problem)
        )
        best = solve(allowed)
        if found := best or solve(here):
            takes, score = (
                fit.spent(found),
                -sum(float(table.values[model, form]) for table in fit.problem.aims[0].tables),
            )
            names = fit.chosen(found)
            yield Point(names["llm"], names["format"], takes[LATENCY], takes[MEMORY], score, best is not None)
