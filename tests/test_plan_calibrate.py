"""Rates come back out of what they would have led to, and predict what was not measured."""

import numpy as np
import pytest

from digiclone.measure.engine import Engine, Run
from digiclone.plan import catalogue, cost
from digiclone.plan.calibrate import BATCH, Sample, line, rates
from digiclone.plan.cost import Line, Rates, Shape

FLOPS, BANDWIDTH = 5e10, 2e10
TRUE = Rates(
    reach=0.6, layer_s=5e-5, step_s=1e-3, writing={"F16": 2.5, "Q8_0": 2.0, "Q4_0": 4.0},
    reading={"F16": 2.5, "Q8_0": 1.2, "Q4_0": 1.4}, scaling=0.85, engine_bytes=1.2e8, buffer_bytes=5.0,
    copied={"Q4_0": 0.56},
)  # fmt: skip
SMALL = Shape(layers=30, hidden=576, inner=1536, heads=9, kv_heads=3, head_dim=64, vocabulary=49152)
BYTES = {"F16": 2.0, "Q8_0": 34 / 32, "Q4_0": 18 / 32}


def sample(shape: Shape, form: str, threads: int, jobs: tuple[tuple[int, int], ...], noise: float) -> Sample:
    chance, weights = np.random.default_rng(threads), shape.multiplied * BYTES[form]
    runs = list[Run]()
    for prompt, written in jobs:
        read = cost.read_s(shape, form, prompt, threads, FLOPS, TRUE)
        token = cost.write_s(shape, form, weights, prompt + written / 2, threads, FLOPS, BANDWIDTH, TRUE)
        wrong = np.exp(noise * chance.standard_normal(2))
        runs.append(Run(prompt, read * wrong[0], written, token * (written - 1) * wrong[1]))
    memory = cost.llm_bytes(shape, form, weights, 2048, BATCH, TRUE)
    return Sample(shape, form, weights, Engine(threads, 2048, memory, tuple(runs)))


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_what_was_not_measured_is_predicted(noise: float) -> None:
    llama = catalogue.language_models()["llama-3.2-1b-instruct"].shape
    known = [
        sample(one, f, n, ((64, 16), (512, 32)), noise) for one in (SMALL, llama) for f in BYTES for n in (1, 2, 4)
    ]
    found = rates(known, FLOPS, BANDWIDTH)
    qwen = catalogue.language_models()["qwen2.5-0.5b-instruct"].shape
    for form in BYTES:
        weights = qwen.multiplied * BYTES[form]
        for threads, past in ((2, 300), (4, 1500)):
            wanted, got = (
                cost.write_s(qwen, form, weights, past, threads, FLOPS, BANDWIDTH, one) for one in (TRUE, found)
            )
            assert got == pytest.approx(wanted, rel=0.05 + 2 * noise)
            wanted, got = (cost.read_s(qwen, form, past, threads, FLOPS, one) for one in (TRUE, found))
            assert got == pytest.approx(wanted, rel=0.05 + 2 * noise)
        wanted, got = (cost.llm_bytes(qwen, form, weights, 4096, BATCH, one) for one in (TRUE, found))
        assert got == pytest.approx(wanted, rel=0.01)


def test_of_one_model_rates_stay_possible() -> None:
    found = rates([sample(SMALL, "Q8_0", 1, ((64, 16),), 0.0)], FLOPS, BANDWIDTH)
    assert 0.2 < found.reach < 1.5
    assert found.engine_bytes >= 0
    wanted = cost.write_s(SMALL, "Q8_0", SMALL.multiplied * BYTES["Q8_0"], 72, 1, FLOPS, BANDWIDTH, TRUE)
    got = cost.write_s(SMALL, "Q8_0", SMALL.multiplied * BYTES["Q8_0"], 72, 1, FLOPS, BANDWIDTH, found)
    assert got == pytest.approx(wanted, rel=0.02)


@pytest.mark.parametrize("true", [Line(constant=0.05, per_second=0.03), Line(constant=0.9, per_second=0.02, window=30)])
def test_a_line_comes_back(true: Line) -> None:
    sounds = (1.0, 3.0, 8.0, 20.0, 45.0)
    found = line([(sound, true.seconds(sound)) for sound in sounds], true.window)
    for sound in (2.0, 29.0, 61.0):
        assert found.seconds(sound) == pytest.approx(true.seconds(sound), rel=1e-6)


def test_a_line_of_little_is_still_a_cost() -> None:
    found = line([(2.0, 0.3), (3.0, 0.2)])
    assert found.constant >= 0
    assert found.per_second >= 0
    assert found.seconds(2.5) == pytest.approx(0.25, rel=0.4)
