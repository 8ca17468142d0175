"""`digiclone say`: the voice of a clone, from text to a sound file."""

import json
import sys
import time
import wave
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from digiclone.clone import choices, files, find, parse_flags, part
from digiclone.commands.avatar import progress
from digiclone.commands.bring import bring
from digiclone.config import ConfigError
from digiclone.dsp import to_pcm16
from digiclone.stages import RATE, TTS
from digiclone.text.phrases import phrases

Marks = list[dict[str, object]]


def say(clone: str, text: str, out: Path, as_json: bool, settings: list[str]) -> None:
    """Say `text`, or what comes from standard input if it is "-", into a 16-bit wav file; it appears when it is whole.

    A text of any length: each phrase goes into the file before the next one is begun.
    """
    chosen = choices(find(clone), parse_flags(settings))
    if not out.absolute().parent.is_dir():
        raise ConfigError(f"cannot write {out}: there is no folder {out.absolute().parent}")
    if out.exists() and not out.is_file():
        raise ConfigError(f"{out} is no file that could be written over")
    pieces = list(phrases([sys.stdin.read() if text == "-" else text]))
    if not any(c.isalnum() for piece in pieces for c in piece):
        raise ConfigError("there are no words to say in that text")
    bring(files({"tts": chosen["tts"]}))
    voice = part("tts", chosen["tts"])
    half, begun = out.with_name(f".{out.name}.part"), time.monotonic()
    try:
        with progress() as tell:
            spoken, seconds = write(voice, pieces, half, tell)
        half.replace(out)
    except OSError as error:
        raise ConfigError(f"cannot write {out}: {error.strerror or error}") from error
    finally:
        half.unlink(missing_ok=True)
    took = time.monotonic() - begun
    if as_json:
        about = {"file": str(out), "voice": chosen["tts"].backend, "seconds": round(seconds, 3), "took": round(took, 3)}
        print(json.dumps(about | {"phrases": spoken}))
    else:
        print(f"{out}: {seconds:.1f} s of speech in {took:.1f} s")


def write(voice: TTS, pieces: Sequence[str], file: Path, tell: Callable[[str, float], None]) -> tuple[Marks, float]:
    """The phrases that were said into `file`, with the second at which each begins, and how many seconds it became.

    Python's own module and not libsndfile's: it says when a disk is full.
    """
    spoken, samples, rate = list[dict[str, object]](), 0, 0
    with closing(wave.open(str(file), "wb")) as sound:
        for number, piece in enumerate(pieces):
            tell("speaking", number / len(pieces))
            for chunk in voice.speak(piece):
                if not rate:
                    rate = chunk.rate
                    sound.setparams((1, 2, rate, 0, "NONE", "not compressed"))
                if not spoken or spoken[-1]["text"] is not piece:
                    spoken.append({"text": piece, "start": round(samples / rate, 3)})
                sound.writeframes(to_pcm16(chunk))
                samples += len(chunk.samples)
        if not rate:
            sound.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
    if not rate:
        raise ConfigError("the voice has no sounds for any of these words; it speaks English")
    return spoken, samples / rate
