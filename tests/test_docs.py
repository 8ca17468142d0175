"""What the documents say is so: examples run, names and paths exist."""

import dataclasses
import re
import tomllib
import typing
from pathlib import Path

import pytest

import digiclone.llm
from digiclone import events, registry
from digiclone.config import choose
from digiclone.types import Message

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


def test_the_worked_example_of_a_backend_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = blocks(ROOT / "CONTRIBUTING.md", "python")
    (toml,) = blocks(ROOT / "CONTRIBUTING.md", "toml")
    (tmp_path / "mirror.py").write_text(code, "utf-8")
    monkeypatch.setattr(digiclone.llm, "__path__", [*digiclone.llm.__path__, str(tmp_path)])
    assert "mirror" in registry.names("llm")
    choice = choose("llm", {"clone.toml": tomllib.loads(toml)})
    mirror = registry.load("llm", choice.backend, **choice.options)
    assert "".join(mirror.reply([Message("user", "I am tired.")])) == "And why do you think you are tired?"
    with pytest.raises(registry.ConfigError, match="did you mean 'opening'"):
        registry.load("llm", "mirror", openning="?")


def test_the_wire_document_has_every_event_with_every_field() -> None:
    text = (ROOT / "docs" / "wire.md").read_text("utf-8")
    rows = {m[1]: m[2] for m in re.finditer(r"^\| `(\w+)` \| (.*?) \|", text, re.MULTILINE)}
    for event in typing.get_args(events.Event):
        fields = {f.name for f in dataclasses.fields(event)} - {"speech"}
        assert fields <= set(re.findall(r"`(\w+)`", rows[event.__name__])), event.__name__


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_path_that_a_document_names_exists(page: Path) -> None:
    named = re.findall(
        r"`((?:src|docs|bench|tests|dev|web)/[\w./-]+)`|\]\((?!http)([\w./-]+)\)", page.read_text("utf-8")
    )
    for path in filter(None, (a or b for a, b in named)):
        beside = page.parent / path
        candidates = (ROOT / path, beside, ROOT / "src" / "digiclone" / path)
        generated = "/vendor" in path or path.endswith("mirror.py")
        assert generated or any(c.exists() for c in candidates), path


def test_the_readme_maps_the_tree() -> None:
    """Every module of the package's top floor is in the README's map."""
    text = (ROOT / "README.md").read_text("utf-8")
    top = {p.name for p in (ROOT / "src" / "digiclone").iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    missing = {name for name in top - {"__init__.py", "__main__.py"} if name.removesuffix(".py") not in text}
    assert not missing
    assert len(text.splitlines()) <= 150


def test_no_file_is_longer_than_400_lines() -> None:
    files = [f for ending in ("py", "js") for d in ("src", "tests", "bench") for f in (ROOT / d).rglob(f"*.{ending}")]
    long = {
        str(f.relative_to(ROOT)): n
        for f in files
        if "vendor" not in f.parts
        if (n := len(f.read_text("utf-8").splitlines())) > 400
    }
    assert not long
