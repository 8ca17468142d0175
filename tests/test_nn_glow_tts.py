"""Glow-TTS: the flow can be undone and knows its volume, what is padding says nothing, and it learns."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")

from digiclone.nn import flow  # noqa: E402
from digiclone.nn.glow_tts import Dims, GlowTTS, log_likelihood, spread, within  # noqa: E402
from digiclone.nn.text_encoder import Attention  # noqa: E402

SMALL = Dims(
    12, mels=8, hidden=16, inner=32, layers=2, window=2, durations=16, blocks=3, wavenet=2, dropout=0, flow_dropout=0
)


def shaken(seed: int) -> GlowTTS:
    """A small network, none of whose weights is 0."""
    torch.manual_seed(seed)
    net = GlowTTS(SMALL)
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    return net.eval()


@settings(max_examples=10)
@given(seed=st.integers(0, 2**31), frames=st.integers(1, 12))
def test_the_flow_can_be_undone(seed: int, frames: int) -> None:
    decoder = shaken(seed).decoder
    mels, mask = torch.randn(2, 8, 2 * frames), torch.ones(2, 1, 2 * frames)
    noise, _ = decoder(mels, mask)
    assert torch.allclose(decoder.inverse(noise, mask), mels, atol=1e-3)


def test_the_determinant_is_that_of_the_jacobian() -> None:
    decoder = shaken(1).decoder.double()
    mels, mask = torch.randn(1, 8, 4, dtype=torch.double), torch.ones(1, 1, 4, dtype=torch.double)
    jacobian = torch.autograd.functional.jacobian(lambda x: decoder(x, mask)[0].flatten(), mels)
    wanted = torch.slogdet(jacobian.reshape(32, 32))[1]
    assert decoder(mels, mask)[1].item() == pytest.approx(wanted.item(), abs=1e-6)


def test_squeezed_and_back_is_the_same() -> None:
    x = torch.randn(2, 3, 8)
    assert torch.equal(flow.unsqueeze(flow.squeeze(x)), x)
    assert torch.equal(flow.squeeze(x)[:, :3], x[:, :, ::2])


def test_padding_changes_nothing() -> None:
    net = shaken(2)
    ids, mels = torch.randint(0, 12, (1, 5)), torch.randn(1, 8, 20)
    alone, path = net(ids, torch.tensor([5]), mels, torch.tensor([20]))
    padded_ids = torch.cat([ids, torch.full((1, 3), 7)], 1)
    padded, longer = net(padded_ids, torch.tensor([5]), torch.cat([mels, torch.ones(1, 8, 6)], 2), torch.tensor([20]))
    assert padded.likelihood.item() == pytest.approx(alone.likelihood.item(), abs=1e-4)
    assert padded.duration.item() == pytest.approx(alone.duration.item(), abs=1e-4)
    assert torch.equal(longer[:, :5], path)
    assert not longer[:, 5:].any()


def test_the_likelihood_is_the_gaussians() -> None:
    noise, mean = torch.randn(2, 8, 6), torch.randn(2, 8, 3)
    normal = torch.distributions.Normal(mean[:, :, :, None], 1.0)
    assert torch.allclose(log_likelihood(noise, mean), normal.log_prob(noise[:, :, None]).sum(1), atol=1e-4)


def test_the_loss_is_minus_the_log_likelihood_of_the_sound() -> None:
    """Equation 2, by hand: log N(f(x); mean, 1) + log |det df/dx|, per number."""
    net = shaken(3)
    ids, mels = torch.randint(0, 12, (1, 4)), torch.randn(1, 8, 10)
    losses, path = net(ids, torch.tensor([4]), mels, torch.tensor([10]))
    noise, stretched = net.decoder(mels, torch.ones(1, 1, 10))
    _, mean = net.encoder(ids, torch.ones(1, 1, 4))
    wanted = torch.distributions.Normal(mean @ path, 1.0).log_prob(noise).sum() + stretched.sum()
    assert losses.likelihood.item() == pytest.approx(-wanted.item() / 80, abs=1e-5)


def test_attention_sees_distance_and_not_place() -> None:
    torch.manual_seed(4)
    attention = Attention(8, 2, 2, 0.0).eval()
    pattern = torch.randn(1, 8, 4)
    mask = torch.ones(1, 1, 10)
    mask[:, :, 4:] = 0
    first = attention(torch.cat([pattern, torch.randn(1, 8, 6)], 2), mask)[:, :, :4]
    later = attention(torch.cat([torch.randn(1, 8, 6), pattern], 2), mask.flip(2))[:, :, 6:]
    assert torch.allclose(first, later, atol=1e-5)
    assert not torch.allclose(first, attention(pattern.flip(2), mask[:, :, :4]).flip(2), atol=1e-3)


def test_attention_by_distance_is_what_shaw_wrote() -> None:
    """Equations 3 and 4 of Shaw et al. 2018, one pair of phones after the other; beyond the window there is nothing."""
    torch.manual_seed(5)
    attention = Attention(4, 1, 1, 0.0).eval()
    x = torch.randn(1, 4, 5)
    query, key, value = (conv(x)[0].T for conv in (attention.query, attention.key, attention.value))
    nothing = torch.zeros(4)

    def near(table: Any, i: int, j: int) -> Any:
        return table[j - i + 1] if abs(j - i) <= 1 else nothing

    out = []
    for i in range(5):
        scores = torch.stack([query[i] @ (key[j] + near(attention.near_keys, i, j)) for j in range(5)]) / math.sqrt(4)
        weights = scores.softmax(0)
        out.append(sum(weights[j] * (value[j] + near(attention.near_values, i, j)) for j in range(5)))
    wanted = attention.leave(torch.stack(out).T[None])
    assert torch.allclose(attention(x, torch.ones(1, 1, 5)), wanted, atol=1e-5)


def test_the_first_batch_sets_the_norms() -> None:
    norm = flow.ActNorm(3).train()
    x, mask = 5 + 3 * torch.randn(4, 3, 50), within(torch.tensor([50, 40, 30, 20]), 50)
    y, _ = norm(x * mask, mask)
    seen = y.transpose(1, 2)[mask[:, 0] > 0]
    assert torch.allclose(seen.mean(0), torch.zeros(3), atol=1e-4)
    assert torch.allclose(seen.var(0), torch.ones(3), atol=0.02)
    before = norm.bias.clone()
    norm(10 * x, mask)
    assert torch.equal(norm.bias, before)


def test_each_phone_takes_its_frames() -> None:
    path = spread(torch.tensor([[2.0, 1.0, 3.0]]), torch.arange(6))
    assert path[0].argmax(0).tolist() == [0, 0, 1, 2, 2, 2]
    assert (path.sum(1) == 1).all()


def test_it_learns_what_it_hears() -> None:
    """Two symbols, each with a sound of its own and four frames long."""
    torch.manual_seed(6)
    net = GlowTTS(SMALL)
    sounds = torch.stack([torch.linspace(-2, 2, 8), torch.linspace(3, -1, 8)])
    optimiser = torch.optim.Adam(net.parameters(), 3e-3)
    likelihood = math.inf
    for _ in range(150):
        ids = torch.randint(0, 2, (8, 5))
        mels = sounds[ids.repeat_interleave(4, 1)].transpose(1, 2) + 0.1 * torch.randn(8, 8, 20)
        losses, _ = net(ids, torch.full((8,), 5), mels, torch.full((8,), 20))
        optimiser.zero_grad()
        (losses.likelihood + losses.duration).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        likelihood = losses.likelihood.item()
    assert likelihood < -0.3  # of exact noise of 0.1 it would be -0.88
    spoken, _ = net.eval().speak(torch.tensor([[0, 1, 0, 1, 0]]), noise=0.0)
    heard = torch.cdist(spoken[0].T, sounds).argmin(1)
    changes = heard[torch.cat([torch.tensor([True]), heard[1:] != heard[:-1]])]
    assert changes.tolist() == [0, 1, 0, 1, 0]
