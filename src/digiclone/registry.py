"""A backend is a file: `digiclone/tts/hibari.py` is `tts:hibari`. There is no list to edit.

A third party adds one as an entry point: group `digiclone.tts`, any name, the value a module with the same four names.
"""

import importlib
import importlib.util
import pkgutil
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from digiclone.config import DEFAULTS, ConfigError, nearest, parse
from digiclone.weights import Model, WeightsError, present, verify


class MissingPackage(ConfigError):
    """A backend that needs a package which is not installed."""


class Broken(ConfigError):
    """A backend that cannot be loaded."""


def names(kind: str) -> list[str]:
    """The backends of a kind, shipped and installed."""
    package = importlib.import_module(f"digiclone.{kind}")
    shipped = {m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")}
    return sorted(shipped | set(_plugins(kind)))


def module(kind: str, name: str) -> ModuleType:
    """The backend's module. Importing it is cheap: heavy imports live inside `Backend`."""
    known = names(kind)
    if name not in known:
        raise ConfigError(f"no {kind} backend {name!r}; {nearest(name, known)}")
    plugins = _plugins(kind)
    return plugins[name].load() if name in plugins else importlib.import_module(f"digiclone.{kind}.{name}")


def load(kind: str, name: str, **options: Any) -> Any:
    """A backend, ready to work. Raises `ConfigError` for a wrong option, `MissingPackage`, `weights.Missing`."""
    backend = module(kind, name)
    checked = parse(backend.Options, options, f"{kind}:{name}")
    if packages := lacks(kind, name):
        raise MissingPackage(f"{kind}:{name} needs {', '.join(packages)}; run: pip install 'digiclone[{name}]'")
    if backend.MODELS and (model := getattr(checked, "model", None)):
        find(kind, name, model)
    try:
        return backend.Backend(checked)
    except (ConfigError, WeightsError):
        raise
    except Exception as error:  # whatever a library says about a file it cannot read, people need to know which
        raise Broken(_diagnosis(kind, name, backend, error)) from error


def lacks(kind: str, name: str) -> list[str]:
    """The packages that a backend needs and that are not installed."""
    return [package for package in module(kind, name).NEEDS if importlib.util.find_spec(package) is None]


def _diagnosis(kind: str, name: str, backend: ModuleType, error: Exception) -> str:
    files = [file for row in backend.MODELS for file in row.files if present(file)]
    if damaged := [file.name for file in files if not verify(file)]:
        return f"{kind}:{name}: {', '.join(damaged)} is damaged; run: digiclone models fetch {' '.join(damaged)}"
    return f"{kind}:{name} cannot be loaded: {type(error).__name__}: {error}"


def models() -> list[tuple[str, str, Model, bool]]:
    """The catalogue: (kind, backend, model, whether a new clone uses it). The 3D head's parts come as
    `avatar:default`, the networks that measure a face as `avatar:photo`, what making a voice needs as `voice:train`,
    what reminds by meaning as `meaning:minilm`."""
    backends = [(kind, name) for kind in DEFAULTS for name in names(kind)]
    rows = [
        (kind, name, row, _is_default(kind, name, row)) for kind, name in backends for row in module(kind, name).MODELS
    ]
    others = [
        ("avatar", "default", "digiclone.avatar.default", True),
        ("avatar", "photo", "digiclone.avatar.photo.networks", False),
        ("voice", "train", "digiclone.voice.models", False),
        ("meaning", "minilm", "digiclone.meaning", False),
    ]
    return rows + [
        (kind, name, row, default)
        for kind, name, place, default in others
        for row in importlib.import_module(place).MODELS
    ]


def find(kind: str, name: str, model: str) -> Model:
    """The catalogue row of a backend's model."""
    rows = {row.name: row for row in module(kind, name).MODELS}
    if model not in rows:
        raise ConfigError(f"{kind}:{name} has no model {model!r}; {nearest(model, sorted(rows))}")
    return rows[model]


def _is_default(kind: str, name: str, row: Model) -> bool:
    field = module(kind, name).Options.model_fields.get("model")
    return DEFAULTS[kind] == name and (field is None or field.default == row.name)


def _plugins(kind: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=f"digiclone.{kind}")}
