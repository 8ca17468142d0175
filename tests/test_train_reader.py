"""A reader that learns: to write what it hears, exactly to resume, and when not to go on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from killing import killed_behind  # noqa: E402

from digiclone.nn.reader import Dims, Reader  # noqa: E402
from digiclone.text import letters  # noqa: E402
from digiclone.train import course, reader  # noqa: E402
from digiclone.train.reader import Heard  # noqa: E402

SMALL = Dims(audio=16, letters=len(letters.LETTERS), hidden=32, inner=64, blocks=2, kernel=5, dropout=0.0)
TINY = reader.Recipe(SMALL, steps=20, frames=200, rate=5e-3, warm=2, every=10, hidden=0.0)


def silent(_how: str, _share: float) -> None:
    pass


def made_up(count: int, seed: int = 0, alphabet: str = "abcde") -> list[Heard]:
    """Letters that each have a sound of their own, and last as long as they like."""
    draw, sounds = np.random.default_rng(seed), np.random.default_rng(7).normal(0, 1, (len(letters.LETTERS), 16))
    said = []
    for number in range(count):
        text = "".join(draw.choice(list(alphabet), draw.integers(3, 8)))
        path = [n for letter in letters.numbers(text) for n in [letter] * int(draw.integers(1, 4)) + [letters.BLANK]]
        heard = sounds[path] + draw.normal(0, 0.1, (len(path), 16))
        said.append(Heard(f"{seed}-{number}", heard.astype(np.float16), text))
    return said


def test_it_learns_letters_that_nobody_placed(tmp_path: Path) -> None:
    kept = made_up(10, 1)
    told: list[str] = []
    recipe = replace(TINY, steps=150, every=50)
    net = reader.fit(recipe, made_up(60), kept, tmp_path, None, lambda how, _: told.append(how))
    loss, wrong = reader.judge(net, kept)
    assert wrong == 0
    assert loss < 0.2
    assert "0.0% of letters wrong" in told[-1]
    assert [letters.text(letters.collapsed(reader.likely(net, one).argmax(1).tolist())) for one in kept] == [
        one.text for one in kept
    ]


def test_a_kill_changes_nothing(tmp_path: Path) -> None:
    recipe, said, kept = replace(TINY, hidden=0.2), made_up(20), made_up(3, 1)
    whole = reader.fit(recipe, said, kept, tmp_path / "whole", None, silent)
    again = killed_behind((3, 9), lambda: reader.fit(recipe, said, kept, tmp_path / "killed", None, silent))
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name


def test_it_begins_where_a_base_ended(tmp_path: Path) -> None:
    base = Reader(SMALL).state_dict()
    net = reader.fit(replace(TINY, rate=0.0, steps=1), made_up(5), [], tmp_path, base, silent)
    assert all(torch.equal(weight, base[name]) for name, weight in net.state_dict().items())


def test_a_loss_that_is_no_number_stops_it_and_keeps_what_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "MINUTE", 0.0)
    base = Reader(SMALL).state_dict()
    said = made_up(20)
    said[7] = replace(said[7], features=np.full_like(said[7].features, np.nan))
    with pytest.raises(ValueError, match="is no number; the checkpoint before it is kept"):
        reader.fit(replace(TINY, steps=40), said, [], tmp_path, base, silent)
    (place,) = tmp_path.glob("*/reader.pt")
    assert all(weight.isfinite().all() for weight in torch.load(place)["net"].values())


@pytest.mark.parametrize(
    ("text", "frames", "wanted"),
    [("abc", 3, True), ("abc", 2, False), ("aab", 3, False), ("aab", 4, True), ("", 9, False)],
)
def test_what_no_path_could_spell_is_left_out(text: str, frames: int, wanted: bool) -> None:
    assert reader.readable(Heard("", np.zeros((frames, 16), np.float16), text)) == wanted


@given(st.integers(0, 99), st.floats(0.05, 0.3))
def test_a_share_is_hidden_in_stretches(seed: int, share: float) -> None:
    torch.manual_seed(seed)
    some = reader.batch([Heard("", np.ones((2000, 16), np.float16), "a") for _ in range(4)])
    seen = reader.hidden(some, share)
    gone = float((seen.features[..., 0] == 0).float().mean())
    assert 0.5 * share < gone < 1.3 * share
    assert torch.equal(seen.features[..., 0], seen.features[..., 15]), "all of a frame or nothing"
    assert torch.equal(reader.hidden(some, 0.0).features, some.features)
