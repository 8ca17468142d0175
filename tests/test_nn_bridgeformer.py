"""BridgeFormer: shapes, masks, the pooling beside torch's own, and that it learns."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from torch.nn import functional  # noqa: E402, TID253

from digiclone.nn.bridgeformer import BridgeFormer, Dims, pool  # noqa: E402

SMALL = Dims(audio=12, words=20, hidden=16, heads=2, layers=2, tokens=5, inner=32, dropout=0.0)


@pytest.fixture
def net() -> BridgeFormer:
    torch.manual_seed(0)
    return BridgeFormer(SMALL).eval()


@pytest.fixture
def stacking() -> BridgeFormer:
    torch.manual_seed(0)
    return BridgeFormer(replace(SMALL, stacked=4)).eval()


def test_the_papers_sizes_have_the_papers_number_of_weights() -> None:
    """Four layers, four heads, 256 wide: 2.8 to 6 M with a language model of 2048, by the width that is not told."""
    one = BridgeFormer(Dims(audio=768, words=2048))
    count = sum(weight.numel() for name, weight in one.named_parameters() if not name.startswith("length"))
    assert 2.8e6 < count < 6e6
    embeddings, lengths = one(torch.zeros(2, 40, 768), torch.tensor([40, 7]))
    assert embeddings.shape == (2, 30, 2048)
    assert lengths.shape == (2, 31)


@given(st.integers(1, 70), st.integers(1, 40), st.integers(0, 9))
def test_pooling_is_torchs_own_on_each_row_alone(frames: int, tokens: int, more: int) -> None:
    torch.manual_seed(frames)
    x = torch.randn(2, frames + more, 3)
    counts = torch.tensor([frames, frames + more])
    found = pool(x, counts, tokens)
    for row, count in enumerate(counts.tolist()):
        alone = functional.adaptive_avg_pool1d(x[row, :count].T[None], tokens)[0].T
        assert torch.allclose(found[row], alone, atol=1e-5)


@pytest.mark.parametrize("which", ["net", "stacking"])
@torch.no_grad()
def test_what_is_behind_the_frames_changes_nothing(which: str, request: pytest.FixtureRequest) -> None:
    net = request.getfixturevalue(which)
    features = torch.randn(3, 30, SMALL.audio)
    frames = torch.tensor([30, 1, 17])
    together = net(features, frames)
    other = features.clone()
    for row, count in enumerate(frames.tolist()):
        other[row, count:] = 1e3
        alone = net(features[row : row + 1, :count], torch.tensor([count]))
        for one, two in zip(together, alone, strict=True):
            assert torch.allclose(one[row], two[0], atol=1e-5)
    for one, two in zip(together, net(other, frames), strict=True):
        assert torch.allclose(one, two, atol=1e-4)


@torch.no_grad()
def test_only_the_pooling_knows_the_order(net: BridgeFormer) -> None:
    """As printed: frames that change places inside one cell of the pooling are not noticed."""
    features, frames = torch.randn(1, 30, SMALL.audio), torch.tensor([30])
    swapped = features[:, [1, 0, *range(2, 30)]]
    assert torch.allclose(net(features, frames)[0], net(swapped, frames)[0], atol=1e-5)
    assert not torch.allclose(net(features, frames)[0], net(features.flip(1), frames)[0], atol=1e-3)


def test_it_learns_what_it_is_shown(net: BridgeFormer) -> None:
    features, frames = torch.randn(4, 25, SMALL.audio), torch.tensor([25, 20, 12, 5])
    wanted = torch.randn(4, SMALL.tokens, SMALL.words)
    optimiser = torch.optim.AdamW(net.parameters(), 3e-3)
    losses = list[float]()
    for _ in range(150):
        loss = functional.mse_loss(net(features, frames)[0], wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]


def test_features_of_another_encoder_are_refused(net: BridgeFormer) -> None:
    with pytest.raises(ValueError, match="features of width 13, where the bridge takes 12"):
        net(torch.zeros(1, 4, 13), torch.tensor([4]))


@pytest.mark.parametrize("stacked", [1, 4])
def test_as_a_file_it_takes_any_length(stacked: int) -> None:
    """`bridge_export` compares torch and ONNX on three lengths."""
    pytest.importorskip("onnx")
    from digiclone.train import bridge_export

    torch.manual_seed(0)
    net = BridgeFormer(replace(SMALL, stacked=stacked))
    assert bridge_export.bridge(net, True, {})
    assert bridge_export.bridge(net, False, {})
