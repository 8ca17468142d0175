"""`digiclone qat …`: a language model that learns to live with few bits, for the engine that runs it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import psutil
import typer
from rich.console import Console
from rich.table import Table

from digiclone.artifacts import replacing, toml, write_atomically
from digiclone.commands.avatar import Json, progress
from digiclone.commands.formats import opened
from digiclone.commands.quantize import figures, learn, ready, refuse_to_lose, source_of, words
from digiclone.config import ConfigError, Strict, load_toml, parse

if TYPE_CHECKING:
    import numpy as np

    from digiclone.train import qat

app = typer.Typer(no_args_is_help=True, help="Teach a language model to live with few bits (EdgeQAT).")
ABOUT, MODEL = "qat.toml", "model.gguf"
WINDOW = 128
"""Tokens that are read together in training, as in the paper."""
KEPT = 16
"""Windows that are looked at and not learnt."""
Folder = Annotated[Path, typer.Argument(help="Where everything of this training is kept.")]


class About(Strict):
    """`qat.toml`: which training a folder holds."""

    model: str
    source: str
    bytes: int
    """Of the source."""
    to: Literal["Q4_0", "Q8_0"]
    cache: Literal["f16", "q8_0", "q4_0"] = "f16"
    text: str
    tokens: int
    own: int
    steps: int
    together: int
    seed: int


@app.callback()
def group() -> None:
    """Teach a language model to live with few bits."""


@app.command()
def train(
    model: Annotated[str, typer.Argument(help="A model of the catalogue (llm:llamacpp:smollm2-135m), or a GGUF file.")],
    folder: Folder,
    to: Annotated[Literal["Q4_0", "Q8_0"], typer.Option(help="Weights in 4 bits or in 8; what flows has 8.")] = "Q4_0",
    cache: Annotated[
        Literal["f16", "q8_0", "q4_0"], typer.Option(help="How the engine will keep keys and values (llm.cache).")
    ] = "f16",
    text: Annotated[Path | None, typer.Option(help="What it learns from; else speeches of presidents.")] = None,
    tokens: Annotated[int, typer.Option(min=0, help="How much of that text is read.")] = 49_152,
    own: Annotated[int, typer.Option(min=0, help="Tokens that it writes by itself, to learn from.")] = 24_576,
    steps: Annotated[int, typer.Option(min=1, help="Each reads so many windows as --together says.")] = 400,
    together: Annotated[int, typer.Option(min=1, help="Windows of 128 tokens in a step; fewer take less memory.")] = 4,
    seed: Annotated[int, typer.Option(help="Of the order of windows, and of what the model writes.")] = 0,
    as_json: Json = False,
) -> None:
    """Train weights where the engine will have them, with the unrounded model as the teacher.

    It can be stopped at any time: the same command goes on where it was, a minute back at most. What comes out is
    FOLDER/model.gguf, as large and as quick as plain rounding makes it, and nearer to what it was made of.
    """
    ready("digiclone qat")
    source, _ = source_of(model)
    about = About(
        model=model, source=str(source.resolve()), bytes=source.stat().st_size, to=to, cache=cache,
        text=str(text or ""), tokens=tokens, own=own, steps=steps, together=together, seed=seed,
    )  # fmt: skip
    from digiclone.nn.llama import load  # noqa: PLC0415
    from digiclone.train import arms, qat  # noqa: PLC0415

    opened(source)
    net = load(source)
    _enough(source, about)
    _claim(folder, about)
    with progress() as tell:
        windows = material(source, about, folder, tell)
        importance = learn(source, text and words(text), tell)
        _room(net, together)
        kept = "none" if cache == "f16" else cache
        recipe = replace(arms.deployed("q4_0" if to == "Q4_0" else "q8_0", steps, seed, kept), together=together)
        made = _fitted(recipe, net, windows, importance, folder, tell)
        qat.write(made, source, folder / MODEL, tell)
    found = {"file": str(folder / MODEL), "fallen_back": made.fallen_back}
    if as_json:
        print(json.dumps(found))
        return
    if made.fallen_back:
        count = len(made.fallen_back)
        print(f"{count} matrices have rows that are no whole number of blocks of 32: each row has one step")
    print(f"{found['file']} is written. How good it is: digiclone qat eval {folder}")


@app.command(name="eval")
def evaluate(
    folder: Folder,
    text: Annotated[Path | None, typer.Option(help="A text to judge by; else WikiText-2's test.")] = None,
    tokens: Annotated[int, typer.Option(min=512, help="How much of that text is read.")] = 8192,
    blimp: Annotated[
        int, typer.Option(min=0, help="Pairs of each of BLiMP's 67 paradigms, if the data folder has them.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """What was lost by plain rounding, and how much of that training won back."""
    ready("digiclone qat")
    about = _about(folder)
    made = _made(folder)
    from digiclone.measure.recordings import data  # noqa: PLC0415
    from digiclone.nn.llama import load  # noqa: PLC0415
    from digiclone.requantise import requantise  # noqa: PLC0415
    from digiclone.train import blimp as grammar  # noqa: PLC0415
    from digiclone.train.judging import judged  # noqa: PLC0415
    from digiclone.train.tokens import windows  # noqa: PLC0415

    judge = text or data() / "wikitext2" / "test.txt"
    if not judge.is_file():
        raise ConfigError(f"there is no {judge}; set DIGICLONE_DATA, or name a text with --text")
    source, plain = Path(about.source), folder / f"plain.{about.to}.gguf"
    with progress() as tell:
        if not plain.is_file():
            with replacing(plain) as out:
                requantise(source, Path(out.name), about.to, tell=tell)
        some = windows(source, words(judge), tokens)
        pairs = grammar.pairs(data() / "blimp", source, blimp) if blimp else []
        whole = load(source)
        files = {"as it was": source, "rounded": plain, "trained": made}
        found = {
            name: judged(whole, None, some, pairs, tell)
            if file is source
            else judged(load(file), whole, some, pairs, tell)
            for name, file in files.items()
        }
        for name, file in files.items():
            measured = figures(file, None, True, tell)
            found[name] |= {"megabytes": measured.bytes / 1e6, "tokens_per_s": measured.tokens_per_s}
    told = {"text": str(judge), "tokens": int(some.size), "files": found, "won_back": won_back(found)}
    print(json.dumps(told)) if as_json else _tell(told)


@app.command()
def export(
    folder: Folder,
    file: Annotated[Path, typer.Argument(help="A new .gguf file.")],
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    as_json: Json = False,
) -> None:
    """The trained model as a file, for this engine or any other that reads GGUF."""
    about = _about(folder)
    made = _made(folder)
    refuse_to_lose(file, made, force)
    write_atomically(file, made.read_bytes())
    told = {"file": str(file), "bytes": file.stat().st_size}
    kept = f', cache = "{about.cache}"' if about.cache != "f16" else ""
    use = f'A clone thinks with it when its clone.toml says, under [llm]: file = "{file.resolve()}"{kept}'
    print(json.dumps(told) if as_json else f"{file}: {told['bytes'] / 1e6:.1f} MB. {use}")


def material(source: Path, about: About, folder: Path, tell: Any) -> "np.ndarray":
    """Windows of tokens to learn from: of a text, and of what the model writes. Raises `ConfigError` if the text has
    few."""
    import numpy as np  # noqa: PLC0415

    from digiclone.train import own_words  # noqa: PLC0415

    found = [_read(source, about)] if about.tokens else []
    if count := about.own // WINDOW:
        found.append(own_words.written(source, count, WINDOW, about.seed, folder / "written", tell))
    if sum(map(len, found)) < 2 * KEPT:
        raise ConfigError(f"that is too little to learn from: at least {2 * KEPT * WINDOW} tokens, please")
    windows = np.concatenate(found)
    return windows[np.random.default_rng(about.seed).permutation(len(windows))]


def _read(source: Path, about: About) -> "np.ndarray":
    """Windows of the text. Raises `ConfigError` if it cannot be read, or is short."""
    from digiclone.train import tokens  # noqa: PLC0415
    from digiclone.train.activations import shipped  # noqa: PLC0415

    text = words(Path(about.text)) if about.text else shipped()
    return tokens.windows(source, text, about.tokens).reshape(-1, WINDOW)


def _enough(source: Path, about: About) -> None:
    """Raises `ConfigError` if there is too little to learn from, before anything is claimed or written."""
    if about.tokens:
        _read(source, about)
    if about.tokens + about.own < 2 * KEPT * WINDOW:
        raise ConfigError(f"that is too little to learn from: at least {2 * KEPT * WINDOW} tokens, please")


def won_back(found: dict[str, Any]) -> dict[str, float]:
    """The share of what plain rounding loses that training does not."""
    shares = dict[str, float]()
    for name in ("perplexity", "divergence", "grammar"):
        values = [found[way].get(name) for way in ("as it was", "rounded", "trained")]
        if all(value is not None for value in values) and values[0] != values[1]:
            whole, rounded, trained = values
            shares[name] = (rounded - trained) / (rounded - whole)
    return shares


def _claim(folder: Path, about: About) -> None:
    """The folder is this training's from now on. Raises `ConfigError` if it is another's."""
    if (folder / ABOUT).is_file():
        there = _about(folder)
        differ = [name for name in About.model_fields if getattr(there, name) != getattr(about, name)]
        if differ:
            was = ", ".join(f"{name} = {getattr(there, name)!r}" for name in differ)
            raise ConfigError(f"{folder} holds another training ({was}): take another folder, or say the same again")
    else:
        write_atomically(folder / ABOUT, toml(about, "A training for few bits (digiclone qat)."))


def _about(folder: Path) -> About:
    if not (folder / ABOUT).is_file():
        raise ConfigError(f"there is no training in {folder}: begin one with `digiclone qat train MODEL {folder}`")
    return parse(About, load_toml(folder / ABOUT), str(folder / ABOUT))


def _made(folder: Path) -> Path:
    """What a training that came to its end has written."""
    if not (folder / MODEL).is_file():
        raise ConfigError(f"the training in {folder} has not come to its end; the same `digiclone qat train` goes on")
    return folder / MODEL


def _fitted(recipe: "qat.Recipe", net: Any, windows: Any, importance: Any, folder: Path, tell: Any) -> Any:
    from digiclone.train import qat  # noqa: PLC0415

    try:
        return qat.fit(recipe, net, windows[KEPT:], windows[:KEPT], importance, folder / "training", tell)
    except ValueError as error:
        raise ConfigError(f"{error}; what was learnt until then is kept in {folder}") from error
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or "memory" in str(error):
            raise ConfigError(_too_little(net, recipe.together)) from error
        raise


def _needed(net: Any, together: int) -> float:
    """Bytes: the model, its teacher, gradients and two moments of each weight; and what a step keeps of each layer."""
    weights = sum(weight.numel() for weight in net.parameters())
    dims = net.dims
    kept = 34 * dims.width + 12 * dims.inner + 6 * dims.heads * WINDOW
    return 4 * (5 * weights + together * WINDOW * (dims.layers * kept + 6 * dims.vocabulary))


def _room(net: Any, together: int) -> None:
    """Raises `ConfigError` if memory would not do."""
    if _needed(net, together) > psutil.virtual_memory().available:
        raise ConfigError(_too_little(net, together))


def _too_little(net: Any, together: int) -> str:
    free = psutil.virtual_memory().available / 1e9
    fewer = f"with --together 1 it takes {_needed(net, 1) / 1e9:.1f} GB; " if together > 1 else ""
    return (
        f"training this model takes about {_needed(net, together) / 1e9:.1f} GB of memory, and {free:.1f} GB are free:"
        f" {fewer}close other programs, or take a smaller model"
    )


def _tell(told: dict[str, Any]) -> None:
    table = Table("", "MB", "perplexity", "KL, nats", "grammar", "tokens/s", box=None, pad_edge=False)
    for name, row in told["files"].items():
        grammar = "-" if row.get("grammar") is None else f"{row['grammar']:.1%}"
        table.add_row(
            name, f"{row['megabytes']:.1f}", f"{row['perplexity']:.2f}", f"{row['divergence']:.4f}", grammar,
            f"{row['tokens_per_s']:.0f}",
        )  # fmt: skip
    Console().print(table)
    shares = ", ".join(f"{share:.0%} of the loss in {name}" for name, share in told["won_back"].items())
    print(f"Training won back {shares}. By {told['tokens']} tokens of {told['text']}.")
