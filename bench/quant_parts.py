"""What `quant.py` measures, one at a time."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from cells import plain
from torch import nn

from digiclone import llama as engine
from digiclone.artifacts import write_atomically
from digiclone.commands import qat as command
from digiclone.commands.formats import write
from digiclone.commands.quantize import learn
from digiclone.gguffile import Reader
from digiclone.llm import llamacpp
from digiclone.measure.engine import measure
from digiclone.measure.machine import cores
from digiclone.measure.recordings import data
from digiclone.nn import integer, llama, quantised
from digiclone.nn.quantised import EVERYWHERE, Linear, prepare
from digiclone.train import arms, blimp, guides, judging, qat, tokens
from digiclone.train.course import cosine, descend
from digiclone.weights import fetch, home

MODEL = "DIGICLONE_BENCH_MODEL"
"""By which the processes that measure are told another model."""
OWN = 192
"""Windows of 128 tokens that the model writes, at most."""
VERSION = 1
"""Of this file: another one measures everything anew."""
WAYS = ("whole", "Q8_0 rounded", "Q4_0 rounded", "Q4_0 searched", "Q4_0 trained")
FORMATS: dict[str, tuple[str, engine.Cache]] = {
    "F16": ("F16", "f16"),
    "W8A8 (Q8_0)": ("Q8_0", "f16"),
    "W4A8 (Q4_0)": ("Q4_0", "f16"),
    "W4A8, cache 8": ("Q4_0", "q8_0"),
    "W4A8, cache 4": ("Q4_0", "q4_0"),
}
"""Of a file, and of its keys and values."""
PARTS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
ONLY: dict[str, tuple[tuple[str, ...], frozenset[Any]]] = {
    "queries and keys": ((), frozenset({"q", "k"})),
    "attention": (("attn_q", "attn_k", "attn_v", "attn_output"), frozenset({"inputs", "q", "k", "v", "probabilities"})),
    "values": ((), frozenset({"v"})),
    "probabilities": ((), frozenset({"probabilities"})),
    "feed-forward": (("ffn_gate", "ffn_up", "ffn_down"), frozenset({"inputs"})),
    "all": (PARTS, EVERYWHERE),
}
"""Matrices, and what flows, that are put on 4 bits."""


@dataclass(frozen=True)
class Judge:
    """Tokens of WikiText-2's test text, and pairs of each of BLiMP's paradigms."""

    tokens: int
    pairs: int


@dataclass(frozen=True)
class Asked:
    """What is to be measured."""

    judge: Judge
    what: str
    setting: str
    steps: int
    seed: int
    rate: float = 0.0
    """Of weights; 0: the recipe's own."""


@cache
def source() -> Path:
    """The model as it came: SmolLM2-135M, or the file that `quant.py --model` names."""
    return Path(named) if (named := os.environ.get(MODEL)) else fetch(llamacpp.MODELS[0].files[0])


def weights() -> int:
    """How many it has."""
    return sum(int(tensor.n_elements) for tensor in Reader(source()).tensors)


def work(name: str) -> Path:
    """Where checkpoints and what was written is kept; it can be made again."""
    return home() / "bench" / "quant" / source().stem / plain(name)


def silent(_what: str, _share: float) -> None:
    pass


def judged(net: nn.Module, judge: Judge) -> dict[str, Any]:
    """Figures of a network that may have grids in it."""
    windows = tokens.windows(source(), (data() / "wikitext2" / "test.txt").read_text("utf-8"), judge.tokens)
    pairs = blimp.pairs(data() / "blimp", source(), judge.pairs)
    return judging.judged(net, llama.load(source()), windows, pairs)


