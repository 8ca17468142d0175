"""`digiclone quantize`: a language model in another number format, and what that does to it."""

import importlib.util
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from digiclone.commands.avatar import Json, progress
from digiclone.commands.bring import bring
from digiclone.commands.models import catalogue, select
from digiclone.config import ConfigError
from digiclone.weights import path

if TYPE_CHECKING:
    import numpy as np

    from digiclone.commands.formats import Importance

Tell = Callable[[str, float], None]
LEARNT = 8192
"""Tokens of the text that tells --clip what matters."""
WHOLE = ("F16", "BF16", "Q8_0")
"""Formats that every weight fits into."""
JOBS = [(64, 64)] * 3
"""Tokens read and written to measure the speed; the middle one counts."""


@dataclass(frozen=True)
class Figures:
    """Of one file; None is what was not measured."""

    file: str
    bytes: int
    bits_per_weight: float
    perplexity: float | None = None
    tokens_per_s: float | None = None
    """Writing, with half the cores, as the clone does."""


def quantize(
    model: Annotated[str, typer.Argument(help="A model of the catalogue (llm:llamacpp:smollm2-135m), or a GGUF file.")],
    to: Annotated[str, typer.Option(metavar="FORMAT", help="F16, Q8_0, Q6_K, Q4_K, Q4_0, …")],
    clip: Annotated[
        bool,
        typer.Option(
            "--clip", help="Search each block's scale by the harm that errors do: first the model reads --text."
        ),
    ] = False,
    text: Annotated[
        Path | None, typer.Option(help="What the model reads to find out what does harm; else speeches.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The new file; else beside your own, or in this folder.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    perplexity: Annotated[
        Path | None, typer.Option(help="A text to judge by; else WikiText-2's test, if the data folder has it.")
    ] = None,
    tokens: Annotated[int, typer.Option(min=512, help="How much of that text is read.")] = 8192,
    measured: Annotated[bool, typer.Option("--measure/--no-measure", help="Perplexity and speed.")] = True,
    as_json: Json = False,
) -> None:
    """Write a language model in another number format, and measure both: size, perplexity, tokens a second.

    A clone speaks with the new file when its clone.toml names it: llm.file = "…".
    """
    from digiclone.commands.formats import beside, known, opened, write  # noqa: PLC0415

    kind = known(to)
    if clip and kind in WHOLE:
        raise ConfigError(f"--clip is for formats with fewer than eight bits; {kind} loses next to nothing")
    if text and not clip:
        raise ConfigError("--text is what --clip reads: say --clip, or leave it out")
    source, stem = source_of(model)
    architecture = opened(source).fields["general.architecture"].contents()
    out = out or Path(f"{stem}.{kind}{'-clipped' if clip else ''}.gguf")
    refuse_to_lose(out, source, force)
    judge, unmeasured = _judge(perplexity, architecture) if measured else (None, "")
    if clip:
        ready("--clip")
    if text and judge and _same(text, judge):
        raise ConfigError(f"{text} cannot both teach and judge")
    with progress() as tell:
        windows = read(source, words(judge), tokens, tell) if judge else None
        importance = learn(source, text and words(text), tell) if clip else None
        write(source, out, kind, importance, tell)
        before, after = (figures(file, windows, measured, tell) for file in (source, out))
    count = 0 if windows is None else windows.size
    others = beside(out, kind)
    if as_json:
        about = {"format": kind, "clipped": clip, "perplexity_text": str(judge or ""), "perplexity_tokens": count}
        print(
            json.dumps(
                {"before": asdict(before), "after": asdict(after), **about, "unmeasured": unmeasured, "note": others}
            )
        )
        return
    Console().print(_table(before, after))
    print(
        f"{out} is written. {others} "
        + (f"Perplexity on the first {count} tokens of {judge}." if judge else unmeasured)
    )


def learn(source: Path, text: str | None, tell: Tell) -> "Importance":
    """How strongly the model drives each column of its matrices as it reads `text`; speeches, if it is None."""
    from digiclone.nn.llama import load  # noqa: PLC0415
    from digiclone.train.activations import mean_squares, shipped  # noqa: PLC0415

    windows = read(source, shipped() if text is None else text, LEARNT, tell)
    tell("loading the weights", 0.0)
    return mean_squares(load(source), windows, tell)


def read(source: Path, text: str, most: int, tell: Tell) -> "np.ndarray":
    """The beginning of a text as windows of tokens (N, W)."""
    from digiclone.train.tokens import windows  # noqa: PLC0415

    tell("cutting the text into tokens", 0.0)
    return windows(source, text, most)


def figures(file: Path, windows: "np.ndarray | None", timed: bool, tell: Tell) -> Figures:
    """What a file is worth: its perplexity over `windows`, if there are any, and its speed if it is `timed`."""
    from digiclone.commands.formats import opened  # noqa: PLC0415
    from digiclone.measure.engine import measure  # noqa: PLC0415
    from digiclone.measure.machine import cores  # noqa: PLC0415

    tensors = opened(file).tensors
    bits = 8 * sum(int(t.n_bytes) for t in tensors) / sum(int(t.n_elements) for t in tensors)
    found = speed = None
    if windows is not None:
        from digiclone.nn.llama import load  # noqa: PLC0415
        from digiclone.train.perplexity import perplexity  # noqa: PLC0415

        tell(f"loading {file.name}", 0.0)
        found = round(perplexity(load(file), windows, tell).value, 3)
    if timed:
        tell(f"timing {file.name}", 0.0)
        runs = measure(file, cores(), sum(JOBS[0]) + 64, JOBS).runs
        speed = round(1 / sorted(run.token_s for run in runs)[len(runs) // 2], 1)
    return Figures(str(file), file.stat().st_size, round(bits, 2), found, speed)


def ready(what: str) -> None:
    """Looking into a model takes torch; running one does not."""
    if importlib.util.find_spec("torch") is None:
        raise ConfigError(f"{what} needs torch; run: pip install 'digiclone[train]'")


def source_of(model: str) -> tuple[Path, Path]:
    """The file of a model, fetched if it must be, and where its kin belongs, without format and ending."""
    file = Path(model).expanduser()
    if file.is_file() or ":" not in model:
        if not file.is_file():
            raise ConfigError(f"there is no file {file}; the catalogue's are called as llm:llamacpp:smollm2-135m")
        return file, file.with_name(re.sub(r"[.-]((IQ|Q)\d\w*|B?F16|F32)$", "", file.stem, flags=re.IGNORECASE))
    rows = select([model], catalogue())
    files = [file for row in rows for file in row.model.files if row.kind == "llm" and file.name.endswith(".gguf")]
    if len(rows) != 1 or len(files) != 1:
        raise ConfigError(f"{model} is not one language model, but {', '.join(row.id for row in rows)}")
    bring(files)
    return path(files[0]), Path(rows[0].model.name)


def refuse_to_lose(out: Path, source: Path, force: bool) -> None:
    """Nothing that is there is written over unless that was said; the source never is."""
    if _same(out, source):
        raise ConfigError(f"{out} is the model itself; name another file")
    if out.exists() and not (force and out.is_file()):
        raise ConfigError(f"{out} is there already; name another file, or say --force")


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _judge(given: Path | None, architecture: str) -> tuple[Path | None, str]:
    """The text to judge by; if there is none, why the perplexity is not measured."""
    from digiclone.measure.recordings import data  # noqa: PLC0415

    if given:
        ready("--perplexity")
    text = given or data() / "wikitext2" / "test.txt"
    if architecture != "llama":
        return None, f"No perplexity: torch has the architecture llama only, and this is a {architecture}."
    if not given and not text.is_file():
        return None, f"No perplexity: there is no {text}; set DIGICLONE_DATA, or name a text with --perplexity."
    if importlib.util.find_spec("torch") is None:
        return None, "No perplexity, which takes torch: pip install 'digiclone[train]'."
    return text, ""


def words(file: Path) -> str:
    """A text. Raises `ConfigError` if it cannot be read."""
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {error}") from error


def _table(*rows: Figures) -> Table:
    table = Table("file", "MB", "bits a weight", "perplexity", "tokens/s", box=None, pad_edge=False)
    for row in rows:
        perplexity = "-" if row.perplexity is None else f"{row.perplexity:.2f}"
        speed = "-" if row.tokens_per_s is None else f"{row.tokens_per_s:.0f}"
        table.add_row(Path(row.file).name, f"{row.bytes / 1e6:.1f}", f"{row.bits_per_weight:.2f}", perplexity, speed)
    return table
