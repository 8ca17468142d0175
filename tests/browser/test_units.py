"""The parts of the page that need no page, in node."""

import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parent / "units"


@pytest.mark.parametrize("path", sorted(UNITS.glob("*.test.mjs")), ids=lambda path: path.name.split(".")[0])
def test_in_node(path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on the path")
    run = subprocess.run([node, "--test", str(path)], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
