"""A page to look at and listen to, in one file: headings, figures, plots as SVG, players. Nothing is loaded from
elsewhere."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np

STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#1d2430, #e8ebf0); --soft: light-dark(#5d6878, #9aa4b2);
  --line: light-dark(#dfe3e9, #333b47); --paper: light-dark(#fff, #171b21); --mark: #3b82c4; --bad: #c4573b; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p.soft, td.soft { color: var(--soft); } ul.notes { color: var(--bad); padding-left: 1.2rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 1rem; margin: 1.2rem 0; }
dt { color: var(--soft); font-size: .85rem; } dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1.2rem; }
figure { margin: 0; } figcaption { color: var(--soft); font-size: .85rem; } svg { width: 100%; height: auto; }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft); } svg .bar { fill: var(--mark); }
svg .curve { fill: none; stroke-width: 1.6; stroke: var(--mark); } svg text.c0 { fill: var(--mark); }
svg .curve.c1 { stroke: var(--bad); } svg text.c1 { fill: var(--bad); }
svg .axis { stroke: var(--line); } svg .mark { stroke: var(--bad); stroke-dasharray: 4 3; }
svg .beside { fill: none; stroke: var(--bad); }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .3rem .6rem .3rem 0;
  border-bottom: 1px solid var(--line); vertical-align: middle; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: normal; font-size: .85rem; } audio { height: 2rem; width: 13rem; }
td.why { color: var(--bad); } tr:hover { background: light-dark(#f4f6f9, #1e242c); }
"""


def page(title: str, body: Sequence[str]) -> str:
    """A whole page of parts."""
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>"
    view = '<meta name=viewport content="width=device-width, initial-scale=1">'
    return f"{head}{view}<style>{STYLE}</style>\n" + "\n".join(body) + "\n"


def paragraph(text: str) -> str:
    """A line that need not be read."""
    return f"<p class=soft>{html.escape(text)}</p>"


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Figures with their names."""
    items = (f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>" for name, value in pairs)
    return f"<dl>{''.join(items)}</dl>"


def notes(sentences: Sequence[str]) -> str:
    """Sentences that should be read."""
    return f"<ul class=notes>{''.join(f'<li>{html.escape(one)}</li>' for one in sentences)}</ul>" if sentences else ""


def table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells that are HTML already."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    lines = (f"<tr>{''.join(row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>\n" + "\n".join(lines) + "</table>"


def cell(text: str, kind: str = "") -> str:
    """A cell of a table."""
    return f"<td{f' class={kind}' if kind else ''}>{html.escape(text)}</td>"


def player(source: str) -> str:
    """A cell with a player of a sound file, by its path from the page."""
    return f'<td><audio controls preload=none src="{html.escape(source)}"></audio></td>'


def histogram(
    title: str, values: Sequence[float], unit: str, marks: Sequence[float] = (), bins: int = 24,
    others: Sequence[float] = (),
) -> str:  # fmt: skip
    """How often values occur, and as outlines how often `others` do; `marks` are lines at limits."""
    if not len(values):
        return ""
    low, high = min([*values, *others, *marks]), max([*values, *others, *marks])
    room = max(high - low, 1e-9) * 0.02
    counts, edges = np.histogram(values, bins, (low - room, high + room))
    wide, tall, foot = 320.0, 110.0, 18.0
    beside, _ = np.histogram(others, edges)
    top = max(int(counts.max()), int(beside.max()), 1)

    def x(value: float) -> float:
        return (value - edges[0]) / (edges[-1] - edges[0]) * wide

    bars = "".join(
        f'<rect class={kind} x="{x(left):.1f}" y="{tall - tall * count / top:.1f}" width="{wide / bins - 1:.1f}" '
        f'height="{tall * count / top:.1f}"/>'
        for kind, some in (("bar", counts), ("beside", beside))
        for count, left in zip(some, edges[:-1], strict=True)
        if count
    )
    lines = "".join(f'<line class=mark x1="{x(m):.1f}" x2="{x(m):.1f}" y1="0" y2="{tall}"/>' for m in marks)
    ends = f'<text x="0" y="{tall + 14}">{low:.3g} {unit}</text>'
    ends += f'<text x="{wide}" y="{tall + 14}" text-anchor="end">{high:.3g} {unit}</text>'
    axis = f'<line class=axis x1="0" x2="{wide}" y1="{tall}" y2="{tall}"/>'
    box = f'viewBox="0 0 {wide:.0f} {tall + foot:.0f}" role="img"'
    return f"<figure><svg {box}>{axis}{bars}{lines}{ends}</svg><figcaption>{html.escape(title)}</figcaption></figure>"


def scale(title: str, values: Mapping[str, float]) -> str:
    """Values on one axis from the smallest to the largest, each with its name above it."""
    wide, tall, foot = 320.0, 110.0, 18.0
    low, high = min(values.values()), max(values.values())
    drawn = ""
    for number, (name, value) in enumerate(sorted(values.items(), key=lambda one: one[1])):
        x = 8 + (value - low) / max(high - low, 1e-9) * (wide - 16)
        anchor = "start" if x < wide / 3 else "end" if x > 2 * wide / 3 else "middle"
        y = tall - 24 * (number % 3) - 18
        drawn += f'<line class=axis x1="{x:.1f}" x2="{x:.1f}" y1="{y + 4:.0f}" y2="{tall}"/>'
        drawn += f'<circle class=bar cx="{x:.1f}" cy="{tall}" r="4"/>'
        drawn += f'<text x="{x:.1f}" y="{y:.0f}" text-anchor="{anchor}">{html.escape(name)} {value:.2f}</text>'
    axis = f'<line class=axis x1="0" x2="{wide}" y1="{tall}" y2="{tall}"/>'
    box = f'viewBox="0 0 {wide:.0f} {tall + foot:.0f}" role="img"'
    return f"<figure><svg {box}>{axis}{drawn}</svg><figcaption>{html.escape(title)}</figcaption></figure>"


def lines(title: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Curves over the same axis, with their names."""
    points = [point for curve in series.values() for point in curve]
    if not points:
        return ""
    (left, low), (right, high) = np.min(points, axis=0), np.max(points, axis=0)
    wide, tall, foot = 480.0, 200.0, 34.0

    def place(x: float, y: float) -> str:
        across = (x - left) / max(right - left, 1e-9) * wide
        return f"{across:.1f},{tall - (y - low) / max(high - low, 1e-9) * tall:.1f}"

    drawn, names = "", ""
    for number, (name, curve) in enumerate(series.items()):
        drawn += f'<polyline class="curve c{number}" points="{" ".join(place(x, y) for x, y in curve)}"/>'
        names += f'<text class="c{number}" x="{90 * number}" y="{tall + 30}">{html.escape(name)}</text>'
    ends = f'<text x="0" y="12">{high:.3g}</text><text x="0" y="{tall - 4}">{low:.3g}</text>'
    ends += f'<text x="{wide}" y="{tall + 14}" text-anchor="end">{right:.6g}</text>'
    axis = f'<line class=axis x1="0" x2="{wide}" y1="{tall}" y2="{tall}"/>'
    box = f'viewBox="0 0 {wide:.0f} {tall + foot:.0f}" role="img"'
    return f"<figure><svg {box}>{axis}{drawn}{ends}{names}</svg><figcaption>{html.escape(title)}</figcaption></figure>"
