"""`clone.toml` and `plan.toml`: strict, with "did you mean", and every value knows where it came from."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

DEFAULTS = {"vad": "silero", "asr": "moonshine", "llm": "llamacpp", "tts": "hibari", "lipsync": "phones"}
"""The backend of each kind when nobody says otherwise."""


class ConfigError(Exception):
    """A configuration that cannot be used, in words that say what to change."""


class Strict(BaseModel):
    """Options that refuse what they do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


S = TypeVar("S", bound=Strict)


def parse(cls: type[S], values: Mapping[str, Any], where: str) -> S:
    """`values` as a `cls`. Raises `ConfigError` naming `where`, the key, and the nearest key there is."""
    try:
        return cls(**values)
    except ValidationError as error:
        lines = [_explain(cls, dict(e)) for e in error.errors()]
        raise ConfigError(f"{where}: {'; '.join(lines)}") from None


def nearest(word: str, known: list[str]) -> str:
    """A hint for a word that is none of `known`."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there is {', '.join(known) or 'none'}"


@dataclass(frozen=True, slots=True)
class Choice:
    """The backend for one part, its options, and where each came from."""

    backend: str
    options: dict[str, Any]
    origin: dict[str, str]
    """For "backend" and every option: the file or flag that said it."""


def load_toml(path: Path) -> dict[str, Any]:
    """A TOML file; empty if there is none. Raises `ConfigError` with the line of a mistake."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None


def choose(kind: str, layers: Mapping[str, Mapping[str, Any]]) -> Choice:
    """The backend and options for `kind`. `layers` go from weak to strong: origin to that origin's sections.

    A section is ``{"backend": name, option: value, …}``. Naming another backend drops the options of the weaker one.
    """
    backend, options, origin = DEFAULTS[kind], {}, {"backend": "default"}
    for name, sections in layers.items():
        section = sections.get(kind, {})
        if not isinstance(section, Mapping):
            raise ConfigError(f"{name}: [{kind}] must be a table such as backend = {DEFAULTS[kind]!r}")
        if (named := section.get("backend", backend)) != backend:
            backend, options, origin = str(named), {}, {}
        if "backend" in section:
            origin["backend"] = name
        for key, value in section.items():
            if key != "backend":
                options[key], origin[key] = value, name
    return Choice(backend, options, origin)


def _explain(cls: type[Strict], error: dict[str, Any]) -> str:
    if not error["loc"]:  # values that do not agree with each other
        return str(error["ctx"]["error"])
    *tables, last = error["loc"]
    key = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"no option {key!r}; {nearest(str(last), sorted(_inside(cls, tables).model_fields))}"
    return f"{key}: {error['msg']} (it is {error['input']!r})"


def _inside(cls: type[BaseModel], tables: list[str | int]) -> type[BaseModel]:
    """The options of a table within tables."""
    for name in tables:
        field = cls.model_fields[str(name)].annotation
        cls = field if isinstance(field, type) and issubclass(field, BaseModel) else cls
    return cls
