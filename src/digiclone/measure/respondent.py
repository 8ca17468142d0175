"""Somebody who answers when asked: a backend of kind `llm` with its options, and what to call it in a table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from digiclone import registry
from digiclone.config import Choice, ConfigError, Strict, parse
from digiclone.stages import LLM
from digiclone.types import Message

_NAMED = {"model", "file", "format", "url"}
"""Options that a key names anyhow."""
_SILENT = {"key_variable", "timeout", "threads", "offload"}
"""Options that change no answer."""


_AGAIN = "The same command goes on from here."


class NotAnswered(ConfigError):
    """A backend failed while it answered."""


@dataclass(frozen=True)
class Respondent:
    """It loads when it is first asked."""

    backend: str
    options: Strict
    key: str
    """`llm:llamacpp:smollm2-135m Q8_0`, or the sha256 of a file of one's own; then every option that is unusual."""
    name: str
    """The same for people."""
    identity: str
    """All that its answers depend on, as JSON."""

    @cached_property
    def _mind(self) -> LLM:
        return registry.load("llm", self.backend, **dict(self.options))

    def ask(self, messages: Sequence[Message], most: int | None = None) -> str:
        """What it says to that, and no more than about `most` characters of it. Raises `NotAnswered`, `ConfigError`,
        `WeightsError`."""
        mind, said = self._mind, ""
        try:
            for piece in mind.reply(messages):
                said += piece
                if most is not None and len(said.lstrip()) > most:
                    break
        except Exception as error:  # whatever a library or a server says, people need to know who failed
            raise NotAnswered(f"{self.name} did not answer: {error or type(error).__name__}. {_AGAIN}") from error
        return said.encode("utf-8", "replace").decode().strip()  # half of a surrogate pair could not be written down


def respondent(choice: Choice, plain: Mapping[str, Any]) -> Respondent:
    """A backend with its options; those in `plain` that it has are set unless the choice sets them.

    Raises `ConfigError` for a backend, an option or a file that does not exist.
    """
    known = registry.module("llm", choice.backend).Options
    usual = {name: value for name, value in plain.items() if name in known.model_fields}
    options = parse(known, {**usual, **choice.options}, f"llm:{choice.backend}")
    sha256 = _sha256(getattr(options, "file", ""))
    values, defaults = options.model_dump(mode="json"), parse(known, usual, f"llm:{choice.backend}").model_dump()
    unusual = [f"{n}={v}" for n, v in values.items() if v != defaults[n] and n not in _NAMED | _SILENT]
    identity = {n: v for n, v in values.items() if n not in _SILENT} | ({"file": sha256} if sha256 else {})
    model = " ".join(_model(choice.backend, values))
    return Respondent(
        choice.backend,
        options,
        key=" ".join([sha256 or model, *unusual]),
        name=" ".join([f"{Path(values['file']).name} ({sha256[:12]})" if sha256 else model, *unusual]),
        identity=json.dumps([choice.backend, identity], sort_keys=True),
    )


def meant(words: str) -> Choice:
    """The backend that a person means: `openai:URL#MODEL`, `BACKEND`, `BACKEND:MODEL` or the path of a GGUF file."""
    if words.endswith(".gguf") or Path(words).expanduser().is_file():
        return Choice("llamacpp", {"file": words}, {})
    backend, _, model = words.removeprefix("llm:").partition(":")
    options = {"model": model}
    if backend == "openai":
        options["url"], _, options["model"] = model.partition("#")
    return Choice(backend, {name: value for name, value in options.items() if value}, {})


def _model(backend: str, values: Mapping[str, Any]) -> list[str]:
    """What it is called if it is no file: kind:backend:model, the format of its weights, the server where it runs."""
    place = urlsplit(values.get("url", ""))
    address = f"{place.scheme}://{place.netloc.rpartition('@')[2]}{place.path}"  # no password into any file
    words = [f"llm:{backend}" + (f":{values['model']}" if values.get("model") else ""), values.get("format", "")]
    return [word for word in (*words, address if place.netloc else "") if word]


def _sha256(file: str) -> str:
    """Of a file's content; empty if none is named."""
    if not file:
        return ""
    try:
        with Path(file).expanduser().open("rb") as whole:
            return hashlib.file_digest(whole, "sha256").hexdigest()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}; name a GGUF file") from None
