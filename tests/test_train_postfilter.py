"""A postfilter gives smooth frames the detail of real ones, begins by changing nothing, and survives a kill."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")

from digiclone.config import ConfigError  # noqa: E402
from digiclone.nn.glow_tts import Dims as GlowDims  # noqa: E402
from digiclone.nn.glow_tts import GlowTTS  # noqa: E402
from digiclone.nn.postfilter import Critic, Dims, Postfilter  # noqa: E402
from digiclone.train import course, postfilter  # noqa: E402
from digiclone.train.postfilter import Pair  # noqa: E402
from digiclone.train.speech import Sentence  # noqa: E402

SMALL = Dims(mels=80, hidden=16, layers=1, kernel=3)
TINY = postfilter.Recipe(dims=SMALL, steps=12, crops=4, frames=32, every=4)


def silent(_what: str, _share: float) -> None:
    """Nobody listens to the progress."""


@pytest.fixture
def known() -> list[Pair]:
    """Frames that flicker, and the same made smooth over time."""
    chance = np.random.default_rng(0)
    found = list[Pair]()
    for number in range(6):
        real = chance.normal(-5, 2, (80, 90)).astype(np.float16)
        made = np.stack([np.convolve(band, np.ones(5) / 5, "same") for band in real.astype(np.float32)])
        found.append(Pair(str(number), made.astype(np.float16), real))
    return found


def test_it_begins_by_changing_nothing() -> None:
    mels = torch.randn(2, 80, 20)
    assert torch.equal(Postfilter(SMALL)(mels), mels)


def test_the_critic_looks_at_patches() -> None:
    seen = Critic((4, 8))(torch.randn(3, 80, 64))
    assert seen.scores.shape == (3, 20 * 16)
    assert len(seen.features) == 3


def test_smooth_frames_get_livelier_and_their_outline_stays(known: list[Pair], tmp_path: Path) -> None:
    recipe = replace(TINY, steps=150, every=50, rate=2e-3, critic_rate=2e-3, average=0.9)
    net = postfilter.fit(recipe, known, None, tmp_path, silent).postfilter
    made = torch.from_numpy(known[0].made.astype(np.float32))[None]
    with torch.no_grad():
        got = net(made)[0].numpy()
    before, after = (float(np.diff(frames, axis=1).std()) for frames in (known[0].made.astype(np.float32), got))
    assert after > 1.1 * before
    assert abs(float(got.mean() - known[0].made.astype(np.float32).mean())) < 0.5
    assert (tmp_path / "losses.jsonl").read_text().count("\n") == 3


def test_a_kill_changes_nothing(known: list[Pair], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "MINUTE", 0.0)
    whole = postfilter.fit(TINY, known, None, tmp_path / "whole", silent).postfilter

    class Killed(Exception):
        pass

    def kill(_what: str, share: float) -> None:
        if share >= 0.5:
            raise Killed

    with pytest.raises(Killed):
        postfilter.fit(TINY, known, None, tmp_path / "killed", kill)
    again = postfilter.fit(TINY, known, None, tmp_path / "killed", silent).postfilter
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name


def test_another_one_is_where_it_begins(known: list[Pair], tmp_path: Path) -> None:
    first = postfilter.fit(TINY, known, None, tmp_path / "first", silent)
    still = replace(TINY, rate=0.0, critic_rate=0.0)
    second = postfilter.fit(still, known, first.sides(), tmp_path / "second", silent)
    for side, weights in second.sides().items():
        for name, weight in weights.items():
            assert torch.allclose(weight, first.sides()[side][name]), name


def test_pairs_are_as_long_as_what_was_said() -> None:
    torch.manual_seed(0)
    net = GlowTTS(GlowDims(30, hidden=8, inner=16, layers=1, window=1, durations=8, blocks=2, wavenet=1))
    real = np.random.default_rng(0).normal(-5, 1, (80, 41)).astype(np.float16)
    (pair,) = postfilter.pairs(net, [Sentence("one", np.arange(1, 8), real)], 0.3)
    assert pair.made.shape == pair.real.shape == (80, 40)
    assert np.array_equal(pair.real, real[:, :40])
    assert np.isfinite(pair.made).all()


def test_sentences_that_are_too_short_are_refused(tmp_path: Path) -> None:
    short = Pair("x", np.zeros((80, 10), np.float16), np.zeros((80, 10), np.float16))
    with pytest.raises(ConfigError, match="record some of a few seconds"):
        postfilter.fit(TINY, [short], None, tmp_path, silent)
