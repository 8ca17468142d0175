"""The recipe of `lipsync:heard`, on voices that are tones: it learns, goes on where it was stopped, and its file is the
network."""

import itertools
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone.lipsync.heard import HOP, RATE
from digiclone.stages import VISEMES
from digiclone.train import augment, corpus, voices
from digiclone.train.align import align
from digiclone.types import Mark, Speech

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")
onnx = pytest.importorskip("onnx", reason="training needs the extra: pip install 'digiclone[train]'")

from digiclone.nn.visemes import Dims, VisemeNet  # noqa: E402
from digiclone.train import export, visemes  # noqa: E402

TINY = visemes.Recipe(
    casting=(("flite:kal16", 12),),
    crowd=0,
    validation=(("flite:awb", 2),),
    dims=Dims(width=16, dilations=(1, 2, 4)),
    copies=(1, 2),
    epochs=(2, 4),
    rows=2,
    rate=1e-2,
)


def hum(speaker: str, text: str, speed: float = 1.0, hertz: float = 0.0) -> Speech:
    """A voice whose phones are tones: s is high, ɑ is low, p is a gap."""
    rng = np.random.default_rng(len(text))
    phones, sounds, at = [], [], 0.0
    for phone in rng.choice(["s", "ɑ", "p", " "], 20):
        seconds = float(rng.uniform(0.1, 0.3)) / speed
        t = np.arange(round(seconds * RATE)) / RATE
        tone = {"s": 5000, "ɑ": 300, "p": 1200, " ": 0}[str(phone)]
        sounds.append(0.2 * np.sin(2 * np.pi * tone * t))
        phones.append(Mark(str(phone), at, at + len(t) / RATE))
        at += len(t) / RATE
    return Speech(np.concatenate(sounds).astype(np.float32), RATE, text, tuple(phones))


@pytest.fixture
def tones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "speak", hum)
    monkeypatch.setattr(visemes, "kokoro_voices", list)


# -- the network and its file -----------------------------------------------------------------------------------------


def trained(dims: Dims) -> VisemeNet:
    """A network whose batch norms are not the identity."""
    torch.manual_seed(0)
    net = VisemeNet(dims)
    for _ in range(3):
        net(torch.rand(4, dims.past + 50, dims.mels) * 2 - 1)
    return net.eval()


