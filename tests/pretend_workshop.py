"""The real workshop process with a stand-in for the builder: heads made of the look's JSON, in as many steps as wanted.

The colour of the clothes says how it goes: it fails, it dies, or it waits until nobody wants it any more.
"""

import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from digiclone.avatar import folder, workshop
from digiclone.avatar.look import Look
from digiclone.config import ConfigError

FAILS, DIES, WAITS = "#000001", "#000002", "#000003"


def act(clone: Path, look: Look, progress: Any) -> None:
    progress("shaping", 0.3)
    if look.clothes_colour == FAILS:
        raise ConfigError("no such clothes")
    if look.clothes_colour == DIES:
        os._exit(3)
    while look.clothes_colour == WAITS:
        (clone / "waiting").touch()
        time.sleep(0.01)
        progress("waiting", 0.4)
    progress("painting", 0.6)


def remake(clone: Path, look: Look, out: Path, progress: Any, *, draft: bool) -> None:
    assert draft
    act(clone, look, progress)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(look.model_dump_json())


def change(clone: Path, wishes: dict[str, Any], progress: Any) -> None:
    look = Look(**wishes)
    act(clone, look, progress)
    (clone / "avatar" / folder.HEAD).write_text(look.model_dump_json())
    folder.write(clone, folder.read(clone).model_copy(update={"look": look}))


if __name__ == "__main__":
    builder: Any = ModuleType("digiclone.avatar.make")
    builder.remake, builder.change = remake, change
    sys.modules[builder.__name__] = builder
    import digiclone.avatar

    digiclone.avatar.__dict__["make"] = builder
    workshop.main()
