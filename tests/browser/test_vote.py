"""People vote in a browser, as on a telephone: they choose, close the page, go on, and are thanked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_tab import served

from digiclone.server.voting import make_app
from digiclone.vote.election import Candidate, Election, Judge
from digiclone.vote.store import Store

ELECTION = Election(
    name="Who is <b>Ada</b>?",
    questions=("What is rain?", "How was school?"),
    candidate=(Candidate(name="ada", llm="echo"), Candidate(name="bob", llm="echo")),
    judge=(Judge(name="j", personality="x"),),
    metrics=("authenticity",),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "votes.db", "x")
    for question in ELECTION.questions:
        found.keep_answer(
            "ada", question, f"Oh, {question.lower()} I would say: <i>ask the sky</i>, my friend.", "", 0.0
        )
        found.keep_answer("bob", question, "I do not know, and I do not care. " * 3, "", 0.0)
    return found


@pytest.fixture
def address(store: Store) -> Iterator[str]:
    with served(make_app(ELECTION, store)) as found:
        yield found


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    found = browser.new_context(viewport={"width": 390, "height": 780}, has_touch=True)
    yield found
    found.close()


def test_people_vote_on_a_telephone(context: Any, address: str, store: Store) -> None:
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.wait_for_selector("#answers button")
    assert page.inner_text("#name") == "Who is <b>Ada</b>?"
    assert page.locator("#answers i").count() == 0, "an answer is text"
    assert "ada" not in page.inner_text("main").lower().replace("<b>ada</b>", ""), "nobody's name is shown"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it fits"
    first = page.inner_text("#question")
    page.tap("#answers button:has-text('ask the sky')")
    page.wait_for_selector("#note:has-text('2 of 2')")
    assert page.inner_text("#question") != first
    page.close()
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#answers button")
    assert page.inner_text("#question") != first, "what was answered is not asked again"
    page.tap("#none")
    page.wait_for_selector("#note:has-text('Thank you')")
    assert not page.is_visible("#ballot")
    assert sorted((one.outcome, one.choice) for one in store.ballots()) == [("chosen", "ada"), ("none", None)]
    assert errors == []


def test_what_is_not_counted_is_said_and_can_be_tried_again(context: Any, address: str, store: Store) -> None:
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#answers button")
    page.route("**/api/ballot", lambda route: route.abort())
    page.tap("#answers button >> nth=0")
    page.wait_for_selector("#note:has-text('Not counted')")
    page.unroute("**/api/ballot")
    page.tap("#answers button >> nth=0")
    page.wait_for_selector("#note:has-text('2 of 2')")
    assert len(list(store.ballots())) == 1
