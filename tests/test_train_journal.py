"""What a training writes down of itself: whole whenever it is read, and true after a kill."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")
pytest.importorskip("tensorboardX", reason="training needs the extra: pip install 'digiclone[train]'")

from digiclone.train.journal import LOSSES, PAGE, Journal

PLOTS = {"loss": {"learnt": "loss", "kept": "kept_loss"}}


def steps(folder: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (folder / LOSSES).read_text().splitlines()]


def test_what_is_written_can_be_looked_at(tmp_path: Path) -> None:
    journal = Journal(tmp_path, PLOTS, 0)
    for step in (10, 20, 30):
        journal.add(step, {"loss": 1 / step, "kept_loss": 2 / step})
    journal.close()
    assert steps(tmp_path) == [10, 20, 30]
    assert (tmp_path / PAGE).read_text().count("<polyline") == 2
    (events,) = (tmp_path / "tensorboard").iterdir()
    assert events.read_bytes().count(b"kept_loss") == 3


def test_after_a_kill_nothing_is_there_twice(tmp_path: Path) -> None:
    journal = Journal(tmp_path, PLOTS, 0)
    for step in (10, 20, 30):
        journal.add(step, {"loss": 1.0})
    journal.close()
    again = Journal(tmp_path, PLOTS, 25)
    again.add(30, {"loss": 3.0})
    again.close()
    assert steps(tmp_path) == [10, 20, 30]
    assert json.loads((tmp_path / LOSSES).read_text().splitlines()[-1])["loss"] == 3.0


@pytest.mark.parametrize("torn", ['{"step": 3', "", "null", "[]", '{"loss": 1}', "\x00"])
def test_what_is_torn_does_not_stop_a_training(tmp_path: Path, torn: str) -> None:
    (tmp_path / LOSSES).write_text('{"step": 10, "loss": 1}\n' + torn)
    journal = Journal(tmp_path, PLOTS, 10)
    journal.add(20, {"loss": 2.0})
    journal.close()
    assert steps(tmp_path) == [10, 20]
