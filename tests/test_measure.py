"""The caller's clock and the arithmetic of the benchmark."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone.dsp import to_pcm16
from digiclone.measure.caller import Arrival, first_audible, voiced
from digiclone.measure.speaker import RATE, Speaker
from digiclone.measure.talk import Exchange, _covered, spread
from digiclone.types import Audio


class Page:
    """A speaker that is told what comes; time passes when it is taken from."""

    def __init__(self) -> None:
        self.speaker = Speaker()

    def hears(self, kind: str, turn: int = 1, seconds: float = 0.0) -> None:
        sound = to_pcm16(Audio(np.full(round(seconds * 24_000), 0.5, np.float32), 24_000))
        self.speaker.on({"type": kind, "turn": turn, "rate": 24_000}, sound)

    def passes(self, seconds: float) -> float:
        """How much of that time was sound."""
        frames = [self.speaker.take(RATE // 50) for _ in range(round(seconds * 50))]
        return float(np.mean(np.abs(np.concatenate(frames)) > 0.1)) * seconds

    @property
    def played(self) -> float:
        return self.speaker.seconds


@pytest.fixture
def page() -> Page:
    return Page()


about = functools.partial(pytest.approx, abs=0.021)


def test_sound_is_played_in_real_time(page: Page) -> None:
    page.hears("Spoke", seconds=1.0)
    assert page.played == 0
    assert page.passes(0.4) == about(0.4)
    page.hears("Spoke", seconds=1.0)  # waits for the first
    assert page.played == about(0.4)
    assert page.passes(1.0) == about(1.0)
    assert page.speaker.sounding()
    assert page.speaker.sounding(at_least=0.5)
    assert not page.speaker.sounding(at_least=0.7)
    page.hears("Done")
    assert page.passes(9.0) == about(0.6)
    assert page.played == about(2.0)
    assert not page.speaker.sounding()
    assert page.speaker.underruns == 0


def test_a_gap_is_one_underrun(page: Page) -> None:
    page.hears("Spoke", seconds=1.0)
    page.passes(1.5)
    page.hears("Spoke", seconds=1.0)
    assert page.speaker.underruns == 1
    assert page.played == about(1.0)
    page.passes(0.25)
    assert page.played == about(1.25)


def test_a_held_speaker_keeps_its_place(page: Page) -> None:
    page.hears("Spoke", seconds=2.0)
    page.passes(0.5)
    page.hears("Held")
    assert page.passes(5.0) == 0
    assert page.speaker.sounding()
    page.hears("Resumed")
    assert page.played == about(0.5)
    page.passes(0.5)
    assert page.played == about(1.0)
    assert page.speaker.underruns == 0


def test_an_interrupted_speaker_is_silent(page: Page) -> None:
    page.hears("Spoke", seconds=2.0)
    page.passes(0.5)
    page.hears("Held")
    page.passes(0.7)
    page.hears("Interrupted")
    assert not page.speaker.sounding()
    assert page.passes(3.0) == 0
    assert page.played == about(0.5), "what was never heard must not be reported as played"
    assert page.speaker.underruns == 0


def test_the_newest_turn_is_the_one_that_sounds(page: Page) -> None:
    page.hears("Spoke", turn=1, seconds=5.0)
    page.passes(1.0)
    page.hears("Interrupted", turn=1)
    page.hears("Spoke", turn=2, seconds=1.0)
    assert page.speaker.sounding()
    assert (page.speaker.turn, page.played) == (2, 0)
    assert page.passes(2.0) == about(1.0)


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
    samples[RATE // 4 :] = 0.5
    arrival = Arrival({"rate": RATE}, to_pcm16(Audio(samples, RATE)), 0.0)
    assert first_audible(arrival) == 0.25
