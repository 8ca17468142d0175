"""What a packed voice runs on the machine that it is brought to; `train.sh` in the archive calls it.

    python -m digiclone.train.elsewhere

In the folder of the archive: learns from `voice/dataset`, and leaves `trained.tar` to be brought home.
"""

from __future__ import annotations

import logging
import tarfile
from pathlib import Path

from digiclone.artifacts import VOICE, replacing
from digiclone.train import base, expect, vocoder
from digiclone.train import voice as recipes
from digiclone.train.journal import LOSSES, PAGE, logged
from digiclone.train.precision import DEVICE

log = logging.getLogger(__name__)
BASE, HIFIGAN, TRAINED = "base.pt", "hifigan.pt", "trained.tar"
"""The weights that the archive brings along, and what comes home."""
PARTS = ("encoder.onnx", "decoder.onnx", "vocoder.onnx", VOICE)
COMES_HOME = (*PARTS, f"training/{LOSSES}", f"training/{PAGE}")


def train(folder: Path) -> Path:
    """Learn the voice of a folder that was packed; where what comes home lies. Killed, it goes on where it was."""
    voice = folder / "voice"
    start = recipes.Start(base.load(folder / BASE), folder / HIFIGAN)
    said = recipes.dataset(voice)
    tuned = DEVICE.type == "cuda"
    recipe = recipes.Recipe(vocoder=vocoder.Recipe() if tuned else None)
    expect.room(voice, tuned)
    seconds = expect.seconds(recipe, said, start)
    log.info("%s: %s at most%s", expect.machine(), expect.spoken(seconds), ", then the vocoder" if tuned else "")
    recipes.train(recipe, said, start, voice, "", logged(log))
    with replacing(folder / TRAINED) as file, tarfile.open(fileobj=file, mode="w") as archive:
        for name in COMES_HOME:
            archive.add(voice / name, name)
    return folder / TRAINED


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    train(Path.cwd())
