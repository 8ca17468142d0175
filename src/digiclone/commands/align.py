"""`digiclone align …`: a clone that understands one person's speech."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import typer

from digiclone import artifacts
from digiclone.clone import find
from digiclone.commands.avatar import CloneArgument, Json, progress
from digiclone.commands.bring import bring
from digiclone.commands.training import ready
from digiclone.config import ConfigError, nearest

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
    as_json: Json = False,
) -> None:
    """Learn to understand the person, on this machine; a bridge that does better than the recogniser is used.

    It can be stopped at any time: the same command goes on where it was. With new sentences, or corrections made in
    the page, it learns all of them again, from the base; what was heard is not heard again.
    """
    ready("align", MORE)
    from digiclone import registry  # noqa: PLC0415
    from digiclone.align import pairs  # noqa: PLC0415
    from digiclone.train import checkpoint, person, reader, reader_base  # noqa: PLC0415

    folder = find(clone) / "bridge"
    if not reader_base.SHIPPED.is_file():
        raise ConfigError("the base of readers is not here; make it with: python -m digiclone.train.reader_base")
    encoder = str(checkpoint.facts(reader_base.SHIPPED)["encoder"])
    name, _, model = encoder.partition(":")
    bring(registry.find("asr", name, model).files)
    recipe = person.Recipe(
        reader.Recipe(reader_base.DIMS, steps=600, frames=4_000, rate=5e-4, warm=50, every=100), words
    )
    heard = registry.load("asr", name, model=model, threads=2)
    with progress() as tell:
        found = person.train(recipe, pairs.read(folder / "pairs"), reader_base.SHIPPED, heard, encoder, folder, tell)
    if as_json:
        print(json.dumps({"wrong": found.wrong, "usual": found.usual, "kept": len(found.kept), "folder": str(folder)}))
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
    from digiclone import registry  # noqa: PLC0415
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
    if all_ < 20:
        print("That is few: a bridge learns a person from 20 sentences on, and is better with 100.")
