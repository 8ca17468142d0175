"""What Tiny-Align is compared with: what learns and what stays, and that a perfect ear has nothing to learn."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from digiclone.nn.llama import Dims, Llama  # noqa: E402
from digiclone.train import through  # noqa: E402
from digiclone.train.bridge import Pair  # noqa: E402
from digiclone.train.through import Prompt, Recipe  # noqa: E402

DIMS = Dims(vocabulary=40, width=16, inner=32, layers=2, heads=2, kv_heads=1, head=8)
PROMPT = Prompt(before=(1, 2), between=(3,), end=4)
RECIPE = Recipe("nextgpt", audio=8, prompt=PROMPT, hidden=32, tokens=4, rank=2, epochs=3, room=40, rate=1e-2)
METHODS = get_args(through.Method)


def model() -> Llama:
    torch.manual_seed(0)
    return Llama(DIMS).eval()


def pairs(count: int) -> list[Pair]:
    """What is heard are the tokens themselves, one a frame, and noise."""
    draw = np.random.default_rng(0)
    found = []
    for number in range(count):
        tokens = draw.integers(5, 40, draw.integers(2, 6))
        features = draw.normal(0, 1, (len(tokens), 8))
        features[:, 0] = tokens
        found.append(Pair(f"p{number}", features.astype(np.float16), tokens))
    return found


class Perfect(torch.nn.Module):
    """Hears every token."""

    def __init__(self, net: Llama) -> None:
        super().__init__()
        self.table = net.token_embd.weight

    def forward(self, features, frames):
        return self.table[features[..., 0].long()], frames


def silent(_how: str, _share: float) -> None:
    pass


@torch.no_grad()
def test_who_hears_all_knows_what_a_reader_knows() -> None:
    net, some = model(), pairs(5)
    answers = {pair.name: [7, 8, 9] for pair in some[:3]}
    perfect = Perfect(net)
    assert float(through.loss(replace(RECIPE, method="ultravox"), perfect, net, some, answers)) == pytest.approx(
        0, abs=1e-5
    )
    deaf = through.Projector(replace(RECIPE, method="ultravox"), DIMS.width)
    assert float(through.loss(replace(RECIPE, method="ultravox"), deaf, net, some, answers)) > 1e-4
    found = float(through.loss(RECIPE, perfect, net, some, answers))
    total, count = 0.0, 0
    for pair in some:  # one by one, written out
        said = [*answers.get(pair.name, list(map(int, pair.tokens))), PROMPT.end]
        row = [*PROMPT.before, *pair.tokens.tolist(), *PROMPT.between, *said]
        logits = net(torch.tensor([row]))[0]
        for place, token in enumerate(said, len(row) - len(said)):
            total -= float(torch.log_softmax(logits[place - 1], 0)[token])
            count += 1
    assert found == pytest.approx(total / count, rel=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_what_learns_changes_and_nothing_else(method: through.Method, tmp_path: Path) -> None:
    net, some = model(), pairs(6)
    recipe = replace(RECIPE, method=method)
    before = {name: weight.clone() for name, weight in net.state_dict().items()}
    trained, losses = through.fit(recipe, some, {}, net, tmp_path, silent)
    assert len(losses) == recipe.epochs
    after = {name.replace(".plain.", "."): weight for name, weight in net.state_dict().items()}
    changed = {name for name, weight in before.items() if not torch.equal(weight, after[name])}
    assert bool(changed) == (method == "xvila")
    assert "token_embd.weight" not in changed, "it is what the bridge is measured by"
    assert any(".up." in name for name in after) == (method == "xvila-lora")
    torch.manual_seed(recipe.seed)
    fresh = through.Projector(recipe, DIMS.width).state_dict()
    same = {name for name, weight in trained.state_dict().items() if torch.equal(weight, fresh[name])}
    assert {name.split(".")[0] for name in same} == ({"net"} if method == "binding" else set())


@pytest.mark.parametrize("method", ["nextgpt", "slam", "ultravox"])
def test_it_learns(method: through.Method, tmp_path: Path) -> None:
    recipe = replace(RECIPE, method=method, epochs=60)
    net = model()
    with torch.no_grad():
        net.token_embd.weight.mul_(0.1)  # a model that is not yet sure of anything
    _, losses = through.fit(recipe, pairs(6), {}, net, tmp_path, silent)
    assert losses[-1] < 0.95 * losses[0]


@pytest.mark.parametrize(("method", "wanted"), [("nextgpt", [4, 4]), ("slam", [3, 1]), ("ultravox", [2, 1])])
def test_frames_become_vectors(method: through.Method, wanted: list[int]) -> None:
    net = through.Projector(replace(RECIPE, method=method), DIMS.width).eval()
    features = torch.randn(2, 11, 8)
    found, many = net(features, torch.tensor([11, 3]))
    assert many.tolist() == wanted
    alone, _ = net(features[1:, :3], torch.tensor([3]))
    assert torch.allclose(found[1, : wanted[1]], alone[0], atol=1e-5), "what is behind the frames changes nothing"


def test_killed_and_resumed_it_goes_on(tmp_path: Path) -> None:
    net = model()
    whole, losses = through.fit(RECIPE, pairs(6), {}, net, tmp_path, silent)
    again, told = through.fit(RECIPE, pairs(6), {}, model(), tmp_path, silent)
    assert told == losses, "what it learnt before is not forgotten"
    assert all(torch.equal(one, other) for one, other in zip(whole.parameters(), again.parameters(), strict=True))
