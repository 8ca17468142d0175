"""`digiclone align …`: a clone that understands one person's speech."""

import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from digiclone import artifacts, registry
from digiclone.bridge import NET, WORDS
from digiclone.clone import choices, find
from digiclone.commands.avatar import CloneArgument, Json, progress
from digiclone.commands.bring import bring
from digiclone.commands.training import ready
from digiclone.config import ConfigError, nearest, parse
from digiclone.llm import llamacpp

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True, help="Understand one person's speech, however they speak.")
MORE = ("rustling", "rouge_score")
"""Packages of the extra `align`, beside those of `voice`."""


@app.callback()
def group() -> None:
    """Understand one person's speech, however they speak."""


@app.command()
def prepare(
    clone: CloneArgument,
    chat: Annotated[
        Path | None, typer.Option(metavar="FILE|FOLDER", help="TalkBank transcripts (.cha) of the person.")
    ] = None,
    speaker: Annotated[list[str], typer.Option(help="Whose sentences: PAR, CHI; again for more.")] = ["PAR"],  # noqa: B006
    media: Annotated[Path | None, typer.Option(help="Where their recordings are, if not beside them.")] = None,
    dataset: Annotated[
        Path | None, typer.Option(help="Or a folder in LJSpeech's layout: metadata.csv with ID|TEXT, and ID.wav.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring sentences of the person with what was said: a bridge learns from them.

    Without an option, they are the clips that the clone's voice was learnt from. What is brought stays in the clone's
    own folder, `bridge/pairs`; deleting it deletes it.
    """
    ready("align", MORE)
    from digiclone.align import chat as transcripts  # noqa: PLC0415
    from digiclone.align import pairs  # noqa: PLC0415

    folder = find(clone)
    place = folder / "bridge" / "pairs"
    with progress() as tell:
        if chat:
            found = transcripts.read(chat, speaker, media)
            wanted, made, skipped = len(found.utterances), pairs.from_chat(found), found.skipped
        else:
            own = folder / "voice" / "dataset"
            if not dataset and not own.is_dir():
                raise ConfigError(
                    f"what does {clone}'s person sound like? --chat FOLDER or --dataset FOLDER brings recordings with"
                    " their texts; or make clips first: digiclone voice build"
                )
            made, skipped = pairs.from_dataset(dataset or own)
            wanted = len((dataset or own).joinpath(pairs.METADATA).read_text("utf-8", "replace").splitlines())

        def told(number: int) -> None:
            tell("cutting sentences", min(1.0, number / max(1, wanted)))

        count = pairs.add(place, _counted(made, told))
    _show(place, count, len(pairs.read(place)), skipped, as_json)


@app.command()
def train(
    clone: CloneArgument,
    words: Annotated[
        Literal["cleaned", "verbatim"], typer.Option(help="What to understand: what was meant, or what came out.")
    ] = "cleaned",
    method: Annotated[
        Literal["plus", "paper"],
        typer.Option(help="plus: letters, for every language model. paper: as Tiny-Align prints it, for the clone's."),
    ] = "plus",
    resume: Annotated[
        bool,
        typer.Option("--resume", help="From what it knows already: takes new sentences in, in a third of the time."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Learn to understand the person, on this machine; a bridge that does better than the recogniser is used.

    It can be stopped at any time: the same command goes on where it was. New sentences, and corrections made in the
    page, are learnt with all the others, from the base; with `--resume` from what was learnt before. What was heard is
    not heard again.
    """
    ready("align", MORE)
    from digiclone.align import pairs  # noqa: PLC0415
    from digiclone.train import checkpoint, linked, person, reader_base  # noqa: PLC0415

    folder = find(clone) / "bridge"
    if not reader_base.SHIPPED.is_file():
        raise ConfigError("the base of readers is not here; make it with: python -m digiclone.train.reader_base")
    recipe, start = person.Recipe(words=words), reader_base.SHIPPED
    if resume:
        recipe, start = person.going_on(recipe), folder / person.OWN
        if method == "paper" or not start.is_file():
            raise ConfigError(f"there is nothing to go on from for {clone}: leave --resume away")
    name = str(checkpoint.facts(start)["encoder"])
    encoder, some = _recogniser(name), pairs.read(folder / "pairs")
    with progress() as tell:
        if method == "plus":
            found = person.train(recipe, some, start, encoder, name, folder, tell)
        else:
            found = linked.train(linked.Recipe(words), some, _model(clone), encoder, name, folder, tell)
    if as_json:
        told = {"wrong": found.wrong, "usual": found.usual, "kept": len(found.kept), "folder": str(folder)}
        print(json.dumps(told))
        return
    print(
        f"Of {len(found.kept)} sentences that it never learnt from it gets {found.wrong:.0%} of the words wrong;"
        f" {name} gets {found.usual:.0%}."
    )
    print(
        f"{clone} understands its person through it from now on."
        if artifacts.usable_bridge(folder)
        else "So it is not used: bring more sentences."
    )


@app.command(name="eval")
def evaluate(
    clone: CloneArgument,
    show: Annotated[bool, typer.Option("--show", help="Every sentence: said, understood, answered.")] = False,
    as_json: Json = False,
) -> None:
    """How well the bridge understands the person, by sentences that it never learnt from."""
    ready("align", MORE)
    from digiclone import bridge  # noqa: PLC0415
    from digiclone.align import judge, pairs, replies  # noqa: PLC0415

    folder = find(clone) / "bridge"
    about = artifacts.bridge(folder)
    some = [pair for pair in pairs.read(folder / "pairs") if pair.name in about.kept]
    if not some:
        raise ConfigError(
            f"none of the {len(about.kept)} sentences is here that the bridge of {clone} never learnt from:"
            f" bring them again (digiclone align prepare), or learn anew (digiclone align train)"
        )
    recogniser = _recogniser(about.encoder)
    with progress() as tell:
        found = judge.judge(bridge.opened(folder), recogniser, replies.Replies(_model(clone)), some, about.words, tell)
    print(json.dumps(found)) if as_json else _tell(found, show)


@app.command()
def export(
    clone: CloneArgument,
    file: Annotated[Path, typer.Argument(help="A new .zip file.")],
    as_json: Json = False,
) -> None:
    """The bridge as one file, for another machine: unpack it there into the folder `bridge` of the clone.

    No recording and no sentence of the person goes with it.
    """
    folder = find(clone) / "bridge"
    artifacts.bridge(folder)
    if file.exists():
        raise ConfigError(f"{file} is there already; give a new name")
    names = [name for name in (artifacts.BRIDGE, NET, WORDS) if (folder / name).is_file()]
    with artifacts.replacing(file) as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            packed.write(folder / name, name)
    size = file.stat().st_size
    told = {"file": str(file), "bytes": size, "holds": names}
    print(json.dumps(told) if as_json else f"{file}: {size / 1e6:.1f} MB ({', '.join(names)})")


@app.command()
def wipe(
    clone: CloneArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete all sentences of the person, what was heard of them, and the bridge. The clone itself stays."""
    folder = find(clone) / "bridge"
    if not folder.is_dir():
        print(f"{clone} has none")
        return
    if not yes:
        typer.confirm(f"Delete {folder} with all its recordings? This cannot be undone.", abort=True)
    artifacts.vanish(folder)
    print(f"{clone} has no sentences and no bridge any more")


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(help="Where the transcript and its recording go.")],
    kind: Annotated[str, typer.Option(help="slow, halting, stuttering, slurred, phonological or aphasic.")] = "aphasic",
    severity: Annotated[float, typer.Option(min=0, max=1)] = 0.5,
    count: Annotated[int, typer.Option(min=1, help="Sentences.")] = 40,
    texts: Annotated[Path | None, typer.Option(help="What is said: a file with a sentence a line.")] = None,
    voice: Annotated[str, typer.Option(metavar="BACKEND", help="Who says it.")] = "hibari",
    seed: Annotated[int, typer.Option(help="Another one is another speaker.")] = 0,
    as_json: Json = False,
) -> None:
    """Make up somebody with impaired speech: a TalkBank transcript and its recording, to try and to test with."""
    ready("align", MORE)
    from digiclone.align import impaired  # noqa: PLC0415
    from digiclone.align import simulate as making  # noqa: PLC0415
    from digiclone.train.corpus import sentences  # noqa: PLC0415

    if kind not in impaired.KINDS:
        raise ConfigError(f"no kind {kind!r}; {nearest(kind, sorted(impaired.KINDS))}")
    said = texts.read_text("utf-8").splitlines() if texts else sentences()
    said = [text.strip() for text in said if text.strip()]
    if len(said) < count:
        raise ConfigError(f"there are only {len(said)} sentences: write more lines, or ask for fewer with --count")
    how = impaired.speaker(kind, severity, seed)
    with progress() as tell:
        file = making.write(folder, f"{kind}-{seed}", said[:count], how, registry.load("tts", voice), tell)
    print(json.dumps({"transcript": str(file)}) if as_json else f"Written: {file}, and its recording beside it")


def _recogniser(name: str) -> Any:
    """The recogniser "moonshine:tiny-en", its weights fetched if need be."""
    backend, _, model = name.partition(":")
    bring(registry.find("asr", backend, model).files)
    return registry.load("asr", backend, model=model, threads=2)


def _model(clone: str) -> Path:
    """The file of the clone's language model. Raises `ConfigError` if it does not run in this process."""
    chosen = choices(find(clone))["llm"]
    if chosen.backend not in ("llamacpp", "bridge"):
        raise ConfigError(f"{clone} thinks with llm:{chosen.backend}, which takes no embeddings: choose llm:llamacpp")
    known = llamacpp.Options.model_fields
    options = {name: value for name, value in chosen.options.items() if name in known}
    return llamacpp.weights(parse(llamacpp.Options, options, "llm"))


def _tell(found: dict[str, Any], show: bool) -> None:
    """A table, and below it, if wanted, the sentences."""
    table = Table("", "bridge", "recogniser", "ceiling", "floor", box=None, pad_edge=False)
    table.add_row("words wrong", *(f"{found['words_wrong'][way]:.1%}" for way in ("bridge", "recogniser")))
    for name in ("rouge1", "rougeL"):
        each = [found[name][way] for way in ("bridge", "recogniser", "ceiling", "floor")]
        table.add_row(name, *(f"{mean:.2f} ({low:.2f}-{high:.2f})" for mean, low, high in each))
    console = Console()
    console.print(table)
    print(
        f"Of {len(found['sentences'])} sentences. ROUGE: replies to what was understood beside replies to the words."
        " Ceiling: another reply to the words; floor: a reply to other words."
    )
    for one in found["sentences"] if show else ():
        print(f"\n{one['name']}")
        for what in ("said", "bridge", "recogniser", "reply", "reply_to_bridge", "reply_to_recogniser"):
            print(f"  {what.replace('_', ' ')}: {one[what]}")


def _counted(made: Iterable[T], told: Callable[[int], None]) -> Iterator[T]:
    for number, one in enumerate(made):
        told(number)
        yield one


def _show(place: Path, count: int, all_: int, skipped: Counter[str], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"folder": str(place), "brought": count, "pairs": all_, "skipped": dict(skipped)}))
        return
    print(f"{count} sentences brought, {all_} there now, in {place}")
    for why, times in skipped.most_common():
        print(f"- {times} skipped: {why}")
    from digiclone.align.pairs import ENOUGH  # noqa: PLC0415

    if all_ < ENOUGH:
        print(f"That is few: a bridge learns a person from {ENOUGH} sentences on, and is better with 100.")
