"""What every backend promises, shipped or not: found by looking, not by a list."""

import importlib.util
import inspect
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from digiclone import registry
from digiclone.config import DEFAULTS, ConfigError, Strict, parse
from digiclone.stages import KINDS, RATE, VISEMES, WINDOW
from digiclone.types import Audio, Mark, Message, Speech
from digiclone.weights import Model

ALL = [(kind, name) for kind in KINDS for name in registry.names(kind)]
LIGHT = [(k, n) for k, n in ALL if not registry.module(k, n).MODELS and n not in ("openai", "bridge", "wav2vec2")]
"""Those that need neither weights nor a server nor a folder of the user's own."""
NEEDY = [(kind, name) for kind, name in ALL if registry.module(kind, name).NEEDS]
every = pytest.mark.parametrize(("kind", "name"), ALL, ids=[f"{kind}:{name}" for kind, name in ALL])


@pytest.fixture
def module(kind: str, name: str) -> ModuleType:
    return registry.module(kind, name)


@every
def test_a_backend_is_a_file_with_four_names(kind: str, module: ModuleType) -> None:
    assert module.__doc__
    assert len(module.__doc__.split()) > 5
    assert isinstance(module.NEEDS, tuple)
    assert isinstance(module.MODELS, tuple)
    assert all(isinstance(row, Model) and row.files and row.licence and row.source for row in module.MODELS)
    assert len({row.name for row in module.MODELS}) == len(module.MODELS)
    assert issubclass(module.Options, Strict)


@every
def test_it_keeps_its_protocol(kind: str, module: ModuleType) -> None:
    wanted = {n: f for n, f in vars(KINDS[kind]).items() if callable(f) and not n.startswith("_")}
    assert wanted
    for method, signature in wanted.items():
        own = inspect.signature(getattr(module.Backend, method)).parameters.values()
        asked = inspect.signature(signature).parameters.values()
        assert [(p.name, p.default) for p in own] == [(p.name, p.default) for p in asked]


@every
def test_its_options_are_strict_have_defaults_and_are_a_key(kind: str, name: str, module: ModuleType) -> None:
    options = module.Options()
    assert hash(options) == hash(module.Options())
    with pytest.raises(ConfigError, match="no option 'colour'"):
        parse(module.Options, {"colour": "red"}, name)
    if "model" in module.Options.model_fields and module.MODELS:
        assert options.model in {row.name for row in module.MODELS}


@pytest.mark.parametrize(("kind", "name"), NEEDY, ids=[f"{kind}:{name}" for kind, name in NEEDY])
def test_a_package_that_is_missing_is_named(
    kind: str, name: str, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda p, *a: None if p == module.NEEDS[0] else find_spec(p, *a))
    with pytest.raises(registry.MissingPackage, match=f"{kind}:{name} needs {module.NEEDS[0]}; run: pip install"):
        registry.load(kind, name)


