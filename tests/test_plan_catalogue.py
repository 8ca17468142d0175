"""The catalogue says possible things, and a row that does not is refused by name."""

from typing import Any

import pytest

from digiclone import registry
from digiclone.config import ConfigError, parse
from digiclone.plan import catalogue
from digiclone.plan.catalogue import LLM

PAPERS = {"phi-1.5", "phi-2", "mistral-7b-instruct-v0.2", "minichat-3b"}
MODELS = catalogue.language_models()


def test_it_has_the_papers_models_and_those_that_people_run() -> None:
    assert set(MODELS) >= PAPERS
    assert {"llama-3.2-1b-instruct", "gemma-2-2b-it", "phi-3.5-mini-instruct", "qwen2.5-0.5b-instruct"} <= set(MODELS)
    assert all({"F16", "Q8_0", "Q4_0"} <= set(one.bytes) or one.made for one in MODELS.values())
    assert {f"whisper-{size}" for size in ("tiny", "base", "small", "medium", "large-v3")} <= set(
        catalogue.recognisers()
    )
    assert {"glow-tts-hifi-gan", "vits"} <= set(catalogue.voices())


def test_every_figure_has_a_source() -> None:
    rows = [*MODELS.values(), *catalogue.recognisers().values(), *catalogue.voices().values()]
    assert all(one.source for row in rows for one in row.quality)
    assert all(one.licence for one in MODELS.values())
    assert all(one.source for one in catalogue.formats().values())


@pytest.mark.parametrize("name", sorted(MODELS))
def test_fewer_bits_are_smaller_files(name: str) -> None:
    model, forms = MODELS[name], catalogue.formats()
    sizes = [model.bytes[form] for form in sorted(model.bytes, key=lambda f: -forms[f].bits_per_weight)]
    assert sizes == sorted(sizes, reverse=True)


def test_what_the_code_already_has_is_named_as_it_is_there() -> None:
    there = {f"{kind}:{backend}:{row.name}" for kind, backend, row, _ in registry.models()} | {"tts:glow:kathleen"}
    rows = [*MODELS.values(), *catalogue.recognisers().values(), *catalogue.voices().values()]
    named = {row.code for row in rows if row.code}
    assert named
    assert named <= there


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"parameters": -5}, "greater than 0"),
        ({"parameters": 10**9}, "which is not"),
        ({"bytes": {"Q4_0": -1}}, "greater than 0"),
        ({"bytes": {"Q4_0": 10}}, "are no Q4_0 file"),
        ({"bytes": {"Q9": 10}}, "Q9"),
        ({"layers": 25}, "which is not"),
        ({"name": "Phi 2"}, "name"),
        ({"licence": None}, "licence"),
        ({"colour": "red"}, "no option 'colour'"),
    ],
)
def test_an_absurd_row_is_refused(change: dict[str, Any], said: str) -> None:
    row = MODELS["phi-2"].model_dump() | change
    with pytest.raises(ConfigError, match=said):
        parse(LLM, row, "mine.toml: phi-2")


def test_an_unknown_model_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'phi-2'"):
        catalogue.find(MODELS, "phi2")
