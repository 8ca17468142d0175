"""A bridge learns one person's speech as Tiny-Align prints it: to the embeddings that one language model has for the
words (EmbedLink, `bridge.py`), with four frames side by side, for time. It learns its sentences by heart and carries
nothing to others (docs/align.md): an ablation, for those who study the paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from digiclone.align.pairs import Pair
from digiclone.artifacts import BRIDGE, Bridge, keep_bridge, replacing, write_atomically
from digiclone.bridge import NET, WORDS
from digiclone.llama import Llama, embeddings
from digiclone.nn.bridgeformer import BridgeFormer, Dims
from digiclone.train import bridge, bridge_export
from digiclone.train.course import Progress
from digiclone.train.heard import Encoder
from digiclone.train.listening import features, wrong
from digiclone.train.person import described, learnable
from digiclone.train.reader import Heard


@dataclass(frozen=True)
class Recipe:
    """What of EmbedLink's recipe does not follow from the encoder and the language model."""

    words: str = "cleaned"
    epochs: int = 400
    seed: int = 0


def train(
    recipe: Recipe, pairs: Sequence[Pair], file: Path, encoder: Encoder, name: str, folder: Path, tell: Progress
) -> Bridge:
    """Learn the person of the `pairs`, for the language model in the GGUF `file`, and write the bridge to `folder`.

    `encoder` hears, of that `name`. Raises `ConfigError` if there is too little.
    """
    learnt, kept = learnable(pairs)
    work, model, table = folder / "training", Llama(file, 64, threads=1), torch.from_numpy(embeddings(file))

    def made(some: Sequence[Pair]) -> list[tuple[Heard, bridge.Pair]]:
        heard = features(some, recipe.words, 0, encoder, name, work, tell)
        tokens = [np.array(model.tokens(one.text, marks=False), np.int64) for one in heard]
        return [(one, bridge.Pair(one.name, one.features, t)) for one, t in zip(heard, tokens, strict=True)]

    material, judged = made(learnt), made(kept)
    dims = Dims(material[0][0].features.shape[1], table.shape[1], stacked=4)
    training = bridge.Recipe(dims, model.end, epochs=recipe.epochs, seed=recipe.seed)
    net, _ = bridge.fit(training, [one for _, one in material], [one for _, one in judged], table, work, tell)

    def read(pair: bridge.Pair) -> str:
        tokens = bridge.nearest(bridge.spoken(training, net, pair)[0], table).tolist()
        return model.text(bridge.until(tokens, model.end)).decode("utf-8", "replace")

    found = wrong([(one.text, read(pair)) for one, pair in judged])
    about = described("paper", name, len(learnt), recipe.words, repr((recipe, training)), found, encoder, kept)
    write(net, table.numpy(), [model.text([token]).decode("utf-8", "replace") for token in range(model.size)], folder)
    keep_bridge(folder, about)
    return about


def write(net: BridgeFormer, table: np.ndarray, texts: Sequence[str], folder: Path) -> None:
    """Write the network, and the language model's words by which what it gives is read."""
    (folder / BRIDGE).unlink(missing_ok=True)
    write_atomically(folder / NET, bridge_export.bridge(net, False, {"made_by": "digiclone align train"}))
    with replacing(folder / WORDS) as out:
        np.savez(out, table=table.astype(np.float16), texts=np.array(texts))
