"""A conversation as the prompt that a language model was taught, by the template that its file brings.

Templates are small Jinja programs of strangers. They run in Jinja's sandbox, with the settings and the few functions
that Hugging Face gives them; llama.cpp's C interface knows some by what they look like, and takes others for these.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn

from jinja2 import Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from digiclone.types import Message

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{{ '<|im_start|>assistant\n' }}"
)
"""For a file that brings none."""
_GENERATION = re.compile(r"(\{%[-+]?\s*)(end)?generation(\s*[-+]?%\})")
"""Marks of what a model is trained on, which Jinja does not know."""


def prompt(template: str, messages: Sequence[Message], begin: str = "", end: str = "") -> str:
    """All up to where the reply begins; models that may think aloud are told not to. `begin` and `end`: the tokens
    around a text, as words. A template that has no place for a system message gets it before the first of the user.
    Raises `TemplateError` for one that cannot be used."""
    given = [{"role": one.role, "content": one.text} for one in messages]
    known = {"bos_token": begin, "eos_token": end, "add_generation_prompt": True, "enable_thinking": False}
    ways, why = [given], ""
    if len(given) > 1 and given[0]["role"] == "system":
        (system, first), rest = given[:2], given[2:]
        ways.append([first | {"content": f"{system['content']}\n\n{first['content']}"}, *rest])
    for messages_ in ways:
        try:
            return _compiled(template).render(messages=messages_, **known)
        except Exception as error:  # noqa: BLE001  it is a stranger's program: it may raise anything
            why = why or f"{error or type(error).__name__}"
    raise TemplateError(why)


@lru_cache(4)
def _compiled(template: str) -> Template:
    around = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
    around.globals |= {"raise_exception": _refused, "strftime_now": _now}
    plain = _GENERATION.sub(lambda m: m[1] + ("endif" if m[2] else "if true") + m[3], template or CHATML)
    return around.from_string(plain)


def _refused(why: Any) -> NoReturn:
    raise TemplateError(str(why))


def _now(form: str) -> str:
    return datetime.now().strftime(form)
