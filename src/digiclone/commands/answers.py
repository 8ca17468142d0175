"""`digiclone bench answers`: a hundred questions to a language model, marked by a judge."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from digiclone.commands.avatar import progress
from digiclone.server.guard import is_loopback

if TYPE_CHECKING:
    from digiclone.measure.marks import Judged, Mean, Report
    from digiclone.measure.respondent import Respondent

_JUDGE = "Who marks them: openai:URL#MODEL, BACKEND:MODEL or a GGUF file."


def answers(
    judge: Annotated[str, typer.Option(metavar="WHO", help=_JUDGE)],
    settings: Annotated[
        list[str], typer.Option("--set", metavar="KIND.OPTION=VALUE", help="Who answers; else as in a new clone.")
    ] = [],  # noqa: B006
    questions: Annotated[int | None, typer.Option(min=1, help="Ask so many, of all topics alike; else all.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each answer is marked.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
    show: Annotated[bool, typer.Option(help="Every question, answer and verdict, too.")] = False,
) -> None:
    """How good the answers of a language model are, from 1 to 5, and whether the judge who says so can be believed.

    Stopped and started again it goes on. A score that counts is kept for `digiclone plan`.
    """
    from digiclone.measure import answers, marks  # noqa: PLC0415
    from digiclone.measure.questions import questions as ask  # noqa: PLC0415

    who, by = _both(settings, judge)
    for warning in _warnings(who, by):
        Console(stderr=True).print(f"[yellow]{escape(warning)}")
    with progress() as tell:
        judged = answers.judged(who, by, ask(questions), rounds, tell)
    found = marks.report(judged)
    kept = _keep(who, by, found)
    if as_json:
        about = {"candidate": who.key, "judge": by.name, "questions": len(judged), "rounds": rounds}
        each = {"each": [asdict(one) | {"question": one.question.model_dump()} for one in judged]} if show else {}
        print(json.dumps(about | asdict(found) | {"kept": kept} | each))
        return
    screen = Console()
    for one in judged if show else ():
        screen.print(_shown(one), markup=False, highlight=False, soft_wrap=True)
    screen.print(_table(f"{who.name}, judged by {by.name}", found))
    for line in (*_said(found, kept), f"all that was said: {answers.journal(who)}"):
        screen.print(line, markup=False, highlight=False, soft_wrap=True)


def _both(settings: list[str], judge: str) -> "tuple[Respondent, Respondent]":
    """Who answers and who judges, their weights on this machine."""
    from digiclone.clone import files, parse_flags  # noqa: PLC0415
    from digiclone.commands.bring import bring  # noqa: PLC0415
    from digiclone.config import ConfigError, choose  # noqa: PLC0415
    from digiclone.measure.answers import ANSWERING  # noqa: PLC0415
    from digiclone.measure.judge import JUDGING  # noqa: PLC0415
    from digiclone.measure.respondent import meant, respondent  # noqa: PLC0415

    flags = parse_flags(settings)
    if others := sorted(flags.keys() - {"llm"}):
        raise ConfigError(f"--set {others[0]}.…: only the language model is asked here, so write llm.OPTION=VALUE")
    choices = choose("llm", {"flag": flags}), meant(judge)
    who, by = (respondent(c, plain) for c, plain in zip(choices, (ANSWERING, JUDGING), strict=True))
    bring(file for choice in choices for file in files({"llm": choice}))
    return who, by


def _warnings(who: "Respondent", by: "Respondent") -> Iterable[str]:
    address = urlsplit(getattr(by.options, "url", ""))
    if address.netloc and not is_loopback(address.hostname or ""):
        yield f"The answers leave this machine: they are sent to {address.hostname}."
    if who.key == by.key:
        yield "The judge marks its own answers: models favour those."


def _keep(who: "Respondent", by: "Respondent", found: "Report") -> bool:
    """Write the score down if it counts. Whether it was."""
    from digiclone.measure.scores import Score, keep  # noqa: PLC0415

    if not found.marks:
        return False
    m = found.marks
    score = Score(
        score=m.score.mean,
        low=m.score.low,
        high=m.score.high,
        coherence=m.coherence.mean,
        accuracy=m.accuracy.mean,
        questions=m.questions,
        judge=by.name,
        date=datetime.now(UTC).replace(microsecond=0),
    )
    return keep(who.key, score)


def _table(title: str, found: "Report") -> Table:
    table = Table("", "questions", "coherence", "accuracy", "score", title=escape(title))
    rows = {**found.topics, "all": found.marks} if found.marks else {}
    for name, m in rows.items():
        cells = str(m.questions), _interval(m.coherence), _interval(m.accuracy), _interval(m.score)
        table.add_row(name, *cells, style="bold" if name == "all" else None)
    if not rows:
        table.add_row("all", "", "void", "void", "void")
    return table


def _said(found: "Report", kept: bool) -> Iterable[str]:
    """What there is to say below the table."""
    if control := found.control:
        answers, wrong, difference = map(_interval, (control.answers, control.wrong, control.difference))
        yield f"control: accuracy {answers} of the answers, {wrong} of those to other questions, {difference} apart"
    if same := found.consistency:
        yield f"consistency: {same.equal:.0%} of marks are the same in two rounds, on average {same.apart:.2f} apart"
    yield f"verdicts: {found.verdicts}, of which {found.unreadable} cannot be read"
    yield f"time: {found.answering_s:.0f} s to answer, {found.judging_s:.0f} s to judge"
    if found.void:
        yield f"void: {found.void}"
    elif not kept:
        yield "not kept: there is a score over more questions"


def _interval(m: "Mean") -> str:
    return f"{m.mean:.2f} ({m.low:.2f} to {m.high:.2f})"


def _shown(one: "Judged") -> str:
    verdicts: Sequence[Any] = (*one.verdicts, one.control)
    marks = [f"{v.coherence}/{v.accuracy}" if v else "cannot be read" for v in verdicts]
    last = f"coherence/accuracy {', '.join(marks[:-1])}; of another question's answer {marks[-1]}"
    return f"{one.question.ask}\n  right: {one.question.right}\n  said: {one.answer}\n  {last}\n"
