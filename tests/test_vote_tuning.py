"""How a clone is told who it is changes only where judges who can be believed want it, twice."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from digiclone import showing
from digiclone.cli import app
from digiclone.clone import create, find
from digiclone.config import ConfigError
from digiclone.examples import Example
from digiclone.showing import How
from digiclone.types import Message
from digiclone.vote import tuning
from digiclone.vote.store import Store, Vote
from digiclone.vote.tuning import NOBODY, name

SAID = [Example(f"What do you think of number {n}?", f"Number {n} is a fine number, I say.") for n in range(60)]


@pytest.fixture
def ada() -> Path:
    create("ada")
    folder = find("ada")
    (folder / "clone.toml").write_text('name = "Ada"\n[llm]\nbackend = "echo"\n', "utf-8")
    rows = [json.dumps({"question": one.question, "answer": one.answer}) for one in SAID]
    (folder / "examples.jsonl").write_text("\n".join(rows), "utf-8")
    return folder


def run(*more: str) -> Result:
    return CliRunner().invoke(app, ["persona", "tune", "ada", "--count", "6", "--judge", "openai:x", *more])


def judges(monkeypatch: pytest.MonkeyPatch, choose: Callable[[Sequence[str]], str]) -> list[str]:
    """All judges are this one; what they were told."""
    told: list[str] = []

    class Judge:
        def choose(self, messages: Sequence[Message], order: Sequence[str], allowed: str) -> Vote:
            told.append(messages[0].text + messages[1].text)
            return Vote("chosen", choose(order), "", "", 0.0)

    monkeypatch.setattr("digiclone.vote.choosers.choosers", lambda _: lambda _: Judge())
    return told


def wants(*names: str) -> Callable[[Sequence[str]], str]:
    return lambda order: next((name for name in names if name in order), order[0])


def test_who_wins_twice_takes_its_place(ada: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = judges(monkeypatch, wants("show-retrieved 1000"))
    found = json.loads(run("--json").stdout)
    assert found["changed"]
    assert found["how"] == {"strategy": "show-retrieved", "budget": 1000}
    assert showing.chosen(ada) == How(strategy="show-retrieved", budget=1000)
    first, second = found["rounds"]
    assert (first["questions"], first["ballots"], second["ballots"]) == (6, 3 * 6 * 6, 3 * 6 * 3)
    assert all("You know how the person speaks" in one for one in told)
    assert "show-retrieved 1000: it won" in run().stdout


def test_what_was_voted_stays(ada: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judges(monkeypatch, wants(name(How())))
    assert json.loads(run("--json").stdout)["why"] == "it won"
    judges(monkeypatch, lambda order: order[99])
    assert json.loads(run("--json").stdout)["why"] == "it won"


@pytest.mark.parametrize("who", ["the same", "first"])
def test_judges_who_cannot_be_believed_change_nothing(ada: Path, monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    judges(monkeypatch, wants(NOBODY) if who == "the same" else lambda order: order[0])
    assert f"the judges cannot be believed: {'100%' if who == 'the same' else '17%'}" in run().stdout
    assert not (ada / showing.FILE).exists()


def test_who_wins_only_once_does_not_take_its_place(ada: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judges(monkeypatch, lambda order: "tell" if len(order) > 3 else name(How()))
    assert "tell did not win again, on other questions" in run().stdout
    assert not (ada / showing.FILE).exists()


def test_questions_of_both_elections_and_what_judges_know_have_nothing_in_common() -> None:
    given = tuning.material(SAID, (), 10)
    first, second = given.questions
    assert len({*first, *second}) == 20
    answers = {one.question: one.answer for one in SAID}
    for sample in given.samples.values():
        assert 0 < len(sample) <= tuning.SAMPLE + 60
        assert not any(answers[question] in sample for question in (*first, *second))
    own = tuning.material(SAID, [f"What is {n}?" for n in range(20)], 10)
    assert all(question.startswith("What is") for question in own.questions[0])


def test_too_little_is_refused(ada: Path) -> None:
    with pytest.raises(ConfigError, match="there are 60 questions; two elections take 80"):
        tuning.material(SAID, (), 40)
    with pytest.raises(ConfigError, match="said too little beside these questions"):
        tuning.material(SAID[:12], (), 6)
    (ada / "examples.jsonl").unlink()
    assert "has no examples" in str(run().exception)


def test_mixed_up_letters_say_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "x.db", "x")
    store.keep_answer("tell", "Why?", "Because of the weather", "", 0.0)
    said = tuning.MixedUp(store, "tell").answer([Message("user", "Why?")])
    assert said != "Because of the weather"
    assert [sorted(word) for word in said.split()] == [sorted(word) for word in ("Because", "of", "the", "weather")]
    with pytest.raises(KeyError):
        tuning.MixedUp(store, "tell").answer([Message("user", "Who?")])
