"""What the person said: read once, and again when it has changed; what it means is kept from start to start."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from digiclone import examples
from digiclone.config import ConfigError
from digiclone.examples import Example, Examples


class Mind:
    """Points somewhere, the same for the same text, and remembers what it read."""

    def __init__(self) -> None:
        self.read = list[str]()

    def of(self, texts: Sequence[str]) -> np.ndarray:
        self.read += texts
        return np.array([[len(text), 1.0] for text in texts]).reshape(-1, 2)


@pytest.fixture
def mind(monkeypatch: pytest.MonkeyPatch) -> Mind:
    made = Mind()
    monkeypatch.setattr("digiclone.meaning.minilm", lambda: made)
    return made


def write(folder: Path, *answers: str) -> None:
    rows = "".join(f'{{"question": "Q", "answer": "{answer}"}}\n' for answer in answers)
    (folder / examples.FILE).write_text(rows, "utf-8")


def test_they_are_read_and_mistakes_named(tmp_path: Path) -> None:
    assert examples.of(tmp_path) == ()
    (tmp_path / examples.FILE).write_text('{"question": "Q", "answer": "A", "at": "2026"}\n\n', "utf-8")
    assert examples.of(tmp_path) == (Example("Q", "A", "", "2026"),)
    for wrong in ("[]", '{"question": "Q"}', "{"):
        (tmp_path / examples.FILE).write_text('{"question": "Q", "answer": "A"}\n' + wrong, "utf-8")
        with pytest.raises(ConfigError, match="line 2"):
            examples.of(tmp_path)


def test_they_are_read_once_and_again_when_somebody_wrote(tmp_path: Path) -> None:
    write(tmp_path, "one")
    first = examples.of(tmp_path)
    assert examples.of(tmp_path) is first
    write(tmp_path, "one", "two")
    assert [one.answer for one in examples.of(tmp_path)] == ["one", "two"]


def test_what_they_mean_is_kept(tmp_path: Path, mind: Mind) -> None:
    kept = tmp_path / examples.DIRECTIONS
    some = [Example("Q", "one"), Example("Q", "three"), Example("Q", "one")]
    first = Examples(some, kept)
    assert first.meant("Q")[0].answer == "three", "it points furthest"
    assert sorted(mind.read) == ["Q", "Q one", "Q three"]
    mind.read.clear()
    again = Examples([*some[::-1], Example("Q", "other")], kept)
    assert again.directions[:3].tolist() == first.directions[::-1].tolist()
    assert mind.read == ["Q other"], "only what is new"
    with np.load(kept) as file:
        assert len(file["keys"]) == 4
    _ = Examples(some[:1], kept).directions
    with np.load(kept) as file:
        assert len(file["keys"]) == 1, "what was taken out is taken out of it"
    kept.write_bytes(kept.read_bytes()[:40])
    assert Examples(some, kept).directions.tolist() == first.directions.tolist(), "half a file is none"


def test_those_that_answer_a_question_are_left_out_and_nothing_is_read_again(mind: Mind) -> None:
    some = Examples([Example("Why?", "no reason"), Example("When?", "a long time ago"), Example("why? ", "because")])
    rest = some.without("WHY?")
    assert [one.answer for one in rest] == ["a long time ago"] == [one.answer for one in rest.nearest("why no reason")]
    assert some.without("Who?") is some
    _ = some.directions
    mind.read.clear()
    assert rest.directions.tolist() == some.directions[1:2].tolist()
    assert mind.read == []


def test_several_threads_may_ask_at_once() -> None:
    some, found = Examples(Example("Q", f"word{number}") for number in range(300)), set[str]()
    asking = [threading.Thread(target=lambda n=n: found.add(some.nearest(f"word{n}")[0].answer)) for n in range(20)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert found == {f"word{number}" for number in range(20)}
