"""EdgeQAT's losses beside loops over their printed sums, and which way they pull."""

import math
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402, TID253

from digiclone.nn.quantised import Seen  # noqa: E402
from digiclone.train import guides  # noqa: E402
from digiclone.train.guides import Guides  # noqa: E402

B, H, T, D, LAYERS = 2, 3, 5, 8, 2


def seen(seed: int, near: list[Seen] | None = None, off: float = 1.0) -> list[Seen]:
    chance = torch.Generator().manual_seed(seed)

    def drawn(*shape: int) -> Any:
        return torch.randn(*shape, generator=chance)

    found = [Seen(drawn(B, H, T, D), drawn(B, H, T, D), drawn(B, H, T, T)) for _ in range(LAYERS)]
    if near:
        found = [Seen(b.query, b.key, a.logits + off * b.logits) for a, b in zip(near, found, strict=True)]
    return found


def test_entropy_is_the_printed_sum() -> None:
    some = seen(0)
    by_hand = sum(
        math.log(1 + float(layer.query[:, h].var()) * float(layer.key[:, h].var())) for layer in some for h in range(H)
    )
    assert float(guides.entropy(some)) == pytest.approx(-math.log(by_hand), rel=1e-5)
    by_code = sum(
        math.log(1 + float(part[b, h, t].var()))
        for layer in some for part in (layer.query, layer.key) for b in range(B) for h in range(H) for t in range(T)
    )  # fmt: skip
    assert float(guides.entropy(some, "code")) == pytest.approx(-math.log(by_code), rel=1e-5)


@pytest.mark.parametrize("form", ["equation", "code"])
def test_entropy_falls_as_queries_and_keys_spread(form: guides.Entropy) -> None:
    some = seen(0)
    wide = [Seen(3 * one.query, 3 * one.key, one.logits) for one in some]
    assert float(guides.entropy(wide, form)) < float(guides.entropy(some, form))


def test_the_printed_distribution_loss_pulls_maps_apart_and_the_others_together() -> None:
    theirs = seen(0)
    near, far = seen(1, theirs, 0.1), seen(1, theirs, 1.0)
    for form in ("cosine", "kl"):
        assert guides.distribution(theirs, theirs, form) < 1e-5
        assert 0 < guides.distribution(near, theirs, form) < guides.distribution(far, theirs, form)
    assert guides.distribution(near, theirs, "paper") > guides.distribution(far, theirs, "paper")
    by_hand = sum(
        float(functional.cosine_similarity(a.logits[b, h].flatten(), c.logits[b, h].flatten(), dim=0))
        for a, c in zip(near, theirs, strict=True) for b in range(B) for h in range(H)
    )  # fmt: skip
    assert float(guides.distribution(near, theirs, "paper")) == pytest.approx(math.log(by_hand), rel=1e-4)


def test_what_lies_behind_a_token_is_nobodys_business() -> None:
    theirs = seen(0)
    behind = torch.ones(T, T, dtype=torch.bool).triu(1)
    ours = [Seen(one.query, one.key, one.logits.masked_fill(behind, 7.0)) for one in theirs]
    for form in ("cosine", "kl"):
        assert guides.distribution(ours, theirs, form) < 1e-5


def test_kl_is_the_sum_over_what_is_looked_at() -> None:
    ours, theirs = seen(1), seen(0)
    by_hand = []
    for a, b in zip(ours, theirs, strict=True):
        for row in range(B):
            for h in range(H):
                for t in range(T):
                    p = b.logits[row, h, t, : t + 1].softmax(0)
                    q = a.logits[row, h, t, : t + 1].softmax(0)
                    by_hand.append(float((p * (p / q).log()).sum()))
    assert float(guides.distribution(ours, theirs, "kl")) == pytest.approx(sum(by_hand) / len(by_hand), rel=1e-4)


def test_gradients_are_numbers_and_what_counts_nothing_is_left_out() -> None:
    logits = torch.randn(2, 4, 9, requires_grad=True)
    teacher, wanted = torch.randn(2, 4, 9), torch.randint(0, 9, (2, 4))
    ours = [Seen(s.query.requires_grad_(), s.key.requires_grad_(), s.logits.requires_grad_()) for s in seen(1)]
    for form in ("cosine", "paper", "kl"):
        guides.total(Guides(distribution_form=form), logits, wanted, teacher, ours, seen(0)).backward()
        for one in ours:
            for some in (one.query, one.logits):
                assert some.grad is not None
                assert torch.isfinite(some.grad).all()
    logits = logits.detach()
    plain = guides.total(Guides(0.0, 2.0, 0.0, 0.0), logits, wanted, teacher, [], [])
    assert float(plain) == pytest.approx(float(functional.cross_entropy(logits.flatten(0, 1), wanted.flatten())))
    whole = guides.total(Guides(1.0, 1.0, 0.0, 0.0), teacher, wanted, teacher, [], [])
    assert float(whole) == pytest.approx(0.0, abs=1e-6)
