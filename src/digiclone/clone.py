"""A clone is a folder. Open it, and it talks."""

import logging
import re
import shutil
import sqlite3
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from digiclone import artifacts, examples, meaning, memory, persona, registry, showing
from digiclone.ahead import Workers
from digiclone.config import DEFAULTS, Choice, ConfigError, Strict, choose, load_toml, nearest, parse
from digiclone.dsp import resample
from digiclone.events import Event, Heard, Spoke
from digiclone.examples import Examples
from digiclone.history import History
from digiclone.playback import Playback
from digiclone.stages import RATE
from digiclone.turn import Cast, turn
from digiclone.types import Audio, Exchange, Message
from digiclone.weights import File, home

log = logging.getLogger(__name__)
Sections = Mapping[str, Mapping[str, Any]]
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_TOML = """\
# What plays each part. `digiclone models list` shows what there is, `digiclone doctor` what is in force.
# A plan.toml beside this file is stronger, a flag such as --set llm.format=Q4_0 stronger still.
name = "{name}"

# [llm]
# backend = "llamacpp"
# temperature = 0.3
"""


def clones() -> list[str]:
    """The names of all clones."""
    folder = home() / "clones"
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(f.name for f in found if _NAME.fullmatch(f.name) and (f / "clone.toml").is_file())


