"""`avatar/mapping.toml`: which of a foreign avatar's shapes make which of ours. For people to read and edit."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomli_w

from digiclone.artifacts import write_atomically
from digiclone.avatar.foreign.inspect import Avatar
from digiclone.avatar.foreign.mapping import MOST_GAIN, OURS, How, Table, Talk, detect, identity
from digiclone.config import ConfigError, load_toml, nearest

_COMMENT = """\
# Which shapes of this avatar make which of ours: ours = { theirs = gain, … }. Gains from -2 to 2; {} moves nothing.
# What is not here is as it was detected. To go back: digiclone avatar map CLONE --reset

"""


def talk(avatar: Avatar, file: Path) -> Talk:
    """The mapping of an avatar: as detected, and over it what the file says. Raises `ConfigError` for a bad file."""
    detected = _detected(avatar)
    if not file.is_file():
        return detected
    values = load_toml(file)
    for section in values:
        if section != "mapping":
            raise ConfigError(f"{file.name}: no section {section!r}; there is [mapping]")
    return amend(detected, parse(values.get("mapping"), avatar.targets, file.name))


def described(avatar: Avatar, mapped: Talk) -> dict[str, Any]:
    """An avatar and how it talks, as the page and other programs get it."""
    return {
        "kind": avatar.kind,
        "own": avatar.own,
        "vertices": avatar.vertices,
        "talks": mapped.talks,
        "mapping": mapped.table,
        "how": mapped.how,
        "counts": mapped.counts(),
        "targets": avatar.targets,
        "bones": avatar.bones,
        "backward": avatar.backward,
        "plain": avatar.plain,
        "licence": {"line": avatar.licence.line, "warning": avatar.licence.warning},
    }


def _detected(avatar: Avatar) -> Talk:
    return identity(avatar.targets) or detect(avatar.targets, avatar.bones)


def amend(detected: Talk, chosen: Table) -> Talk:
    """`detected`, with what a person chose in its place."""
    how: dict[str, How] = {ours: "yours" for ours, sources in chosen.items() if sources != detected.table[ours]}
    return replace(detected, table=detected.table | chosen, how=detected.how | how)


def parse(values: Any, targets: Iterable[str], where: str) -> Table:
    """`values` as a table of gains. Raises `ConfigError` naming `where`, the key, and the nearest key there is."""
    known = list(targets)
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where}: [mapping] must be a table such as viseme_aa = {{ jawOpen = 0.6 }}")
    table: Table = {}
    for ours, sources in values.items():
        if ours not in OURS:
            raise ConfigError(f"{where}: we have no shape {ours!r}; {_near(str(ours), OURS)}")
        if not isinstance(sources, Mapping):
            raise ConfigError(f"{where}: {ours} must be a table such as {{ jawOpen = 0.6 }}")
        table[ours] = {str(theirs): _gain(theirs, gain, known, f"{where}: {ours}") for theirs, gain in sources.items()}
    return table


def parse_setting(setting: str, targets: Iterable[str]) -> Table:
    """`viseme_PP=mouthClose:1.0,jawOpen:-0.2` as a row of a table; nothing after = drives nothing."""
    ours, equals, rest = setting.partition("=")
    if not equals:
        raise ConfigError(f"--set {setting}: write OURS=THEIRS:GAIN, such as viseme_PP=mouthClose:1.0")
    sources: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in rest.split(","))):
        theirs, colon, gain = part.rpartition(":")
        try:
            sources[theirs if colon else part] = float(gain) if colon else 1.0
        except ValueError:
            raise ConfigError(f"--set {setting}: {gain!r} is not a number") from None
    return parse({ours.strip(): sources}, targets, f"--set {setting}")


def store(file: Path, avatar: Avatar, chosen: Table, *, afresh: bool = False) -> Talk:
    """Change rows of the mapping in `file`, or of what was detected if `afresh`, and return all of it.

    An avatar of digiclone's own needs no file.
    """
    changed = amend(_detected(avatar) if afresh else talk(avatar, file), chosen)
    # a row of nothing is kept where something was detected
    detected = _detected(avatar).table
    if changed.table == detected and identity(avatar.targets):
        file.unlink(missing_ok=True)
    else:
        write(file, {ours: row for ours, row in changed.table.items() if row or detected[ours]})
    return changed


def write(file: Path, table: Table) -> None:
    """Store a mapping."""
    # one line for each of ours: tomli_w would make a section of each
    lines = [f"{ours} = {_inline(sources)}" for ours, sources in table.items()]
    write_atomically(file, (_COMMENT + "[mapping]\n" + "\n".join(lines) + "\n").encode())


def _inline(sources: Mapping[str, float]) -> str:
    if not sources:
        return "{}"
    pairs = [f"{tomli_w.dumps({theirs: float(gain)}).strip()}" for theirs, gain in sources.items()]
    return "{ " + ", ".join(pairs) + " }"


def _gain(theirs: object, gain: object, known: list[str], where: str) -> float:
    if theirs not in known:
        raise ConfigError(f"{where}: the avatar has no shape {theirs!r}; {_near(str(theirs), known)}")
    if isinstance(gain, bool) or not isinstance(gain, int | float) or not math.isfinite(gain):
        raise ConfigError(f"{where}: the gain of {theirs!r} must be a number (it is {gain!r})")
    if abs(gain) > MOST_GAIN:
        raise ConfigError(
            f"{where}: the gain of {theirs!r} must be from -{MOST_GAIN:g} to {MOST_GAIN:g} (it is {gain})"
        )
    return float(gain)


def _near(word: str, known: Iterable[str]) -> str:
    """As `nearest`, without the whole list when nothing is near."""
    return near if (near := nearest(word, list(known))).startswith("did") else "see digiclone avatar map CLONE --show"
