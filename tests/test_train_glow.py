"""The recipe of a voice: it learns, it stops when it learns no more, and a kill changes nothing."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")

from killing import killed_behind  # noqa: E402

from digiclone.nn.glow_tts import Dims, GlowTTS  # noqa: E402
from digiclone.text.symbols import SYMBOLS  # noqa: E402
from digiclone.train import glow, journal, speech  # noqa: E402
from digiclone.train.speech import Sentence, batch  # noqa: E402
from digiclone.types import Audio  # noqa: E402

SMALL = Dims(len(SYMBOLS), mels=80, hidden=8, inner=16, layers=1, window=1, durations=8, blocks=2, wavenet=1)


def silent(_how: str, _share: float) -> None:
    """Nobody listens to the progress."""


TINY = glow.Recipe(dims=SMALL, steps=24, frames=400, warm=4, every=6, rate=2e-3)


def made_up(count: int, seed: int = 0) -> list[Sentence]:
    """Sentences whose symbols each have a sound of their own."""
    draw = np.random.default_rng(seed)
    sounds = np.random.default_rng(7).normal(-5, 2, (len(SYMBOLS), 80))
    said = []
    for number in range(count):
        ids = draw.integers(0, 12, draw.integers(4, 9))
        lengths = draw.integers(2, 6, len(ids))
        mels = sounds[np.repeat(ids, lengths)] + draw.normal(0, 0.3, (int(lengths.sum()), 80))
        said.append(Sentence(f"s{seed}-{number}", ids, mels.T.astype(np.float16)))
    return said


@given(seed=st.integers(0, 1000), count=st.integers(1, 30), frames=st.integers(40, 500))
def test_every_sentence_is_in_one_batch_of_the_right_size(seed: int, count: int, frames: int) -> None:
    said = made_up(count, seed)
    recipe = replace(TINY, frames=frames, seed=seed, steps=30)
    found = list(glow.batches(recipe, said, 0))
    lengths, once = list[int](), sorted(one.mels.shape[1] for one in said)
    for some in found:
        lengths += some.frames.tolist()
        if len(lengths) == count:
            assert sorted(lengths) == once
    assert len(lengths) >= count
    assert len(found) == 30
    again = list(glow.batches(recipe, said, 20))
    assert all(torch.equal(one.mels, other.mels) for one, other in zip(found[20:], again, strict=True))
    assert all(len(some.frames) == 1 or some.mels.shape[0] * some.mels.shape[2] <= frames for some in found)


def test_a_batch_is_its_sentences() -> None:
    said = made_up(5)
    some = batch(said)
    for row, one in enumerate(said):
        assert some.ids[row, : some.phones[row]].tolist() == one.ids.tolist()
        assert np.array_equal(some.mels[row, :, : some.frames[row]].numpy(), one.mels.astype(np.float32))
        assert not some.mels[row, :, some.frames[row] :].any()


def test_it_learns_and_says_so(tmp_path: Path) -> None:
    said, kept = made_up(24), made_up(4, seed=1)
    net = glow.fit(replace(TINY, steps=200, every=50, rate=1e-2), said, kept, tmp_path, None, silent)
    first, *_, last = map(json.loads, (tmp_path / journal.LOSSES).read_text().splitlines())
    assert (tmp_path / "training.html").read_text().count("<polyline") == 4
    assert last["kept_loss"] < first["kept_loss"] - 0.3
    assert float(glow.judge(net, kept).likelihood) <= min(first["kept_loss"], last["kept_loss"]) + 1e-4


def test_a_kill_changes_nothing(tmp_path: Path) -> None:
    said, kept = made_up(16), made_up(3, seed=1)
    whole = glow.fit(TINY, said, kept, tmp_path / "whole", None, silent)
    again = killed_behind((7, 13), lambda: glow.fit(TINY, said, kept, tmp_path / "killed", None, silent))
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name


def test_what_is_another_training_begins_anew(tmp_path: Path) -> None:
    """Other sentences, the same ones with other sound, another recipe, another base: each has its own checkpoint."""
    said, short = made_up(4), replace(TINY, steps=2)
    louder = [replace(one, mels=one.mels + np.float16(1)) for one in said]
    base = GlowTTS(TINY.dims).state_dict()
    for recipe, some, start in (
        (short, said, None),
        (short, made_up(5), None),
        (short, louder, None),
        (replace(short, rate=1e-4), said, None),
        (short, said, base),
        (short, said, {name: 2 * weight for name, weight in base.items()}),
    ):
        glow.fit(recipe, some, said[:1], tmp_path, start, silent)
    assert len(list(tmp_path.glob("*/net.pt"))) == 6
    glow.fit(short, said, said[:1], tmp_path, base, silent)
    assert len(list(tmp_path.glob("*/net.pt"))) == 6, "the same one is the same"


def test_it_stops_when_nothing_gets_better(tmp_path: Path) -> None:
    said, kept = made_up(8), made_up(2, seed=1)
    stubborn = replace(TINY, rate=0.0, steps=200, every=2, patience=3)
    glow.fit(stubborn, said, kept, tmp_path, None, silent)
    assert len((tmp_path / journal.LOSSES).read_text().splitlines()) == 4


def test_a_base_is_where_it_begins(tmp_path: Path) -> None:
    said, kept = made_up(8), made_up(2, seed=1)
    torch.manual_seed(3)
    base = GlowTTS(SMALL).state_dict()
    net = glow.fit(replace(TINY, rate=0.0, steps=1, every=1), said, kept, tmp_path, base, silent)
    changed = {name for name, weight in net.state_dict().items() if not torch.equal(weight, base[name])}
    assert all(".norm." in name for name in changed), "only the first batch's statistics"


def test_a_clip_becomes_symbols_and_frames() -> None:
    audio = Audio(np.random.default_rng(0).normal(0, 0.1, 44_100).astype(np.float32), 44_100)
    one = speech.sentence("x", "Good morning!", audio)
    assert one is not None
    assert one.mels.shape == (80, 22_050 // 256)
    assert "".join(SYMBOLS[n] for n in one.ids[1::2]).endswith("!")
    assert speech.sentence("x", "Far too much text for so little sound, is it not? " * 3, audio) is None
