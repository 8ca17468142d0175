"""Everything measured about the avatar, as one JSON object; a line a run goes to bench/results/avatar-<device>.jsonl.

    python bench/avatar.py [--quick] [--json]

Each part is a script of its own: `faces.py` (the fit against held-out landmarks and against known heads), `mouth.py`
(which mouths close and differ), `visemes.py` (mouths from sound, beside headaudio), `page.py` (frames in a browser),
`glbcheck.py` (the validator and the size). Here is what only the whole can tell: how long a photo takes to become a
file, by the clock, in a process that begins with nothing in memory. `--quick` measures fewer heads and shorter films.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import glbcheck
from keep import keep
from portraits import portraits

from digiclone.weights import home

PARTS = {"photo": "", "faces": "", "mouth": "mouth", "visemes": "viseme_net", "page": "page"}
"""What is measured, and under which name it is told; without one, at the top."""


def figures(quick: bool) -> dict[str, Any]:
    """All of it. What cannot be measured on this machine is missing, and `unmeasured` says why."""
    found: dict[str, Any] = {}
    unmeasured: dict[str, str] = {}
    for name, told in PARTS.items():
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        try:
            part = photo_to_glb() if name == "photo" else importlib.import_module(name).figures(quick)
        except Exception as error:  # noqa: BLE001  flite, chromium, node or weights may lack: the other figures stand
            unmeasured[name] = f"{type(error).__name__}: {error}"
            print(f"not measured: {name}: {unmeasured[name]}", file=sys.stderr, flush=True)
            continue
        found |= {told: part} if told else part
    return {**found, "unmeasured": unmeasured, "load": os.getloadavg()[0]}


def photo_to_glb() -> dict[str, Any]:
    """Make an avatar of each portrait with the command that people use; seconds, megabytes and validator errors."""
    with tempfile.TemporaryDirectory() as folder:
        return _each_portrait(Path(folder))


def _each_portrait(folder: Path) -> dict[str, Any]:
    seconds: dict[str, float] = {}
    sizes: dict[str, float] = {}
    errors = 0
    for name, photo in portraits().items():
        print(f"measuring: photo to GLB, {name}", file=sys.stderr, flush=True)
        clone = name.replace("_", "-")
        environment = os.environ | {"DIGICLONE_HOME": str(_borrowed(folder))}
        command = [sys.executable, "-m", "digiclone"]
        subprocess.run([*command, "new", clone], env=environment, check=True, capture_output=True)
        begun = time.perf_counter()
        make = [*command, "avatar", "make", clone, "--photo", str(photo), "--consent", "--json"]
        subprocess.run(make, env=environment, check=True, capture_output=True)
        seconds[name] = time.perf_counter() - begun
        head = folder / "clones" / clone / "avatar" / "avatar.glb"
        sizes[name] = glbcheck.glb_mb(head)
        errors += glbcheck.gltf_errors(head)
    return {
        "photo_to_glb_s": max(seconds.values()),
        "photo_to_glb_each_s": seconds,
        "glb_mb": max(sizes.values()),
        "gltf_errors": errors,
    }


def _borrowed(folder: Path) -> Path:
    """A home of its own that shares the weights: what is measured leaves nothing among the person's clones."""
    for name in ("weights", "derived"):
        link = folder / name
        if not link.exists():
            link.symlink_to(home() / name)
    return folder


def main() -> None:
    """Measure, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer heads, shorter films")
    parser.add_argument("--json", action="store_true", help="one line, for machines")
    options = parser.parse_args()
    found = figures(options.quick)
    keep("avatar", options.quick, found)
    print(json.dumps(found, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