def material(steps: int) -> np.ndarray:
    """As many windows as the steps read, and those that are kept: what the model writes, a third at most, and text."""
    count = command.KEPT + max(steps * qat.Recipe.together, 2 * command.KEPT)
    own = min(count // 3, OWN)
    about = command.About(
        model="", source=str(source()), bytes=0, to="Q4_0", text=str(_text()),
        tokens=(count - own) * command.WINDOW, own=own * command.WINDOW, steps=1, together=1, seed=0,
    )  # fmt: skip
    return command.material(source(), about, work("material"), silent)


def _text() -> Path:
    """WikiText-2's validation text; behind it, for whom that is not enough, addresses of presidents."""
    files = [data() / "wikitext2" / "valid.txt", *sorted((data() / "speeches" / "state_union").glob("*.txt"))]
    place = work("text") / "text.txt"
    write_atomically(place, "\n".join(file.read_text("utf-8", "replace") for file in files).encode())
    return place


def importance() -> dict[str, np.ndarray]:
    """What the columns of the matrices meet, in speeches."""
    return dict(learn(source(), None, silent))


# -- arms, simulated ---------------------------------------------------------------------------------------------------


def arm(asked: Asked) -> dict[str, Any]:
    """An arm in a setting: trained, then judged with all of its grids."""
    return judged(_torchao(asked) if asked.what == "torchao" else trained(asked).model, asked.judge)


def trained(asked: Asked) -> quantised.Prepared:
    """The model with the grids of an arm in a setting, after so many steps."""
    recipe = _recipe(asked, asked.what)
    net = llama.load(source())
    if not asked.steps:  # rounded to the nearest: nothing is learnt
        return prepare(net, recipe.grids)
    windows = material(asked.steps)
    place = work(f"{asked.setting}-{asked.what}-{asked.seed}")
    return qat.fit(recipe, net, windows[command.KEPT :], windows[:2], None, place, silent)


def _recipe(asked: Asked, arm: str) -> qat.Recipe:
    recipe = arms.recipe(arm, arms.SETTINGS[asked.setting], asked.steps, asked.seed)
    return replace(recipe, rate=asked.rate or recipe.rate)


def _torchao(asked: Asked) -> nn.Module:
    """The maintained peer, with the same steps, rates, material, teacher: weights 32 by 32 in 4 bits, tokens in 8."""
    from torchao.quantization import Int8DynamicActivationIntxWeightConfig, quantize_
    from torchao.quantization.granularity import PerGroup
    from torchao.quantization.qat import QATConfig
    from torchao.quantization.qat.api import QATStep

    net, whole = llama.load(source()), llama.load(source())
    four: torch.dtype = getattr(torch, "int4")  # noqa: B009  torch's stubs do not know it
    grid = Int8DynamicActivationIntxWeightConfig(weight_dtype=four, weight_granularity=PerGroup(32))

    def matrices(module: nn.Module, name: str) -> bool:
        return isinstance(module, nn.Linear) and name not in quantised.OUTPUTS

    quantize_(net, QATConfig(grid, step=QATStep.PREPARE), matrices)
    recipe = _recipe(asked, "lsq")
    learning = [weight for name, weight in net.named_parameters() if weight.dim() == 2 and "embd" not in name]
    optimiser = torch.optim.AdamW(learning, recipe.rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: cosine(step, recipe.warm, recipe.steps))
    for step, some in enumerate(qat.batches(recipe, material(asked.steps)[command.KEPT :], 0)):
        with torch.no_grad():
            theirs = whole(some[:, :-1])
        found = guides.divergence(net(some[:, :-1]), theirs, 1.0)
        descend(found, step, optimiser, schedule, recipe.clip)
    return net


def only(asked: Asked) -> dict[str, Any]:
    """Some parts in 4 bits, the others whole; nothing is learnt."""
    names, flows = ONLY[asked.what]
    net = llama.load(source())
    grids = quantised.Recipe(weights="minmax", flows="minmax", flow_bits=4, parts=flows)
    prepare(net, grids)
    for name, module in net.named_modules():
        if isinstance(module, Linear) and name.rpartition(".")[2] not in names:
            module.grid, module.inputs = nn.Identity(), nn.Identity()
    return judged(net, asked.judge)


# -- files that the engine runs ----------------------------------------------------------------------------------------


def file(asked: Asked) -> dict[str, Any]:
    """A file, judged by its weights."""
    return judged(llama.load(written(asked)), asked.judge)


def written(asked: Asked) -> Path:
    """The file of a way, made if it is not there yet."""
    if asked.what == "whole":
        return source()
    kind, _, way = asked.what.partition(" ")
    out = work(f"{asked.what}-{asked.steps}-{asked.seed}") / f"{kind}.gguf"
    if out.exists():
        return out
    if way == "trained":
        recipe, windows = arms.deployed("q4_0", asked.steps, asked.seed), material(asked.steps)
        net = llama.load(source())
        made = qat.fit(
            recipe, net, windows[command.KEPT :], windows[: command.KEPT], importance(), out.parent, silent
        )  # fmt: skip
        qat.write(made, source(), out, silent)
    else:
        write(source(), out, kind, importance() if way == "searched" else None, silent)
    return out


def parity(asked: Asked) -> dict[str, Any]:
    """A trained file: what the engine computes, beside what torch simulates of it, over a text; by how keys and values
    are kept."""
    out = written(asked)
    text = tokens.windows(source(), (data() / "wikitext2" / "test.txt").read_text("utf-8"), 512)[0][:128]
    return {
        "f16": _apart(out, text, "f16", "none"),
        **{kept: _apart(out, text, kept, kept) for kept in ("q8_0", "q4_0")},
    }


def _apart(
    file: Path, text: np.ndarray, cache: engine.Cache, kept: Literal["none", "q8_0", "q4_0"]
) -> dict[str, float]:
    """How far logits are apart, at most and on average over a text, and how they are spread."""
    net = llama.load(file)
    prepare(net, replace(arms.DEPLOYED, weights="none", cache=kept))
    run = engine.Llama(file, 256, threads=1, cache=cache)
    with torch.no_grad():
        simulated = net(torch.from_numpy(text[None]))[0].numpy()
    off = list[float]()
    for place, token in enumerate(text.tolist()):
        run.read([token])
        off.append(float(np.abs(run.logits() - simulated[place]).max()))
    return {"max_abs": max(off), "mean_max_abs": float(np.mean(off)), "spread": float(simulated.std())}


def speed(asked: Asked) -> dict[str, Any]:
    """Tokens a second of the engine: all formats in turn, five times; the medians of what each took."""
    took: dict[str, list[Any]] = {name: [] for name in FORMATS}
    with tempfile.TemporaryDirectory() as folder:
        for kind in {kind for kind, _ in FORMATS.values()}:
            write(source(), Path(folder) / kind, kind, None, silent)
        for name in [*FORMATS] * 5:
            kind, cache = FORMATS[name]
            took[name].append(measure(Path(folder) / kind, cores(), 512, [(128, 64)] * 3, cache))
    rows = list[dict[str, Any]]()
    for name, measured in took.items():
        runs = [run for found in measured for run in found.runs]
        read, wrote = (float(np.median([getattr(run, key) for run in runs])) for key in ("read_s", "token_s"))
        memory = max(found.memory for found in measured) / 2**20
        rows.append({"format": name, "prefill_tok_s": 128 / read, "decode_tok_s": 1 / wrote, "mb": memory})
    for row in rows:
        row["ratio_to_f16"] = {
            phase: row[f"{phase}_tok_s"] / rows[0][f"{phase}_tok_s"] for phase in ("prefill", "decode")
        }
    return {"rows": [*rows, *(_reference(setting, 128 / rows[2]["prefill_tok_s"]) for setting in ("W4A4", "W4A4:8"))]}


def _reference(setting: str, q4_0: float) -> dict[str, Any]:
    """The whole-number reference, which no engine runs, on a matrix and 128 tokens: beside the same in 32-bit floats,
    and beside what the engine takes with Q4_0, a matrix's share of the `q4_0` seconds in which it reads 128 tokens."""
    net: Any = llama.load(source())
    prepare(net, arms.recipe("lsq", arms.SETTINGS[setting], 1, 0).grids)
    with torch.no_grad():
        net(torch.arange(128)[None])
    linear = net.blk[0].ffn_up
    x = torch.randn(128, linear.weight.shape[1])
    whole, floats = (
        _timed(run) for run in (lambda: integer.multiplied(linear, x), lambda: nn.functional.linear(x, linear.weight))
    )
    off = float((integer.multiplied(linear, x) - linear(x[None])[0]).detach().abs().max())
    share = linear.weight.numel() / sum(one.weight.numel() for one in net.modules() if isinstance(one, Linear))
    return {
        "format": f"{setting}, reference", "ratio_to_f32": floats / whole, "ratio_to_q4_0": share * q4_0 / whole,
        "off_the_simulation": off,
    }  # fmt: skip


@torch.no_grad()
def _timed(run: Callable[[], Any]) -> float:
    took = list[float]()
    for _ in range(20):
        begun = time.perf_counter()
        run()
        took.append(time.perf_counter() - begun)
    return float(np.median(took))


def step(asked: Asked) -> dict[str, Any]:
    """Forward, backward and the optimiser's step, with grids (W4A4 with learnt steps) and without, in turn."""
    some = torch.from_numpy(material(1)[:4])
    took, memory = dict[str, list[float]](), dict[str, float]()
    for name in ("plain", "grids"):
        net = llama.load(source())
        if name == "grids":
            prepare(net, arms.recipe("lsq", arms.SETTINGS["W4A4"], 1, 0).grids)
        net.token_embd.requires_grad_(False)
        optimiser = torch.optim.AdamW([one for one in net.parameters() if one.requires_grad], 1e-6)
        for _ in range(4):
            begun = time.perf_counter()
            found = nn.functional.cross_entropy(net(some[:, :-1]).flatten(0, 1), some[:, 1:].flatten())
            optimiser.zero_grad()
            found.backward()
            optimiser.step()
            took.setdefault(name, []).append(time.perf_counter() - begun)
        memory[name] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    plain, grids = (float(np.median(took[name][1:])) for name in ("plain", "grids"))
    return {
        "plain_s": plain, "grids_s": grids, "ratio": grids / plain,
        "memory_mb": memory, "memory_ratio": memory["grids"] / memory["plain"],
    }  # fmt: skip
