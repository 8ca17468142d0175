"""The result of an election, to look at: who won what, by how much, who judged, and every answer beside the others."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from digiclone.text.orders import orders
from digiclone.voice import page as pages
from digiclone.vote.agreement import alpha, opinions
from digiclone.vote.ballot import Ballot
from digiclone.vote.people import as_one, is_person
from digiclone.vote.strengths import Strengths, strengths
from digiclone.vote.tally import Result, tally

LEAST = 0.2
"""Alpha below which judges hardly mean the same."""
UNFAIR = 2.0
"""How much likelier the best place may be chosen than the worst before it must be said."""


@dataclass(frozen=True)
class Report:
    """Of an election. Results are of all judges together, and of each: `judges[judge][metric]`."""

    metrics: dict[str, Result]
    judges: dict[str, dict[str, Result]]
    people: dict[str, Result]
    """Of those who are no models."""
    strengths: Strengths | None
    agreement: float
    """Of the models among themselves."""
    people_agree: float
    """Of people with models, taken as one judge each."""
    doubts: list[str]
    """Why it should not be believed, if there is a reason."""


def report(ballots: Sequence[Ballot], candidates: Sequence[str]) -> Report:
    """Count an election. Raises `ValueError` if no ballot says anything."""
    if not any(one.outcome in ("chosen", "none") for one in ballots):
        came = ", ".join(f"{count} {what}" for what, count in Counter(one.outcome for one in ballots).items())
        raise ValueError(f"no ballot has a choice that could be counted: {came or 'nobody has voted yet'}")
    everybody = as_one(ballots)
    cast, ballots = [one for one in ballots if is_person(one)], [one for one in ballots if not is_person(one)]
    metrics = dict.fromkeys(one.metric for one in ballots)
    judges = dict.fromkeys(one.judge for one in ballots)
    by_metric = {name: _tallied(ballots, candidates, metric=name) for name in metrics}
    by_judge = {judge: {name: _tallied(ballots, candidates, name, judge) for name in metrics} for judge in judges}
    chosen = any(one.outcome == "chosen" for one in ballots)
    strong = strengths(ballots, candidates) if chosen and len(candidates) > 1 else None
    agree = alpha(opinions(ballots))
    return Report(
        {name: found for name, found in by_metric.items() if found},
        {judge: {name: one for name, one in found.items() if one} for judge, found in by_judge.items()},
        {m: found for m in dict.fromkeys(one.metric for one in cast) if (found := _tallied(cast, candidates, m))},
        strong,
        agree,
        alpha(opinions(everybody)),
        list(_doubts(ballots, strong, agree, len(judges))),
    )


def _tallied(ballots: Sequence[Ballot], candidates: Sequence[str], metric: str, judge: str = "") -> Result | None:
    some = [one for one in ballots if one.metric == metric and judge in ("", one.judge)]
    return tally(some, candidates) if any(one.outcome in ("chosen", "none") for one in some) else None


def _doubts(ballots: Sequence[Ballot], strong: Strengths | None, agree: float, judges: int) -> Any:
    lost = sum(one.outcome == "unreadable" for one in ballots) / max(1, len(ballots))
    if lost > 0.1:
        yield f"{lost:.0%} of the ballots could not be read: the judges do not do what they are told"
    if strong and strong.position_bias > UNFAIR and any(low > 0 for low, _ in strong.places_interval):
        yield (
            f"judges choose the best place {strong.position_bias:.1f} times as often as the worst, whoever stands"
            " there: rotation evens that out, but such judges hardly read"
        )
    if judges > 1 and agree < LEAST:
        yield f"judges hardly agree (alpha {agree:.2f}; 1 is always, 0 is by chance)"


def told(found: Report) -> dict[str, Any]:
    """The report as one JSON object."""
    return {
        "metrics": {
            name: {"winner": one.winner, **asdict(one)} for name, one in found.metrics.items()
        },
        "judges": {judge: {name: asdict(one) for name, one in each.items()} for judge, each in found.judges.items()},
        "people": {name: {"winner": one.winner, **asdict(one)} for name, one in found.people.items()},
        "strengths": asdict(found.strengths) if found.strengths else None,
        "agreement": _number(found.agreement),
        "people_agree": _number(found.people_agree),
        "doubts": found.doubts,
    }  # fmt: skip


def pleaded(answers: Mapping[str, Mapping[str, str]]) -> dict[str, int]:
    """By candidate, how many answers (by question and candidate) speak to the judges in place of people; what they say
    to them was left out of the ballots."""
    return dict(Counter(who for each in answers.values() for who, text in each.items() if orders(text)))


def _number(value: float) -> float | None:
    """JSON has no word for what is no number."""
    return value if value == value else None


def page(
    name: str,
    found: Report,
    answers: dict[str, dict[str, str]],
    votes: dict[str, dict[str, int]],
    sounds: Mapping[tuple[str, str], str],
) -> str:
    """The page. `answers` and `votes` are by question and candidate, files of `sounds` too, if they are said aloud."""
    body = [f"<h1>{html.escape(name)}</h1>", pages.notes([f"{doubt}." for doubt in found.doubts])]
    both = [(metric, "", one) for metric, one in found.metrics.items()]
    both += [(metric, ", by people", one) for metric, one in found.people.items()]
    for metric, who, one in both:
        winner = f"{one.winner} wins" if one.winner else "nobody is ahead by more than chance allows"
        body += [f"<h2>{html.escape(metric.capitalize())}{who}: {html.escape(winner)}</h2>", _bars(one)]
        counts = ", ".join(f"{count} {outcome}" for outcome, count in one.outcomes.items())
        body.append(pages.paragraph(f"{one.ballots} ballots on {one.questions} questions: {counts}."))
    if found.people and found.people_agree == found.people_agree:
        body.append(pages.paragraph(f"People and models agree with an alpha of {found.people_agree:.2f}."))
    if found.strengths:
        body += ["<h2>Judges</h2>", _judges(found)]
    for who, count in pleaded(answers).items():
        body.append(pages.paragraph(f"{who} speaks to the judges in {count} answers: they did not see that."))
    body.append("<h2>Answers</h2>")
    heads = ["who", "votes", "answer", *(["aloud"] if sounds else [])]
    for question, each in answers.items():
        rows = [
            [
                pages.cell(who),
                pages.cell(str(votes.get(question, {}).get(who, 0))),
                pages.cell(text),
                *([pages.player(sounds[question, who])] if (question, who) in sounds else [""] if sounds else []),
            ]
            for who, text in sorted(each.items(), key=lambda one: -votes.get(question, {}).get(one[0], 0))
        ]
        body += [f"<h3>{html.escape(question)}</h3>", pages.table(heads, rows)]
    return pages.page(name, body)


def _bars(one: Result) -> str:
    """Shares as bars, with their intervals."""
    wide, tall, left = 480.0, 22.0, 150.0
    shares = {**one.shares, "none of these": one.none}
    drawn = ""
    for number, (name, share) in enumerate(shares.items()):
        y = number * tall

        def x(value: float) -> float:
            return left + max(0.0, value) * (wide - left - 60)

        middle = y + tall / 2
        drawn += f'<text x="{left - 8}" y="{middle + 4}" text-anchor="end">{html.escape(name)}</text>'
        drawn += f'<rect class=bar x="{left}" y="{y + 4}" width="{x(share.value) - left:.1f}" height="{tall - 8}"/>'
        drawn += f'<line class=mark x1="{x(share.low):.1f}" x2="{x(share.high):.1f}" y1="{middle}" y2="{middle}"/>'
        drawn += f'<text x="{x(share.high) + 6:.1f}" y="{middle + 4}">{share.value:.0%}</text>'
    return f'<figure><svg viewBox="0 0 {wide:.0f} {tall * len(shares):.0f}" role="img">{drawn}</svg></figure>'


def _judges(found: Report) -> str:
    assert found.strengths
    strong = found.strengths
    low, high = strong.length_interval
    facts = pages.facts([
        ("agreement (alpha)", f"{found.agreement:.2f}"),
        ("best place beside worst", f"{strong.position_bias:.2f} times"),
        ("odds of twice the length", f"{2.718281828**strong.length:.2f}"),
    ])  # fmt: skip
    certain = "for sure" if low * high > 0 else "perhaps not"
    rows = [
        [pages.cell(judge), pages.cell(metric), pages.cell(one.winner or "nobody"),
         pages.cell(", ".join(f"{name} {share.value:.0%}" for name, share in one.shares.items()))]
        for judge, each in found.judges.items() for metric, one in each.items()
    ]  # fmt: skip
    return (
        facts
        + pages.paragraph(f"Length matters {certain}.")
        + pages.table(["judge", "metric", "winner", "shares"], rows)
    )
