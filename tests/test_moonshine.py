"""Moonshine beyond its transcripts: what it believes, what a guess saves, its pieces, and its ears that can learn."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import words

from digiclone import registry, weights
from digiclone.dsp import resample
from digiclone.measure.recordings import recordings
from digiclone.stages import RATE
from digiclone.types import Audio

pytestmark = [pytest.mark.model, pytest.mark.timeout(300), pytest.mark.usefixtures("home")]


@pytest.fixture(scope="module")
def backend() -> Any:
    return registry.load("asr", "moonshine")


@pytest.fixture(scope="module")
def sounds() -> list[Audio]:
    """Recorded sentences of people."""
    found = [resample(one.audio, RATE) for one in recordings(10) if one.text]
    if not found:
        pytest.skip("no recordings with a text: set DIGICLONE_DATA")
    return found


def test_moonshine_believes_most_what_it_writes(backend: Any, sounds: list[Audio]) -> None:
    for audio in sounds:
        features = backend.features(audio)
        written = backend.write(features)
        words = written.split()
        others = [" ".join(words[::-1]), " ".join(words[:-1]), "Something else altogether.", ""]
        found = backend.believe(features, [written, *others])
        assert 0 > found[0] > max(found[1:])
        (alone,) = backend.believe(features, [others[2]])
        assert alone == pytest.approx(found[3], rel=0.1), "its numbers have 8 bits, by the largest side by side"


def test_a_guess_makes_moonshine_quicker_and_changes_nothing(
    backend: Any, sounds: list[Audio], monkeypatch: pytest.MonkeyPatch
) -> None:
    """But by rounding: its numbers have 8 bits."""
    passes, run = list[int](), backend._decoder.run

    class Counted:
        def run(self, names: Any, feeds: Any) -> Any:
            passes[-1] += 1
            return run(names, feeds)

    monkeypatch.setattr(backend, "_decoder", Counted())
    same = list[bool]()
    for audio in sounds:
        features = backend.features(audio)
        passes.append(0)
        written = backend.write(features)
        plain, some = passes[-1], written.split()
        wrong = [*some[:2], "perhaps", *some[3:]]
        for guess in (written, " ".join(wrong), " ".join(some[1:]), "Something else altogether.", "so " * 500):
            passes.append(0)
            same.append(words(backend.write(features, guess)) == words(written))
            assert passes[-1] <= plain + 1
            if guess == written:
                assert passes[-1] < max(4, plain / 2)
    assert np.mean(same) > 0.9


def test_moonshine_reads_its_own_pieces(backend: Any) -> None:
    pieces = backend._pieces
    for text in ("Plain words, said twice.", "Zoë paid 20% – naïve?", "日本", ""):
        assert pieces.text(pieces.numbers(text)) == text


def test_moonshines_ears_that_can_learn_hear_the_same(backend: Any, sounds: list[Audio], tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from digiclone.config import ConfigError
    from digiclone.train import moonshine

    ears = moonshine.encoder("tiny-en").eval()
    for audio in sounds[:3]:
        sound = resample(audio, RATE)
        usual = backend.features(sound)
        with torch.no_grad():
            found = ears(torch.from_numpy(sound.samples[None].astype(np.float32))).numpy()
        assert found.shape == usual.shape
        assert float((found * usual).sum() / np.sqrt((found**2).sum() * (usual**2).sum())) > 0.998
        assert words(backend.write(found)) == words(backend.write(usual))
    _, decoder, _ = registry.find("asr", "moonshine", "tiny-en").files
    with pytest.raises(ConfigError, match=r"decoder_model_merged\.ort is not the encoder"):
        moonshine.read(weights.path(decoder))
