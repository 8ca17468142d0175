"""The answers of an election are watched: whoever is chosen says theirs, with a mouth that moves to it."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from browser_tab import served
from tiny_head import tiny_head

from digiclone.server import watching
from digiclone.vote.aloud import mouth
from digiclone.vote.election import Candidate, Election, Judge

RATE, SECONDS = 24_000, 1.2
ELECTION = Election(
    name="Who is <b>Ada</b>?",
    questions=("What is rain?", "How was school?"),
    candidate=(Candidate(name="ada", llm="echo"), Candidate(name="<i>bob", llm="echo")),
    judge=(Judge(name="j", personality="x"),),
    metrics=("authenticity",),
)
ANSWERS = {question: {"ada": f"Oh, {question}", "<i>bob": "I do not know."} for question in ELECTION.questions}
VOTES = {"What is rain?": {"<i>bob": 3, "ada": 1}}


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    head = tmp_path / "head.glb"
    head.write_bytes(tiny_head())
    monkeypatch.setattr(watching, "default_head", lambda: head)
    sounds = {}
    for question, each in ANSWERS.items():
        for who in each:
            file = sounds[question, who] = tmp_path / f"{len(sounds)}.mp3"
            tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(int(SECONDS * RATE)) / RATE)
            soundfile.write(file, tone, RATE, format="MP3", subtype="MPEG_LAYER_III")
            mouth(file).write_text(json.dumps([["aa", 0.0, SECONDS]]), "utf-8")
    with served(watching.make_app(ELECTION, ANSWERS, VOTES, sounds)) as found:
        yield found


@pytest.fixture
def page(browser_3d: Any) -> Iterator[Any]:
    context = browser_3d.new_context(viewport={"width": 390, "height": 780})
    yield context.new_page()
    context.close()


def until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_answers_are_seen_and_heard(page: Any, address: str) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))

    def open_() -> bool:
        return page.evaluate("(window.digiclone?.weights.viseme_aa ?? 0) > 0.3")

    page.goto(address)
    until(lambda: page.evaluate("window.digiclone?.face === 'head'"))
    assert page.inner_text("#name") == "Who is <b>Ada</b>?"
    assert page.locator("#answers i").count() == 0, "a name is text"
    assert page.locator("#answers button").all_inner_texts()[0].split("\n") == ["<i>bob", "3 votes", "I do not know."]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it fits"
    assert not open_()
    page.click("#answers button:has-text('Oh, What is rain?')")
    until(open_)
    assert page.inner_text("#who") == "ada"
    until(lambda: not open_())
    page.click("#all")
    for who in ("<i>bob", "ada"):
        until(lambda who=who: page.inner_text("#who") == who and open_())
    page.click("#after")
    until(lambda: not open_())
    assert page.inner_text("#question") == "2 of 2: How was school?"
    assert page.is_disabled("#after")
    assert page.locator("#answers button.speaking").count() == 0
    assert errors == []


def test_nobody_stands_beyond_the_last_one(page: Any, address: str) -> None:
    assert page.request.get(f"{address}api/avatar/2").status == 404
    assert page.request.get(f"{address}avatar/2.glb").status == 404
    assert page.request.get(f"{address}api/avatar/0").json()["about"] is None
    assert page.request.get(f"{address}sounds/../head.glb").status == 404
