"""Which way of telling a clone who it is makes it most like its person: an election among ways, on some questions; then
the one that won against the one in force, on others. Only who wins both, by more than chance allows, takes its place.

A candidate that mixes up the letters of another stands, too. Judges that vote for it cannot be believed, and nothing
changes.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from digiclone import meaning
from digiclone.config import ConfigError
from digiclone.examples import Example
from digiclone.showing import How
from digiclone.types import Message
from digiclone.vote.candidates import Answering, candidates, identity
from digiclone.vote.choosers import Chooser
from digiclone.vote.election import MOST, Candidate, Election, Judge, Metric
from digiclone.vote.holding import Progress, hold
from digiclone.vote.panels import KNOWING
from digiclone.vote.store import Store
from digiclone.vote.tally import Result, tally

WAYS = (How(strategy="tell"), How(strategy="show-random"), How(strategy="show-retrieved", budget=1_000),
        How(strategy="show+tell", budget=1_000), How(), How(strategy="show+tell"))  # fmt: skip
"""That stand; of them so many as there is room for beside the one in force."""
STANDING = MOST - 1
NOBODY = "mixed-up letters"
BELIEVED = 0.05
"""The share of the votes that a candidate may get that says nothing."""
SAMPLE = 1_200
"""Characters of the person's own words that a judge knows."""


@dataclass(frozen=True)
class Tuned:
    """What came of it. `how` is in force from now on, `why` says why."""

    how: How
    why: str
    first: Result
    second: Result | None


@dataclass(frozen=True)
class Material:
    """Two sets of questions that have none in common, and what judges know of the person, by judge."""

    questions: tuple[tuple[str, ...], tuple[str, ...]]
    samples: Mapping[str, str]


@dataclass(frozen=True)
class MixedUp:
    """Says what another candidate said, with the letters of each word in no order."""

    store: Store
    other: str

    def prompt(self, question: str) -> list[Message]:
        """The question alone."""
        return [Message("user", question)]

    def answer(self, messages: Sequence[Message]) -> str:
        """Raises `KeyError` if the other one has not answered yet."""
        text = self.store.answer(self.other, messages[-1].text)
        if text is None:
            raise KeyError(self.other)
        return mixed_up(text)


def mixed_up(text: str) -> str:
    """The letters of each word in no order, always the same for the same text."""
    chance = random.Random(text)
    return " ".join("".join(chance.sample(word, len(word))) for word in text.split())


def material(examples: Sequence[Example], questions: Sequence[str], count: int) -> Material:
    """Questions of the examples, unless others are given: `count` for each of the two elections. What the person said
    to other questions than these is what judges know. Raises `ConfigError` if there is too little."""
    asked = list(dict.fromkeys(questions or [one.question for one in examples if len(one.question.split()) > 2]))
    random.Random(1).shuffle(asked)
    if len(asked) < 2 * count:
        raise ConfigError(f"there are {len(asked)} questions; two elections take {2 * count}: --count, or --questions")
    chosen = set(asked[: 2 * count])
    known = [one.answer for one in examples if one.question not in chosen]
    random.Random(2).shuffle(known)
    samples = {name: _sample(known[number :: len(KNOWING)]) for number, name in enumerate(KNOWING)}
    if not all(samples.values()):
        raise ConfigError("the person said too little beside these questions for anybody to know how they speak")
    return Material((tuple(asked[:count]), tuple(asked[count : 2 * count])), samples)


def _sample(said: Sequence[str]) -> str:
    found, left = list[str](), SAMPLE
    for text in said:
        if len(text) <= left:
            found.append(text)
            left -= len(text)
    return "\n".join(found)


def tune(
    clone: str,
    now: How,
    given: Material,
    metric: Metric,
    llm: str,
    choosers: Callable[[Election], Callable[[Judge], Chooser]],
    folder: Path,
    tell: Progress,
) -> Tuned:
    """Hold both elections; what was answered and voted stays in `folder`, and is not asked again."""
    others = [one for one in _possible() if one != now]
    ways = {name(one): one for one in [now, *others][:STANDING]}
    before = name(now)
    first = _held(clone, ways, given.questions[0], given.samples, metric, llm, choosers, folder, tell)
    doubt = _doubt(first)
    if doubt or first.winner in (None, before):
        why = doubt or ("it won" if first.winner else "nothing is better by more than chance allows")
        return Tuned(now, why, first, None)
    best = str(first.winner)
    both = {before: now, best: ways[best]}
    second = _held(clone, both, given.questions[1], given.samples, metric, llm, choosers, folder, tell)
    if (doubt := _doubt(second)) or second.winner != best:
        return Tuned(now, doubt or f"{best} did not win again, on other questions", first, second)
    return Tuned(ways[best], "it won twice, by more than chance allows", first, second)


def _possible() -> list[How]:
    """What is found by meaning, where that can be, in the place of what is found by words alone."""
    if not meaning.is_there():
        return list(WAYS)
    by_meaning = {"show-retrieved": "show-meant"}
    return [How(strategy=by_meaning.get(one.strategy, one.strategy), budget=one.budget) for one in WAYS]


def name(how: How) -> str:
    """Of a candidate."""
    return f"{how.strategy} {how.budget}" if "show" in how.strategy else how.strategy


def _doubt(result: Result) -> str:
    share = result.shares[NOBODY].value
    return f"the judges cannot be believed: {share:.0%} of their votes are for {NOBODY}" if share > BELIEVED else ""


def _held(
    clone: str, ways: Mapping[str, How], questions: Sequence[str], samples: Mapping[str, str], metric: Metric, llm: str,
    choosers: Callable[[Election], Callable[[Judge], Chooser]], folder: Path, tell: Progress,
) -> Result:  # fmt: skip
    stand = tuple(
        Candidate(name=way, clone=clone, strategy=how.strategy, budget=how.budget) for way, how in ways.items()
    )
    judges = tuple(Judge(name=who, personality=text, llm=llm, metrics=(metric,)) for who, text in KNOWING.items())
    election = Election(
        name=f"how to tell {clone} who it is", questions=tuple(questions), candidate=stand, judge=judges,
        metrics=(metric,),
    )  # fmt: skip
    thinking = candidates(election, folder)
    told = identity(election, thinking, samples)
    nobody = Candidate(name=NOBODY, answers="of another")
    with_nobody = election.model_copy(update={"candidate": (*stand, nobody)})
    with closing(Store(folder / f"{hashlib.sha256(told.encode()).hexdigest()[:12]}.db", told)) as store:
        who: dict[str, Answering] = {**thinking, NOBODY: MixedUp(store, stand[0].name)}
        hold(with_nobody, store, who, choosers(election), samples, tell)
        return tally(list(store.ballots()), [*ways, NOBODY])
