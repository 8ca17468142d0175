"""ECAPA-TDNN: its shapes, what it must not care about, and, with the real weights, SpeechBrain's own numbers."""

from pathlib import Path

import numpy as np
import pytest

from digiclone import weights
from digiclone.voice.models import ECAPA_VOXCELEB
from digiclone.voice.speaker import frames

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")

from digiclone.nn import ecapa  # noqa: E402

SMALL = ecapa.Dims(mels=8, channels=16, scale=4, squeezed=4, gathered=24, attention=6, embedding=5)


@pytest.mark.parametrize("length", [5, 6, 40])
def test_a_clip_of_any_length_becomes_one_embedding(length: int) -> None:
    net = ecapa.ECAPA(SMALL).eval()
    assert net(torch.randn(3, 8, length)).shape == (3, 5)


def test_clips_of_a_batch_do_not_hear_each_other() -> None:
    net = ecapa.ECAPA(SMALL).eval()
    mels = torch.randn(3, 8, 20)
    assert torch.allclose(net(mels)[1], net(mels[1:2])[0], atol=1e-5)
    assert not torch.allclose(net(mels)[1], net(mels)[0], atol=1e-3)


def test_the_statistics_are_those_of_numpy() -> None:
    x, weight = torch.randn(2, 3, 10), torch.rand(2, 3, 10).softmax(dim=2)
    mean, deviation = ecapa._statistics(x, weight).numpy().reshape(2, 2, 3).transpose(1, 0, 2)
    expected = np.average(x.numpy(), axis=2, weights=weight.numpy())
    assert np.allclose(mean, expected, atol=1e-5)
    variance = np.average((x.numpy() - expected[:, :, None]) ** 2, axis=2, weights=weight.numpy())
    assert np.allclose(deviation, np.sqrt(variance), atol=1e-5)


def test_a_group_hears_those_before_it_alone() -> None:
    net = ecapa.Res2Net(16, 4, dilation=2).eval()
    x = torch.randn(1, 16, 30)
    other = x.clone()
    other[:, 8:12] += 1  # the third group
    same = (net(x) == net(other)).all(dim=2)[0].unflatten(0, (4, 4)).all(dim=1)
    assert same.tolist() == [True, True, False, False]


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    torch.save({"fc.conv.weight": torch.zeros(192, 6144, 1)}, tmp_path / "other.ckpt")
    with pytest.raises(RuntimeError, match="Missing key"):
        ecapa.load(tmp_path / "other.ckpt")


@pytest.mark.model
def test_with_the_real_weights_it_says_what_speechbrain_says() -> None:
    t = np.arange(16_000) / 16_000
    pitch = 2 * np.pi * np.cumsum(120 + 40 * np.sin(2 * np.pi * 2 * t)) / 16_000
    buzz = sum(np.sin(k * pitch) / k for k in range(1, 30)) * (0.2 + 0.1 * np.sin(2 * np.pi * 3 * t))
    mels = frames(np.asarray(buzz, np.float32))
    # speechbrain 1.0.3, Fbank(n_mels=80), InputNormalization(norm_type="sentence", std_norm=False), ECAPA_TDNN
    places = [(0, 0), (10, 5), (40, 50), (79, 100), (20, 77), (60, 30)]
    assert [mels[place] for place in places] == pytest.approx([23.49, 9.15, 1.27, 23.64, 5.06, -11.11], abs=0.01)
    found = ecapa.embedding(ecapa.load(weights.path(ECAPA_VOXCELEB)), mels)
    expected = [0.0281, 0.0104, 0.007, 0.0154, -0.1029, -0.0505, 0.0354, -0.0304]
    assert found.shape == (192,)
    assert found[:8] / np.linalg.norm(found) == pytest.approx(expected, abs=2e-4)
