"""From models, a device and a wish to a problem for the search, and from its solution to a plan with its reasons. Pure.

Seven decisions: recogniser, language model, its format, voice, vocoder, threads, and the share of the language model
that lies on an accelerator. Limits: memory of the device (everything at once, each at its peak) and of the accelerator;
seconds from the end of a question to the first sound; computing while it speaks, so that speech never waits; widths
that the device computes with; licences; wishes. Among what is allowed the best answers come first, then the fewest
misheard words, then the best voice, then the soonest sound: in both modes, for they differ in how long one may wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digiclone.listen import Patience
from digiclone.plan import cost
from digiclone.plan.cost import Rates
from digiclone.plan.menu import ASR, FORMAT, LLM, OFFLOAD, THREADS, TTS, VARIABLES, VOCODER, Menu, Mind, Place, Wishes
from digiclone.plan.problem import Limit, Problem, Table
from digiclone.plan.search import Relaxation, Solution, relax, solve, spent

PATIENCE = {"realtime": 1.0, "accuracy": 10.0}
"""Seconds until the first sound, if nobody says otherwise."""
QUESTION = 3.0
"""Seconds of a question."""
NEW, FIRST = 40, 10
"""Tokens of a question that are new to the model, and of the first phrase of a reply."""
CONTEXT, BATCH = 2048, 512
SPEECH = 4.0
"""Tokens that are spoken in a second."""
DELAY = 0.11
"""Seconds by which the end of a voice is noticed late: half a window, and what smooths the detector's answers."""
FULL = 0.9
"""Of the time that computing may take while it speaks."""
HALF_FULL = 0.5
"""Of the context, when a reply is written."""
NOTHING = "what there is"
"""Stands against what no limit could allow."""


Runners = dict[str, Solution | None]


@dataclass(frozen=True)
class Reason:
    """Why not another value: the limits that would have to give way, by name, from what to what; or, where none stands
    against it, what the best choice with it is worth, by the names of aims, beside the one made."""

    variable: str
    value: str
    needed: dict[str, tuple[float, float]]
    worse: dict[str, tuple[float, float]]


