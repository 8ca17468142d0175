"""HiFi-GAN's discriminators: their sizes and names are the authors', each looks where it should, and the losses are
those of the paper. And mel frames in torch are those in numpy."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digiclone.dsp import VOICE_RATE, resample, voice_mel
from digiclone.measure.recordings import recordings

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")

from digiclone.nn.discriminators import (  # noqa: E402
    Dims,
    Discriminators,
    PeriodDiscriminator,
    Seen,
    discriminator_loss,
    feature_loss,
    generator_loss,
)
from digiclone.nn.mel import VoiceMel  # noqa: E402

SMALL = Dims(period_widths=(4, 4, 8, 8, 8), scale_widths=(16,) * 7)


@pytest.fixture(scope="module")
def net() -> Discriminators:
    torch.manual_seed(0)
    return Discriminators(SMALL)


# -- what they are ----------------------------------------------------------------------------------------------------


def theirs(name: str) -> str:
    """What a checkpoint of the authors' code, written with torch's old norms, calls a weight."""
    old = {"original0": "weight_g", "original1": "weight_v", "original": "weight_orig", "0._u": "weight_u"}
    return re.sub(r"parametrizations\.weight\.(.+)", lambda kind: old.get(kind[1], "weight_v"), name)


def test_weights_have_the_authors_names_and_sizes() -> None:
    with torch.device("meta"):
        sizes = {theirs(name): tuple(weight.shape) for name, weight in Discriminators(Dims()).state_dict().items()}
    wanted: dict[str, tuple[int, ...]] = {}
    rows = [(1, 32, 5), (32, 128, 5), (128, 512, 5), (512, 1024, 5), (1024, 1024, 5), (1024, 1, 3)]
    for number in range(5):
        for layer, (before, after, kernel) in enumerate(rows):
            conv = f"mpd.discriminators.{number}." + (f"convs.{layer}" if layer < 5 else "conv_post")
            wanted[f"{conv}.bias"] = (after,)
            wanted[f"{conv}.weight_g"] = (after, 1, 1, 1)
            wanted[f"{conv}.weight_v"] = (after, before, kernel, 1)
    rows = [(1, 128, 15), (32, 128, 41), (8, 256, 41), (16, 512, 41), (32, 1024, 41), (64, 1024, 41), (1024, 1024, 5)]
    for number in range(3):
        for layer, (before, after, kernel) in enumerate([*rows, (1024, 1, 3)]):
            conv = f"msd.discriminators.{number}." + (f"convs.{layer}" if layer < 7 else "conv_post")
            wanted[f"{conv}.bias"] = (after,)
            if number == 0:
                wanted[f"{conv}.weight_orig"] = (after, before, kernel)
                wanted[f"{conv}.weight_u"] = (after,)
                wanted[f"{conv}.weight_v"] = (before * kernel,)
            else:
                wanted[f"{conv}.weight_g"] = (after, 1, 1)
                wanted[f"{conv}.weight_v"] = (after, before, kernel)
    assert sizes == wanted


def test_there_are_as_many_numbers_as_in_the_authors_networks() -> None:
    with torch.device("meta"):
        net = Discriminators(Dims())
    counts = [sum(weight.numel() for weight in part.parameters()) for part in (net.mpd, net.msd)]
    assert counts == [41_105_770, 29_618_821]


@pytest.mark.parametrize("length", [1024, 1031])
def test_each_sees_the_whole_sound(net: Discriminators, length: int) -> None:
    seen = net(torch.randn(2, length))
    assert len(seen) == 8
    for one, period in zip(seen[:5], SMALL.periods, strict=True):
        rows = -(-length // period)
        for features, width in zip(one.features, (4, 4, 8, 8, 8, 1), strict=True):
            rows = -(-rows // 3) if width != 1 and features is not one.features[4] else rows
            assert features.shape == (2, width, rows, period)
        assert one.scores.shape == (2, rows * period)
    for one, halved in zip(seen[5:], (0, 1, 2), strict=True):
        assert len(one.features) == 8
        samples = length
        for _ in range(halved):
            samples = samples // 2 + 1
        assert one.features[0].shape == (2, 16, samples)
        assert one.scores.shape == one.features[-1][:, 0].shape


@settings(max_examples=20)
@given(period=st.integers(2, 11), place=st.integers(0, 659))
def test_a_period_is_looked_at_phase_by_phase(period: int, place: int) -> None:
    """What happens in one phase is seen in the column of that phase and nowhere else."""
    torch.manual_seed(1)
    discriminator = PeriodDiscriminator(period, SMALL.period_widths)
    sound = torch.zeros(1, 660 // period * period)
    place %= sound.shape[1]
    click = sound.clone()
    click[0, place] = 1
    with torch.no_grad():
        pairs = zip(discriminator(sound).features, discriminator(click).features, strict=True)
        changed = [(one != other).any(dim=(0, 1, 2)).nonzero().flatten().tolist() for one, other in pairs]
    assert changed[0] == [place % period]
    assert all(columns in ([], [place % period]) for columns in changed)


def test_every_weight_learns(net: Discriminators) -> None:
    sound = torch.randn(2, 1024, requires_grad=True)
    real, made = net(torch.randn(2, 1024)), net(sound)
    net.zero_grad()
    (discriminator_loss(real, made) + feature_loss(real, made)).backward()
    without = [name for name, weight in net.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert not without
    assert sound.grad is not None
    assert (sound.grad != 0).all()


def test_the_first_scale_cannot_exaggerate(net: Discriminators) -> None:
    """Spectral norm: no weight, as a matrix, stretches anything by more than 1."""
    for layer in range(7):
        conv: Any = net.msd.get_submodule(f"discriminators.0.convs.{layer}")
        stretched = torch.linalg.matrix_norm(conv.weight.detach().flatten(1), 2)
        assert stretched == pytest.approx(1, abs=0.05)


# -- losses -----------------------------------------------------------------------------------------------------------


def seen(*scores: float) -> Seen:
    column = torch.tensor([scores])
    return Seen(column, (10 * column, column))


def test_the_losses_are_least_squares() -> None:
    real, made = [seen(1.0, 0.5), seen(0.0)], [seen(0.5, 1.5), seen(2.0)]
    assert discriminator_loss(real, made).item() == pytest.approx(0.125 + 1.25 + 1 + 4)
    assert generator_loss(made).item() == pytest.approx(0.25 + 1)
    assert feature_loss(real, made).item() == pytest.approx(7.5 + 0.75 + 20 + 2)


def test_nobody_loses_at_the_end_of_the_game() -> None:
    ones, zeros = [seen(1.0, 1.0)], [seen(0.0, 0.0)]
    assert discriminator_loss(ones, zeros).item() == 0
    assert generator_loss(ones).item() == 0
    assert feature_loss(ones, ones).item() == 0


# -- mel frames -------------------------------------------------------------------------------------------------------


def mels_of(samples: Any) -> Any:
    return VoiceMel()(torch.from_numpy(samples)[None])[0].numpy()


@settings(max_examples=25)
@given(seed=st.integers(0, 2**31), length=st.integers(385, 20_000), loud=st.floats(1e-4, 1))
def test_mel_frames_are_those_of_the_runtime(seed: int, length: int, loud: float) -> None:
    draw = np.random.default_rng(seed)
    samples = (loud * np.sin(np.cumsum(draw.uniform(0, 1, length))) * draw.uniform(0, 1, length)).astype(np.float32)
    assert mels_of(samples).shape == (80, length // 256)
    assert np.abs(mels_of(samples) - voice_mel(samples)).max() < 1e-4


@pytest.mark.model
def test_mel_frames_of_speech_are_those_of_the_runtime() -> None:
    (recording,) = recordings(1)
    samples = resample(recording.audio, VOICE_RATE).samples
    assert np.abs(mels_of(samples) - voice_mel(samples)).max() < 1e-4


def test_silence_can_be_learnt_from() -> None:
    samples = torch.zeros(1, 2048, requires_grad=True)
    VoiceMel(highest=None)(samples).sum().backward()
    assert samples.grad is not None
    assert torch.isfinite(samples.grad).all()


def test_all_there_is_is_more_than_up_to_8_khz() -> None:
    whistle = torch.sin(torch.arange(8192) * (2 * np.pi * 9500 / VOICE_RATE))[None]
    inside = slice(2, -2)  # at the ends it is mirrored, and that clicks
    assert VoiceMel()(whistle)[:, :, inside].max() < -8
    assert VoiceMel(highest=None)(whistle)[:, :, inside].max() > -1
