"""What things are predicted to cost: that it is the printed estimate where nothing is added, and moves as it must."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone.plan import catalogue, printed
from digiclone.plan.cost import Line, Rates, Shape, llm_bytes, read_s, worth, write_s

MODELS = catalogue.language_models()
NOTHING_ADDED = Rates(reach=1.0, writing={"F16": 0.0}, reading={"F16": 2.0}, scaling=1.0)
REAL = Rates(
    reach=0.7, layer_s=1e-5, step_s=1e-3, writing={"F16": 2.0, "Q8_0": 3.0, "Q4_0": 4.0},
    reading={"F16": 2.0, "Q8_0": 1.5, "Q4_0": 1.6}, scaling=0.9, engine_bytes=8e7, buffer_bytes=4.0,
)  # fmt: skip
shapes = st.sampled_from(sorted(MODELS)).map(lambda name: MODELS[name].shape)


def test_where_nothing_is_added_it_is_the_printed_estimate() -> None:
    model = MODELS["mistral-7b-instruct-v0.2"]
    token = write_s(model.shape, "F16", 2 * model.parameters, 0, 1, 1e12, 960e9, NOTHING_ADDED)
    assert token == pytest.approx(printed.token_seconds(2, model.parameters, 960e9))
    prefill = read_s(model.shape, "F16", 64, 1, 91.1e12, NOTHING_ADDED)
    # the printed one counts the token tables, which no prompt multiplies, and forgets the attention
    assert prefill == pytest.approx(printed.prefill_seconds(64, model.parameters, 91.1e12), rel=0.05)


def test_the_cache_is_what_llama_cpp_allocates() -> None:
    assert MODELS["mistral-7b-instruct-v0.2"].shape.cache_bytes == 131_072  # 8 of 32 heads
    assert MODELS["phi-2"].shape.cache_bytes == 327_680
    assert MODELS["phi-1.5"].shape.cache_bytes == 196_608


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_shape_has_the_models_weights(name: str) -> None:
    model = MODELS[name]
    table = model.vocabulary * model.hidden
    assert model.shape.multiplied + (0 if model.tied else table) == pytest.approx(model.parameters, rel=0.03)


@given(shapes, st.integers(1, 8), st.floats(0, 4096), st.floats(1e9, 1e12), st.floats(1e9, 1e12))
def test_more_of_anything_takes_longer_and_more_machine_less(
    shape: Shape, threads: int, past: float, flops: float, bandwidth: float
) -> None:
    here = write_s(shape, "Q8_0", 1e9, past, threads, flops, bandwidth, REAL)
    assert write_s(shape, "Q8_0", 2e9, past, threads, flops, bandwidth, REAL) > here
    assert write_s(shape, "Q8_0", 1e9, past + 100, threads, flops, bandwidth, REAL) > here
    # half of the threads write: two more are one more that does, unless there was only one
    more = [write_s(shape, "Q8_0", 1e9, past, threads + n, flops, bandwidth, REAL) for n in (1, 2, 3)]
    assert here >= more[0] >= more[1] >= more[2]
    assert here > more[2]
    assert write_s(shape, "Q8_0", 1e9, past, threads, flops, 2 * bandwidth, REAL) < here
    assert read_s(shape, "Q8_0", past + 1, threads, flops, REAL) < read_s(shape, "Q8_0", past + 2, threads, flops, REAL)
    # a prompt is read quicker than it would be written
    assert read_s(shape, "Q8_0", 100, threads, flops, REAL) < 100 * write_s(
        shape, "Q8_0", 1e9, 0, threads, flops, bandwidth, REAL
    )
    assert llm_bytes(shape, "Q8_0", 1e9, 4096, 512, REAL) > llm_bytes(shape, "Q8_0", 1e9, 2048, 512, REAL) > 1e9
    twice = REAL.model_copy(update={"copied": {"Q4_0": 0.5}})
    for form in ("Q4_0", "Q4_K_M"):
        more = llm_bytes(shape, form, 1e9, 2048, 512, twice) - llm_bytes(shape, form, 1e9, 2048, 512, REAL)
        assert more == 0.5 * shape.layers * shape.layer_weights
    assert llm_bytes(shape, "Q8_0", 1e9, 2048, 512, twice) == llm_bytes(shape, "Q8_0", 1e9, 2048, 512, REAL)


@given(st.integers(1, 64))
def test_threads_are_worth_less_than_their_number(threads: int) -> None:
    assert 1 <= worth(threads, REAL.scaling) <= threads


def test_a_window_is_computed_whole() -> None:
    whisper = Line(constant=1.0, per_second=0.01, window=30.0)
    assert whisper.seconds(1) == pytest.approx(1.01)
    assert whisper.seconds(31) == pytest.approx(2.31)
    assert Line(constant=0.1, per_second=0.05).seconds(10) == pytest.approx(0.6)
