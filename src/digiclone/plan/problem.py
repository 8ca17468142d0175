"""A choice to be made, as numbers: variables with so many values each, and what every combination costs and is worth.

Costs are sums of tables, each over a few of the variables: memory is a table over (language model, format) plus one
over (recogniser) and so on. So the least that a half-made choice can still cost is a sum of minima, which is what makes
a search short. Infinite is what does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Table:
    """A number for every combination of values of the variables `scope` (ascending): axis i is variable `scope[i]`."""

    scope: tuple[int, ...]
    values: Numbers

    def __post_init__(self) -> None:
        if list(self.scope) != sorted(set(self.scope)) or self.values.ndim != len(self.scope):
            raise ValueError(f"a table over {self.scope} needs {len(self.scope)} axes, in ascending order")

    def taking(self, variable: int, values: NDArray[np.intp]) -> Table:
        """With these values of a variable only."""
        if variable not in self.scope:
            return self
        return Table(self.scope, np.take(self.values, values, axis=self.scope.index(variable)))

    def least(self, variable: int | None = None) -> Numbers | float:
        """The smallest number; of every value of a variable, if one is named that is in scope."""
        if variable not in self.scope:
            return float(self.values.min())
        axis = self.scope.index(variable)
        return self.values.min(axis=tuple(a for a in range(self.values.ndim) if a != axis))


@dataclass(frozen=True, eq=False)
class Limit:
    """What may not be exceeded: the sum of `tables` must be at most `most`."""

    name: str
    tables: tuple[Table, ...]
    most: float

    def least(self, variable: int | None = None) -> Numbers | float:
        """The smallest sum that may still come about; for every value of a variable, if one is named."""
        return sum(table.least(variable) for table in self.tables)

    def shares(self) -> tuple[Table, ...]:
        """The tables in units of `most`."""
        return tuple(Table(table.scope, table.values / max(abs(self.most), 1e-12)) for table in self.tables)

    def taking(self, variable: int, values: NDArray[np.intp]) -> Limit:
        """With these values of a variable only."""
        return Limit(self.name, tuple(table.taking(variable, values) for table in self.tables), self.most)


@dataclass(frozen=True, eq=False)
class Problem:
    """Every variable takes one of its values; no limit is exceeded; the `aims` are as small as can be, the first before
    the second, that before the third. `values` are those that are left of each variable, by their numbers."""

    values: tuple[NDArray[np.intp], ...]
    limits: tuple[Limit, ...]
    aims: tuple[Limit, ...]

    @classmethod
    def of(cls, sizes: Sequence[int], limits: Sequence[Limit], aims: Sequence[Limit]) -> Problem:
        """With all values of variables that have so many."""
        made = cls(tuple(np.arange(size) for size in sizes), tuple(limits), tuple(aims))
        for table in (table for sums in (*limits, *aims) for table in sums.tables):
            if table.values.shape != tuple(sizes[variable] for variable in table.scope):
                raise ValueError(f"a table over {table.scope} has the shape {table.values.shape}")
            if np.isnan(table.values).any():
                raise ValueError(f"a table over {table.scope} has numbers that are none")
        return made

    @cached_property
    def open(self) -> list[int]:
        """The variables that still have a choice."""
        return [variable for variable, values in enumerate(self.values) if len(values) > 1]

    @property
    def possible(self) -> bool:
        """Whether every variable has a value left."""
        return all(len(values) for values in self.values)

    def taking(self, variable: int, places: NDArray[np.intp]) -> Problem:
        """With some of the values of a variable only: those at `places` among the ones that are left."""
        values = list(self.values)
        values[variable] = values[variable][places]
        limits, aims = (
            tuple(one.taking(variable, places) for one in sums) if len(places) else sums
            for sums in (self.limits, self.aims)
        )
        return Problem(tuple(values), limits, aims)

    def best(self) -> tuple[float, ...]:
        """Of each aim the least that may still come about."""
        return tuple(float(aim.least()) for aim in self.aims)

    def with_limits(self, mosts: Mapping[str, float]) -> Problem:
        """With some of the limits elsewhere."""
        limits = (replace(limit, most=mosts.get(limit.name, limit.most)) for limit in self.limits)
        return Problem(self.values, tuple(limits), self.aims)

    def aiming(self, aims: Sequence[Limit]) -> Problem:
        """With other aims."""
        return Problem(self.values, self.limits, tuple(aims))
