"""The best choice there is, found without looking at all of them, and proof that there is none.

Backtracking with forward checking: after every decision the values go that can no longer be part of a better choice.
Next comes the variable with the fewest values left (minimum remaining values), of its values first the one that
promises most and, of those that promise alike, the one that leaves most room under every limit (least constraining
value). That is what tinyDigiClones, section III-D, names; its printed algorithms are in `printed.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from digiclone.plan.problem import Limit, Problem

ROUNDING = 1e-9
"""By which sums of the same numbers in another order may differ, as a share."""

FINITE = 1e300
"""A limit that only what does not exist exceeds."""


@dataclass(frozen=True)
class Solution:
    """The value of every variable, what became of every aim, and how many half-made choices were looked at."""

    values: tuple[int, ...]
    aims: tuple[float, ...]
    nodes: int


@dataclass(frozen=True)
class Relaxation:
    """What would have to give way: by the names of limits, what they would have to be; and the choice that is then
    possible."""

    needed: dict[str, float]
    solution: Solution


def solve(problem: Problem, heuristics: bool = True) -> Solution | None:
    """The best choice, None if there is none. Without the `heuristics` variables and values come in the order in which
    they stand, which finds the same later."""
    search = _Search(heuristics)
    search.visit(problem)
    if search.values is None:
        return None
    return Solution(search.values, search.aims, search.nodes)


def relax(problem: Problem) -> Relaxation | None:
    """Of a problem that has no solution, the smallest change of limits that gives it one: as few of them as can be and,
    of so many, by the smallest share in all. None if nothing helps: a value that is needed does not exist."""
    for count in range(1, len(problem.limits) + 1):
        found = list[tuple[float, Relaxation]]()
        for some in combinations(problem.limits, count):
            names = [limit.name for limit in some]
            excess = Limit("excess", tuple(table for limit in some for table in limit.shares()), 0.0)
            freed = problem.with_limits(dict.fromkeys(names, FINITE)).aiming([excess, *problem.aims])
            if solution := solve(freed):
                found.append((solution.aims[0], _relaxation(problem, some, solution)))
        if found:
            return min(found, key=lambda one: one[0])[1]
    return None


def spent(problem: Problem, values: tuple[int, ...]) -> dict[str, float]:
    """What a whole choice takes of each limit."""
    decided = problem
    for variable, value in enumerate(values):
        decided = decided.taking(variable, np.flatnonzero(decided.values[variable] == value))
    return {limit.name: float(limit.least()) for limit in decided.limits}


def _relaxation(problem: Problem, some: tuple[Limit, ...], solution: Solution) -> Relaxation:
    takes = spent(problem, solution.values)
    needed = {limit.name: takes[limit.name] for limit in some if _over(takes[limit.name], limit.most)}
    return Relaxation(needed, Solution(solution.values, solution.aims[1:], solution.nodes))


def _over(value: NDArray[np.float64] | float, most: float) -> NDArray[np.bool_]:
    return np.asarray(value > most + ROUNDING * max(1.0, abs(most)))


class _Search:
    """The best choice so far."""

    def __init__(self, heuristics: bool) -> None:
        self.heuristics = heuristics
        self.values: tuple[int, ...] | None = None
        self.aims: tuple[float, ...] = ()
        self.nodes = 0

    def visit(self, problem: Problem) -> None:
        """Everything that may still come of this."""
        self.nodes += 1
        problem = self.checked(problem)
        if not problem.possible:
            return
        if not problem.open:
            self.values, self.aims = tuple(int(values[0]) for values in problem.values), problem.best()
            return
        if not self.heuristics:
            variable = problem.open[0]
            order = np.arange(len(problem.values[variable]))
        else:
            variable = min(problem.open, key=lambda one: len(problem.values[one]))
            order = _order(problem, variable)
        promises = _promises(problem, variable)
        for place in order:
            if self._better(promises[:, place : place + 1])[0]:
                self.visit(problem.taking(variable, np.array([place])))

    def checked(self, problem: Problem) -> Problem:
        """Without the values that exceed a limit, or that promise no more than what was found, whatever the others."""
        changed = True
        while changed and problem.possible:
            changed = False
            for variable in range(len(problem.values)):
                good = self._better(_promises(problem, variable))
                for limit in problem.limits:
                    good &= ~_over(limit.least(variable), limit.most)
                if not good.all():
                    problem, changed = problem.taking(variable, np.flatnonzero(good)), True
                    if not good.any():
                        break
        return problem

    def _better(self, promises: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of the columns of aims (aims, n) come before those of the best choice so far."""
        better, alike = np.zeros(promises.shape[1], bool), np.ones(promises.shape[1], bool)
        if self.values is None:
            return alike
        for promised, reached in zip(promises, self.aims, strict=True):
            near = ROUNDING * max(1.0, abs(reached))
            better |= alike & (promised < reached - near)
            alike &= np.abs(promised - reached) <= near
        return better


def _promises(problem: Problem, variable: int) -> NDArray[np.float64]:
    """Of each aim the least that may come of each value: (aims, values)."""
    count = len(problem.values[variable])
    return np.array([np.broadcast_to(aim.least(variable), count) for aim in problem.aims]).reshape(-1, count)


def _order(problem: Problem, variable: int) -> NDArray[np.intp]:
    """The values that promise most first; of those that promise alike, the ones that leave most room."""
    count = len(problem.values[variable])
    taken = [
        np.broadcast_to(sum(table.least(variable) for table in limit.shares()), count) for limit in problem.limits
    ] or [np.zeros(count)]
    return np.lexsort([np.max(taken, axis=0), *_promises(problem, variable)[::-1]])
