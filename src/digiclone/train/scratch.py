"""A small Llama from nothing, for those who want to see few bits on a model that nobody rounded before: the sizes of
EdgeQAT's LLaMA-58M, or such as two cores train in half an hour.

    python -m digiclone.train.scratch OUT.gguf [--paper] [--folder FOLDER]

It reads books and speeches that belong to nobody (`spelling.py`), with the first so many tokens of SmolLM2's
vocabulary. Checkpoints are kept in the folder; started again, it goes on where it was stopped.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType
from gguf.quants import quantize
from torch import Tensor, nn
from torch.nn import functional

from digiclone.artifacts import replacing
from digiclone.gguffile import Reader
from digiclone.llm import llamacpp
from digiclone.nn.llama import Dims, Llama
from digiclone.train import checkpoint, journal, spelling, tokens
from digiclone.train.course import Course, Progress, cosine, descend, run
from digiclone.train.precision import DEVICE, mixed
from digiclone.weights import home

log = logging.getLogger(__name__)
PLOTS = {"nats a token": {"learnt": "loss", "kept": "kept_loss"}}
KEPT = 16
"""Windows that are looked at and not learnt."""


@dataclass(frozen=True)
class Recipe:
    """All that decides what comes out, beside the text."""

    dims: Dims
    version: int = 1
    steps: int = 1_500
    together: int = 16
    """Windows of a step."""
    window: int = 256
    rate: float = 1e-3
    warm: int = 100
    decay: float = 0.1
    clip: float = 1.0
    every: int = 100
    seed: int = 0


SMALL = Recipe(Dims(4_096, width=192, inner=512, layers=6, heads=6, kv_heads=6, head=32))
PAPER = Recipe(Dims(16_000, width=512, inner=1_024, layers=16, heads=8, kv_heads=8, head=64), steps=20_000, together=64)
"""LLaMA-58M: 58,343,936 weights (its code; the token table counted once)."""


def fit(recipe: Recipe, windows: np.ndarray, folder: Path, tell: Progress) -> Llama:
    """A model that foresees `windows` (N, W) of tokens; the last `KEPT` are not learnt. What is needed to go on lies in
    `folder`, at most a minute old. Raises `ValueError` if the loss is no number."""
    torch.manual_seed(recipe.seed)
    net = begun(recipe.dims).to(DEVICE)
    learnt, kept = windows[:-KEPT], windows[-KEPT:]
    groups = [
        {"params": [w for w in net.parameters() if w.ndim > 1]},
        {"params": [w for w in net.parameters() if w.ndim == 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, recipe.rate, (0.9, 0.95), weight_decay=recipe.decay, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: cosine(step, recipe.warm, recipe.steps))

    def learn(some: Tensor, step: int) -> float:
        with mixed():
            logits = net(some[:, :-1])
        return descend(_nats(logits, some), step, optimiser, schedule, recipe.clip)

    @torch.no_grad()
    def look(now: float) -> tuple[dict[str, float], str]:
        found = float(np.mean([float(_nats(net(one[:, :-1]), one)) for one in map(_tensor, kept[:, None])]))
        return {"loss": now, "kept_loss": found}, f"loss {now:.3f}; kept: {found:.3f} nats a token"

    parts: dict[str, Any] = {"net": net, "optimiser": optimiser, "schedule": schedule}
    place = folder / checkpoint.key(recipe, [windows]) / "scratch.pt"
    run(
        Course("a language model", recipe.steps, recipe.every, parts, place, folder, PLOTS),
        material=lambda first: batches(recipe, learnt, first),
        learn=learn,
        look=look,
        tell=tell,
    )
    return net.cpu().eval()


def begun(dims: Dims) -> Llama:
    """Weights of chance; what is added to the stream begins smaller, the more layers add (Radford et al. 2019)."""
    net = Llama(dims)
    for name, weight in net.named_parameters():
        if weight.ndim > 1:
            last = name.endswith(("attn_output.weight", "ffn_down.weight"))
            nn.init.normal_(weight, std=0.02 / (2 * dims.layers) ** 0.5 if last else 0.02)
    return net


def batches(recipe: Recipe, windows: np.ndarray, first: int) -> Iterator[Tensor]:
    """Those of the steps from `first` on: which windows come is the step's own."""
    for step in range(first, recipe.steps):
        chosen = np.random.default_rng((recipe.seed, step)).integers(0, len(windows), recipe.together)
        yield _tensor(windows[chosen])


