"""What there is to choose from: `models.toml`, which says of language models, recognisers and voices what they are, how
big their files are and how good others found them, with sources."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, model_validator

from digiclone.config import ConfigError, Strict, nearest, parse
from digiclone.plan.cost import Shape

Count = Annotated[int, Field(gt=0)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
Form = Literal["F16", "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q4_0", "Q3_K_M", "Q2_K", "IQ2_XXS"]


class Quality(Strict):
    """What somebody measured."""

    metric: Literal["mmlu", "mmlu-pro", "mmlu-cloze", "mmlu-redux", "wer", "mos"]
    value: Annotated[float, Field(ge=0, le=100)]
    shots: Annotated[int, Field(ge=0)] | None = None
    dataset: str = ""
    source: str
    of: str = ""
    """kind:backend:model, in the table of qualities."""


class LLM(Strict):
    """A language model of the Llama kind."""

    name: Slug
    title: str
    hub: str
    code: str = ""
    parameters: Count
    layers: Count
    hidden: Count
    inner: Count
    heads: Count
    kv_heads: Count
    head_dim: Count
    vocabulary: Count
    tied: bool
    gated: bool
    context: Count
    licence: str
    commercial: bool | None = None
    """Whether it may earn money without asking."""
    languages: str = ""
    bytes: dict[Form, Count]
    """Of the GGUF file."""
    bytes_from: Literal["listed", "computed", "measured"]
    made: tuple[Form, ...] = ()
    """What Digiclone fetches, or makes of what it fetches, under the name `code`."""
    quality: tuple[Quality, ...] = ()
    paper: dict[str, dict[str, float]] = Field(default_factory=dict)

    @property
    def shape(self) -> Shape:
        """What its cost follows from."""
        return Shape(**{name: getattr(self, name) for name in Shape.model_fields})

    @property
    def mmlu(self) -> float | None:
        """The first score there is."""
        return next((one.value for one in self.quality if one.metric == "mmlu"), None)

    @model_validator(mode="after")
    def _agrees(self) -> LLM:
        """The weights of its matrices are most of its parameters, and a file is about its bits times those."""
        tables = self.vocabulary * self.hidden * (1 if self.tied else 2)
        counted = self.layers * self.shape.layer_weights + tables
        if not 0.97 < counted / self.parameters < 1.03:
            raise ValueError(f"its matrices have {counted:,} weights, which is not {self.parameters:,} parameters")
        for form, size in self.bytes.items():
            if not 0.8 < 8 * size / (self.parameters * formats()[form].bits_per_weight) < 1.35:
                raise ValueError(f"{size:,} bytes are no {form} file of {self.parameters:,} parameters")
        return self


class ASR(Strict):
    """A recogniser."""

    name: Slug
    title: str
    code: str = ""
    runtime: Literal["faster-whisper", "whisper.cpp", "moonshine"]
    parameters: Count
    encoder_layers: Count | None = None
    decoder_layers: Count | None = None
    width: Count | None = None
    window_s: Annotated[float, Field(ge=0)]
    """Of sound that is always computed; 0 takes any length."""
    languages: str
    licence: str
    commercial: bool | None = None
    hub: str = ""
    bytes: dict[str, Count] = Field(default_factory=dict)
    memory_mb: dict[str, float] = Field(default_factory=dict)
    quality: tuple[Quality, ...] = ()
    paper: dict[str, float] = Field(default_factory=dict)

    def wer(self, dataset: str = "librispeech test-clean") -> float | None:
        """Words wrong, percent."""
        return next((q.value for q in self.quality if (q.metric, q.dataset) == ("wer", dataset)), None)


class TTS(Strict):
    """A voice."""

    name: Slug
    title: str
    code: str = ""
    parameters: Count | None = None
    sample_rate: Count | None = None
    licence: str = ""
    commercial: bool | None = None
    hub: str = ""
    bytes: dict[str, Count] = Field(default_factory=dict)
    quality: tuple[Quality, ...] = ()
    paper: dict[str, float] = Field(default_factory=dict)


class Format(Strict):
    """What writing weights in fewer bits costs in quality."""

    name: Form
    bits: Count
    bits_per_weight: Annotated[float, Field(gt=0, le=32)]
    perplexity_increase: Annotated[float, Field(ge=0)]
    """As a share of that in 16 bits, of `model`."""
    model: str
    source: str


S = TypeVar("S", bound=Strict)


@cache
def formats() -> dict[str, Format]:
    """By name."""
    return _rows(Format, "format")


@cache
def qualities() -> dict[str, tuple[Quality, ...]]:
    """What others, or `bench/`, measured of models of ours, by kind:backend:model."""
    rows = [parse(Quality, row, f"models.toml: quality of {row.get('of', '?')}") for row in _table()["quality"]]
    return {name: tuple(row for row in rows if row.of == name) for name in dict.fromkeys(row.of for row in rows)}


@cache
def language_models() -> dict[str, LLM]:
    """By name."""
    return _rows(LLM, "llm")


@cache
def recognisers() -> dict[str, ASR]:
    """By name."""
    return _rows(ASR, "asr")


@cache
def voices() -> dict[str, TTS]:
    """By name."""
    return _rows(TTS, "tts")


def voice(backend: str, model: str) -> dict[str, str]:
    """How a voice is named among the options of its backend: those of tts:glow are folders, the others' are models."""
    return {"voice": model} if backend == "glow" else {"model": model}


def find(rows: Mapping[str, S], name: str) -> S:
    """A row by its name. Raises `ConfigError` with the nearest there are."""
    if name not in rows:
        raise ConfigError(f"the catalogue has no model {name!r}; {nearest(name, sorted(rows))}")
    return rows[name]


@cache
def _table() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads((files("digiclone.plan") / "models.toml").read_text("utf-8"))


def _rows(cls: type[S], kind: str) -> dict[str, S]:
    found = dict[str, S]()
    for row in _table()[kind]:
        name = str(row.get("name", "?"))
        if name in found:
            raise ConfigError(f"models.toml: two models are called {name!r}")
        found[name] = parse(cls, row, f"models.toml: {name}")
    return found