class Fit:
    """A problem that knows what its numbers mean."""

    def __init__(
        self, menu: Menu, bits: Sequence[int], host: Place, card: Place | None = None, wishes: Wishes | None = None
    ) -> None:
        self.menu, self.bits, self.host, self.card = menu, tuple(bits), host, card
        self.wishes = wishes or Wishes()
        if card is None and any(menu.offloads):
            raise ValueError("without an accelerator nothing can lie on it")
        for variable, value in self.wishes.pins.items():
            if value not in menu.names(VARIABLES.index(variable)):
                raise ValueError(f"{variable}={value} is not on the menu")
        self.problem = Problem.of([len(menu.names(v)) for v in range(len(VARIABLES))], self._limits(), self._aims())

    def solve(self) -> Solution | None:
        """The best choice."""
        return solve(self.problem)

    def relax(self) -> Relaxation | None:
        """What would have to give way."""
        return relax(self.problem)

    def spent(self, solution: Solution) -> dict[str, float]:
        """What a choice takes of each limit."""
        return spent(self.problem, solution.values)

    def promise(self, solution: Solution) -> float:
        """Seconds from the end of a question to the first sound: work begins at once, and waits for certainty."""
        takes = self.spent(solution)
        return max(takes["latency"], takes["certainty"])

    def chosen(self, solution: Solution) -> dict[str, str]:
        """The names of a choice."""
        return {name: self.menu.names(v)[solution.values[v]] for v, name in enumerate(VARIABLES)}

    def runner_up(self, solution: Solution, variable: int) -> Solution | None:
        """The best choice in which a variable has another value."""
        places = np.flatnonzero(np.arange(len(self.menu.names(variable))) != solution.values[variable])
        return solve(self.problem.taking(variable, places)) if len(places) else None

    def runners_up(self, solution: Solution) -> Runners:
        """By variable, the best choice in which it has another value."""
        return {name: self.runner_up(solution, variable) for variable, name in enumerate(VARIABLES)}

    def why_not(self, solution: Solution, variable: int, value: str) -> Reason:
        """Why a choice does not have this value."""
        with_it = self.problem.taking(variable, np.array([self.menu.names(variable).index(value)]))
        name = VARIABLES[variable]
        if best := solve(with_it):
            aims = zip((aim.name for aim in self.problem.aims), solution.aims, best.aims, strict=True)
            return Reason(name, value, {}, {aim: (ours, theirs) for aim, ours, theirs in aims if ours != theirs})
        mosts = {limit.name: limit.most for limit in self.problem.limits}
        needed = found.needed if (found := relax(with_it)) else {NOTHING: np.inf}
        return Reason(name, value, {key: (mosts.get(key, 0.0), to) for key, to in needed.items()}, {})

    # -- limits and aims --------------------------------------------------------------------------------------------

    def _limits(self) -> list[Limit]:
        wishes, memory = self.wishes, self._memory()
        most = min(self.host.memory, wishes.memory) if wishes.memory is not None else self.host.memory
        patience = PATIENCE[wishes.mode] if wishes.latency_s is None else wishes.latency_s
        limits = [
            Limit("memory", memory, most),
            Limit("latency", self._latency(), patience),
            Limit("certainty", (_constant(DELAY + Patience().sure),), patience),
            Limit("steady", self._steady(), FULL),
            Limit("bits", (self._each(FORMAT, [form.bits < min(self.bits) for form in self.menu.forms]),), 0.0),
            Limit("parts", (self._joins(),), 0.0),
        ]
        if self.card and not self.card.unified:
            limits.append(Limit("accelerator memory", (self._on_card(),), self.card.memory))
        if wishes.score is not None:
            limits.append(Limit("score", (self._score(),), -wishes.score))
        if wishes.commercial:
            limits.append(Limit("licence", self._licences(), 0.0))
        for name, value in wishes.pins.items():
            variable = VARIABLES.index(name)
            others = [one != value for one in self.menu.names(variable)]
            limits.append(Limit(f"{name}={value}", (self._each(variable, others),), 0.0))
        return limits

    def _aims(self) -> list[Limit]:
        opinions = np.add.outer([-one.mos for one in self.menu.voices], [-one.mos for one in self.menu.vocoders])
        return [
            Limit("score", (self._score(),), 0.0),
            Limit("word errors", (self._each(ASR, [one.wer for one in self.menu.ears]),), 0.0),
            Limit("opinion", (Table((TTS, VOCODER), opinions),), 0.0),
            Limit("latency", self._latency(), 0.0),
        ]

    def _each(self, variable: int, numbers: Sequence[float]) -> Table:
        return Table((variable,), np.array(numbers, float))

    def _score(self) -> Table:
        """Minus the score of each model in each format; infinite where there is no such file."""
        scores = [
            [-mind.score * (1 - form.loss) if form.name in mind.files else np.inf for form in self.menu.forms]
            for mind in self.menu.minds
        ]
        return Table((LLM, FORMAT), np.array(scores, float))

    def _joins(self) -> Table:
        """1 where a voice does not go with a vocoder."""
        apart = [[one.name not in voice.vocoders for one in self.menu.vocoders] for voice in self.menu.voices]
        return Table((TTS, VOCODER), np.array(apart, float))

    def _licences(self) -> tuple[Table, ...]:
        """1 for what may not be used to earn money."""
        rows = ((ASR, self.menu.ears), (LLM, self.menu.minds), (TTS, self.menu.voices))
        return tuple(self._each(variable, [not one.commercial for one in some]) for variable, some in rows)

    def _memory(self) -> tuple[Table, ...]:
        """Bytes of the host."""
        joint = self.card is not None and self.card.unified
        shares = np.array([1.0 if joint else 1 - offload for offload in self.menu.offloads])
        minds = self._minds(self.host.rates)
        return (
            _constant(self.menu.server),
            self._each(ASR, [one.memory for one in self.menu.ears]),
            Table((LLM, FORMAT, OFFLOAD), minds[:, :, None] * shares),
            self._each(TTS, [one.memory for one in self.menu.voices]),
            self._each(VOCODER, [one.memory for one in self.menu.vocoders]),
        )

    def _on_card(self) -> Table:
        assert self.card
        minds = self._minds(self.card.rates)
        return Table((LLM, FORMAT, OFFLOAD), minds[:, :, None] * np.array(self.menu.offloads))

    def _minds(self, rates: Rates) -> np.ndarray:
        """Bytes of each model in each format; very many where there is no such file (0 of them are none)."""
        return np.array(
            [
                [
                    cost.llm_bytes(one.shape, form.name, one.files.get(form.name, 1e18), CONTEXT, BATCH, rates)
                    for form in self.menu.forms
                ]
                for one in self.menu.minds
            ]
        )

    def _latency(self) -> tuple[Table, ...]:
        """Seconds until the first sound."""
        listening = [
            [one.line.seconds(QUESTION) / cost.worth(n, one.scaling) for n in self.menu.threads]
            for one in self.menu.ears
        ]
        return (
            _constant(DELAY + Patience().pause),
            Table((ASR, THREADS), np.array(listening)),
            # meanwhile the listener for turns decides, and shares the cores
            self._each(THREADS, [self.menu.turn_s / n for n in self.menu.threads]),
            self._thinking(NEW, FIRST),
            self._speaking("first_s"),
        )

    def _steady(self) -> tuple[Table, ...]:
        """Seconds of computing for a second of speech, after the first."""
        return self._thinking(0, SPEECH), self._speaking("rtf")

    def _speaking(self, what: str) -> Table:
        each = np.add.outer(
            [getattr(one, what) for one in self.menu.voices], [getattr(one, what) for one in self.menu.vocoders]
        )
        worth = np.array([[cost.worth(n, one.scaling) for n in self.menu.threads] for one in self.menu.voices])
        return Table((TTS, VOCODER, THREADS), each[:, :, None] / worth[:, None, :])

    def _thinking(self, new: float, tokens: float) -> Table:
        """Seconds to read so many tokens and write so many; the layers on the card and those on the host take turns."""
        sizes = (len(self.menu.minds), len(self.menu.forms), len(self.menu.threads), len(self.menu.offloads))
        seconds = np.full(sizes, np.inf)
        for m, mind in enumerate(self.menu.minds):
            for f, form in enumerate(self.menu.forms):
                if form.name in mind.files:
                    card = self._takes(mind, form.name, 1, self.card, new, tokens) if self.card else 0.0
                    for t, threads in enumerate(self.menu.threads):
                        host = self._takes(mind, form.name, threads, self.host, new, tokens)
                        for o, share in enumerate(self.menu.offloads):
                            seconds[m, f, t, o] = share * card + (1 - share) * host if share else host
        return Table((LLM, FORMAT, THREADS, OFFLOAD), seconds)

    def _takes(self, mind: Mind, form: str, threads: int, place: Place, new: float, tokens: float) -> float:
        read = cost.read_s(mind.shape, form, new, threads, place.flops, place.rates) if new else 0.0
        past = HALF_FULL * CONTEXT
        size = mind.files[form]
        write = cost.write_s(mind.shape, form, size, past, threads, place.flops, place.bandwidth, place.rates)
        return read + tokens * write


def _constant(number: float) -> Table:
    return Table((), np.array(number))
