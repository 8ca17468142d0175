"""What people put into a clone's folder: written whole or not at all, and with the consent of whose it is."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

import tomli_w

from digiclone.config import ConfigError, Strict, load_toml, parse

VOICE, CARD = "voice.toml", "card.json"
"""What a clone's `voice/` says of itself, and what listening to it found."""
BRIDGE = "bridge.toml"
"""What a clone's `bridge/` says of itself."""
NOISE = 0.1
"""The chance in what a voice says. Of sentences that kathleen did not learn from, listeners think better with 0.1 than
with 0.2 or 0.333 (dev/LOG.md)."""


class Consent(Strict):
    """That a face or a voice may be cloned: what was agreed to, and when, in UTC."""

    statement: str
    given: datetime


class Voice(Strict):
    """`voice.toml`."""

    rate: int
    noise: float = NOISE
    """The chance in it; 0 always says a sentence alike."""
    slower: float = 1.0
    """By which it stretches what it says."""
    use: Literal["if good", "always", "never"] = "if good"
    """Good is what its card calls so."""
    right: str
    """By which it is a copy of somebody's voice: their consent, or a licence."""
    made: datetime
    minutes: float
    """Of speech that it learnt from."""
    recipe: str
    likelihood: float
    kept: list[str]
    """Names of the clips that it never learnt from: its card is made of them."""


def voice(folder: Path) -> Voice:
    """What the voice in `folder` says of itself. Raises `ConfigError` where there is none."""
    if not (folder / VOICE).is_file():
        raise ConfigError(f"there is no voice in {folder}: make one with `digiclone voice train`")
    return parse(Voice, load_toml(folder / VOICE), str(folder / VOICE))


def keep_voice(folder: Path, about: Voice) -> None:
    """Write what a voice says of itself."""
    write_atomically(folder / VOICE, toml(about, _VOICE_SAYS))


_VOICE_SAYS = (
    "A voice. `noise` is the chance in it (0 always says a sentence alike), `slower` stretches it; "
    "`use` is one of: if good, always, never."
)


def usable(folder: Path) -> bool:
    """Whether the voice in `folder` should be used: it is there, and good, or wanted all the same."""
    if not (folder / VOICE).is_file():
        return False
    use = voice(folder).use
    return use == "always" or (use == "if good" and verdict(folder) == [])


def verdict(folder: Path) -> list[str] | None:
    """What is wrong with the voice in `folder`, as far as its card says; None if it has none that can be read."""
    try:
        return list(map(str, json.loads((folder / CARD).read_text("utf-8"))["faults"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def consent(statement: str) -> Consent:
    """Consent given now."""
    return Consent(statement=statement, given=datetime.now(UTC).replace(microsecond=0))


def write_atomically(path: Path, data: bytes) -> None:
    """`data` as the file `path`, whole or not at all. Raises `OSError`."""
    with replacing(path) as file:
        file.write(data)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that becomes `path` at the end: no reader ever sees half of it, and a crash leaves the old one.

    Raises what the block raises, and `OSError`; what was begun is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def vanish(folder: Path) -> None:
    """Delete a folder and all that is in it. It vanishes under its name first: what a crash leaves half deleted goes
    with the next that vanishes beside it."""
    folder.rename(folder.with_name(f".gone-{folder.name}.{os.getpid()}"))
    for rest in folder.parent.glob(".gone-*"):
        shutil.rmtree(rest)


class Bridge(Strict):
    """`bridge.toml`."""

    method: Literal["plus", "paper"]
    """Plus: what is heard becomes letters, and they the model's own words. Paper: it becomes embeddings at once."""
    encoder: str
    """The recogniser through whose ears it hears: a backend of `asr`, and its model."""
    encoder_sha256: str
    use: Literal["if good", "always", "never"] = "if good"
    made: datetime
    pairs: int
    """That it learnt from."""
    words: str = "cleaned"
    """What it learnt to understand: what was meant, or "verbatim", what came out."""
    recipe: str
    wrong: float
    """The share of words that it gets wrong of sentences it never learnt from."""
    usual: float
    """The share that the recogniser gets wrong of them through whose ears it hears."""
    kept: list[str]
    """Names of those sentences."""
    trust: float = 0.0
    """What the opinion of that recogniser is worth beside the bridge's own, where the bridge is not sure; inf: all."""


def bridge(folder: Path) -> Bridge:
    """What the bridge in `folder` says of itself. Raises `ConfigError` where there is none."""
    if not (folder / BRIDGE).is_file():
        raise ConfigError(f"there is no bridge in {folder}: make one with `digiclone align train`")
    return parse(Bridge, load_toml(folder / BRIDGE), str(folder / BRIDGE))


def keep_bridge(folder: Path, about: Bridge) -> None:
    """Write what a bridge says of itself; without it, it is none."""
    write_atomically(folder / BRIDGE, toml(about, _BRIDGE_SAYS))


_BRIDGE_SAYS = "A bridge, learnt by `digiclone align train`. `use` is one of: if good, always, never."


def usable_bridge(folder: Path) -> bool:
    """Whether the bridge in `folder` should be used: it is there, and better than what it was made of, or wanted all
    the same."""
    if not (folder / BRIDGE).is_file():
        return False
    about = bridge(folder)
    return about.use == "always" or (about.use == "if good" and about.wrong < about.usual)


def toml(values: Strict, comment: str) -> bytes:
    """A file for people: a comment, then every value that is set."""
    return f"# {comment}\n\n{tomli_w.dumps(_set(values.model_dump()))}".encode()


def _set(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is None or empty: TOML has no word for nothing."""
    plain = {key: _set(value) if isinstance(value, dict) else value for key, value in values.items()}
    return {key: value for key, value in plain.items() if value is not None and value != {}}
