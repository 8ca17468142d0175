"""Copies what the page needs out of node_modules into web/vendor: no bundler, no CDN, no import map.

Run after ``npm ci``: ``python src/digiclone/web/fill_vendor.py [NODE_MODULES]``. An import map would be an inline
script, which the page's content security policy forbids; so the specifiers of three's add-ons become relative paths.
"""

import re
import sys
from pathlib import Path

WEB = Path(__file__).resolve().parent
FILES = {
    "build/three.module.js": "three.module.js",
    "build/three.core.js": "three.core.js",
    "examples/jsm/loaders/GLTFLoader.js": "GLTFLoader.js",
    "examples/jsm/utils/BufferGeometryUtils.js": "BufferGeometryUtils.js",
    "examples/jsm/utils/SkeletonUtils.js": "SkeletonUtils.js",
    "examples/jsm/libs/meshopt_decoder.module.js": "meshopt_decoder.module.js",
    "LICENSE": "three.LICENSE",
}
SPECIFIER = re.compile(r"""^(\s*(?:import|export|\})[^'"\n]*?)(['"])([^'"\n]+)\2;$""", re.MULTILINE)


def relative(text: str) -> str:
    """`text`, a module of three, with every import pointing at its neighbour in one flat folder."""

    def beside(match: re.Match[str]) -> str:
        name = match[3].rsplit("/", 1)[-1]
        return f"{match[1]}{match[2]}./{'three.module.js' if match[3] == 'three' else name}{match[2]};"

    return SPECIFIER.sub(beside, text)


def fill(package: Path, vendor: Path) -> None:
    """Writes `FILES` from the unpacked npm `package` into `vendor`; a file that is already right is left alone."""
    vendor.mkdir(exist_ok=True)
    for source, name in FILES.items():
        text = (package / source).read_text(encoding="utf-8")
        if name.endswith(".js"):
            text = relative(text)
        target = vendor / name
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    modules = Path(sys.argv[1]) if len(sys.argv) > 1 else WEB.parents[2] / "node_modules"
    if not (modules / "three").is_dir():
        sys.exit(f"{modules / 'three'} is not there: run `npm ci` in the folder of package.json first")
    fill(modules / "three", WEB / "vendor")
