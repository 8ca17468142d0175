"""From a dataset to the files of a voice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import clips

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")
pytest.importorskip("onnx", reason="training needs the extra: pip install 'digiclone[train]'")

from digiclone import artifacts  # noqa: E402
from digiclone.config import ConfigError  # noqa: E402
from digiclone.nn import glow_tts, hifigan  # noqa: E402
from digiclone.nn.glow_tts import GlowTTS  # noqa: E402
from digiclone.nn.postfilter import Critic, Dims, Postfilter  # noqa: E402
from digiclone.onnx import session  # noqa: E402
from digiclone.text.symbols import SYMBOLS, ids  # noqa: E402
from digiclone.train import expect, glow, postfilter, voice  # noqa: E402
from digiclone.train.base import Base  # noqa: E402
from digiclone.train.speech import Sentence  # noqa: E402

SMALL = glow_tts.Dims(len(SYMBOLS), hidden=8, inner=16, layers=1, window=1, durations=8, blocks=2, wavenet=1)


def silent(_how: str, _share: float) -> None:
    """Nobody listens to the progress."""


REFINED = postfilter.Recipe(dims=Dims(hidden=8, layers=1), steps=2, crops=2, frames=16)
TINY = voice.Recipe(training=glow.Recipe(dims=SMALL, steps=4, frames=4000, every=2), postfilter=REFINED)
VOCODER = hifigan.Dims(channels=16, kernels=(3,), dilations=(1,))


@pytest.fixture
def start(tmp_path: Path) -> voice.Start:
    torch.manual_seed(0)
    sides = {"postfilter": Postfilter(REFINED.dims).state_dict(), "critic": Critic().state_dict()}
    return voice.Start(Base(SMALL, GlowTTS(SMALL).state_dict(), sides), tmp_path)


@pytest.fixture(autouse=True)
def _small_vocoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hifigan, "load", lambda _: hifigan.Generator(VOCODER).eval())


def test_a_dataset_becomes_a_voice(start: voice.Start, tmp_path: Path) -> None:
    clips(tmp_path, 24)
    about = voice.train(TINY, voice.dataset(tmp_path), start, tmp_path, "consent", silent)
    assert artifacts.voice(tmp_path) == about
    assert len(about.kept) == voice.LEAST_KEPT
    encoder, decoder, vocoder = (session(tmp_path / f"{n}.onnx", threads=1) for n in ("encoder", "decoder", "vocoder"))
    mean, logs = encoder.run(None, {"ids": np.array([ids("hˈAjO")])})
    (mels,) = decoder.run(None, {"latent": np.repeat(mean, 4, axis=2)})
    none = np.array([0])
    (samples,) = vocoder.run(None, {"mels": mels, "before": none, "after": none})
    assert logs.shape == (1, 11)
    assert samples.shape == (1, 44 * 256)


def test_how_long_it_takes_counts_both(start: voice.Start, tmp_path: Path) -> None:
    clips(tmp_path, 24)
    said = voice.dataset(tmp_path)
    alone = replace(TINY, postfilter=None)
    both = replace(TINY, postfilter=replace(REFINED, steps=10_000_000))
    assert 0 < expect.seconds(alone, said, start) < expect.seconds(both, said, start)


def test_too_few_clips_are_refused(start: voice.Start, tmp_path: Path) -> None:
    clips(tmp_path, 10)
    with pytest.raises(ConfigError, match="10 clips are too few"):
        voice.train(TINY, voice.dataset(tmp_path), start, tmp_path, "consent", silent)
    assert not (tmp_path / artifacts.VOICE).exists()


def test_some_clips_are_kept_in_any_order_the_same() -> None:
    empty = np.zeros(1, np.int64)
    said = [Sentence(f"s{n}", empty, np.zeros((80, 4), np.float16)) for n in range(100)]
    learnt, kept = voice.split(said)
    assert (len(learnt), len(kept)) == (94, 6)
    assert not {one.name for one in learnt} & {one.name for one in kept}
    assert {one.name for one in voice.split(said[::-1])[1]} == {one.name for one in kept}


def test_a_recipe_takes_the_sizes_of_its_base_and_drops_more() -> None:
    recipe = voice.Recipe(dropout=0.4)
    fitted = recipe.fitted(SMALL)
    assert fitted.dims == replace(SMALL, dropout=0.4)
    assert replace(fitted, dims=recipe.training.dims) == recipe.training
