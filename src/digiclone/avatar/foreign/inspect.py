"""What is in an avatar file, and whether it can be used: read without trusting it, fetching nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digiclone.avatar.foreign.check import check
from digiclone.avatar.foreign.container import Unfit, load, split
from digiclone.avatar.foreign.document import Bind, Document, Expression, Group, Mesh, parse
from digiclone.avatar.foreign.humanoid import bones
from digiclone.avatar.foreign.licence import Licence, licence

MOST_TARGETS = 2000
LONGEST_NAME = 200
GENERATOR = "digiclone"
"""As `avatar/glb.py` signs its files."""
_PRESETS = {
    "lookup": "lookUp", "lookdown": "lookDown", "lookleft": "lookLeft", "lookright": "lookRight",
    "blink_l": "blinkLeft", "blink_r": "blinkRight",
}  # fmt: skip
"""Presets of VRM 0 whose names run together, as VRM 1 writes them."""
MUTE = (
    "the avatar has no morph targets (shape keys, blendshapes), so it cannot talk: export it with them. In Blender: "
    "File, Export, glTF 2.0, Data, Shape Keys; in VRoid Studio: export as VRM"
)

Binding = tuple[int, int, float]
"""A mesh, a morph target of it, and how far it goes when what it is bound to is at 1."""


@dataclass(frozen=True, slots=True)
class Avatar:
    """An avatar as its file describes it.

    `targets`: what can be moved, by name: morph targets (those of one name on several meshes together) and a VRM's
    expressions. `bones`: names of `humanoid.BONES` -> node. `backward`: VRM 0 looks toward -Z. `plain`: its materials
    are drawn without light. `own`: digiclone wrote it, and nobody has changed it since.
    """

    kind: str
    own: bool
    targets: dict[str, tuple[Binding, ...]]
    bones: dict[str, int]
    backward: bool
    plain: bool
    meshes: int
    vertices: int
    licence: Licence


def inspect(path: Path) -> Avatar:
    """Reads a GLB or VRM file. Raises `Unfit` if it cannot be used, in words that say what to do; or `OSError`."""
    return inspect_bytes(load(path))


def inspect_bytes(data: bytes) -> Avatar:
    """As `inspect`, for a file in memory."""
    container = split(memoryview(data))
    document = parse(Document, container.json, "its document")
    check(document, container)
    targets = _targets(document)
    if not targets:
        raise Unfit(MUTE)
    backward = "VRM" in document.extensions and "VRMC_vrm" not in document.extensions
    return Avatar(
        own=document.asset.generator == GENERATOR,
        kind="VRM 1" if "VRMC_vrm" in document.extensions else "VRM 0" if backward else "GLB",
        targets=targets,
        bones=bones(document),
        backward=backward,
        plain=_is_plain(document),
        meshes=len(document.meshes),
        vertices=sum(
            document.accessors[part.attributes["POSITION"]].count
            for mesh in document.meshes
            for part in mesh.primitives
        ),
        licence=licence(document),
    )


def _targets(document: Document) -> dict[str, tuple[Binding, ...]]:
    found: dict[str, list[Binding]] = {}
    for i, mesh in enumerate(document.meshes):
        for k, name in enumerate(_names(mesh)):
            found.setdefault(name, []).append((i, k, 1.0))
        if len(found) > MOST_TARGETS:
            raise Unfit(f"the avatar has more than {MOST_TARGETS} morph targets: export only those of the face")
    # an expression is what its author wants moved by that name
    for name, binds in _expressions(document):
        if kept := [bind for bind in binds if _is_bound(document, bind)]:
            found[name] = kept
    return {name: tuple(binds) for name, binds in found.items()}


def _is_bound(document: Document, bind: Binding) -> bool:
    mesh, target, weight = bind
    return mesh < len(document.meshes) and target < _count(document.meshes[mesh]) and bool(weight)


def _count(mesh: Mesh) -> int:
    return max(len(part.targets) for part in mesh.primitives)


def _names(mesh: Mesh) -> list[str]:
    """Morph target names, in the order of the targets; made up where the file has none."""
    count = _count(mesh)
    for extras in (mesh.extras, *(part.extras for part in mesh.primitives)):
        given = extras.get("targetNames") if isinstance(extras, dict) else None
        if isinstance(given, list) and len(given) == count:
            return [_name(name, k) for k, name in enumerate(given)]
    first = max(mesh.primitives, key=lambda part: len(part.targets))
    # as the first versions of UniVRM wrote them
    rows = [target.get("extras") for target in first.targets]
    return [_name(row.get("name") if isinstance(row, dict) else None, k) for k, row in enumerate(rows)]


def _name(name: Any, k: int) -> str:
    """A name that a table can show and a TOML file can keep."""
    plain = "".join(c for c in name if c.isprintable()).strip()[:LONGEST_NAME] if isinstance(name, str) else ""
    return plain or f"target {k}"


def _expressions(document: Document) -> Iterator[tuple[str, list[Binding]]]:
    new = document.extensions.get("VRMC_vrm")
    if isinstance(new, dict) and isinstance(sets := new.get("expressions"), dict):
        for rows in (sets.get("preset"), sets.get("custom")):
            for name, row in rows.items() if isinstance(rows, dict) else ():
                expression = parse(Expression, row, "an expression")
                yield _name(name, 0), [b for bind in expression.morph_target_binds for b in _of_node(document, bind)]
        return
    old = document.extensions.get("VRM")
    master = old.get("blendShapeMaster") if isinstance(old, dict) else None
    rows = master.get("blendShapeGroups") if isinstance(master, dict) else None
    for k, row in enumerate(rows if isinstance(rows, list) else ()):
        group = parse(Group, row, "an expression")
        preset = group.preset_name.lower()
        name = _PRESETS.get(preset, preset) if preset not in ("", "unknown") else group.name
        yield _name(name, k), [(b.mesh, b.index, b.weight / 100) for b in group.binds if b.mesh is not None]


def _of_node(document: Document, bind: Bind) -> Iterator[Binding]:
    if bind.node is not None and bind.node < len(document.nodes):
        mesh = document.nodes[bind.node].mesh
        if mesh is not None:
            yield mesh, bind.index, bind.weight


def _is_plain(document: Document) -> bool:
    """Are most materials drawn without light, or as cartoons?"""
    old = document.extensions.get("VRM")
    shaders = old.get("materialProperties") if isinstance(old, dict) else None
    toon = sum("mtoon" in str(row.get("shader")).lower() for row in shaders or () if isinstance(row, dict))
    for material in document.materials:
        extensions = material.get("extensions")
        named = extensions if isinstance(extensions, dict) else {}
        toon += "KHR_materials_unlit" in named or "VRMC_materials_mtoon" in named
    return 2 * toon > len(document.materials)
