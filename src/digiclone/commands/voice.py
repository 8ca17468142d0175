"""`digiclone voice …`: the voice of a clone."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digiclone.clone import find
from digiclone.commands.avatar import CloneArgument, Json, progress
from digiclone.commands.bring import bring
from digiclone.commands.packing import pack, unpack
from digiclone.commands.training import card, ready, train, use
from digiclone.config import ConfigError

if TYPE_CHECKING:
    from digiclone.voice.dataset import Dataset

app = typer.Typer(no_args_is_help=True, help="The voice of a clone.")


@app.callback()
def group() -> None:
    """The voice of a clone."""


@app.command()
def build(
    clone: CloneArgument,
    audio: Annotated[
        list[Path],
        typer.Option(
            help="A recording, or a folder of them: any format, any length; again for more. What is said in me.wav may"
            " lie beside it, in me.txt, me.srt or me.vtt, or in LJSpeech's metadata.csv."
        ),
    ],
    as_json: Json = False,
) -> None:
    """Make a dataset of recordings of one person: cleaned, written down, cut into clips, and checked.

    Killed and started again, it goes on where it was. Recordings are read, not kept; the clips are, in the clone's own
    folder.
    """
    ready()
    from digiclone.asr import whisper  # noqa: PLC0415
    from digiclone.vad import silero  # noqa: PLC0415
    from digiclone.voice import dataset  # noqa: PLC0415
    from digiclone.voice.models import ECAPA_VOXCELEB  # noqa: PLC0415

    folder = find(clone)
    for path in audio:
        if not path.exists():
            raise ConfigError(f"there is no {path}: --audio takes a sound file or a folder of them")
    bring([*whisper.MODELS[0].files, *silero.MODELS[0].files, ECAPA_VOXCELEB])
    with progress() as tell:
        made = dataset.build(folder / "voice", audio, tell)
    _show(folder / "voice" / "dataset", made, as_json)


@app.command()
def consent(
    clone: CloneArgument,
    audio: Annotated[Path | None, typer.Option(help="A recording of the person reading the sentence aloud.")] = None,
    as_json: Json = False,
) -> None:
    """Agree that this voice is copied: show the sentence to read aloud, or check a recording of it and keep it.

    It must be said by the person of the recordings. Without it no voice is trained.
    """
    ready()
    from digiclone.asr import whisper  # noqa: PLC0415
    from digiclone.voice import consent as spoken  # noqa: PLC0415
    from digiclone.voice import dataset  # noqa: PLC0415
    from digiclone.voice.models import ECAPA_VOXCELEB  # noqa: PLC0415
    from digiclone.voice.read import whole  # noqa: PLC0415

    voice = find(clone) / "voice"
    if audio is None:
        print(json.dumps({"statement": spoken.STATEMENT}) if as_json else spoken.STATEMENT)
        return
    bring([*whisper.MODELS[0].files, ECAPA_VOXCELEB])
    given = spoken.give(voice, whole(audio), dataset.whose(voice), whisper.Backend(whisper.Options()))
    if as_json:
        print(given.model_dump_json())
    else:
        print(f"Agreed, in the voice of the recordings (alike {given.alike:.2f}); kept in {voice / spoken.FILE}")


def _show(place: Path, made: "Dataset", as_json: bool) -> None:
    from digiclone.voice.dataset import ENOUGH, GOOD, told  # noqa: PLC0415

    if as_json:
        print(json.dumps({"folder": str(place)} | told(made)))
        return
    minutes = made.used_seconds / 60
    print(f"{len(made.used)} clips, {minutes:.1f} minutes; {len(made.clips) - len(made.used)} clips dropped")
    for note in made.notes:
        print(f"- {note}")
    if made.used_seconds < GOOD:
        few = "too few for a voice" if made.used_seconds < ENOUGH else "enough for a voice, not for a good one"
        print(f"That is {few}: record some more, up to {GOOD / 60:.0f} minutes, and run this again with all of it.")
    print(f"Listen: {place / 'report.html'}")


for command in (train, card, use, pack, unpack):
    app.command()(command)
