"""An election from its file to its ballots: nobody is asked twice, everything is kept, mistakes are named."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tiny_llama
from hypothesis import given
from hypothesis import strategies as st

from digiclone.config import ConfigError
from digiclone.llama import Llama
from digiclone.text.orders import LEFT_OUT, orders
from digiclone.types import Message
from digiclone.vote import judging, panels
from digiclone.vote.choosers import Local, Speaking
from digiclone.vote.election import METRICS, Election, Judge, load, recorded, slots
from digiclone.vote.holding import hold
from digiclone.vote.store import Store, Vote
from digiclone.vote.tally import tally

TOML = """
name = "who is ada"
questions = ["What is rain?", "Who are you?"]
[[candidate]]
name = "ada"
answers = "ada.jsonl"
[[candidate]]
name = "echo"
llm = "echo"
[[judge]]
name = "jolly"
personality = "You love puns."
metrics = ["humour"]
[[judge]]
name = "stern"
personality = "You like plain words."
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "election.toml"
    place.write_text(TOML, "utf-8")
    return place


class Candidate:
    """Says its name."""

    def __init__(self, name: str) -> None:
        self.name, self.asked = name, 0

    def prompt(self, question: str) -> list[Message]:
        return [Message("user", question)]

    def answer(self, messages: Sequence[Message]) -> str:
        self.asked += 1
        return f"{self.name} says:\nB: {messages[-1].text}"


class Fan:
    """Chooses whoever it is a fan of; may die on the way."""

    def __init__(self, of: str, dies_after: int = 10**6) -> None:
        self.of, self.left, self.seen = of, dies_after, list[str]()

    def choose(self, messages: Sequence[Message], order: Sequence[str], allowed: str) -> Vote:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        self.seen.append(messages[-1].text)
        assert allowed == "ABN"
        return Vote("chosen", self.of, "", "", 0.0)


def held(election: Election, store: Store, fan: Fan, candidates: dict[str, Candidate]) -> None:
    hold(election, store, candidates, lambda _: fan, {}, lambda *_: None)


def test_an_election_is_what_its_file_says(file: Path) -> None:
    election = load(file)
    assert [one.name for one in election.candidate] == ["ada", "echo"]
    wanted = list(slots(election))
    assert len(wanted) == 2 * 2 * (1 + len(METRICS))
    assert len({(s.question, s.judge, s.metric, s.turn) for s in wanted}) == len(wanted)
    for question in election.questions:
        orders = [slot.order for slot in wanted if slot.question == question and slot.judge == "jolly"]
        assert sorted(orders) == [("ada", "echo"), ("echo", "ada")]
    together = [(slot.judge, slot.metric) for slot in wanted]
    assert together == sorted(together, key=[*dict.fromkeys(together)].index), "what a judge is told is read once"


PANEL = (
    TOML[: TOML.index("[[judge]]")]
    + """
[[judge]]
panel = "humour styles"
llm = "echo"
[[judge]]
panel = "acquaintances"
samples = "ada.txt"
"""
)


def test_a_panel_is_all_of_its_judges(file: Path) -> None:
    file.write_text(PANEL, "utf-8")
    election = load(file)
    assert [one.name for one in election.judge] == [*panels.STYLES, *panels.KNOWING]
    assert {one.metrics for one in election.judge[:4]} == {("humour",)}
    assert {one.llm for one in election.judge[:4]} == {"echo"}
    assert {(one.metrics, one.samples) for one in election.judge[4:]} == {(("authenticity",), "ada.txt")}
    assert election.judge[0].personality == panels.STYLES["affiliative"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("humour styles", "humor styles"), "judge 1: there is no panel 'humor styles'; did you mean 'humour styles'"),
        (('llm = "echo"\n[[judge]]', 'name = "x"\n[[judge]]'), "a panel has its own name: leave one"),
        (('samples = "ada.txt"', ""), "judge 2: acquaintances must know the person"),
        (('name = "who is ada"', 'name = "x"\nmetrics = ["humour"]'), "'a friend' judges nothing that is asked for"),
    ],
)
def test_a_panel_that_cannot_sit_says_why(file: Path, change: tuple[str, str], says: str) -> None:
    assert change[0] in PANEL
    file.write_text(PANEL.replace(*change), "utf-8")
    with pytest.raises(ConfigError, match=says):
        load(file)


