"""Conversations as prompts: as Hugging Face renders them, whatever template a model brings."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import TemplateError

from digiclone.chat import CHATML, prompt
from digiclone.types import Message

ZEPHYR = """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""
NAMED = (
    "{{- bos_token }}{%- for message in messages %}\n    {%- if message.role == 'assistant' %}\n        {%- generation"
    " %}{{ message.content | trim }}{%- endgeneration %}\n        {%- continue %}\n    {%- endif %}\n"
    "[{{ message.role | upper }}] {{ message.content }}{% endfor %}{% if not enable_thinking %}<think>"
    "</think>{% endif %}"
)
STRICT = (
    "{% for message in messages %}{% if message['role'] not in ['user', 'assistant'] %}{{ raise_exception('System role"
    " not supported') }}{% endif %}<{{ message['role'] }}>{{ message['content'] }}{% endfor %}"
)
TALK = [
    Message("system", "Be brief."),
    Message("user", "Hello"),
    Message("assistant", " Hi! "),
    Message("user", "Who?"),
]
MESSAGES = st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant"]), st.text()), min_size=1)


@pytest.mark.parametrize("template", [CHATML, ZEPHYR, NAMED])
@given(messages=MESSAGES)
def test_it_is_what_hugging_face_makes_of_it(template: str, messages: Sequence[Message]) -> None:
    render = pytest.importorskip("transformers.utils.chat_template_utils").render_jinja_template
    given_ = [{"role": one.role, "content": one.text} for one in messages]
    (theirs,), _ = render(
        [given_], chat_template=template, add_generation_prompt=True, enable_thinking=False, bos_token="<s>",
        eos_token="</s>",
    )  # fmt: skip
    assert prompt(template, messages, "<s>", "</s>") == theirs


def test_a_model_that_knows_no_system_hears_it_from_the_user() -> None:
    assert prompt(STRICT, TALK) == "<user>Be brief.\n\nHello<assistant> Hi! <user>Who?"
    with pytest.raises(TemplateError, match="System role not supported"):
        prompt(STRICT, [TALK[0]])


def test_without_a_template_it_is_chatml() -> None:
    assert prompt("", TALK[:2]) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
    )


@pytest.mark.parametrize(
    "template",
    [
        "{% for %}",
        "{{ messages[0]['content'] + 1 }}",
        "{{ messages.__class__.__mro__ }}",
        "{{ ''.join(range(10**9)) }}",
    ],
)
def test_a_template_can_neither_break_out_nor_break_anything(template: str) -> None:
    with pytest.raises(TemplateError):
        prompt(template, TALK)
