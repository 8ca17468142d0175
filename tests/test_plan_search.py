"""The planner's search against looking at everything."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import by_looking_at_everything, random_problem, summed

from digiclone.plan.problem import Limit, Problem, Table
from digiclone.plan.search import relax, solve, spent


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=1000, deadline=None)
def test_nothing_is_better_than_what_it_finds(seed: int, heuristics: bool) -> None:
    problem = random_problem(seed)
    found, wanted = solve(problem, heuristics), by_looking_at_everything(problem)
    assert (found.aims if found else None) == wanted
    if found:
        assert tuple(summed(aim, found.values) for aim in problem.aims) == found.aims
        assert all(summed(limit, found.values) <= limit.most for limit in problem.limits)
        assert spent(problem, found.values) == {limit.name: summed(limit, found.values) for limit in problem.limits}


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=300, deadline=None)
def test_a_relaxation_helps_and_none_with_fewer_limits_does(seed: int) -> None:
    problem = random_problem(seed, most_values=3)
    if solve(problem):
        return
    found = relax(problem)
    everything = list(product(*(range(len(some)) for some in problem.values)))
    takes = [{limit.name: summed(limit, values) for limit in problem.limits} for values in everything]
    over = [{name for limit in problem.limits if took[name := limit.name] > limit.most} for took in takes]
    finite = [all(np.isfinite(took[name]) for name in exceeded) for took, exceeded in zip(takes, over, strict=True)]
    counts = [len(exceeded) for exceeded, is_so in zip(over, finite, strict=True) if is_so]
    if not counts:
        assert found is None
        return
    assert found
    assert len(found.needed) == min(counts)
    mosts = {limit.name: limit.most for limit in problem.limits}

    def excess(took: dict[str, float], names: set[str]) -> float:
        return sum(took[name] / mosts[name] for name in names)

    smallest = min(
        excess(took, exceeded)
        for took, exceeded, is_so in zip(takes, over, finite, strict=True)
        if is_so and len(exceeded) == min(counts)
    )
    assert excess(found.needed, set(found.needed)) == pytest.approx(smallest)
    assert solve(problem.with_limits(found.needed))


def test_the_heuristics_look_at_less() -> None:
    with_them, without = 0, 0
    for seed in range(200):
        problem = random_problem(seed, most_values=12)
        if found := solve(problem):
            with_them += found.nodes
            without += (solve(problem, heuristics=False) or found).nodes
    assert with_them < without


def test_the_least_promising_first_would_be_looked_at_last() -> None:
    costs = Table((0,), np.array([3.0, 1.0, 2.0]))
    found = solve(Problem.of([3], [], [Limit("cost", (costs,), 0.0)]))
    assert found
    assert found.values == (1,)
    assert found.nodes == 2  # itself, and the best value


def test_of_values_that_promise_alike_the_one_that_leaves_most_room_comes_first() -> None:
    memory = Limit("memory", (Table((0,), np.array([5.0, 1.0])), Table((1,), np.array([4.0, 6.0]))), 9.0)
    speed = Limit("speed", (Table((1,), np.array([1.0, 0.0])),), 0.0)
    found = solve(Problem.of([2, 2], [memory], [speed]))
    assert found
    assert found.values == (1, 1)


@pytest.mark.parametrize(("scope", "shape"), [((1, 0), (2, 2)), ((0, 0), (2, 2)), ((0,), (2, 2)), ((0,), (3,))])
def test_tables_that_do_not_fit_are_refused(scope: tuple[int, ...], shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="table over"):
        Problem.of([2, 2], [Limit("x", (Table(scope, np.zeros(shape)),), 1.0)], [])


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="that are none"):
        Problem.of([1], [Limit("x", (Table((0,), np.array([np.nan])),), 1.0)], [])
