"""The parts of `bench answers` that need nobody to ask: questions, verdicts, marks, scores."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone import weights
from digiclone.config import ConfigError
from digiclone.measure.judge import LONGEST, Verdict, case, verdict
from digiclone.measure.marks import FEWEST, Judged, mean, report
from digiclone.measure.questions import Question, questions
from digiclone.measure.scores import FILE, Score, keep, scores

MARK = st.integers(1, 5)
VERDICT = st.builds(Verdict, MARK, MARK)
QUESTION = Question(topic="facts", ask="Who?", right="me")


def test_there_are_a_hundred_questions() -> None:
    every = questions()
    assert len({question.ask for question in every}) == 100
    assert len({question.topic for question in every}) == 8


def test_fewer_questions_are_of_all_topics_and_among_the_more() -> None:
    for most in range(1, 100, 3):
        some, more = questions(most), questions(most + 1)
        assert len(some) == most
        assert [question for question in more if question in some] == some
    assert {question.topic for question in questions(24)} == {question.topic for question in questions()}
    assert questions(200) == questions()


@pytest.mark.parametrize("count", [2, 3, 20, 50, 99, 100])
def test_half_the_list_away_is_another_topic(count: int) -> None:
    asked = questions(count)
    for place, question in enumerate(asked):
        assert asked[(place + count // 2) % count].topic != question.topic


def test_no_example_of_the_judge_is_asked() -> None:
    shown = "\n".join(message.text for message in case(QUESTION, "I.")[1:-1])
    assert not [question.ask for question in questions() if question.ask in shown]


def test_the_judge_is_shown_examples_that_can_be_read() -> None:
    system, *examples, last = case(QUESTION, "It was I.")
    assert [m.role for m in (system, *examples, last)] == ["system", *["user", "assistant"] * 3, "user"]
    assert all(verdict(m.text) for m in examples if m.role == "assistant")
    assert "It was I." in last.text


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("coherence: 4\naccuracy: 2", (4, 2)),
        ("\n Coherence:4 \r\n\nACCURACY:  1\n", (4, 1)),
        ("coherence: 4 accuracy: 2", None),
        ("accuracy: 2\ncoherence: 4", None),
        ("coherence: 4\naccuracy: 2\nbecause it is short", None),
        ("Sure!\ncoherence: 4\naccuracy: 2", None),
        ("coherence: 4/5\naccuracy: 2/5", None),
        ("coherence: 4.5\naccuracy: 2", None),
        ("coherence: 0\naccuracy: 6", None),
        ("coherence: 12\naccuracy: 1", None),
        ("coherence: ٤\naccuracy: ٢", None),
        ("coherence: N\naccuracy: N", None),
        ("coherence: 4\naccuracy:", None),
        ("", None),
    ],
)
def test_a_verdict_has_one_form(text: str, marks: tuple[int, int] | None) -> None:
    assert verdict(text) == (Verdict(*marks) if marks else None)


@given(st.text() | st.text("coheren:acuy 12345\n", max_size=60))
def test_any_text_is_a_verdict_or_none(text: str) -> None:
    found = verdict(text)
    if found:
        lines = [line.strip().lower().replace("\t", " ") for line in text.split("\n") if line.strip()]
        assert [line.replace(" ", "") for line in lines] == [
            f"coherence:{found.coherence}",
            f"accuracy:{found.accuracy}",
        ]


@given(VERDICT, st.text(" \t\n", max_size=5), st.text(" \t", max_size=5), st.sampled_from(("\n", "\r\n", "\n\n")))
def test_every_verdict_can_be_read(given_: Verdict, around: str, gap: str, between: str) -> None:
    text = f"{around}coherence:{gap}{given_.coherence}{gap}{between}accuracy:{gap}{given_.accuracy}{around}"
    assert len(text.strip()) < LONGEST
    assert verdict(text) == given_


@given(st.lists(st.floats(1, 5), min_size=1, max_size=30))
def test_a_mean_lies_in_its_interval(values: list[float]) -> None:
    found = mean(values)
    assert 1 <= found.low <= found.mean <= found.high <= 5


def judged(count: int, own: Verdict | None, control: Verdict | None, second: Verdict | None = None) -> list[Judged]:
    return [Judged(QUESTION, "I.", (own, second or own), control)] * count


def test_verdicts_come_to_marks() -> None:
    found = report(judged(FEWEST, Verdict(5, 4), Verdict(5, 1), Verdict(3, 4)))
    assert found.marks
    assert found.void == ""
    assert (found.marks.coherence.mean, found.marks.accuracy.mean, found.marks.score.mean) == (4, 4, 4)
    assert found.consistency
    assert (found.consistency.equal, found.consistency.apart) == (0.5, 1)
    assert found.topics == {"facts": found.marks}


def test_what_cannot_be_read_is_counted_and_left_out() -> None:
    some = [*judged(30, Verdict(4, 4), Verdict(4, 1)), *judged(2, None, Verdict(1, 1))]
    found = report(some)
    assert (found.verdicts, found.unreadable, found.void) == (96, 4, "")
    assert found.marks
    assert (found.marks.questions, found.marks.score.mean) == (30, 4)


def test_too_much_that_cannot_be_read_voids_the_rest() -> None:
    found = report([*judged(30, Verdict(4, 4), Verdict(4, 1)), *judged(10, None, None)])
    assert found.marks is None
    assert found.void.startswith("25% of the verdicts")


@given(st.lists(st.tuples(st.none() | VERDICT, st.none() | VERDICT, st.none() | VERDICT), max_size=30))
def test_any_verdicts_can_be_reported(rows: list[tuple[Verdict | None, Verdict | None, Verdict | None]]) -> None:
    found = report([Judged(QUESTION, "I.", (a, b), c) for a, b, c in rows])
    assert bool(found.void) == (found.marks is None)
    assert found.unreadable == sum(row.count(None) for row in rows)
    if found.marks:
        assert found.control
        assert found.control.difference.low > 0
        assert found.unreadable <= 0.1 * found.verdicts


SCORE = Score(
    score=3.5,
    low=3.2,
    high=3.8,
    coherence=4.0,
    accuracy=3.0,
    questions=100,
    judge="somebody",
    date=datetime(2026, 1, 2, tzinfo=UTC),
)


def test_scores_are_kept_by_key() -> None:
    assert scores() == {}
    assert keep("llm:echo", SCORE)
    assert keep("b" * 64, SCORE)
    assert scores() == {"llm:echo": SCORE, "b" * 64: SCORE}
    fewer = SCORE.model_copy(update={"questions": 20})
    newer = SCORE.model_copy(update={"score": 3.6})
    assert (keep("llm:echo", fewer), keep("llm:echo", newer)) == (False, True)
    assert scores()["llm:echo"].score == 3.6


ROW = SCORE.model_dump(mode="json")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[1]",
        "null",
        '"text"',
        "\xff",
        "[" * 99_999,
        json.dumps({"a": 3}),
        json.dumps({"a": {}}),
        json.dumps({"a": ROW | {"score": 6}}),
        json.dumps({"a": ROW | {"score": float("nan")}}),
        json.dumps({"a": ROW | {"date": "yesterday"}}),
        json.dumps({"a": ROW | {"stars": 3}}),
    ],
)
def test_damaged_scores_are_named_and_stay(content: str) -> None:
    file = weights.home() / FILE
    file.write_text(content, "latin-1")
    for use in (scores, lambda: keep("b", SCORE)):
        with pytest.raises(ConfigError, match=rf"{FILE} is damaged .*measure again"):
            use()
    assert file.read_text("latin-1") == content
