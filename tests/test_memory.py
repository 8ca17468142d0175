"""What comes to mind, what does not, and that what is forgotten is nowhere any more."""

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Open
from support import history as said
from typer.testing import CliRunner, Result

from digiclone import memory
from digiclone.cli import app
from digiclone.clone import create, find
from digiclone.history import History
from digiclone.meaning import Meaning
from digiclone.turn import retold
from digiclone.types import Memory, Message

TALKS = (
    ("My dog is called Rex.", "What a fine name!"),
    ("I was born in Lisbon.", "A beautiful city."),
    ("What is the weather like?", "I cannot see outside."),
    ("My sister plays the cello in an orchestra.", "How lovely."),
    ("Do you know where I was born?", "I am afraid not."),
)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with closing(History(tmp_path / "history.db")) as found:
        yield found


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["forget", *arguments], catch_exceptions=True)


def tell(history: History, *talks: tuple[str, str]) -> list[int]:
    numbers = []
    for asked, answered in talks:
        numbers.append(history.add("user", asked))
        history.amend(history.add("assistant", ""), answered)
    return numbers


def asked(found: list[Memory]) -> list[str]:
    return [one.asked for one in found]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Do you remember my dog?", ["My dog is called Rex."]),
        ("dogs are great", ["My dog is called Rex."]),
        ("Was Rex a good name?", ["My dog is called Rex."]),
        ("Where was I born?", ["I was born in Lisbon.", "Do you know where I was born?"]),
        (
            "The orchestras of Lisbon.",
            ["I was born in Lisbon.", "My sister plays the cello in an orchestra."],
        ),
        ("What do you think about it?", []),
        ("How are you today?", []),
        ("Do you like mountains?", []),
        ('"*" OR dog" NEAR(', ["My dog is called Rex."]),
        ("", []),
    ],
)
def test_what_shares_a_telling_word_comes_to_mind(history: History, text: str, wanted: list[str]) -> None:
    tell(history, *TALKS)
    assert asked(memory.recall(history, text, 0)) == wanted


class Mind:
    """Knows one thing."""

    def of(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[1, 0] if re.search("dog|pet|cello", text) else [0, 1] for text in texts], np.float32)


def test_what_means_something_alike_comes_to_mind(history: History) -> None:
    numbers, mind = tell(history, *TALKS), cast(Meaning, Mind())
    question = "Do you remember my pet?"
    assert memory.recall(history, question, 0, mind) == [], "nothing is read yet"
    memory.read(history, mind)
    assert history.unread(99) == []
    assert asked(memory.recall(history, question, 0, mind)) == [TALKS[0][0], TALKS[3][0]]
    assert asked(memory.recall(history, question, 4, mind)) == [TALKS[0][0]], "the rest is shown already"
    assert asked(memory.recall(history, "Lisbon, and my pet", 0, mind))[0] == TALKS[0][0]
    assert memory.recall(history, question, 0) == [], "nobody reads meanings"
    history.amend(numbers[0], "My cat is called Rex.")
    assert [text for _, text in history.unread(99)] == ["My cat is called Rex."]
    history.learn(numbers[0], "My dog is called Rex.", b"late")
    assert len(history.unread(99)) == 1, "that is not what it says any more"
    history.forget([numbers[3]])
    assert numbers[3] not in dict(history.meanings())
    memory.read(history, mind)
    assert memory.recall(history, question, 0, mind) == []


def test_what_the_model_sees_anyway_is_not_recalled(history: History) -> None:
    tell(history, *TALKS)
    assert asked(memory.recall(history, "my dog", 9)) == ["My dog is called Rex."]
    assert memory.recall(history, "my dog", 10) == []


def test_words_that_are_always_said_do_not_tell(history: History) -> None:
    tell(history, *[(f"The garden needs water, says number {n}.", "Yes.") for n in range(100, 140)], TALKS[0])
    assert memory.recall(history, "The garden!", 0) == []
    assert asked(memory.recall(history, "The dog is in the garden.", 0)) == ["My dog is called Rex."]


