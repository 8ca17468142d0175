"""The paper's formulas and algorithms, as they are printed."""

import pytest

from digiclone.plan import printed


@pytest.mark.parametrize(
    ("bytes_", "parameters", "bandwidth", "milliseconds"),
    [(2, 7.24e9, 960e9, 15.08), (2, 2.78e9, 1008e9, 5.52), (2, 1.42e9, 760e9, 3.74), (0.5, 1.42e9, 68e9, 10.4)],
)
def test_a_token_reads_all_weights(bytes_: float, parameters: float, bandwidth: float, milliseconds: float) -> None:
    assert 1000 * printed.token_seconds(bytes_, parameters, bandwidth) == pytest.approx(milliseconds, rel=0.005)


def test_mistral_on_an_rtx_6000_ada_takes_what_the_formula_says() -> None:
    token = printed.token_seconds(2, 7.24e9, 960e9)
    prefill = printed.prefill_seconds(64, 7.24e9, 91.1e12)
    assert printed.total_seconds(prefill, 100, token) == pytest.approx(1.52, abs=0.005)


def test_a_model_without_any_valid_configuration_wins() -> None:
    models = {"asr": ["tiny", "base"], "llm": ["huge"]}
    assert printed.fewest_choices(models, lambda config: config != "huge") == "llm"
    assert printed.fewest_choices({}, bool) is None


def test_in_either_mode_the_least_is_taken() -> None:
    size = {"phi-1.5": 1.4, "phi-2": 2.8, "mistral": 7.2}
    assert printed.least_constraining(list(size), size.__getitem__) == "phi-1.5"
    assert printed.least_constraining([], size.__getitem__) is None


def test_the_flowchart_leaves_out_what_does_not_fit() -> None:
    size = {"tiny": 1.0, "base": 2.0, "huge": 90.0}
    found = printed.choose({"asr": ["base", "tiny"], "llm": ["huge"]}, lambda one: size[one] < 10, size.__getitem__)
    assert found == {"asr": "tiny"}
