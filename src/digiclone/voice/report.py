"""The dataset as a page: how much there is, what it is like, every clip to listen to, and what was dropped and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from digiclone.voice import page as html
from digiclone.voice.check import LEAST_SNR, LEAST_SURE, RATES
from digiclone.voice.cut import LONGEST, SHORTEST

if TYPE_CHECKING:
    from digiclone.voice.dataset import Dataset, Judged


def page(made: Dataset) -> str:
    """The page; it lies beside `wavs/`, and the blocks beside its folder."""
    used, dropped = made.used, [one for one in made.clips if one.faults]
    right = sum(SHORTEST <= one.clip.figures.seconds <= LONGEST for one in used)
    body = [
        "<h1>Dataset</h1>",
        html.paragraph(_recordings(made.clips)),
        html.facts(
            [
                ("recorded", _minutes(made.seconds)),
                ("speech in it", _minutes(made.speech)),
                ("used", _minutes(made.used_seconds)),
                ("clips", str(len(used))),
                (f"of {SHORTEST:.0f} to {LONGEST:.0f} s", f"{right / max(len(used), 1):.0%}"),
                ("dropped", str(len(dropped))),
            ]
        ),
        html.notes(made.notes),
        f"<div class=plots>{''.join(_plots(made.clips))}</div>",
    ]
    if dropped:
        why = Counter(fault for one in dropped for fault in one.faults)
        body += [
            "<h2>Dropped</h2>",
            html.table(["why", "clips"], [[html.cell(w), html.cell(str(n))] for w, n in why.most_common()]),
            html.table(["", "", "s", "text", "why"], [_row(one, "../blocks/" + _from(one)) for one in dropped]),
        ]
    rows = [_row(one, f"wavs/{one.file.name}") for one in used]
    return html.page("Dataset", [*body, "<h2>Used</h2>", html.table(["", "", "s", "text", ""], rows)])


def _from(one: Judged) -> str:
    return f"{one.file.parent.name}/{one.file.name}"


def _row(one: Judged, source: str) -> list[str]:
    clip = one.clip
    seconds = html.cell(f"{clip.figures.seconds:.1f}", "soft")
    why = html.cell("; ".join(one.faults), "why")
    return [html.player(source), html.cell(clip.name, "soft"), seconds, html.cell(clip.text), why]


def _plots(clips: Sequence[Judged]) -> list[str]:
    figures = [one.clip.figures for one in clips]
    return [
        html.histogram("length of the clips", [f.seconds for f in figures], "s", (SHORTEST, LONGEST)),
        html.histogram("speech against noise, before it was removed", [f.snr for f in figures], "dB", (LEAST_SNR,)),
        html.histogram("pace", [f.rate for f in figures], "letters/s", RATES),
        html.histogram("how sure the words are", [100 * f.sure for f in figures], "%", (100 * LEAST_SURE,)),
    ]


def _recordings(clips: Sequence[Judged]) -> str:
    names = list(dict.fromkeys(one.source for one in clips))
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return "from " + ", ".join(names[:5]) + more if names else ""


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.0f} s"
