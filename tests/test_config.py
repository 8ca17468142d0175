"""Strict configuration: what is wrong is said, with the nearest right word."""

import re
from pathlib import Path
from typing import Literal

import pytest

from digiclone.config import DEFAULTS, Choice, ConfigError, Strict, choose, load_toml, nearest, parse


class Options(Strict):
    temperature: float = 0.6
    threads: int = 2
    format: Literal["Q8_0", "Q4_0"] = "Q8_0"


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"temprature": 1.0}, "clone.toml: no option 'temprature'; did you mean 'temperature'?"),
        ({"zzz": 1}, "clone.toml: no option 'zzz'; there is format, temperature, threads"),
        ({"threads": "many"}, "clone.toml: threads: .* (it is 'many')"),
        ({"threads": 1.5}, "clone.toml: threads: .* (it is 1.5)"),
        ({"threads": [1]}, "clone.toml: threads: .* (it is [1])"),
        ({"format": "Q4"}, "clone.toml: format: .*'Q8_0' or 'Q4_0'.*"),
        ({"zzz": 1, "threads": "x"}, "clone.toml: .*threads.*; no option 'zzz'.*"),
    ],
)
def test_a_wrong_option_is_explained(values: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(Options, values, "clone.toml")
    pattern = ".*".join(re.escape(part) for part in complaint.split(".*"))
    assert re.fullmatch(pattern, str(caught.value)), caught.value


def test_options_are_frozen() -> None:
    options = parse(Options, {"threads": 3}, "")
    with pytest.raises(ValueError, match="frozen"):
        options.threads = 4
    assert (options.threads, options.temperature) == (3, 0.6)


@pytest.mark.parametrize(("word", "hint"), [("ehco", "did you mean 'echo'?"), ("", "there is echo, openai")])
def test_the_nearest_word(word: str, hint: str) -> None:
    assert nearest(word, ["echo", "openai"]) == hint
    assert nearest("x", []) == "there is none"


@pytest.mark.parametrize("content", [b"a = ", b"\xff\xfe", b"[llm\n", b'name = "a\nb"'])
def test_bad_toml_names_its_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "clone.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=re.escape(str(file))):
        load_toml(file)


def test_no_toml_is_an_empty_one(tmp_path: Path) -> None:
    assert load_toml(tmp_path / "plan.toml") == {}


@pytest.mark.parametrize("kind", DEFAULTS)
def test_nobody_says_anything(kind: str) -> None:
    assert choose(kind, {}) == Choice(DEFAULTS[kind], {}, {"backend": "default"})


def test_the_stronger_layer_wins_option_by_option() -> None:
    layers = {
        "clone.toml": {"llm": {"backend": "openai", "temperature": 0.1, "model": "a"}},
        "plan.toml": {"llm": {"model": "b", "timeout": 5}},
        "flag": {"llm": {"model": "c"}},
    }
    assert choose("llm", layers) == Choice(
        "openai",
        {"temperature": 0.1, "model": "c", "timeout": 5},
        {"backend": "clone.toml", "temperature": "clone.toml", "model": "flag", "timeout": "plan.toml"},
    )


def test_another_backend_drops_the_options_of_the_weaker() -> None:
    layers = {"clone.toml": {"llm": {"temperature": 0.1}}, "flag": {"llm": {"backend": "echo", "repeat": 2}}}
    assert choose("llm", layers) == Choice("echo", {"repeat": 2}, {"backend": "flag", "repeat": "flag"})


def test_the_same_backend_keeps_them() -> None:
    layers = {"clone.toml": {"llm": {"temperature": 0.1}}, "flag": {"llm": {"backend": "llamacpp"}}}
    assert choose("llm", layers) == Choice(
        "llamacpp", {"temperature": 0.1}, {"backend": "flag", "temperature": "clone.toml"}
    )


@pytest.mark.parametrize("section", ["echo", 3, ["echo"]])
def test_a_section_is_a_table(section: object) -> None:
    with pytest.raises(ConfigError, match=r"plan.toml: \[llm\] must be a table"):
        choose("llm", {"plan.toml": {"llm": section}})  # type: ignore[dict-item]