@pytest.mark.parametrize("dims", [Dims(), Dims(width=24, kernel=5, dilations=(1, 3))])
def test_the_file_computes_what_the_network_computes(dims: Dims, tmp_path: Path) -> None:
    net = trained(dims)
    assert export.write(net, tmp_path / "net.onnx", {"licence": "Apache-2.0"}) < 2e-3
    model = onnx.load(tmp_path / "net.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert {p.key: p.value for p in model.metadata_props} == {"past": str(dims.past), "licence": "Apache-2.0"}


def test_a_file_that_differs_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = trained(Dims())
    right = export.folded(net)
    monkeypatch.setattr(export, "folded", lambda _: [(kernel, bias + 1) for kernel, bias in right])
    with pytest.raises(export.Differs):
        export.write(net, tmp_path / "net.onnx", {})
    assert not list(tmp_path.iterdir())


def test_an_answer_depends_on_the_past_that_is_named_and_on_no_more() -> None:
    dims = Dims(width=24)
    net = trained(dims)
    mels = torch.rand(1, 2 * dims.past, dims.mels)
    before = net(mels)
    assert before.shape == (1, dims.past, dims.visemes)
    for frame in (0, dims.past, 2 * dims.past - 1):
        other = mels.clone()
        other[0, frame] += 1
        changed = (net(other) - before).abs().amax(dim=2)[0].nonzero().flatten().tolist()
        assert changed[0] == max(0, frame - dims.past)
        assert changed[-1] == min(frame, dims.past - 1)


# -- the labels -------------------------------------------------------------------------------------------------------


def test_flites_phones_become_the_phones_of_the_mouth_table() -> None:
    marks = voices._segments("pau:0.1 er:0.3 b:0.35 pau:9.0", 0.5)
    assert marks == (Mark(" ", 0.0, 0.1), Mark("ɝ", 0.1, 0.3), Mark("b", 0.3, 0.35), Mark(" ", 0.35, 0.5))
    known = "".join(voices._CMU.values())
    speech = Speech(np.zeros(RATE, np.float32), RATE, "", tuple(Mark(p, i, i + 1) for i, p in enumerate(known)))
    silent = [m.symbol for m in corpus.utterance("flite:x", speech).marks].count("sil")
    assert silent == 1  # pau, and nothing else is unknown to the table


@pytest.mark.parametrize(
    ("written", "spoken"),
    [("bɜɹd", "bɝd"), ("ɛTəɹ ɪz", "ɛTɝ ɪz"), ("əɹWnd", "əɹWnd"), ("ɹɛd", "ɹɛd"), ("bɛTəɹ", "bɛTɝ"), ("", "")],
)
def test_an_r_coloured_vowel_is_one_vowel(written: str, spoken: str) -> None:
    joined = corpus.rhotic([Mark(p, i, i + 1) for i, p in enumerate(written)])
    assert "".join(m.symbol for m in joined) == spoken
    assert all(a.end == b.start for a, b in itertools.pairwise(joined))
    assert [m.end for m in joined[-1:]] == [len(written)] * bool(written)


def test_a_gap_between_words_is_silence_only_where_that_is_certain() -> None:
    phones = (Mark("ɑ", 0, 0.3), Mark(" ", 0.3, 0.4), Mark("s", 0.4, 0.6), Mark(" ", 0.6, 1.0))
    sound = np.full(RATE, 0.1, np.float32)
    sound[round(0.8 * RATE) :] = 0
    aa, ss, sil = (VISEMES.index(v) for v in ("aa", "SS", "sil"))
    speech = Speech(sound, RATE, "", phones)
    runs = [(int(v), len(list(g))) for v, g in itertools.groupby(corpus.utterance("kokoro:x", speech).visemes)]
    assert runs == [(aa, 30), (corpus.UNKNOWN, 10), (ss, 20), (corpus.UNKNOWN, 20), (sil, 20)]
    runs = [(int(v), len(list(g))) for v, g in itertools.groupby(corpus.utterance("flite:x", speech).visemes)]
    assert runs == [(aa, 30), (sil, 10), (ss, 20), (sil, 40)]


def test_the_voices_for_judging_say_nothing_in_training(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = visemes.Recipe()
    names = [*recipe.unseen, *(s.partition(":")[2] for s, _ in recipe.validation), "am_a", "am_b"]
    monkeypatch.setattr(visemes, "kokoro_voices", lambda: names)
    asked: list[list[corpus.Line]] = []

    def ask(lines: list[corpus.Line], *_: Any) -> list[corpus.Utterance]:
        asked.append(lines)
        raise InterruptedError

    monkeypatch.setattr(visemes, "_recorded", ask)
    with pytest.raises(InterruptedError):
        visemes.train(recipe, Path(), Path())
    speakers = {line.speaker for line in asked[0]}
    assert {s for s in speakers if s.startswith("kokoro")} <= {
        f"kokoro:{a}{b}" for a in ("am_a", "am_b") for b in ("", "+am_a", "+am_b")
    }
    assert {s for s in speakers if s.startswith("flite")} == {"flite:kal", "flite:kal16", "flite:awb"}
    assert Counter(line.speaker for line in asked[0])["hibari"] == 200


def test_a_sentence_is_spoken_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = corpus.script([("flite:kal16", 3), ("hibari", 2)], seed=0)
    assert [line.speaker for line in lines] == ["flite:kal16", "hibari", "flite:kal16", "hibari", "flite:kal16"]
    assert lines == corpus.script([("flite:kal16", 3), ("hibari", 2)], seed=0)
    monkeypatch.setattr(corpus, "speak", hum)
    first = list(corpus.record(lines, tmp_path))
    (tmp_path / "kokoro-x.part").write_bytes(b"of a run that was killed")
    monkeypatch.setattr(corpus, "speak", None)
    again = list(corpus.record(lines, tmp_path))
    for a, b in zip(first, again, strict=True):
        assert a.speaker == b.speaker
        np.testing.assert_array_equal(a.samples, b.samples)
        np.testing.assert_array_equal(a.visemes, b.visemes)


def test_without_flite_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(voices.Missing, match="apt-get install flite"):
        voices.speak("flite:slt", "Hello.")


# -- alignment --------------------------------------------------------------------------------------------------------


@given(frames=st.integers(2, 7), order=st.lists(st.integers(0, 3), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_the_alignment_is_the_likeliest_of_all(frames: int, order: list[int], seed: int) -> None:
    states = np.array(order)
    likely = np.random.default_rng(seed).uniform(-5, 0, (frames, len(VISEMES)))
    everywhere = np.repeat([[0.0, frames * HOP / RATE]], len(states), axis=0)

    def allowed(path: tuple[int, ...]) -> bool:
        steps = np.diff([-1, *path, len(states)])
        skipped = [s for s in range(len(states)) if s not in path]
        return bool(((steps >= 0) & (steps <= 2)).all()) and all(order[s] == 0 for s in skipped)

    paths = [p for p in itertools.product(range(len(states)), repeat=frames) if list(p) == sorted(p) and allowed(p)]
    if not paths:
        return  # more phones than frames
    best = max(sum(likely[t, order[s]] for t, s in enumerate(path)) for path in paths)
    found = align(likely, states, everywhere)
    assert sum(likely[t, order[s]] for t, s in enumerate(found)) == pytest.approx(best)


def test_boundaries_move_to_where_the_sound_changes() -> None:
    order = np.array([VISEMES.index(v) for v in ("aa", "SS", "U")])
    true = np.repeat([0, 1, 2], [30, 12, 18])
    likely = np.full((60, len(VISEMES)), -6.0)
    likely[np.arange(60), order[true]] = -0.1
    early = np.array([(0.0, 0.26), (0.26, 0.38), (0.38, 0.60)])
    np.testing.assert_array_equal(align(likely, order, early), true)


# -- what rooms and channels do ---------------------------------------------------------------------------------------


def test_a_spoilt_sound_keeps_its_moments() -> None:
    rows = np.zeros((40, 16_000), np.float32)
    rows[:, 8000:8040] = np.random.default_rng(0).standard_normal((40, 40))
    spoilt = augment.spoil(rows, np.random.default_rng(1))
    assert spoilt.shape == rows.shape
    assert np.isfinite(spoilt).all()
    assert np.abs(spoilt).max() <= 1
    loudest = np.argmax(np.abs(spoilt), axis=1)
    assert np.mean(np.abs(loudest - 8020) < 80) > 0.9
    assert len(np.unique(np.round(np.linalg.norm(spoilt, axis=1), 4))) == 40


def test_a_smeared_row_keeps_its_moments_and_its_sum() -> None:
    mels = np.zeros((60, 41, 3), np.float32)
    mels[:, 20] = 1
    smeared = augment.blur(mels, np.random.default_rng(0))
    np.testing.assert_allclose(smeared.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(smeared, smeared[:, ::-1], atol=1e-6)
    assert 0.3 < np.mean(smeared[:, 20, 0] == 1) < 0.7


def test_another_throat_moves_resonances_a_little_and_alike_in_time() -> None:
    mels = np.zeros((50, 7, 40), np.float32)
    mels[:, :, 18:23] = [1, 2, 3, 2, 1]
    bent = augment.revoice(mels, np.random.default_rng(0))
    assert bent.dtype == np.float32
    peaks = np.argmax(bent, axis=2)
    assert (peaks == peaks[:, :1]).all()
    assert np.abs(peaks - 20).max() <= 2
    assert len(np.unique(peaks)) > 2
    flat = augment.revoice(np.ones((50, 7, 40), np.float32), np.random.default_rng(0))
    np.testing.assert_allclose(flat, flat[:, :1, :1].repeat(7, 1).repeat(40, 2), atol=1e-5)
    assert 0.8 < flat.min() < 0.9 < 1.1 < flat.max() < 1.25


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.25])
def test_a_stretched_sound_keeps_its_labels(factor: float) -> None:
    speech = hum("x", "one")
    samples, labels = speech.samples, corpus.utterance("flite:x", speech).visemes
    played, moved = augment.stretch(samples, labels, factor)
    assert len(moved) == -(-len(played) // HOP)
    gaps = np.array([np.abs(played[i * HOP : (i + 1) * HOP]).max() < 1e-3 for i in range(len(moved))])
    assert np.mean(gaps == (moved == VISEMES.index("sil"))) > 0.95


# -- the loop ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("tones")
def test_it_learns_and_goes_on_where_it_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reached = visemes.train(TINY, tmp_path / "whole", tmp_path / "whole.onnx")
    assert reached > 0.7
    epoch = visemes._epoch

    def killed(recipe: Any, kept: Any, copy: Any, number: int) -> float:
        if number == 1:
            raise KeyboardInterrupt
        return epoch(recipe, kept, copy, number)

    monkeypatch.setattr(visemes, "_epoch", killed)
    with pytest.raises(KeyboardInterrupt):
        visemes.train(TINY, tmp_path / "killed", tmp_path / "killed.onnx")
    assert not (tmp_path / "killed.onnx").exists()
    monkeypatch.setattr(visemes, "_epoch", epoch)
    assert visemes.train(TINY, tmp_path / "killed", tmp_path / "killed.onnx") == reached
    assert (tmp_path / "killed.onnx").read_bytes() == (tmp_path / "whole.onnx").read_bytes()
    visemes.train(replace(TINY, seed=1), tmp_path / "killed", tmp_path / "other.onnx")
    assert (tmp_path / "other.onnx").read_bytes() != (tmp_path / "whole.onnx").read_bytes()