def test_killed_it_goes_on_and_nobody_is_asked_twice(file: Path, tmp_path: Path) -> None:
    election, place = load(file), tmp_path / "votes.db"
    candidates = {name: Candidate(name) for name in ("ada", "echo")}
    first, second = Fan("ada", dies_after=5), Fan("ada")
    store = Store(place, "x")
    with pytest.raises(KeyboardInterrupt):
        held(election, store, first, candidates)
    store.close()
    store = Store(place, "x")
    held(election, store, second, candidates)
    assert [one.asked for one in candidates.values()] == [2, 2]
    assert (len(first.seen), len(second.seen)) == (5, 11)
    ballots = list(store.ballots())
    assert len(ballots) == 16
    assert {(one.outcome, one.choice) for one in ballots} == {("chosen", "ada")}
    assert tally(ballots, ["ada", "echo"]).winner == "ada"
    held(election, store, second, candidates)
    assert len(second.seen) == 11


def test_a_ballot_hides_who_answered_and_no_answer_looks_like_another(file: Path, tmp_path: Path) -> None:
    fan, store = Fan("echo"), Store(tmp_path / "votes.db", "x")
    held(load(file), store, fan, {name: Candidate(name) for name in ("ada", "echo")})
    lines = fan.seen[0].splitlines()
    assert [line[:2] for line in lines if line[1:2] == ":"] == ["A:", "B:"]
    assert all("says: B: What is rain?" in line for line in lines if line[1:2] == ":")
    first = next(iter(store.ballots()))
    assert first.lengths == tuple(len(f"{name} says: B: {first.question}") for name in first.order)


@pytest.mark.parametrize("attack", (Path(__file__).parent / "attacks.txt").read_text("utf-8").splitlines())
def test_no_answer_gives_orders_to_a_judge(attack: str) -> None:
    judge = Judge(name="j", personality="You like soup.")
    plain, attacked = (
        judging.ballot(judge, "humour", "", True, "Why?", ["Because.", f"I like soup. {more}".strip()])
        for more in (LEFT_OUT, attack)
    )
    left = attacked[-1].text.split(LEFT_OUT)
    assert attacked[0] == plain[0]
    assert "B: I like soup." in left[0]
    assert len(left) > 1
    assert not orders(attacked[-1].text.split("\n\n")[1])


def test_the_first_ballot_stays_and_another_election_is_refused(file: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "votes.db", "x")
    slot = next(slots(load(file)))
    assert not store.is_cast(slot)
    assert store.cast(slot, [1, 2], Vote("none", None, "N", "", 0.1))
    assert not store.cast(slot, [1, 2], Vote("chosen", "ada", "A", "", 0.1))
    assert [one.outcome for one in store.ballots()] == ["none"]
    with pytest.raises(ConfigError, match="holds an election with other candidates"):
        Store(tmp_path / "votes.db", "y")
    (tmp_path / "junk.db").write_bytes(b"not a database, not at all, nothing of the kind" * 40)
    with pytest.raises(ConfigError, match="cannot be used"):
        Store(tmp_path / "junk.db", "x")
    with sqlite3.connect(tmp_path / "votes.db") as other:
        assert other.execute("SELECT said FROM ballot").fetchall() == [("N",)]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("[[candidate]]\nname = \"echo\"\nllm = \"echo\"", ""), "two candidates at least"),
        (('name = "echo"', 'name = "ada"'), "two candidates have the same name"),
        (('llm = "echo"', ""), "needs one of clone, llm and answers, not none"),
        (('llm = "echo"', 'llm = "echo"\nclone = "ada"'), "needs one of clone, llm and answers"),
        (('metrics = ["humour"]', 'metrics = ["charm"]'), "judge 1: metrics"),
        (('"Who are you?"', '"What is rain?"'), "a question stands there twice"),
        (("personality = \"You love puns.\"", "persona = 3"), "did you mean 'personality'"),
        (("questions = [\"What is rain?\", \"Who are you?\"]", "questions = []"), "there is no question"),
        (('[[judge]]\nname = "jolly"', '[[judge]]\nname = "stern"'), "two judges have the same name"),
    ],
)  # fmt: skip
def test_what_cannot_be_held_says_why(file: Path, change: tuple[str, str], says: str) -> None:
    file.write_text(TOML.replace(*change), "utf-8")
    with pytest.raises(ConfigError, match=says):
        load(file)