def test_importing_all_backends_imports_no_engine() -> None:
    heavy = ["onnxruntime", "xllamacpp", "torch", "faster_whisper", "ctranslate2", "hibari", "gguf"]
    code = f"""
import sys
from digiclone import registry
for kind, name in {ALL}: registry.module(kind, name)
print([m for m in {heavy} if m in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_every_kind_has_a_default_and_a_twin_without_weights() -> None:
    assert set(DEFAULTS) == set(KINDS)
    assert {kind for kind, _ in LIGHT} == set(KINDS)
    assert all(name in registry.names(kind) for kind, name in DEFAULTS.items())


def test_the_catalogue_knows_every_model() -> None:
    rows = registry.models()
    assert {(k, n) for k, n, *_ in rows} >= {(k, n) for k, n in ALL if registry.module(k, n).MODELS}
    assert {kind for kind, *_, default in rows if default} >= {"vad", "asr", "llm", "tts", "avatar"}
    single = [one for one in rows if one[:2] != ("llm", "llamacpp")]
    assert all(default == (DEFAULTS.get(kind, "default") == name) for kind, name, _, default in single)
    assert [row.name for kind, _, row, default in rows if default and kind == "llm"] == ["smollm2-135m"]


@pytest.mark.parametrize(("kind", "name"), [("tts", "tune"), ("llm", "../echo"), ("asr", "__init__"), ("asr", "")])
def test_a_backend_that_is_none(kind: str, name: str) -> None:
    with pytest.raises(ConfigError, match=f"no {kind} backend"):
        registry.module(kind, name)


def test_an_installed_package_brings_a_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "parrot-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: parrot\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[digiclone.llm]\nparrot = parrot_backend\n")
    (tmp_path / "parrot_backend.py").write_text('''"""Says one word again and again, as parrots do."""
from digiclone.config import Strict
NEEDS = ()
MODELS = ()
class Options(Strict):
    word: str = "Polly"
class Backend:
    def __init__(self, options):
        self._word = options.word
    def reply(self, messages, audio=None):
        yield self._word
''')
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "parrot" in registry.names("llm")
    assert "parrot" not in registry.names("tts")
    assert list(registry.load("llm", "parrot", word="Hi").reply([])) == ["Hi"]
    with pytest.raises(ConfigError, match="did you mean 'parrot'"):
        registry.module("llm", "parot")
    with pytest.raises(ConfigError, match=r"llm:parrot: no option 'wort'; did you mean 'word'"):
        registry.load("llm", "parrot", wort="Hi")


SPEECH = Speech(
    np.random.default_rng(0).normal(0, 0.1, 24_000).astype(np.float32),
    24_000,
    "Hi you.",
    tuple(Mark(s, i / 8, (i + 1) / 8) for i, s in enumerate("hI jˈu ??")),
)


def check(kind: str, backend: Any) -> None:  # noqa: C901  one check per kind
    """What a backend returns, whatever it is given."""
    quiet, loud = np.zeros(WINDOW, np.float32), np.ones(WINDOW, np.float32)
    if kind == "vad":
        memory = None
        for window in (quiet, loud) * 5:
            probability, memory = backend.speech(Audio(window, RATE), memory)
            assert 0 <= probability <= 1
        for length in (0, 1, WINDOW, RATE):
            assert 0 <= backend.finished(Audio(np.zeros(length, np.float32), RATE)) <= 1
    elif kind == "asr":
        for length in (0, 1, RATE):
            assert backend.transcribe(Audio(np.zeros(length, np.float32), RATE)) == ""
    elif kind == "llm":
        pieces = backend.reply([Message("system", "Be brief."), Message("user", "Hello you.")])
        assert all(isinstance(piece, str) and piece for piece in pieces)
    elif kind == "tts":
        for text in ("", "...", "😀", "Hello, you 2!"):
            for speech in backend.speak(text):
                assert speech.samples.dtype == np.float32
                assert np.abs(speech.samples).max(initial=0) <= 1
                times = [t for p in speech.phones for t in (p.start, p.end)]
                assert times == sorted(times)
                assert all(0 <= t <= speech.seconds + 0.01 for t in times)
    else:
        for speech in (SPEECH, Speech(SPEECH.samples[:10], 24_000), Speech(np.zeros(0, np.float32), 24_000)):
            visemes = backend.mouth(speech)
            assert {v.symbol for v in visemes} <= set(VISEMES)
            times = [t for v in visemes for t in (v.start, v.end)]
            assert times == sorted(times)
            assert all(v.start < v.end <= speech.seconds + 0.13 for v in visemes)


@pytest.mark.parametrize(("kind", "name"), LIGHT, ids=[f"{kind}:{name}" for kind, name in LIGHT])
def test_the_twins_do_what_a_backend_does(kind: str, name: str) -> None:
    check(kind, registry.load(kind, name))


@pytest.mark.model
@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, n in DEFAULTS.items() if (k, n) not in LIGHT])
def test_the_defaults_do_what_a_backend_does(kind: str, name: str, home: Path) -> None:
    check(kind, registry.load(kind, name))


def test_the_catalogue_can_be_printed() -> None:
    """Facts are numbers or words: the planner writes them into JSON."""
    for *_, row, _ in registry.models():
        assert json.loads(json.dumps(row.facts)) == row.facts
