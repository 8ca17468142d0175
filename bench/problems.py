"""Problems for the planner's search whose answers are known by looking at everything, and one that is too large for
that."""

from __future__ import annotations

from itertools import product

import numpy as np

from digiclone.plan.problem import Limit, Problem, Table

VARIABLES, ROWS = 5, 10_000


def random_problem(seed: int, most_values: int = 5) -> Problem:
    """Up to five variables, tables over one to three of them, limits that some choices exceed; here and there a
    combination that does not exist."""
    chance = np.random.default_rng(seed)
    sizes = chance.integers(1, most_values + 1, chance.integers(1, 6)).tolist()

    def table() -> Table:
        scope = tuple(sorted(chance.choice(len(sizes), chance.integers(1, min(3, len(sizes)) + 1), replace=False)))
        # whole numbers make ties, which is where an order could hide a mistake
        return Table(scope, chance.integers(0, 6, [sizes[v] for v in scope]).astype(float))

    def limit(number: int) -> Limit:
        tables = tuple(table() for _ in range(chance.integers(1, 4)))
        if chance.uniform() < 0.3:
            holes = chance.uniform(size=tables[0].values.shape) < 0.2
            tables = (Table(tables[0].scope, np.where(holes, np.inf, tables[0].values)), *tables[1:])
        return Limit(f"limit {number}", tables, float(chance.integers(1, 9)))

    aims = [Limit(f"aim {n}", tuple(table() for _ in range(2)), 0.0) for n in range(chance.integers(1, 4))]
    return Problem.of(sizes, [limit(n) for n in range(chance.integers(0, 4))], aims)


def summed(limit: Limit, values: tuple[int, ...]) -> float:
    """What a whole choice takes."""
    return sum(float(table.values[tuple(values[v] for v in table.scope)]) for table in limit.tables)


def by_looking_at_everything(problem: Problem) -> tuple[float, ...] | None:
    """The aims of the best choice."""
    allowed = [
        tuple(summed(aim, values) for aim in problem.aims)
        for values in product(*(range(len(some)) for some in problem.values))
        if all(summed(limit, values) <= limit.most for limit in problem.limits)
    ]
    return min(allowed, default=None)


def large(seed: int, rows: int = ROWS) -> Problem:
    """A catalogue of so many rows for five variables: the better a model, the larger and slower, more or less; half of
    what the best of all would take is allowed."""
    chance = np.random.default_rng(seed)
    count = rows // VARIABLES
    worth = chance.uniform(0, 1, (VARIABLES, count))
    sizes, times = (np.exp(2 * worth + chance.normal(0, 0.3, worth.shape)) for _ in range(2))

    def alone(numbers: np.ndarray) -> tuple[Table, ...]:
        return tuple(Table((variable,), numbers[variable]) for variable in range(VARIABLES))

    limits = [
        Limit(name, alone(numbers), float(numbers.max(axis=1).sum() / 2))
        for name, numbers in (("memory", sizes), ("latency", times))
    ]
    aims = [Limit("worth", alone(-worth), 0.0), Limit("latency", alone(times), 0.0)]
    return Problem.of([count] * VARIABLES, limits, aims)
