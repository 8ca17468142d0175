"""The caller's clock and the arithmetic of the benchmark."""

import json
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone.dsp import to_pcm16
from digiclone.measure import caller as calling
from digiclone.measure.caller import Arrival, Caller, first_audible, voiced
from digiclone.measure.talk import Exchange, _covered, spread
from digiclone.types import Audio

RATE = 1000


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(calling, "time", clock)
    return clock


class Socket:
    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    async def send(self, text: str) -> None:
        self.sent.append(json.loads(text))


class Speaker:
    """A caller whose events are said here, and whose reports are read here."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.socket = clock, Socket()
        self.caller = Caller(cast("Any", self.socket))

    def hears(self, kind: str, turn: int = 1, seconds: float = 0.0) -> None:
        sound = bytes(2 * round(seconds * RATE))
        arrival = Arrival({"type": kind, "turn": turn, "rate": RATE}, sound, self.clock.now)
        self.caller.arrivals.append(arrival)
        self.caller._on(arrival)

    def passes(self, seconds: float) -> None:
        self.clock.now += seconds

    def played(self, turn: int = 1) -> float:
        step = self.caller._report(turn)
        with pytest.raises(StopIteration):
            step.send(None)
        return self.socket.sent[-1]["seconds"]


@pytest.fixture
def speaker(clock: Clock) -> Speaker:
    return Speaker(clock)


def test_sound_is_played_in_real_time(speaker: Speaker) -> None:
    speaker.hears("Spoke", seconds=1.0)
    assert speaker.played() == 0
    speaker.passes(0.4)
    speaker.hears("Spoke", seconds=1.0)  # waits for the first
    assert speaker.played() == pytest.approx(0.4)
    speaker.passes(1.0)
    assert speaker.played() == pytest.approx(1.4)
    assert speaker.caller.sounding()
    assert speaker.caller.sounding(at_least=0.5)
    assert not speaker.caller.sounding(at_least=0.7)
    speaker.passes(9.0)
    assert speaker.played() == pytest.approx(2.0)
    assert not speaker.caller.sounding()
    assert speaker.caller.underruns == 0


def test_a_gap_is_an_underrun(speaker: Speaker) -> None:
    speaker.hears("Spoke", seconds=1.0)
    speaker.passes(1.5)
    speaker.hears("Spoke", seconds=1.0)
    assert speaker.caller.underruns == 1
    assert speaker.played() == pytest.approx(1.0)
    speaker.passes(0.25)
    assert speaker.played() == pytest.approx(1.25)


def test_a_held_speaker_keeps_its_place(speaker: Speaker) -> None:
    speaker.hears("Spoke", seconds=2.0)
    speaker.passes(0.5)
    speaker.hears("Held")
    speaker.passes(5.0)
    assert speaker.played() == pytest.approx(0.5)
    assert speaker.caller.sounding()
    speaker.hears("Resumed")
    assert speaker.played() == pytest.approx(0.5)
    speaker.passes(0.5)
    assert speaker.played() == pytest.approx(1.0)


def test_an_interrupted_speaker_is_silent(speaker: Speaker) -> None:
    speaker.hears("Spoke", seconds=2.0)
    speaker.passes(0.5)
    speaker.hears("Held")
    speaker.passes(0.7)
    speaker.hears("Interrupted")
    assert not speaker.caller.sounding()
    speaker.passes(3.0)
    assert speaker.played() == pytest.approx(0.5), "what was never heard must not be reported as played"


def test_the_newest_turn_is_the_one_that_sounds(speaker: Speaker) -> None:
    speaker.hears("Spoke", turn=1, seconds=5.0)
    speaker.hears("Interrupted", turn=1)
    speaker.hears("Spoke", turn=2, seconds=1.0)
    assert speaker.caller.sounding()
    speaker.passes(1.0)
    assert not speaker.caller.sounding()


spans = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8)


@given(spans, st.integers(0, 40), st.integers(0, 40))
def test_what_spans_cover(spans: list[tuple[int, int]], begin: int, end: int) -> None:
    ticks = {t for start, stop in spans for t in range(start, stop)} & set(range(begin, end))
    assert _covered([(float(a), float(b)) for a, b in spans], float(begin), float(end)) == len(ticks)


def test_overhead_is_what_nobody_accounts_for() -> None:
    spans = {"endpoint": (1.0, 1.3), "asr": (1.1, 1.5), "llm_first_token": (1.6, 2.0), "wait": (0.0, 9.0)}
    exchange = Exchange(1.0, 2.25, spans)
    assert exchange.voice_to_voice == pytest.approx(1.25)
    assert exchange.overhead == pytest.approx(0.1 + 0.25)


def test_spread() -> None:
    assert spread([float(i) for i in range(101)]) == {"p50": 50.0, "p95": 95.0}


@pytest.mark.parametrize("rate", [8000, 16_000, 48_000])
@pytest.mark.parametrize(("before", "after"), [(0.0, 0.0), (0.5, 0.25)])
def test_where_the_voice_is(rate: int, before: float, after: float) -> None:
    quiet = np.random.default_rng(0).normal(0, 1e-4, round((before + 1 + after) * rate))
    first, last = round(before * rate), round((before + 1) * rate)
    quiet[first:last] += np.sin(2 * np.pi * 300 * np.arange(last - first) / rate)
    assert voiced(quiet.astype(np.float32), rate) == (first, last)


def test_the_first_audible_sample() -> None:
    samples = np.zeros(RATE, np.float32)
    samples[250:] = 0.5
    arrival = Arrival({"rate": RATE}, to_pcm16(Audio(samples, RATE)), 0.0)
    assert first_audible(arrival) == 0.25
