"""Four voters, their reasons, and a score from 1 to 4."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import tiny_llama

from digiclone.types import Message
from digiclone.vote.choosers import Local, Reasoner, Speaking
from digiclone.vote.crowd_score import STYLES, Score, of_answers, opinion, score
from digiclone.vote.election import Candidate, Election, Judge
from digiclone.vote.store import Store


def scored(text: str, voter: Reasoner, audited: bool = True) -> Score:
    return score([opinion(text, style, voter, audited) for style in STYLES])


class Voter:
    """Finds things funny by style, and reasons badly for some."""

    def __init__(self, funny: set[str], bad: set[str], silent: set[str] | None = None) -> None:
        self.funny, self.bad, self.silent = funny, bad, silent or set()
        self.asked: list[str] = []

    def word(self, messages: Sequence[Message], words: Sequence[str]) -> str | None:
        self.asked.append(messages[-1].text)
        style = next(style for style in STYLES if f"{style} humour" in messages[-1].text)
        if words[0] == "Yes":
            return words[style in self.bad]
        return None if style in self.silent else words[style not in self.funny]

    def reason(self, messages: Sequence[Message]) -> str:
        return "Because."


def test_votes_become_a_score() -> None:
    voter = Voter({"affiliative", "aggressive", "self-defeating"}, {"aggressive"})
    found = scored("Why?\nBecause.", voter)
    assert (found.all_votes, found.valid_votes) == (1 + 3 * 3 / 4, 1 + 3 * 2 / 3)
    assert [one.valid for one in found.opinions] == [True, True, False, True]
    assert "Joke: Why? Because." in voter.asked[0]
    assert "why the joke is Boring" in voter.asked[3]


def test_without_an_audit_nobody_is_asked_why() -> None:
    voter = Voter(set(STYLES), set(), {"aggressive"})
    found = scored("x", voter, audited=False)
    assert (found.all_votes, found.valid_votes, len(voter.asked)) == (4.0, None, 4)
    assert found.opinions[2].funny is None
    assert scored("x", Voter(set(), set(), set(STYLES))).all_votes is None


def test_real_choosers_can_vote(tmp_path: Path) -> None:
    local = Local(tiny_llama.make(tmp_path / "tiny.gguf"), 2048)
    first = scored("A horse walks into a bar.", local)
    assert [one.funny is not None and one.valid is not None for one in first.opinions] == [True] * 4
    assert [one.funny for one in scored("A horse walks into a bar.", local).opinions] == [
        one.funny for one in first.opinions
    ]

    class Who:
        def ask(self, messages: Sequence[Message], most: int) -> str:
            return "I find it boring." if "Classification" in messages[-1].text else "Yes or no"

    found = scored("x", Speaking(Who()))  # type: ignore[arg-type]
    assert (found.all_votes, found.valid_votes) == (1.0, None)
    assert Speaking(Who()).word([Message("user", "Classification")], ("Funny", "Boring")) == "Boring"  # type: ignore[arg-type]


class Mortal(Voter):
    """Does not live for long."""

    def word(self, messages: Sequence[Message], words: Sequence[str]) -> str | None:
        if len(self.asked) == 7:
            raise KeyboardInterrupt
        return super().word(messages, words)


def test_answers_are_scored_once_whatever_happens(tmp_path: Path) -> None:
    questions = ("Why?", "What now?", "Who?")
    stand = (Candidate(name="wit", llm="echo"), Candidate(name="bore", llm="echo"))
    election = Election(name="x", questions=questions, candidate=stand, judge=(Judge(name="j", personality="p"),))
    store = Store(tmp_path / "a.db", "x")
    for one in stand:
        for asked in questions:
            store.keep_answer(one.name, asked, f"{one.name} on {asked}", "", 0.0)

    def found(voter: Reasoner, audited: bool = False) -> dict:
        return of_answers(election, store, voter, "somebody", audited, lambda what, share: None)

    with pytest.raises(KeyboardInterrupt):
        found(Mortal({"affiliative", "aggressive"}, set()))
    second = Voter({"affiliative", "aggressive"}, set())
    both = found(second)
    assert len(second.asked) == 2 * 3 * 4 - 7, "what was voted before is not asked again"
    assert both["wit"].all_votes == both["bore"].all_votes == 2.5
    assert both["wit"].all_votes_interval == (2.5, 2.5)
    assert (both["wit"].funny, both["wit"].valid, both["wit"].valid_votes) == (0.5, None, None)
    audited = found(Voter({"affiliative"}, {"affiliative"}), audited=True)["wit"]
    assert (audited.all_votes, audited.valid_votes, audited.valid) == (1.75, 1.0, 0.75), "asked anew, and why"
