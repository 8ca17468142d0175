"""What `quant.py` found as pictures, beside the figures: bench/results/quant-*.png."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keep import RESULTS
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE, GREY, ORANGE = "#2f6f9f", "#9a9a9a", "#d9822b"


def draw(found: Mapping[str, Any]) -> None:
    """Those of which there are figures."""
    for part, make in (("arms", _arms), ("deployed", _deployed), ("sensitivity", _sensitivity), ("speed", _speed)):
        if found.get(part):
            figure = Figure(figsize=(8, 4.5), layout="constrained")
            make(figure.subplots(), found[part])
            figure.savefig(RESULTS / f"quant-{part}.png", dpi=120)


def _arms(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    names = [f"{row['setting']}\n{row['arm']}" for row in rows]
    colours = [BLUE if row["arm"] == "edgeqat" else GREY for row in rows]
    axes.barh(names, [row["kl"] for row in rows], color=colours)
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="divergence from the whole model, nats a token (less is better)")
    axes.tick_params(axis="y", labelsize=6)


def _deployed(axes: Axes, files: Mapping[str, Mapping[str, Any]]) -> None:
    colours = [BLUE if "trained" in name else GREY for name in files]
    axes.bar(list(files), [one["perplexity"] for one in files.values()], color=colours)
    least = min(one["perplexity"] for one in files.values())
    axes.set(ylabel="perplexity, WikiText-2 test", ylim=(0.95 * least, None))
    axes.tick_params(axis="x", labelrotation=20)


def _sensitivity(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    axes.barh([row["part"] for row in rows], [row["divergence"] for row in rows], color=BLUE)
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="divergence if only this has 4 bits, nats a token")


def _speed(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    engine = [row for row in rows if "prefill_tok_s" in row]
    for place, (phase, colour) in enumerate((("prefill", BLUE), ("decode", ORANGE))):
        places = [number + 0.4 * place for number in range(len(engine))]
        axes.bar(places, [row["ratio_to_f16"][phase] for row in engine], 0.4, color=colour, label=phase)
    axes.axhline(2.37, color=GREY, linestyle=":", label="EdgeQAT's best, on a Raspberry Pi 5")
    axes.set_xticks([number + 0.2 for number in range(len(engine))], [row["format"] for row in engine])
    axes.set_ylabel("times as quick as in F16")
    axes.legend(frameon=False)