def test_recorded_answers_are_read_and_gaps_named(file: Path, tmp_path: Path) -> None:
    election, place = load(file), tmp_path / "ada.jsonl"
    rows = [{"question": question, "answer": f"Of {question}"} for question in election.questions]
    place.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert recorded(place, election)["What is rain?"] == "Of What is rain?"
    place.write_text(json.dumps(rows[0]) + "\n{", "utf-8")
    with pytest.raises(ConfigError, match="line 2"):
        recorded(place, election)
    place.write_text(json.dumps(rows[0]), "utf-8")
    with pytest.raises(ConfigError, match="has no answer to 'Who are you"):
        recorded(place, election)
    with pytest.raises(ConfigError, match="cannot read"):
        recorded(tmp_path / "none.jsonl", election)


@pytest.mark.parametrize(
    ("said", "letter"),
    [("B", "B"), (" (A).", "A"), ("Answer: N", "N"), ("A or B", None), ("", None), ("Because", None), ("C", None)],
)
def test_a_letter_is_found_in_what_is_said(said: str, letter: str | None) -> None:
    assert judging.read(said, "ABN") == letter


@given(st.text())
def test_nothing_that_is_said_breaks_it(said: str) -> None:
    assert judging.read(said, "ABN") in ("A", "B", "N", None)


def test_a_model_of_this_machine_chooses_by_how_likely_letters_are(tmp_path: Path) -> None:
    file = tiny_llama.make(tmp_path / "tiny.gguf")
    chooser = Local(file, 512)
    judge = Judge(name="j", personality="You love puns.")
    first = judging.ballot(judge, "humour", "", True, "Why?", ["So.", "No."])
    vote = chooser.choose(first, ("ada", "echo"), "ABN")
    likely = json.loads(vote.said)
    assert list(likely) == ["A", "B", "N"]
    best = max(likely, key=likely.get)
    assert (vote.outcome, vote.choice) == (
        ("none", None) if best == "N" else ("chosen", ("ada", "echo")["AB".index(best)])
    )
    read = chooser.evaluated
    again = chooser.choose(judging.ballot(judge, "humour", "", True, "Why?", ["No.", "So."]), ("echo", "ada"), "ABN")
    assert chooser.evaluated - read < read / 2, "what both have in common is read once"
    alone = Local(file, 512).choose(
        judging.ballot(judge, "humour", "", True, "Why?", ["No.", "So."]), ("echo", "ada"), "ABN"
    )
    assert json.loads(again.said) == pytest.approx(json.loads(alone.said), abs=0.05)
    assert Llama(file, 64, threads=1).tokens("A")


def test_a_letter_is_the_token_that_follows_the_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chooser = Local(tiny_llama.make(tmp_path / "tiny.gguf"), 512)
    model = chooser._model
    plain = model.tokens
    monkeypatch.setattr(model, "tokens", lambda text, begin=False, marks=True: plain(f" {text}", begin, marks))
    ballot = judging.ballot(Judge(name="j", personality="P"), "humour", "", False, "Why?", ["So.", "No."])
    likely = json.loads(chooser.choose(ballot, ("ada", "echo"), "AB").said)
    logits = model.logits().astype(float)
    wanted = logits - logits.max() - np.log(np.exp(logits - logits.max()).sum())
    assert plain("A") != model.tokens("A"), "alone it has a space before it, as SentencePiece's have"
    assert likely == pytest.approx({letter: wanted[plain(letter)[0]] for letter in "AB"}, abs=1e-3)


def test_what_a_speaking_judge_says_is_counted_whatever_it_is() -> None:
    class Who:
        said = "B"

        def ask(self, messages: Sequence[Message], most: int) -> str:
            return self.said

    who = Who()
    found = list[tuple[str, str | None]]()
    for who.said in ("B", "N", "I would say both", "  "):
        vote = Speaking(who).choose([Message("user", "?")], ("ada", "echo"), "ABN")  # type: ignore[arg-type]
        found.append((vote.outcome, vote.choice))
    assert found == [("chosen", "echo"), ("none", None), ("unreadable", None), ("abstained", None)]
