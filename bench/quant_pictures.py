"""What `quant.py` found as pictures, beside the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from keep import RESULTS
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

NAMES = {"rtn": "{}, rounded", "lsq": "{}, LSQ", "edgeqat": "{}, EdgeQAT", "whole": "unquantised"}
BLUE, GREY, ORANGE = "#2f6f9f", "#9a9a9a", "#d9822b"


def draw(name: str, found: Mapping[str, Any]) -> None:
    """Those of which there are figures, bench/results/<name>-*.png. Arms that keep keys and values in few bits are left
    to the table: their points would lie on those of the others."""
    found = {**found, "arms": [row for row in found.get("arms", ()) if row["kv"] == "none"]}
    for part, make in (("arms", _arms), ("deployed", _deployed), ("sensitivity", _sensitivity), ("speed", _speed)):
        if found.get(part):
            height = max(4.5, 1 + 0.24 * len(found[part]))
            figure = Figure(figsize=(8, height), layout="constrained")
            make(figure.subplots(), found[part])
            figure.savefig(RESULTS / f"{name}-{part}.png", dpi=120)
    if found.get("looks"):
        _maps(found["looks"]).savefig(RESULTS / f"{name}-maps.png", dpi=120)
        _spreads(found["looks"]).savefig(RESULTS / f"{name}-spreads.png", dpi=120)


def _maps(looks: Mapping[str, Any]) -> Figure:
    """Attention: a row for each layer, a column for each way."""
    ways = looks["ways"]
    layers = list(next(iter(ways.values())))
    figure = Figure(figsize=(2.4 * len(ways), 2.5 * len(layers)), layout="constrained")
    for axes, (layer, (way, seen)) in zip(
        figure.subplots(len(layers), len(ways)).flat, product(layers, ways.items()), strict=True
    ):
        axes.imshow(np.sqrt(seen[layer]["map"]), cmap="magma", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
        if layer == layers[0]:
            axes.set_title(NAMES[way].format(looks["setting"]), fontsize=10)
        if way == next(iter(ways)):
            axes.set_ylabel(f"{layer} layer")
    figure.supxlabel("the token that is looked at; brightness: the root of its weight, all heads together", fontsize=9)
    return figure


def _spreads(looks: Mapping[str, Any]) -> Figure:
    """Densities of queries and keys."""
    middles = np.convolve(looks["bins"], [0.5, 0.5], "valid")
    layers = list(next(iter(looks["ways"].values())))
    figure = Figure(figsize=(3 * len(layers), 5), layout="constrained")
    for axes, (part, layer) in zip(figure.subplots(2, len(layers)).flat, product("qk", layers), strict=True):
        for (way, seen), colour in zip(looks["ways"].items(), ("black", GREY, ORANGE, BLUE), strict=True):
            axes.plot(middles, seen[layer][part], color=colour, label=NAMES[way].format(looks["setting"]), linewidth=1)
        axes.set(yscale="log", ylim=(1e-3, None), title=f"{'queries' if part == 'q' else 'keys'}, {layer} layer")
        axes.title.set_size(10)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=4)
    return figure


def _arms(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """A point for each, with its interval; settings apart."""
    settings = list(dict.fromkeys(row["setting"] for row in rows))
    places = [place + settings.index(row["setting"]) for place, row in enumerate(rows)]
    values = np.array([row["kl"] for row in rows])
    ends = np.array([row["kl_interval"] or (row["kl"], row["kl"]) for row in rows])
    errors = np.clip([values - ends[:, 0], ends[:, 1] - values], 0, None)
    for place, value, error, row in zip(places, values, errors.T, rows, strict=True):
        colour = BLUE if row["arm"] == "edgeqat" else "black"
        axes.errorbar(value, place, xerr=error[:, None], fmt="o", markersize=4, linewidth=1, color=colour)
    axes.set_yticks(places, [f"{row['setting']}  {row['arm']}" for row in rows], fontsize=8)
    axes.invert_yaxis()
    axes.margins(y=0.02)
    _logarithmic(axes, "divergence from the whole model, nats a token (less is better)")


def _logarithmic(axes: Axes, label: str) -> None:
    axes.set(xscale="log", xlabel=label)
    axes.grid(axis="both", linewidth=0.3)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _deployed(axes: Axes, files: Mapping[str, Mapping[str, Any]]) -> None:
    colours = [BLUE if "trained" in name else GREY for name in files]
    axes.bar(list(files), [one["perplexity"] for one in files.values()], color=colours)
    least = min(one["perplexity"] for one in files.values())
    axes.set(ylabel="perplexity, WikiText-2 test", ylim=(0.95 * least, None))
    axes.tick_params(axis="x", labelrotation=20)


def _sensitivity(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    axes.plot([row["divergence"] for row in rows], [row["part"] for row in rows], "o", color=BLUE)
    axes.invert_yaxis()
    _logarithmic(axes, "divergence if only this has 4 bits, nats a token")


def _speed(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    engine = [row for row in rows if "prefill_tok_s" in row]
    for place, (phase, colour) in enumerate((("prefill", BLUE), ("decode", ORANGE))):
        places = [number + 0.4 * place for number in range(len(engine))]
        axes.bar(places, [row["ratio_to_f16"][phase] for row in engine], 0.4, color=colour, label=phase)
    axes.axhline(2.37, color=GREY, linestyle=":", label="EdgeQAT's best, on a Raspberry Pi 5")
    axes.set_xticks([number + 0.2 for number in range(len(engine))], [row["format"] for row in engine])
    axes.set(ylabel="times as quick as in F16", ylim=(0, 3))
    axes.legend(frameon=False, loc="upper left", ncols=3)
