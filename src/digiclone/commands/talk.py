"""`digiclone talk`: one turn from file to file, the same `turn()` as the page's."""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from digiclone.clone import Clone, parse_flags
from digiclone.config import ConfigError
from digiclone.dsp import resample
from digiclone.events import Event, Failed, Heard, Said, Spoke
from digiclone.types import Audio
from digiclone.wire import decode, encode

LONGEST = 30 * 60
"""Seconds of recording that are taken."""


def talk(clone: str, audio: Path | None, text: str, out: Path | None, events: Path | None, settings: list[str]) -> None:
    """Say something to a clone and keep what it answers. Exit code 1 if a stage failed."""
    if (audio is None) == (not text):
        raise ConfigError("say something: --audio FILE or --text WORDS")
    heard = read(audio) if audio else text
    for place in filter(None, (out, events)):
        if not place.absolute().parent.is_dir():
            raise ConfigError(f"cannot write {place}: there is no folder {place.absolute().parent}")
    awake = Clone.open(clone, parse_flags(settings))
    began = time.monotonic()
    happened: list[tuple[float, Event]] = []
    for event in awake.reply(heard):
        happened.append((time.monotonic() - began, event))
        _tell(clone, event)
    if events:
        lines = [json.dumps(decode(encode(event, 1, at))[0]) for at, event in happened]
        events.write_text("\n".join(lines) + "\n", "utf-8")
    if out:
        write(out, [event.speech for _, event in happened if isinstance(event, Spoke)])
    if any(isinstance(event, Failed) for _, event in happened):
        sys.exit(1)


def _tell(clone: str, event: Event) -> None:
    match event:
        case Heard(text=words):
            print(f"you:   {words or '(nothing was heard)'}")
        case Said(text=words):
            print(f"{clone}: {words}", flush=True)
        case Failed(stage=stage, error=error, hint=hint):
            print(f"{stage} failed: {error}. {hint}".strip(), file=sys.stderr)
        case _:
            pass


def read(file: Path) -> Audio:
    """A recording, mixed to mono. Raises `ConfigError` for a file that is none."""
    try:
        info = soundfile.info(file)
        samples, rate = soundfile.read(file, frames=LONGEST * info.samplerate, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError, TypeError) as error:  # TypeError: raw samples, by the file's name
        raise ConfigError(f"{file} is no recording that can be read ({error}); wav, flac, ogg and mp3 can") from None
    if not len(samples):
        raise ConfigError(f"{file} has no sound in it")
    return Audio(np.clip(np.nan_to_num(samples), -1, 1).mean(axis=1), rate)


def write(file: Path, voice: Sequence[Audio]) -> None:
    """Chunks of one rate as a 16-bit wav file; half a second of silence if there are none."""
    rate = voice[0].rate if voice else 24_000
    chunks = [resample(chunk, rate).samples for chunk in voice] or [np.zeros(rate // 2, np.float32)]
    soundfile.write(file, np.concatenate(chunks), rate, subtype="PCM_16", format="WAV")