def _nats(logits: Tensor, some: Tensor) -> Tensor:
    return functional.cross_entropy(logits.float().flatten(0, 1), some[:, 1:].flatten())


def _tensor(windows: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(windows)).to(DEVICE)


def write(net: Llama, source: Path, out: Path) -> None:
    """A GGUF file in 16 bits, with the first tokens of the vocabulary of the GGUF file `source`, as many as the model
    knows."""
    dims, told = net.dims, Reader(source).fields
    with replacing(out) as file:
        writer = GGUFWriter(file.name, "llama")
        writer.add_name(out.stem)
        writer.add_file_type(LlamaFileType.MOSTLY_F16)
        writer.add_block_count(dims.layers)
        writer.add_context_length(2_048)
        writer.add_embedding_length(dims.width)
        writer.add_feed_forward_length(dims.inner)
        writer.add_head_count(dims.heads)
        writer.add_head_count_kv(dims.kv_heads)
        writer.add_key_length(dims.head)
        writer.add_value_length(dims.head)
        writer.add_rope_dimension_count(dims.head)
        writer.add_rope_freq_base(dims.base)
        writer.add_layer_norm_rms_eps(dims.epsilon)
        writer.add_vocab_size(dims.vocabulary)
        _vocabulary(writer, told, dims.vocabulary)
        for name, weight in net.state_dict().items():
            kind = GGMLQuantizationType.F16 if weight.ndim > 1 else GGMLQuantizationType.F32
            writer.add_tensor(name, quantize(weight.numpy(), kind), raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def _vocabulary(writer: GGUFWriter, told: Any, size: int) -> None:
    words = told["tokenizer.ggml.tokens"].contents()[:size]
    there = set(words)
    merges = [pair for pair in told["tokenizer.ggml.merges"].contents() if pair.replace(" ", "") in there]
    writer.add_tokenizer_model(told["tokenizer.ggml.model"].contents())
    writer.add_tokenizer_pre(told["tokenizer.ggml.pre"].contents())
    writer.add_token_list(words)
    writer.add_token_types(told["tokenizer.ggml.token_type"].contents()[:size])
    writer.add_token_merges([pair for pair in merges if all(part in there for part in pair.split(" "))])
    for key, put in (("bos", writer.add_bos_token_id), ("eos", writer.add_eos_token_id)):
        if (field := told.get(f"tokenizer.ggml.{key}_token_id")) is not None:
            put(field.contents())
    writer.add_add_bos_token(False)


def train(recipe: Recipe, source: Path, text: str, folder: Path, out: Path, tell: Progress) -> Llama:
    """Everything, from a text to the file `out`."""
    empty = folder / "untrained.gguf"
    folder.mkdir(parents=True, exist_ok=True)
    write(begun(recipe.dims), source, empty)
    windows = tokens.windows(empty, text, len(text)).reshape(-1)
    windows = windows[: len(windows) // recipe.window * recipe.window].reshape(-1, recipe.window)
    net = fit(recipe, windows[np.random.default_rng(0).permutation(len(windows))], folder, tell)
    write(net, source, out)
    return net


def main(
    out: Annotated[Path, typer.Argument(help="The GGUF file to write.")],
    paper: Annotated[bool, typer.Option("--paper", help="The sizes of LLaMA-58M: for a graphics card.")] = False,
    folder: Annotated[Path | None, typer.Option(help="Where checkpoints are kept.")] = None,
) -> None:
    """Train a small Llama from nothing."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    recipe, source = PAPER if paper else SMALL, llamacpp.weights(llamacpp.Options(format="as-is"))
    place = folder or home() / "training" / "scratch"
    train(recipe, source, "\n\n".join(spelling.books()), place, out, journal.logged(log))


if __name__ == "__main__":
    typer.run(main)
