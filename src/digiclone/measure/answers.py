"""LLM-eval: a hundred questions, each asked by itself; a judge marks the answers, and is tested itself.

What is said is kept in `home()/answers/` as it comes, so whatever was killed goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from digiclone.measure.asked import Asked, opened
from digiclone.measure.judge import LONGEST, case, verdict
from digiclone.measure.marks import Judged
from digiclone.measure.questions import Question
from digiclone.measure.respondent import Respondent
from digiclone.types import Message
from digiclone.weights import home

ANSWERING = {"temperature": 0.0, "seed": 1}
"""Options of who answers, of those that its backend has: no chance."""
SYSTEM = "You are a friendly assistant in a spoken conversation. Answer in one to three short sentences."

Tell = Callable[[str, float], None]
"""Hears what is being done, and what share of it is."""


def judged(who: Respondent, by: Respondent, asked: Sequence[Question], rounds: int, tell: Tell) -> list[Judged]:
    """Let `who` answer each question once, and `by` judge each answer so many times, and one answer to another
    question. Raises what `Respondent.ask` and `asked.opened` do.
    """
    with opened(journal(who)) as book:
        # one question all the way first, so that it is known at once if the judge does not answer
        _judged(book, who, by, asked[:1], rounds, tell)
        return _judged(book, who, by, asked, rounds, tell)


def journal(who: Respondent) -> Path:
    """Where all is that it answered, and that judges said of it."""
    return home() / "answers" / f"{hashlib.sha256(who.identity.encode()).hexdigest()[:16]}.jsonl"


def _judged(
    book: Asked, who: Respondent, by: Respondent, asked: Sequence[Question], rounds: int, tell: Tell
) -> list[Judged]:
    """First all answers, then all verdicts: a server that runs both models may have room for one at a time."""
    answers, found = list[tuple[str, float]](), list[Judged]()
    for number, question in enumerate(asked):
        tell(_tens("answering", number, len(asked)), number / len(asked))
        line = book.once(who, [Message("system", SYSTEM), Message("user", question.ask)])
        answers.append((line.said, line.seconds))
    for number, (question, (answer, took)) in enumerate(zip(asked, answers, strict=True)):
        tell(_tens("judging", number, len(asked)), number / len(asked))
        # half the list away is another topic, since none has half of the questions
        wrong, _ = answers[(number + len(asked) // 2) % len(asked)]
        rulings = [book.once(by, case(question, answer), nth, LONGEST) for nth in range(rounds)]
        control = book.once(by, case(question, wrong), most=LONGEST)
        verdicts = tuple(verdict(ruling.said) for ruling in rulings)
        judging = sum(ruling.seconds for ruling in (*rulings, control))
        found.append(Judged(question, answer, verdicts, verdict(control.said), took, judging))
    return found


def _tens(what: str, number: int, of: int) -> str:
    """A line that is new now and then."""
    return f"{what}, {number // 10 * 10} of {of}"
