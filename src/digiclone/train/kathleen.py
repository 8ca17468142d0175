"""The recipe of the voice that comes with the package: Kathleen, who read 25 minutes of sentences and gave them away
(CC0, rhasspy/dataset-voice-kathleen).

    python -m digiclone.train.kathleen RECORDINGS [--folder FOLDER] [--output FOLDER]

RECORDINGS is a folder with `metadata.csv` (id|split|seconds|text) and `clips/`. Of its `train` split one long recording
is made, as a person would bring it, with her text beside it; from there on it is what `digiclone voice build` and
`digiclone voice train` do. Started again, it goes on where it was stopped.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Annotated

import numpy as np
import soundfile
import typer

from digiclone.artifacts import replacing
from digiclone.measure.recordings import listed
from digiclone.train import base
from digiclone.train import voice as recipes
from digiclone.train.elsewhere import PARTS
from digiclone.train.journal import logged
from digiclone.voice import dataset
from digiclone.voice.models import HIFIGAN
from digiclone.weights import fetch, home

log = logging.getLogger(__name__)
SHIPPED = Path(__file__).parents[1] / "tts" / "voices" / "kathleen"
RIGHT = "CC0-1.0: the speaker gave her recordings away (rhasspy/dataset-voice-kathleen)"
MINUTES = 23.5
"""Of her sentences that are used: with their pauses a voice learns from 25 at most."""
PAUSES = 0.4, 1.0
"""Seconds between two sentences, at least and at most."""
RECIPE = recipes.Recipe()


def recording(data: Path, folder: Path) -> Path:
    """Sentences of the `train` split in one file, and their text beside it."""
    rows = listed(data / "metadata.csv", "train")
    ends = np.cumsum([row.seconds for row in rows])
    rows = rows[: int(np.searchsorted(ends, 60 * MINUTES))]
    whole, chance = folder / "kathleen.flac", np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(whole) as out:
        sound: soundfile.SoundFile | None = None
        for row in rows:
            samples, rate = soundfile.read(row.file, dtype="int16")
            sound = sound or soundfile.SoundFile(out, "w", rate, 1, "PCM_16", format="FLAC")
            sound.write(np.append(samples, np.zeros(int(chance.uniform(*PAUSES) * rate), np.int16)))
        if sound:
            sound.close()
    whole.with_suffix(".txt").write_text("\n".join(row.text for row in rows) + "\n", "utf-8")
    return whole


def train(data: Path, folder: Path, output: Path) -> None:
    """Everything, from the sentences to the voice in `output`."""
    whole = folder / "kathleen.flac"
    made = dataset.build(folder, [whole if whole.exists() else recording(data, folder)], logged(log))
    log.info("%d clips, %.1f minutes", len(made.used), made.used_seconds / 60)
    start = recipes.Start(base.load(base.SHIPPED), fetch(HIFIGAN))
    recipes.train(RECIPE, recipes.dataset(folder), start, folder, RIGHT, logged(log))
    output.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        shutil.copyfile(folder / part, output / part)


def main(
    data: Annotated[Path, typer.Argument(metavar="RECORDINGS")],
    folder: Annotated[Path | None, typer.Option(help="Where clips and checkpoints are kept.")] = None,
    output: Annotated[Path, typer.Option(help="The folder of the voice.")] = SHIPPED,
) -> None:
    """Train the voice that comes with the package, or go on with it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    train(data, folder or home() / "training" / "kathleen", output)


if __name__ == "__main__":
    typer.run(main)
