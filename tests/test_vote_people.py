"""People vote: blind, each answer as often in each place, nobody twice, nothing that was not asked."""

from collections import Counter
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from digiclone.config import ConfigError
from digiclone.server.voting import make_app
from digiclone.vote import people
from digiclone.vote.ballot import Ballot
from digiclone.vote.election import Candidate, Election, Judge
from digiclone.vote.report import report, told
from digiclone.vote.store import Store

NAMES = ("ada", "bob", "cyd")
ELECTION = Election(
    name="Who?",
    questions=("What is rain?", "Why?"),
    candidate=tuple(Candidate(name=name, llm="echo") for name in NAMES),
    judge=(Judge(name="j", personality="x"),),
    metrics=("humour", "favourability"),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "votes.db", "x")
    for name in NAMES:
        for question in ELECTION.questions:
            found.keep_answer(name, question, f"{name.upper()} on {question}", "", 0.0)
    return found


@pytest.fixture
def page(store: Store) -> TestClient:
    return TestClient(make_app(ELECTION, store), base_url="http://127.0.0.1")


def test_a_voter_is_asked_everything_once_and_goes_on_where_they_were(page: TestClient, store: Store) -> None:
    seen, row = set(), {}
    ballot = page.get("/api/ballot", params={"voter": "somebody1"}).json()
    for number in range(4):
        assert (ballot["done"], ballot["of"]) == (number, 4)
        assert page.get("/api/ballot", params={"voter": "somebody1"}).json() == ballot, "reloaded"
        seen.add((ballot["question"], ballot["metric"]))
        choice = next(n for n, text in enumerate(ballot["answers"]) if text.startswith("BOB"))
        row = {"voter": "somebody1", "question": ballot["question"], "metric": ballot["metric"], "choice": choice}
        ballot = page.post("/api/ballot", json=row).json()
    assert len(seen) == 4
    assert "question" not in ballot
    cast = list(store.ballots())
    assert {(one.judge, one.outcome, one.choice) for one in cast} == {("person somebody1", "chosen", "bob")}
    assert page.post("/api/ballot", json={**row, "choice": 0}).status_code == 200
    assert list(store.ballots()) == cast, "the first ballot stays"


def test_places_are_even_over_many_voters(store: Store) -> None:
    places = Counter(
        (slot.order.index("ada"), slot.question)
        for number in range(600)
        for slot in people.slots(ELECTION, f"voter{number:05}")
    )
    for question in ELECTION.questions:
        counts = [places[place, question] for place in range(3)]
        assert min(counts) > 0.85 * sum(counts) / 3


def test_what_nobody_asked_for_is_refused(page: TestClient, store: Store) -> None:
    good = {"voter": "somebody1", "question": "Why?", "metric": "humour", "choice": 0}
    for wrong in (
        {"voter": "x"}, {"voter": "../../../etc"}, {"question": "Who?"}, {"metric": "authenticity"}, {"choice": 3},
        {"choice": -1}, {"choice": "0"}, {"choice": True},
    ):  # fmt: skip
        assert page.post("/api/ballot", json=good | wrong).status_code == 400, wrong
    assert page.post("/api/ballot", content=b"{").status_code == 400
    assert page.post("/api/ballot", content=b"[" * 100_000).status_code == 413
    assert page.get("/api/ballot").status_code == 400
    assert list(store.ballots()) == []
    with pytest.raises(ConfigError):
        people.vote(ELECTION.model_copy(update={"none": False}), store, "somebody1", "Why?", "humour", None)
    assert page.post("/api/ballot", json=good | {"choice": None}).status_code == 200
    assert [one.outcome for one in store.ballots()] == ["none"]


def test_strangers_need_the_token(store: Store) -> None:
    page = TestClient(make_app(ELECTION, store, "secret"), base_url="http://192.168.0.2")
    assert page.get("/api/ballot", params={"voter": "somebody1"}).status_code == 403
    assert page.get("/", params={"token": "secret"}).status_code == 200
    assert "vote.js" in page.get("/").text


def test_people_are_counted_beside_the_models() -> None:
    def cast(judge: str, question: str, choice: str) -> Ballot:
        return Ballot(question, judge, "humour", NAMES, (3, 3, 3), "chosen", choice)

    questions = [f"q{number}" for number in range(12)]
    ballots = [cast("j", question, "ada") for question in questions]
    ballots += [cast(f"person {who}", question, "bob") for question in questions for who in ("one11111", "two22222")]
    found = report(ballots, NAMES)
    assert (found.metrics["humour"].winner, found.people["humour"].winner) == ("ada", "bob")
    assert found.judges.keys() == {"j"}
    assert found.people_agree < 0
    assert told(found)["people"]["humour"]["ballots"] == 24
    alone = report([one for one in ballots if people.is_person(one)], NAMES)
    assert (alone.metrics, alone.people["humour"].winner, told(alone)["agreement"]) == ({}, "bob", None)