def create(name: str) -> Path:
    """A new clone's folder, `clones/<name>`; capitals and spaces in `name` stay in what it calls itself."""
    name = " ".join(name.split())
    slug = re.sub(r"[\s_]+", "-", name.lower())
    if not _NAME.fullmatch(slug):
        raise ConfigError(f"{name!r} cannot name a clone: use up to 32 letters, digits and hyphens")
    folder = home() / "clones" / slug
    if folder.exists():
        raise ConfigError(f"there is a clone {slug!r} already: digiclone serve --clone {slug}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # a folder appears whole or not at all
    made = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        (made / "clone.toml").write_text(_TOML.format(name=name), "utf-8")
        (made / "persona.md").write_text(persona.TEMPLATE.format(name=name), "utf-8")
        made.rename(folder)
    except OSError:
        shutil.rmtree(made)
        raise
    return folder


def delete(name: str) -> None:
    """Delete a clone's folder and all that is in it. Raises `ConfigError` where there is none.

    What a crash leaves half deleted is no clone, and goes with the next deletion.
    """
    artifacts.vanish(find(name))


def find(name: str) -> Path:
    """A clone's folder. Raises `ConfigError` for a name that is none, so no path can be smuggled in."""
    known = clones()
    if name not in known:
        raise ConfigError(f"there is no clone {name!r}; {nearest(name, known)}; make it with: digiclone new {name}")
    return home() / "clones" / name


def choices(folder: Path, flags: Sections | None = None) -> dict[str, Choice]:
    """Who plays which part in this clone. Flags are stronger than `plan.toml`, that than `clone.toml`, and that than
    a voice and a bridge of its own, which it speaks with and understands its person through when they are good."""
    voice = {"tts": {"backend": "glow", "voice": str(folder / "voice")}}
    bridge = {kind: {"backend": "bridge", "bridge": str(folder / "bridge")} for kind in ("asr", "llm")}
    own = {
        "its own voice": voice if artifacts.usable(folder / "voice") else {},
        "its own bridge": bridge if artifacts.usable_bridge(folder / "bridge") else {},
    }
    layers = {
        **own,
        "clone.toml": _sections(folder / "clone.toml"),
        "plan.toml": _with(_sections(folder / "plan.toml"), {**own["its own voice"], **own["its own bridge"]}),
        "flag": flags or {},
    }
    return {kind: choose(kind, layers) for kind in DEFAULTS}


def _with(plan: Sections, own: Sections) -> Sections:
    """A plan that knows what the clone has got of its own since: of its choice of another, what still has a meaning."""
    kept = dict(plan)
    for kind in own.keys() & {kind for kind, section in plan.items() if isinstance(section, Mapping)}:
        known = registry.module(kind, own[kind]["backend"]).Options.model_fields
        kept[kind] = {**{name: value for name, value in plan[kind].items() if name in known}, **own[kind]}
    return kept


def explain(chosen: Mapping[str, Choice]) -> list[str]:
    """Every value in force and where it came from, a line per part: ``llm = llamacpp (default), format = …``."""
    lines: list[str] = []
    for kind, choice in chosen.items():
        defaults = registry.module(kind, choice.backend).Options()
        values = [f"{kind} = {choice.backend} ({choice.origin.get('backend', 'default')})"]
        for option, default in defaults:
            value, origin = choice.options.get(option, default), choice.origin.get(option, "default")
            values.append(f"{option} = {value!r} ({origin})")
        lines.append(", ".join(values))
    return lines


def parse_flags(settings: list[str]) -> dict[str, dict[str, Any]]:
    """``["llm.format=Q4_0"]`` as sections. Values are TOML where they can be, text otherwise."""
    sections: dict[str, dict[str, Any]] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        kind, _, option = key.partition(".")
        if not equals or kind not in DEFAULTS or not option:
            raise ConfigError(f"--set {setting}: write KIND.OPTION=VALUE, with KIND one of {', '.join(DEFAULTS)}")
        try:
            parsed = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            parsed = value
        sections.setdefault(kind, {})[option] = parsed
    return sections


def files(chosen: Mapping[str, Choice]) -> list[File]:
    """The weights that these parts need. Raises `ConfigError` for an option that does not exist."""
    needed: list[File] = []
    for kind, choice in chosen.items():
        backend = registry.module(kind, choice.backend)
        options = parse(backend.Options, choice.options, f"{kind}:{choice.backend}")
        if named := getattr(backend, "files", None):
            needed += named(options)
        brought = getattr(options, "file", "") or getattr(options, "folder", "")
        if backend.MODELS and not brought:
            name = getattr(options, "model", backend.MODELS[0].name)
            needed += registry.find(kind, choice.backend, name).files
    return needed


class Clone:
    """A clone that is awake.

    >>> for event in Clone.open("ada").reply("Hello!"):  # doctest: +SKIP
    ...     print(event)
    """

    def __init__(self, folder: Path, flags: Sections | None = None) -> None:
        self.folder = folder
        self.choices = choices(folder, flags)
        self.history = History(folder / "history.db")
        self.display = str(load_toml(folder / "clone.toml").get("name", folder.name))

    @classmethod
    def open(cls, name: str, flags: Sections | None = None) -> "Clone":
        """The clone of that name, its models loaded."""
        clone = cls(find(name), flags)
        clone.wake()
        return clone

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def models(self) -> dict[str, str]:
        """What plays each part, for people."""
        return {kind: _label(kind, choice) for kind, choice in self.choices.items()}

    @cached_property
    def cast(self) -> Cast:
        """The models. The first use loads them; clones with the same choices share them."""
        return Cast(**{kind: part(kind, choice) for kind, choice in self.choices.items()})

    def wake(self) -> None:
        """Load the models, and rehearse. Raises what hinders it from answering."""
        _ = self.cast
        if showing.known(self._how.strategy).retrieved == "meaning":
            _ = self._examples.directions
        self.rehearse()

    def rehearse(self) -> None:
        """Let the language model read who it is and what was said, so that the next turn evaluates only what is new.

        Best done whenever the history has changed and nobody waits for an answer. Only a model in this process is
        asked: for a server elsewhere it would be words and money sent for nothing.
        """
        read = getattr(self.cast.llm, "read", None)
        try:
            if read:
                read(self.prompt())
            if self._mind:
                memory.read(self.history, self._mind)
        except Exception as error:  # noqa: BLE001  a model that does not answer says so in the next turn
            log.warning("%s cannot rehearse: %s", self.name, error)

    def prompt(self) -> list[Message]:
        """The messages before the next turn: who the clone is, which stays from turn to turn, and the end of what was
        said."""
        file = self.folder / "persona.md"
        text = file.read_text("utf-8") if file.is_file() else persona.TEMPLATE.format(name=self.display)
        return [*showing.standing(self._how, text, self._examples), *self._window()]

    def remind(self, text: str) -> list[Exchange]:
        """What this calls up: what the person said elsewhere, and what was said here and is not in the prompt any more.
        A history that cannot be read is no reason not to answer."""
        said = showing.reminded(self._how, self._examples, text)
        try:
            memories = memory.recall(self.history, text, len(self._window()), self._mind)
        except sqlite3.Error as error:
            log.warning("%s cannot remember: %s", self.name, error)
            memories = []
        return [*(Exchange(one.question, one.answer) for one in said), *memories]

    @cached_property
    def _mind(self) -> meaning.Meaning | None:
        """What it is reminded by, if its weights are here, and whole."""
        try:
            return meaning.minilm() if meaning.is_there() else None
        except Exception as error:  # noqa: BLE001  words remind, too
            log.warning("%s is not reminded by meaning: %s", self.name, error)
            return None

    def _window(self) -> list[Message]:
        return persona.window(self.history.last(step=persona.STEP))

    @property
    def _how(self) -> showing.How:
        return showing.chosen(self.folder)

    @property
    def _examples(self) -> Examples:
        return examples.of(self.folder)

    def reply(self, heard: Audio | str) -> Iterator[Event]:
        """Answer what was said or written: the events of one turn. All of it counts as heard by the person."""
        workers = Workers()
        playback = Playback()
        number = None
        try:
            for event in turn(self.cast, prepare(heard), self.prompt(), workers, remind=self.remind):
                if isinstance(event, Heard) and event.text.strip():
                    self.history.add("user", event.text)
                    number = self.history.add("assistant", "")
                elif isinstance(event, Spoke) and number is not None:
                    playback.chunks.append(event.speech)
                    playback.seconds = playback.total
                    self.history.amend(number, playback.said())
                yield event
        finally:
            workers.stop()
            workers.join()


def prepare(heard: Audio | str) -> Audio | str:
    """Sound as the stages want it: mono at `RATE`, finite. Raises `ValueError` in words for people."""
    if isinstance(heard, str):
        return heard
    if heard.samples.ndim != 1 or not len(heard.samples):
        raise ValueError("no sound: expected mono samples, shape (n,), n > 0")
    if not np.isfinite(heard.samples).all():
        raise ValueError("the sound has samples that are not numbers")
    return resample(Audio(heard.samples.astype(np.float32), heard.rate), RATE)


def _sections(file: Path) -> dict[str, Any]:
    values = load_toml(file)
    known = {*DEFAULTS, "name"}
    for key in values:
        if key not in known:
            raise ConfigError(f"{file.name}: no section {key!r}; {nearest(key, sorted(known))}")
    return {kind: values[kind] for kind in DEFAULTS if kind in values}


def _label(kind: str, choice: Choice) -> str:
    options = registry.module(kind, choice.backend).Options.model_fields
    model = choice.options.get("model") or (options["model"].default if "model" in options else None)
    return f"{choice.backend}:{model}" if model else choice.backend


def part(kind: str, choice: Choice) -> Any:
    """The backend of a choice, loaded once."""
    options = parse(registry.module(kind, choice.backend).Options, choice.options, f"{kind}:{choice.backend}")
    return _loaded(kind, choice.backend, options)


@cache
def _loaded(kind: str, name: str, options: Strict) -> Any:
    return registry.load(kind, name, **dict(options))
