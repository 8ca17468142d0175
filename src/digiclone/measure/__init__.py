"""How fast, how much: the same functions for the benchmarks and the planner."""
