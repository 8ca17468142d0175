"""Which node is the head, the neck, an eye, an arm: VRM says so, others by custom."""

from collections.abc import Sequence

from digiclone.avatar.foreign.document import Bone, Document, parse
from digiclone.avatar.foreign.names import Words, words

BONES = (
    "hips", "neck", "head", "leftEye", "rightEye", "leftUpperArm", "rightUpperArm", "leftLowerArm", "rightLowerArm",
)  # fmt: skip
"""What the page can use, as VRM calls it."""

_CUSTOM = {
    # words after the side and what is common to a whole skeleton have been taken off, best first
    "hips": ("hips", "hip", "pelvis"),
    "neck": ("neck", "neck lower", "neck twist"),
    "head": ("head", "skull"),
    "Eye": ("eye", "eye ball", "eyeball"),
    "UpperArm": ("upper arm", "upperarm", "arm", "shldr bend", "shldr"),
    "LowerArm": ("fore arm", "forearm", "lower arm", "lowerarm", "forearm bend", "elbow"),
}
_JAPANESE = {
    "下半身": "hips", "首": "neck", "頭": "head", "左目": "leftEye", "右目": "rightEye", "左腕": "leftUpperArm",
    "右腕": "rightUpperArm", "左ひじ": "leftLowerArm", "右ひじ": "rightLowerArm",
}  # fmt: skip
_COMMON = frozenset(
    [
        "mixamorig",
        "mixamo",
        "bip",
        "biped",
        "j",
        "c",
        "def",
        "cc",
        "base",
        "org",
        "rig",
        "bone",
        "joint",
        "jnt",
        "valve",
        "root",
        "skel",
    ]
)


def bones(document: Document) -> dict[str, int]:
    """Names of `BONES` -> node. Those that cannot be told are left out."""
    given = _declared(document)
    known = {name: node for name, node in given if name in BONES and 0 <= node < len(document.nodes)}
    return known or _by_custom(document)


def _declared(document: Document) -> list[tuple[str, int]]:
    old, new = (document.extensions.get(name) for name in ("VRM", "VRMC_vrm"))
    if isinstance(new, dict) and isinstance(human := new.get("humanoid"), dict):
        rows = human.get("humanBones")
        pairs = rows.items() if isinstance(rows, dict) else ()
        return [(str(k), v["node"]) for k, v in pairs if isinstance(v, dict) and isinstance(v.get("node"), int)]
    if isinstance(old, dict) and isinstance(human := old.get("humanoid"), dict):
        rows = human.get("humanBones")
        found = [parse(Bone, row, "a bone") for row in rows] if isinstance(rows, list) else []
        return [(row.bone, row.node) for row in found]
    return []


def _by_custom(document: Document) -> dict[str, int]:
    joints = {joint for skin in document.skins for joint in skin.joints}
    # a part of a mesh may be called Head too
    nodes = joints or {i for i, node in enumerate(document.nodes) if node.mesh is None}
    read = {i: words(document.nodes[i].name) for i in sorted(nodes)}
    found = {_JAPANESE[document.nodes[i].name]: i for i in read if document.nodes[i].name in _JAPANESE}
    for part, phrases in _CUSTOM.items():
        sided = part[0].isupper()
        for side in ("Left", "Right") if sided else ("",):
            name = side.lower() + part
            if name not in found and (node := _first(read, phrases, side)) is not None:
                found[name] = node
    return found


def _first(read: dict[int, Words], phrases: Sequence[str], side: str) -> int | None:
    for phrase in phrases:
        for node, name in read.items():
            rest = [word for word in name.words if word not in _COMMON and not word.isdigit()]
            if name.side == side and " ".join(rest) == phrase:
                return node
    return None
