"""`digiclone setup`: everything that a clone needs, once."""

from digiclone import weights
from digiclone.avatar.default import LOOKS, MESH, default_head, default_head_is_built
from digiclone.clone import Sections, choices, files, find
from digiclone.commands.models import progress
from digiclone.config import DEFAULTS, choose
from digiclone.weights import File


def setup(name: str = "", flags: Sections | None = None) -> None:
    """Fetch the weights of a clone (of a new one, without a name) and build the default head."""
    with progress() as report:
        weights.fetch_all(_files(name, flags), report)
    if not default_head_is_built():
        print("building the default head (about ten seconds)", flush=True)
        default_head()


def missing(name: str, flags: Sections | None = None) -> bool:
    """Is anything not here yet?"""
    return not (default_head_is_built() and all(map(weights.present, _files(name, flags))))


def _files(name: str, flags: Sections | None) -> list[File]:
    chosen = choices(find(name), flags) if name else {kind: choose(kind, {"flag": flags or {}}) for kind in DEFAULTS}
    return [*files(chosen), MESH, LOOKS]
