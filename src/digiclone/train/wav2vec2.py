"""A wav2vec 2.0 of a hub, or of a folder, as the folder that `asr:wav2vec2` hears through.

python -m digiclone.train.wav2vec2 FOLDER [--model facebook/wav2vec2-base-960h]
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from torch import Tensor, nn

from digiclone.artifacts import write_atomically
from digiclone.asr.wav2vec2 import ABOUT, NET
from digiclone.onnx import session
from digiclone.train.export import Differs
from digiclone.train.traced import encoded, halved, traced


class _Both(nn.Module):
    """What is heard, and the letters of it."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        features = self.model.wav2vec2(samples).last_hidden_state
        return features, torch.log_softmax(self.model.lm_head(features), dim=2)


def export(model: str, folder: Path) -> None:
    """Write the folder. Raises `OSError` where there is no such model, and `Differs` if what was written does not
    compute what it was made of."""
    from transformers import Wav2Vec2ForCTC, Wav2Vec2Processor  # noqa: PLC0415

    processor = Wav2Vec2Processor.from_pretrained(model)
    net = _Both(Wav2Vec2ForCTC.from_pretrained(model).eval())
    letters = {number: letter for letter, number in processor.tokenizer.get_vocab().items()}
    example = torch.randn(1, 16_000, generator=torch.Generator().manual_seed(0))
    free = {"samples": {1: "samples"}, "features": {1: "frames"}, "likely": {1: "frames"}}
    data = encoded(halved(traced(net, [example], ["samples"], ["features", "likely"], free)), {"made_of": model})
    _compared(net, data)
    about = {
        "letters": [letters[number] for number in range(len(letters))],
        "blank": processor.tokenizer.pad_token_id,
        "normalised": processor.feature_extractor.do_normalize,
        "least": 400,
    }
    write_atomically(folder / NET, data)
    write_atomically(folder / ABOUT, json.dumps(about, indent=1).encode())


def _compared(net: nn.Module, data: bytes) -> None:
    run = session(data, threads=1).run
    for count in (4_000, 33_333):
        samples = torch.randn(1, count, generator=torch.Generator().manual_seed(count))
        with torch.no_grad():
            wanted, _ = net(samples)
        got = run(["features"], {"samples": samples.numpy()})[0]
        off = float(np.median(np.abs(got - wanted.numpy()))) / float(wanted.std())
        if not off < 0.05:
            raise Differs(f"ONNX and torch differ by {off:.3f} of the spread on {count} samples: look at {__name__}")


def main(
    folder: Annotated[Path, typer.Argument(help="Where it goes.")],
    model: Annotated[str, typer.Option(help="Of a hub, or a folder.")] = "facebook/wav2vec2-base-960h",
) -> None:
    """Fetch, convert, compare."""
    export(model, folder)
    print(f'{folder}: asr:wav2vec2 hears through it (in clone.toml: [asr] backend = "wav2vec2", folder = "{folder}")')  # noqa: T201


if __name__ == "__main__":
    typer.run(main)
