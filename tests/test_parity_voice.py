"""A voice in torch and in its files: the same numbers."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")
onnx = pytest.importorskip("onnx", reason="training needs the extra: pip install 'digiclone[train]'")

from digiclone.nn import hifigan  # noqa: E402
from digiclone.nn.glow_tts import Dims, GlowTTS, spread  # noqa: E402
from digiclone.nn.plain import plain  # noqa: E402
from digiclone.nn.postfilter import Dims as PostfilterDims  # noqa: E402
from digiclone.nn.postfilter import Postfilter  # noqa: E402
from digiclone.onnx import session  # noqa: E402
from digiclone.train import glow_export, hifigan_export, traced  # noqa: E402
from digiclone.train.export import Differs  # noqa: E402
from digiclone.tts import glow  # noqa: E402

VOCODER = hifigan.Dims(mels=8, channels=16, upsample=(4, 2), upsample_kernels=(8, 4), kernels=(3, 5), dilations=(1, 2))
SMALL = Dims(12, mels=8, hidden=16, inner=32, layers=2, window=2, durations=16, blocks=3, wavenet=2)


@pytest.fixture(scope="module")
def net() -> GlowTTS:
    torch.manual_seed(0)
    made = GlowTTS(SMALL)
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    return made.eval()


@pytest.mark.parametrize("count", [1, 2, 5, 33])
def test_the_files_say_what_the_network_says(net: GlowTTS, count: int) -> None:
    ids = torch.randint(0, 12, (1, count))
    wanted, lengths = net.speak(ids, noise=0.0)
    encoder, decoder = (session(part(net, {}), threads=1) for part in (glow_export.encoder, glow_export.decoder))
    mean, logs = encoder.run(None, {"ids": ids.numpy()})
    frames = np.maximum(np.ceil(np.exp(logs)), 1)
    assert np.abs(frames - lengths.numpy()).max() <= 1, "16 bits may turn a length that is nearly whole"
    latent = torch.from_numpy(mean) @ spread(lengths, torch.arange(wanted.shape[2]))
    (mels,) = decoder.run(None, {"latent": latent.numpy()})
    assert np.abs(mels - wanted.numpy()).max() < 0.02


def test_the_decoder_has_the_postfilter_in_it(net: GlowTTS) -> None:
    torch.manual_seed(3)
    refined = Postfilter(PostfilterDims(mels=8, hidden=16, layers=1, kernel=3)).eval()
    with torch.no_grad():
        for weight in refined.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
        refined.mean.fill_(-5.0)
        refined.spread.fill_(2.0)
    plain_file, file = (session(glow_export.decoder(net, {}, one), threads=1) for one in (None, refined))
    for count in (2, 40):
        latent = {"latent": torch.randn(1, 8, count).numpy()}
        (smooth,), (mels,) = plain_file.run(None, latent), file.run(None, latent)
        with torch.no_grad():
            wanted = refined(torch.from_numpy(smooth)).numpy()
        assert np.abs(mels - wanted).max() < 0.02
        assert np.abs(mels - smooth).max() > 0.05


@cache
def small_vocoder() -> tuple[hifigan.Generator, Any]:
    torch.manual_seed(1)
    net = hifigan.Generator(VOCODER).eval()
    return net, session(hifigan_export.vocoder(net, {}), threads=1)


def test_the_vocoder_says_what_the_network_says() -> None:
    net, file = small_vocoder()
    none = np.array([0])
    for count in (1, 9, 40):
        mels = torch.randn(1, 8, count)
        (samples,) = file.run(None, {"mels": mels.numpy(), "before": none, "after": none})
        assert samples.shape == (1, 8 * count)
        with torch.no_grad():
            assert np.abs(samples - net(mels).numpy()).max() < 5e-3


@given(st.integers(0, 20), st.integers(1, 30), st.integers(0, 20))
def test_a_piece_sounds_as_it_does_in_the_whole(before: int, frames: int, after: int) -> None:
    _, file = small_vocoder()
    mels = torch.randn(1, 8, before + frames + after)
    (whole,) = file.run(None, {"mels": mels.numpy(), "before": np.array([0]), "after": np.array([0])})
    first, last = (min(side, hifigan_export.around(VOCODER)) for side in (before, after))
    seen = mels[:, :, before - first : before + frames + last].numpy()
    (piece,) = file.run(None, {"mels": seen, "before": np.array([first]), "after": np.array([last])})
    hop = VOCODER.hop
    assert piece.shape == (1, frames * hop)
    assert np.abs(piece - whole[:, before * hop : (before + frames) * hop]).max() < 1e-5


def test_what_is_seen_of_the_sides_is_what_counts() -> None:
    """One frame less on either side, and the sound is another: nothing is looked at in vain."""
    net = hifigan.Generator(hifigan.Dims()).eval()
    some = hifigan_export.around(net.dims)
    assert some == glow.AROUND
    mels = torch.randn(1, 80, 2 * some + 1, requires_grad=True)
    net(mels)[0, some * net.dims.hop].backward()
    assert mels.grad is not None
    seen = torch.nonzero(mels.grad[0].abs().sum(0))[:, 0]
    assert seen.min() in (1, 2)
    assert seen.max() <= 2 * some


def test_exporting_changes_nothing(net: GlowTTS) -> None:
    before = {name: weight.clone() for name, weight in net.state_dict().items()}
    glow_export.encoder(net, {})
    assert all(torch.equal(weight, before[name]) for name, weight in net.state_dict().items())


def test_a_file_says_what_it_is(net: GlowTTS) -> None:
    model = onnx.load_from_string(glow_export.decoder(net, {"speaker": "somebody"}))
    assert {p.key: p.value for p in model.metadata_props} == {"speaker": "somebody"}


def test_a_file_that_is_not_the_network_is_refused(net: GlowTTS, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(9)
    other = traced.traced(
        glow_export.Backwards(plain(GlowTTS(SMALL))), [torch.zeros(1, 8, 8)], ["latent"], ["mels"],
        {"latent": {2: "frames"}, "mels": {2: "frames"}},
    )  # fmt: skip
    monkeypatch.setattr(glow_export, "traced", lambda *_: other)
    with pytest.raises(Differs):
        glow_export.decoder(net, {})


def test_eight_bits_are_a_quarter_and_nearly_the_same() -> None:
    torch.manual_seed(2)
    net = torch.nn.Sequential(torch.nn.Conv1d(8, 64, 5), torch.nn.ReLU(), torch.nn.ConvTranspose1d(64, 8, 5))
    with torch.no_grad():
        net[0].weight[3] *= 1e-5  # a quiet row keeps its own scale
    heard = torch.randn(1, 8, 30)
    whole, quarter = (
        traced.encoded(make(traced.traced(net, [heard], ["heard"], ["said"])), {})
        for make in (lambda model: model, traced.quartered)
    )
    assert len(quarter) < len(whole) / 3
    wanted, got = (session(data, threads=1).run(None, {"heard": heard.numpy()})[0] for data in (whole, quarter))
    assert np.abs(wanted - got).max() < 0.02 * np.abs(wanted).max()
    weights = {one.name: one for one in onnx.load_from_string(quarter).graph.initializer}
    assert np.abs(onnx.numpy_helper.to_array(weights["0.weight-quarter"])[3]).max() == 127
