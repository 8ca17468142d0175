"""HiFi-GAN: its sizes, its weight norm, and, with the authors' weights, real speech there and back."""

import numpy as np
import pytest

from digiclone import weights
from digiclone.dsp import VOICE_HOP, VOICE_RATE, resample, voice_mel
from digiclone.measure.recordings import recordings
from digiclone.voice.models import HIFIGAN

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")

from digiclone.nn import hifigan  # noqa: E402
from digiclone.nn.plain import plain  # noqa: E402

SMALL = hifigan.Dims(mels=8, channels=16, upsample=(4, 2), upsample_kernels=(8, 4), kernels=(3, 5), dilations=(1, 2))


def test_a_frame_becomes_a_hop_of_samples() -> None:
    assert hifigan.Dims().hop == VOICE_HOP
    sound = hifigan.Generator(SMALL)(torch.randn(2, 8, 5))
    assert sound.shape == (2, 5 * SMALL.hop)
    assert sound.abs().max() <= 1


def test_without_weight_norm_it_is_the_same() -> None:
    net = hifigan.Generator(SMALL).eval()
    mels = torch.randn(1, 8, 5)
    bare = plain(net)
    assert torch.allclose(bare(mels), net(mels), atol=1e-6)
    assert not [name for name in bare.state_dict() if "parametrizations" in name]
    assert [name for name in net.state_dict() if "parametrizations" in name], "the first one is as it was"


@pytest.mark.model
def test_with_the_authors_weights_speech_comes_back() -> None:
    net = hifigan.load(weights.path(HIFIGAN))
    (recording,) = recordings(1)
    mels = voice_mel(resample(recording.audio, VOICE_RATE).samples)
    with torch.no_grad():
        again = voice_mel(net(torch.from_numpy(mels[None]))[0].numpy())
    assert np.abs(again - mels).mean() < 0.35, "of a scale on which speech spreads over about 2"
    assert np.corrcoef(again.ravel(), mels.ravel())[0, 1] > 0.97
