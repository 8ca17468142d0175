"""What the page adds to a closed mouth does not open it: moods and the idle smile, on the real head."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from test_avatar_head import Face, archives, base, face, head, head_file, lip_gap

__all__ = ["archives", "base", "face", "head", "head_file"]
pytestmark = pytest.mark.model

MOOD = Path(__file__).parent.parent / "src" / "digiclone" / "web" / "mood.js"
CLOSED = 0.9
"""Weight of PP at its middle, in the page."""
MOUTH = ("mouthSmile", "mouthFrown", "mouthPress", "cheekSquint")


@pytest.fixture(scope="module")
def moods() -> dict[str, dict[str, float]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on the path")
    program = f"import({json.dumps(MOOD.as_uri())}).then(({{ MOODS }}) => console.log(JSON.stringify(MOODS)))"
    run = subprocess.run([node, "-e", program], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(run.stdout)


def test_no_mood_parts_closed_lips(face: Face, moods: dict[str, dict[str, float]]) -> None:
    widest = lip_gap(face, viseme_aa=1.0)
    for name, shapes in [*moods.items(), ("the most that a smile may be", {"mouthSmile": 0.4})]:
        added = {part + side: shapes.get(part, 0.0) for part in MOUTH for side in ("Left", "Right")}
        assert lip_gap(face, viseme_PP=CLOSED, **added) <= 0.02 * widest, name
        assert lip_gap(face, viseme_FF=CLOSED, **added) <= 0.1 * widest, name
