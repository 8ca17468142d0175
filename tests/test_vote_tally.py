"""Elections among judges whose preferences are known are decided as they should be."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone.vote.agreement import alpha, opinions
from digiclone.vote.ballot import Ballot, rotations
from digiclone.vote.crowd import Crowd, held
from digiclone.vote.strengths import strengths
from digiclone.vote.tally import counted, tally

NAMES = ["ada", "bob", "cyd"]


def one(question: str, choice: str | None, outcome: str = "chosen", judge: str = "j") -> Ballot:
    return Ballot(question, judge, "humour", tuple(NAMES), (10, 20, 30), outcome, choice)  # type: ignore[arg-type]


@given(st.lists(st.integers(), min_size=1, max_size=6, unique=True))
def test_everybody_stands_once_everywhere(candidates: list[int]) -> None:
    orders = np.array(list(rotations(candidates)))
    assert all(sorted(column) == sorted(candidates) for column in orders.T)


def test_ballots_are_counted_and_nothing_is_lost() -> None:
    ballots = [
        one("1", "ada"), one("1", "ada"), one("1", "bob"), one("2", "ada"), one("2", None, "none"),
        one("2", None, "abstained"), one("3", None, "unreadable"),
    ]  # fmt: skip
    assert counted(ballots, NAMES).tolist() == [[2, 1, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0]]
    found = tally(ballots, NAMES)
    assert [(name, share.value) for name, share in found.shares.items()] == [("ada", 0.6), ("bob", 0.2), ("cyd", 0.0)]
    assert (found.none.value, found.questions, found.ballots) == (0.2, 2, 7)
    assert found.outcomes == {"chosen": 4, "none": 1, "abstained": 1, "unreadable": 1}
    assert found.won == {"ada": 2, "bob": 0, "cyd": 0}
    assert found.by_chance["ada"] == pytest.approx(1 / 9)
    with pytest.raises(ValueError, match="nothing can be counted"):
        tally([one("1", None, "unreadable")], NAMES)


def test_the_better_one_wins_and_equals_do_not() -> None:
    chance = np.random.default_rng(0)
    ballots = held(Crowd({"ada": 0.6, "bob": 0.0, "cyd": -0.5}, first=1.0, question=0.3), 60, chance)
    found = tally(ballots, NAMES)
    assert found.winner == "ada"
    assert found.by_chance["ada"] < 0.01
    even = tally(held(Crowd(dict.fromkeys(NAMES, 0.0), first=2.0), 60, chance), NAMES)
    assert even.winner is None
    assert all(share.low < 1 / 3 < share.high for share in even.shares.values())


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """Bench/vote.py does so with a thousand elections; here a hundred and fifty must be near."""
    crowd = Crowd({"ada": 0.3, "bob": 0.0}, judges=2, question=0.8)
    truth = tally(held(crowd, 4000, np.random.default_rng(99)), ["ada", "bob"]).shares["ada"].value
    hits = 0
    for seed in range(150):
        share = tally(held(crowd, 30, np.random.default_rng(seed)), ["ada", "bob"]).shares["ada"]
        hits += share.low <= truth <= share.high
    assert 0.9 <= hits / 150 <= 0.99


def test_what_place_and_length_are_worth_is_told_apart_from_the_candidates() -> None:
    crowd = Crowd({"ada": 0.5, "bob": 0.0, "cyd": -0.5}, first=0.8, longer=0.6, lengths={"cyd": 1.0})
    found = strengths(held(crowd, 150, np.random.default_rng(1)), NAMES)
    assert found.candidates["ada"] - found.candidates["cyd"] == pytest.approx(1.0, abs=0.25)
    assert found.places[0] - np.mean(found.places[1:]) == pytest.approx(0.8, abs=0.2)
    assert found.length == pytest.approx(0.6, abs=0.15)
    assert found.length_interval[0] < found.length < found.length_interval[1]
    assert found.position_bias == pytest.approx(np.exp(0.8), rel=0.25)
    plain = strengths(held(replace(crowd, first=0.0, longer=0.0), 150, np.random.default_rng(2)), NAMES)
    assert plain.length_interval[0] < 0 < plain.length_interval[1]
    with pytest.raises(ValueError, match="nobody was chosen"):
        strengths([one("1", None, "none")], NAMES)


def test_two_candidates_are_as_strong_as_their_odds() -> None:
    ballots = [Ballot(str(n), "j", "m", ("a", "b")[:: 1 - 2 * (n % 2)], (5, 5), "chosen", "ab"[n % 4 == 3])
               for n in range(400)]  # fmt: skip
    found = strengths(ballots, ["a", "b"])
    assert found.candidates["a"] - found.candidates["b"] > 0
    assert sum(found.candidates.values()) == pytest.approx(0, abs=1e-3)


def test_agreement_is_that_of_the_textbook() -> None:
    """Krippendorff 2011, section C: four observers, twelve units, gaps."""
    rows = (
        "1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 .",
    )  # fmt: skip
    units = {str(n): [c for c in unit if c != "."] for n, unit in enumerate(zip(*map(str.split, rows), strict=True))}
    assert alpha(units) == pytest.approx(0.743, abs=5e-4)


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=4), max_size=6))
def test_agreement_by_enumerating_pairs(units: list[list[str]]) -> None:
    values = {str(number): unit for number, unit in enumerate(units)}
    kept = [unit for unit in units if len(unit) > 1]
    everything = [name for unit in kept for name in unit]
    observed = sum(
        2 * sum(a != b for a, b in combinations(unit, 2)) / (len(unit) - 1) for unit in kept
    )  # fmt: skip
    expected = 2 * sum(a != b for a, b in combinations(everything, 2)) / max(1, len(everything) - 1)
    found = alpha(values)
    if not everything:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(1 - observed / expected if expected else 1.0)


def test_a_judges_opinion_is_what_they_chose_most() -> None:
    ballots = [
        one("1", "ada"), one("1", "ada"), one("1", "bob"), one("1", "bob", judge="k"), one("1", "ada", judge="k"),
        one("2", None, "none"), one("2", "cyd", judge="k"),
    ]  # fmt: skip
    assert opinions(ballots) == {"humour: 1": ["ada"], "humour: 2": ["none", "cyd"]}
