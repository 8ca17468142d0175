"""Ears that learn: the same as those that cannot, before; then a person; and exactly the same after a kill."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from killing import killed_behind  # noqa: E402
from tones import sentences  # noqa: E402

from digiclone import artifacts, bridge, registry  # noqa: E402
from digiclone.align import pairs  # noqa: E402
from digiclone.config import ConfigError  # noqa: E402
from digiclone.dsp import joined, resample  # noqa: E402
from digiclone.nn.moonshine import Dims, Encoder, frames  # noqa: E402
from digiclone.nn.reader import Dims as ReaderDims  # noqa: E402
from digiclone.nn.reader import Reader  # noqa: E402
from digiclone.onnx import session  # noqa: E402
from digiclone.stages import RATE, TTS  # noqa: E402
from digiclone.text import letters  # noqa: E402
from digiclone.train import bridge_export, checkpoint, course, ears, person, reader_base  # noqa: E402
from digiclone.train.ears import Hearing, Said  # noqa: E402
from digiclone.train.listening import wrong  # noqa: E402
from digiclone.types import Audio  # noqa: E402

TINY = ears.Recipe(seconds=4.0, rate=3e-3, reader_rate=3e-3, warm=2, every=10, hidden=0.0)


def silent(_how: str, _share: float) -> None:
    pass


def hearing(seed: int = 0) -> Hearing:
    torch.manual_seed(seed)
    encoder = Encoder(Dims(width=24, inner=48, layers=2, heads=2, turning=8))
    return Hearing(encoder, Reader(ReaderDims(24, len(letters.LETTERS), 32, 64, 2, 5, 0.0)))


def said(count: int, seed: int = 0) -> list[Said]:
    """Somebody who speaks in tones."""
    return [Said(name, one.samples.astype(np.float16), text) for name, one, _, text in sentences(count, seed)]


@settings(deadline=None, max_examples=20)
@given(first=st.integers(1_600, 30_000), second=st.integers(1_600, 30_000))
def test_who_stands_beside_a_longer_one_is_heard_as_if_alone(first: int, second: int) -> None:
    encoder = hearing().encoder.eval()
    lengths = torch.tensor([first, second])
    rows = torch.randn(2, int(lengths.max()), generator=torch.Generator().manual_seed(first))
    for row, length in zip(rows, lengths, strict=True):
        row[length:] = 0
    with torch.no_grad():
        together = encoder(rows, lengths)
        for row, length, found in zip(rows, lengths, together, strict=True):
            alone = encoder(row[None, :length])[0]
            assert len(alone) == int(frames(length))
            assert torch.allclose(found[: len(alone)], alone, atol=1e-4)


def test_a_person_is_learnt(tmp_path: Path) -> None:
    begin, kept = hearing(), said(4, 1)
    before, _ = ears.judge(begin, kept)
    net = ears.fit(TINY, 60, said(24), kept, tmp_path, begin, silent)
    after, _ = ears.judge(net, kept)
    assert after < 0.7 * before
    was, now = begin.encoder.state_dict(), net.encoder.state_dict()
    assert torch.equal(was["waves.weight"], now["waves.weight"])
    assert not torch.equal(was["layers.0.query.weight"], now["layers.0.query.weight"])
    assert all(torch.equal(weight, hearing().state_dict()[name]) for name, weight in begin.state_dict().items())


def test_a_kill_changes_nothing(tmp_path: Path) -> None:
    recipe, some = replace(TINY, hidden=0.2), said(12)
    whole = ears.fit(recipe, 12, some, [], tmp_path / "whole", hearing(), silent)
    again = killed_behind((3, 7), lambda: ears.fit(recipe, 12, some, [], tmp_path / "killed", hearing(), silent))
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name


def test_a_loss_that_is_no_number_stops_it_and_keeps_what_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "MINUTE", 0.0)
    some = said(12)
    some[3] = replace(some[3], samples=np.full_like(some[3].samples, np.nan))
    with pytest.raises(ValueError, match="is no number; the checkpoint before it is kept"):
        ears.fit(TINY, 20, some, [], tmp_path, hearing(), silent)
    (place,) = tmp_path.glob("*/ears.pt")
    assert all(weight.isfinite().all() for weight in torch.load(place)["net"].values())


def test_it_goes_only_as_far_as_is_good() -> None:
    net = torch.nn.Linear(1, 1, bias=False)
    before = {"weight": torch.zeros(1, 1)}

    def share(best: float) -> tuple[float, float]:
        with torch.no_grad():
            net.weight.fill_(4.0)
        found = ears.between(before, net, (0.25, 0.5, 1.0), lambda: abs(net.weight.item() - best))
        return found, net.weight.item()

    assert share(2.1) == (0.5, 2.0)
    assert share(9.0) == (1.0, 4.0)
    assert share(float("nan"))[0] in (0.25, 0.5, 1.0), "nothing was kept"


@pytest.mark.parametrize(("seconds", "steps"), [(0.0, 100), (300.0, 150), (1e5, 240)])
def test_more_sentences_take_more_steps(seconds: float, steps: int) -> None:
    assert ears.Recipe().steps(seconds) == steps


def test_the_file_hears_what_the_network_hears() -> None:
    net = hearing().eval()
    run = session(bridge_export.hearing(net, {}), threads=1).run
    samples = torch.randn(1, 20_000, generator=torch.Generator().manual_seed(3))
    likely, features = run(None, {"samples": samples.numpy()})
    with torch.no_grad():
        wanted = net.encoder(samples)
        assert np.allclose(features, wanted.numpy(), atol=0.05)
        assert np.allclose(likely, net.reader(wanted, torch.tensor([wanted.shape[1]])).numpy(), atol=0.05)


@pytest.mark.model
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("home")
def test_with_moonshines_ears_a_person_is_learnt_and_goes_on(tmp_path: Path) -> None:
    voice, recogniser = registry.load("tts", "hibari"), registry.load("asr", "moonshine", threads=2)
    texts = [f"The {thing} is {how}." for thing in ("house", "garden", "river", "cat") for how in HOW]
    folder = tmp_path / "bridge"
    pairs.add(folder / "pairs", [(f"s{n}", spoken(voice, text), text, text) for n, text in enumerate(texts)])
    some = pairs.read(folder / "pairs")
    recipe = person.Recipe(ears=replace(ears.Recipe(), fewest=3, most=3, seconds=16.0, warm=1), variants=0)
    for now, start in ((recipe, reader_base.SHIPPED), (person.going_on(recipe), folder / person.OWN)):
        about = person.train(now, some, start, recogniser, "moonshine:tiny-en", folder, silent)
        assert about.trust in person.TRUSTS
        assert about.wrong <= 0.3
    assert checkpoint.facts(folder / person.OWN)["encoder"] == "moonshine:tiny-en"
    made = bridge.Bridge(folder)
    assert [one.name for one in made._net.get_inputs()] == ["samples"]
    heard = [(pair.cleaned, made.hear(pair.audio()).text) for pair in some[:8]]
    assert wrong(heard) <= 0.3
    assert artifacts.bridge(folder) == about
    with pytest.raises(ConfigError, match="only Moonshine's ears can learn"):
        person._hearing(reader_base.SHIPPED, "whisper:base")


HOW = ("old", "green", "far away", "very quiet", "full of light", "not here")


def spoken(voice: TTS, text: str) -> Audio:
    return resample(joined(voice.speak(text)), RATE)