def test_long_talks_do_not_fill_the_prompt(history: History) -> None:
    tell(history, ("My parrot " + "talks " * 200, "Oh."), ("The parrot is green.", "Nice."))
    assert asked(memory.recall(history, "parrot", 0)) == ["The parrot is green."]


@given(st.text())
def test_anything_may_be_asked(text: str) -> None:
    with closing(History(Path(":memory:"))) as history:
        tell(history, *TALKS, (text, text))
        found = memory.recall(history, text, 0)
        assert len(found) <= memory.MOST
        assert retold(found) == [
            m for one in found for m in (Message("user", one.asked), Message("assistant", one.answered))
        ]


def test_a_history_of_before_is_indexed(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "history.db")) as old:
        old.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, at REAL NOT NULL, role TEXT, text TEXT NOT NULL)")
        old.execute("INSERT INTO message (at, role, text) VALUES (1, 'user', 'My dog is called Rex.')")
        old.commit()
    with closing(History(tmp_path / "history.db")) as history:
        assert memory.recall(history, "dog", 0) == [Memory("My dog is called Rex.", "", 1, 1.0)]


def test_what_is_forgotten_is_nowhere(history: History, tmp_path: Path) -> None:
    first, second, *_ = tell(history, *TALKS)
    said_again = history.add("user", "Rexikon")
    history.amend(said_again, "Lisbon again")
    assert history.forget([first, said_again, 999_999]) == 3
    assert memory.recall(history, "my dog Rex", 0) == []
    assert asked(memory.recall(history, "Lisbon", 0)) == ["I was born in Lisbon."]
    assert history.last()[0].text == "I was born in Lisbon."
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"Lisbon." in kept
    for word in (b"Rex", b"rex", b"fine name", b"dog"):
        assert word not in kept
    assert history.forget([second + 1]) == 0, "an answer alone is no talk"


def test_the_command_forgets() -> None:
    folder = create("Ada")
    with closing(History(folder / "history.db")) as history:
        tell(history, *TALKS)
    (folder / "history.db.broken-1").write_text("Rex")
    assert "what is to be forgotten?" in str(run("ada").exception)
    assert "what is to be forgotten?" in str(run("ada", "dog", "--all").exception)
    found = run("ada", "born", "Lisbon", "--yes", "--json")
    assert json.loads(found.stdout) == {"talks": 1, "messages": 2, "files": []}
    shown = run("ada", "dog", "--yes").stdout
    assert "My dog is called Rex." in shown
    assert "1 talks are forgotten" in shown
    assert json.loads(run("ada", "--before", "2000-01-01", "--yes", "--json").stdout)["talks"] == 0
    rest = json.loads(run("ada", "--all", "--yes", "--json").stdout)
    assert rest == {"talks": 3, "messages": 6, "files": ["history.db.broken-1"]}
    with closing(History(folder / "history.db")) as history:
        assert history.exchanges() == []


@pytest.mark.timeout(30)
def test_in_the_page_it_comes_to_mind_and_is_forgotten(tabs: Open) -> None:
    with closing(History(find("ada") / "history.db")) as history:
        number, *_ = tell(history, TALKS[0], *[(f"Filler {'x' * 1900} {n}", "Yes.") for n in range(9)])
    with tabs() as tab:
        events = tab.turn("Where is my dog?")
        (recalled,) = [event for event in events if event["type"] == "Recalled"]
        assert [(one["number"], one["asked"]) for one in recalled["memories"]] == [(number, "My dog is called Rex.")]
        assert [event["type"] for event in events][:2] == ["Heard", "Recalled"]
        tab.send(type="forget", number=number)
        assert tab.until("Forgotten")[-1]["number"] == number
        assert "Recalled" not in [event["type"] for event in tab.turn("Was Rex hungry?")]
    assert not any("Rex." in text for _, text in said())
