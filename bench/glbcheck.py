"""The avatar's file, as other programs see it: Khronos' validator, and the size as it is and after meshopt.

    python bench/glbcheck.py [AVATAR.glb] [--quick] [--json]

Without a file the default head is checked. Meshopt needs the network, through npm; `--quick` leaves it out.
"""

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from digiclone.avatar.default import default_head

HERE = Path(__file__).resolve().parents[1]
MEGABYTE = 1e6
VALIDATE = """
import { readFileSync } from "node:fs";
import validator from "gltf-validator";
const { issues } = await validator.validateBytes(new Uint8Array(readFileSync(process.argv[1])));
const { numErrors, numWarnings, numInfos, numHints } = issues;
console.log(JSON.stringify({ errors: numErrors, warnings: numWarnings, infos: numInfos, hints: numHints }));
"""
# Names stay, as the page and TalkingHead need them.
GLTFPACK = ("gltfpack@1.3.0", "-c", "-kn", "-km", "-ke")


def gltf_issues(path: Path) -> dict[str, int]:
    """How many errors, warnings, infos and hints Khronos' glTF validator has about a file.

    Raises `FileNotFoundError` where Node.js or the validator is not installed.
    """
    if shutil.which("node") is None or not (HERE / "node_modules" / "gltf-validator").is_dir():
        raise FileNotFoundError("the glTF validator is not installed; run `npm ci` where package.json is")
    command = ["node", "--input-type=module", "--eval", VALIDATE, str(path.resolve())]
    return json.loads(subprocess.run(command, cwd=HERE, check=True, capture_output=True, text=True).stdout)


def gltf_errors(path: Path) -> int:
    """Errors that Khronos' glTF validator finds in a file."""
    return gltf_issues(path)["errors"]


def glb_mb(path: Path) -> float:
    """Size in megabytes of 1e6 bytes."""
    return path.stat().st_size / MEGABYTE


def meshopt_mb(path: Path) -> float:
    """Size after gltfpack's meshopt compression. Raises `CalledProcessError` where npm cannot fetch gltfpack."""
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "packed.glb"
        command = ["npm", "exec", "--yes", "--", *GLTFPACK, "-i", str(path.resolve()), "-o", str(packed)]
        subprocess.run(command, check=True, capture_output=True)
        return glb_mb(packed)


def figures(quick: bool = False, path: Path | None = None) -> dict[str, float]:
    """Of the default head, or of another file."""
    file = path or default_head()
    found = {f"gltf_{severity}": count for severity, count in gltf_issues(file).items()} | {"glb_mb": glb_mb(file)}
    return found if quick else found | {"meshopt_mb": meshopt_mb(file)}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = figures(options.quick, options.file)
    print(json.dumps(found) if options.json else "\n".join(f"{name:14} {value:g}" for name, value in found.items()))


if __name__ == "__main__":
    main()
