"""A plan in words: `plan.toml`, which the clone obeys, and the answers to "why not". Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomli_w

from digiclone.plan.fit import NOTHING, Fit, Reason, Runners
from digiclone.plan.menu import VARIABLES
from digiclone.plan.search import Relaxation, Solution

Settings = Mapping[str, Mapping[str, Any]]
"""By part, what `plan.toml` says of it: backend and options."""
UNITS = {
    "memory": lambda value: f"{value / 1e9:.2f} GB",
    "accelerator memory": lambda value: f"{value / 1e9:.2f} GB of the accelerator",
    "latency": lambda value: f"{value:.2f} s to the first sound",
    "certainty": lambda value: f"{value:.2f} s of silence until it is sure that you have finished",
    "steady": lambda value: f"{value:.0%} of the time for computing while it speaks",
    "score": lambda value: f"a score of {-value:.1f}",
    "word errors": lambda value: f"{value:.1f} % of words misheard",
    "opinion": lambda value: f"an opinion of {-value:.2f} of 5",
}
"""How the numbers of limits and aims are said."""
RULES = {
    "bits": "a device that computes with fewer bits",
    "parts": "a vocoder that goes with the voice",
    NOTHING: "a file that does not exist",
    "licence": "leave to use what may not earn money without asking",
}
"""What has no number."""


def said(name: str, value: float) -> str:
    """A number of a limit or an aim, for people."""
    if "=" in name:
        return f"something else than --pin {name}"
    return UNITS[name](value) if name in UNITS else RULES[name]


def plan_toml(fit: Fit, solution: Solution, runners: Runners, settings: Settings, heading: str) -> str:
    """The file: what was chosen, what it will cost, the runner-up to each choice and why it is none, the settings."""
    lines = [
        heading,
        f"Predicted: {predicted(fit, solution)}.",
        "Flags are stronger than this file, and this file than clone.toml.",
    ]
    text = "".join(f"# {line}\n" for line in lines)
    for part, values in settings.items():
        text += f"\n{_chosen_line(fit, solution, runners[part], part)}[{part}]\n{tomli_w.dumps(dict(values))}"
    return text


def predicted(fit: Fit, solution: Solution) -> str:
    """What a choice is expected to cost."""
    takes = {**fit.spent(solution), "latency": fit.promise(solution)}
    return ", ".join(said(name, takes[name]) for name in ("latency", "memory", "steady"))


def _chosen_line(fit: Fit, solution: Solution, second: Solution | None, variable: str) -> str:
    """A comment on a choice: its name, the runner-up, and what that would be worse in."""
    chosen = fit.chosen(solution)
    if second is None:
        return f"# {chosen[variable]}: nothing else is possible.\n"
    other = fit.chosen(second)
    changed = [f"{name} {other[name]}" for name in VARIABLES if other[name] != chosen[name] and name != variable]
    along = f" (with {', '.join(changed)})" if changed else ""
    return f"# {chosen[variable]}. Next best: {other[variable]}{along}: {difference(fit, solution, second)}.\n"


def difference(fit: Fit, ours: Solution, theirs: Solution) -> str:
    """The first aim in which two choices differ."""
    for aim, one, other in zip(fit.problem.aims, ours.aims, theirs.aims, strict=True):
        if abs(one - other) > 1e-9 * max(1.0, abs(one)):
            return f"{said(aim.name, other)}, not {said(aim.name, one)}"
    return "as good in everything that counts"


def why_not(reason: Reason) -> str:
    """A sentence that says why a value was not chosen."""
    name = f"{reason.variable} {reason.value}"
    if reason.needed:
        needs = [f"{said(limit, to)}{_allowed(limit, most)}" for limit, (most, to) in reason.needed.items()]
        return f"{name}: it would take {' and '.join(needs)}."
    if reason.worse:
        aim, (ours, theirs) = next(iter(reason.worse.items()))
        return f"{name}: possible, but {said(aim, theirs)}, not {said(aim, ours)}."
    return f"{name}: as good; the search met another first."


def relaxed(found: Relaxation | None, mosts: Mapping[str, float]) -> str:
    """What to say when nothing is possible."""
    if found is None:
        return "Nothing on this device can do it, whatever is allowed: its parts do not exist."
    needs = [f"{said(limit, to)}{_allowed(limit, mosts[limit])}" for limit, to in found.needed.items()]
    return f"Nothing fits. The smallest change that helps: {' and '.join(needs)}."


def _allowed(limit: str, most: float) -> str:
    if limit not in UNITS:
        return ""
    return f", where {said(limit, most)} is {'asked' if limit == 'score' else 'the limit'}"
