"""What `align.py` found as pictures, beside the figures: bench/results/align-*.png."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keep import RESULTS
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Row = Mapping[str, Any]
PRINTED = {"nextgpt": "A1", "xvila": "A2", "xvila-lora": "A2, LoRA", "binding": "A3", "plus": "the bridge"}
BLUE, GREY, ORANGE = "#2f6f9f", "#9a9a9a", "#d9822b"


def draw(found: Mapping[str, Any]) -> None:
    """Those of which there are figures."""
    for name, part, make in (
        ("methods", "rows", _methods), ("curve", "curve", _curve), ("impaired", "impaired", _impaired),
        ("losses", "losses", _losses), ("instruction", "instruction", _instruction),
        ("encoders", "encoders", _encoders),
    ):  # fmt: skip
        if found.get(part):
            figure = Figure(figsize=(8, 4.5), layout="constrained")
            make(figure.subplots(), found[part])
            figure.savefig(RESULTS / f"align-{name}.png", dpi=120)


def _methods(axes: Axes, rows: Sequence[Row]) -> None:
    unseen = [row for row in rows if not row["seen"]]
    readers = list(dict.fromkeys(row["speaker"] for row in unseen))
    names = list[str](dict.fromkeys(row["method"] for row in unseen))
    for number, reader in enumerate(readers):
        some = {row["method"]: row for row in unseen if row["speaker"] == reader}
        there = [name for name in names if name in some]  # some are measured with one reader
        places = [names.index(name) + 0.8 * number / len(readers) for name in there]
        heights = [some[name]["rouge1"] for name in there]
        around = [some[name]["rouge1_interval"] or (0, 0) for name in there]
        errors = [[max(0.0, h - low) for h, (low, _) in zip(heights, around, strict=True)],
                  [max(0.0, high - h) for h, (_, high) in zip(heights, around, strict=True)]]  # fmt: skip
        axes.bar(places, heights, 0.8 / len(readers), yerr=errors, label=reader, color=(BLUE, ORANGE)[number % 2])
    labels = [PRINTED.get(name, name) for name in names]
    axes.set_xticks([place + 0.2 for place in range(len(names))], labels, rotation=35, ha="right")
    axes.set_ylabel("ROUGE-1 of the reply, sentences never learnt")
    axes.legend(frameon=False)


def _curve(axes: Axes, rows: Sequence[Row]) -> None:
    for reader, colour in zip(dict.fromkeys(row["speaker"] for row in rows), (BLUE, ORANGE), strict=False):
        some = [row for row in rows if row["speaker"] == reader]
        axes.plot([row["sentences"] for row in some], [row["wer"] for row in some], "o-", color=colour, label=reader)
    axes.set(
        xscale="log", xlabel="sentences of the person", ylabel="words wrong, sentences never learnt", ylim=(0, None)
    )
    axes.legend(frameon=False)


def _impaired(axes: Axes, rows: Sequence[Row]) -> None:
    for number, row in enumerate(rows):
        axes.plot([row["cascade_wer"], row["plus_wer"]], [number, number], color=GREY, zorder=1)
    for way, colour, label in (("cascade", ORANGE, "the recogniser"), ("plus", BLUE, "the bridge")):
        axes.scatter([row[f"{way}_wer"] for row in rows], range(len(rows)), color=colour, label=label, zorder=2)
    axes.axvline(0.3, color=GREY, linestyle=":")
    axes.set_yticks(range(len(rows)), [row["speaker"] for row in rows])
    axes.set_xlabel("words wrong, sentences never learnt")
    axes.legend(frameon=False)


def _losses(axes: Axes, losses: Mapping[str, Mapping[str, Any]]) -> None:
    for name, one in losses.items():
        minutes = [one["s_per_epoch"] * (number + 1) / 60 for number in range(len(one["losses"]))]
        begin = one["losses"][0]
        axes.plot(minutes, [loss / begin for loss in one["losses"]], label=name, marker="o" if len(minutes) < 9 else "")
    axes.set(xscale="log", xlabel="minutes on this machine", ylabel="loss, as a share of that of the first epoch")
    axes.legend(frameon=False, fontsize=8)


def _instruction(axes: Axes, found: Mapping[str, Any]) -> None:
    for place, way in enumerate(("without", "with")):
        row = found[way]
        low, high = row["rouge1_interval"]
        error = [[row["rouge1"] - low], [high - row["rouge1"]]]
        axes.bar(place, row["rouge1"], 0.5, yerr=error, color=BLUE)
    axes.set_xticks([0, 1], ["no instruction", found["instruction"]])
    axes.set_ylabel("ROUGE-1 of the reply")


def _encoders(axes: Axes, found: Sequence[Row]) -> None:
    for one, colour in zip(found, (BLUE, ORANGE, GREY), strict=False):
        label = f"{one['encoder']}: {one['encoder_mb']} MB, {one['s_per_epoch']:.2f} s an epoch"
        axes.plot(range(1, len(one["losses"]) + 1), one["losses"], color=colour, label=label)
    axes.set(yscale="log", xlabel="epochs", ylabel="loss of a pair (equation 7)")
    axes.legend(frameon=False)
