"""wav2vec 2.0 of random weights: what is written hears what the original hears."""

import json
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("onnx")

from digiclone import registry  # noqa: E402
from digiclone.asr.wav2vec2 import ABOUT, Backend, Options  # noqa: E402
from digiclone.config import ConfigError  # noqa: E402
from digiclone.train import wav2vec2  # noqa: E402
from digiclone.types import Audio  # noqa: E402

LETTERS = ["<pad>", "<s>", "</s>", "<unk>", "|", "E", "T", "A"]
SOUND = Audio(np.random.default_rng(0).normal(0, 0.1, 12_345).astype(np.float32) + 0.2, 16_000)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original")
    torch.manual_seed(0)
    config = transformers.Wav2Vec2Config(
        vocab_size=len(LETTERS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        conv_dim=(8,) * 7, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2, pad_token_id=0,
    )  # fmt: skip
    model = transformers.Wav2Vec2ForCTC(config)
    model.lm_head.weight.data *= 50
    model.save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps({letter: n for n, letter in enumerate(LETTERS)}), "utf-8")
    tokenizer = transformers.Wav2Vec2CTCTokenizer(str(folder / "vocab.json"))
    transformers.Wav2Vec2Processor(transformers.Wav2Vec2FeatureExtractor(), tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def written(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    wav2vec2.export(str(original), folder)
    return folder


def test_it_hears_what_the_original_hears(original: Path, written: Path) -> None:
    model = transformers.Wav2Vec2ForCTC.from_pretrained(original).eval()
    processor = transformers.Wav2Vec2Processor.from_pretrained(original)
    inputs = processor(SOUND.samples, sampling_rate=16_000, return_tensors="pt").input_values
    with torch.no_grad():
        wanted = model.wav2vec2(inputs).last_hidden_state.numpy()
        letters = model(inputs).logits[0].argmax(1).tolist()
    backend = registry.load("asr", "wav2vec2", folder=str(written))
    assert np.abs(backend.features(SOUND) - wanted).max() < 0.02 * wanted.std()
    said = "".join(LETTERS[number] for number, _ in groupby(letters) if number).replace("|", " ").strip()
    assert backend.transcribe(SOUND).upper() == said.upper() != ""


def test_any_length_is_heard(written: Path) -> None:
    backend = Backend(Options(folder=str(written)))
    for count in (0, 1, 399, 16_000 * 60):
        frames = backend.features(Audio(np.zeros(count, np.float32), 16_000)).shape[1]
        assert frames == max(1, (count - 80) // 320)


def test_without_a_model_it_says_how_to_get_one(tmp_path: Path) -> None:
    for folder in ("", str(tmp_path)):
        with pytest.raises(ConfigError, match=r"python -m digiclone.train.wav2vec2 FOLDER"):
            Backend(Options(folder=folder))
    assert not (tmp_path / ABOUT).exists()
