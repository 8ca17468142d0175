"""A corpus of somebody who does not exist: an interview with simulated impaired speech, as TalkBank has them: a `.cha`
transcript and its recording. No clinical recording may be passed on; this one may."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from digiclone.align.impaired import Impairment, Mels, line, sound
from digiclone.artifacts import replacing, write_atomically
from digiclone.dsp import VOICE_RATE, audible, joined, resample, to_pcm16, voice_mel
from digiclone.stages import RATE, TTS
from digiclone.tts.glow import SHIPPED
from digiclone.types import Audio

HEAD = """@UTF8
@Begin
@Languages:\teng
@Participants:\tPAR Participant, INV Investigator
@ID:\teng|simulated|PAR|||||Participant|||
@ID:\teng|simulated|INV|||||Investigator|||
@Media:\t{name}, audio
@Comment:\tsimulated speech of nobody: {how}
"""
ASKED = ("And then ?", "What do you see ?", "Can you tell me more ?", "Go on .")
EVERY = 6
"""Sentences after which the interviewer says something."""
GAP = 0.4
"""Seconds between two sentences."""


def write(
    folder: Path, name: str, texts: Sequence[str], how: Impairment, voice: TTS, tell: Callable[[str, float], None]
) -> Path:
    """Write `NAME.cha` and `NAME.wav`, in which `voice` says the texts like somebody with that impairment."""
    sounds, lines, at = list[np.ndarray](), [HEAD.format(name=name, how=_described(how))], 0.0

    def put(who: str, chat: str, audio: Audio) -> None:
        nonlocal at
        begin, end = round(1000 * at), round(1000 * (at + audio.seconds))
        lines.append(f"*{who}:\t{chat} \x15{begin}_{end}\x15\n")
        sounds.extend([audio.samples, np.zeros(round(GAP * RATE), np.float32)])
        at += audio.seconds + GAP

    for number, text in enumerate(texts):
        tell("speaking", number / len(texts))
        if number % EVERY == 0:
            question = ASKED[number // EVERY % len(ASKED)]
            put("INV", question, _lower(joined(voice.speak(question.replace(" ?", "?")))))
        one = line(text, how, number)
        put("PAR", one.chat, impaired(joined(voice.speak(one.verbatim)), how, number))
    with replacing(folder / f"{name}.wav") as out:
        pcm = np.frombuffer(to_pcm16(Audio(np.concatenate(sounds), RATE)), "<i2")
        soundfile.write(out, pcm, RATE, "PCM_16", format="WAV")
    write_atomically(folder / f"{name}.cha", "".join([*lines, "@End\n"]).encode())
    return folder / f"{name}.cha"


def impaired(audio: Audio, how: Impairment, number: int) -> Audio:
    """A recording as somebody with that impairment would have said it, at `stages.RATE`; through mel frames and back,
    even where nothing changes, so that what is compared differs in the impairment alone."""
    samples = resample(audio, VOICE_RATE).samples
    first, last = audible(samples)
    return resample(Audio(_vocoder()(sound(voice_mel(samples[first:last]), how, number)), VOICE_RATE), RATE)


@cache
def _vocoder() -> Callable[[Mels], np.ndarray]:
    """Mel frames to samples; it knows many speakers."""
    from digiclone.onnx import session  # noqa: PLC0415

    run = session(SHIPPED / "kathleen" / "vocoder.onnx", threads=2).run
    none = np.zeros(1, np.int64)
    return lambda mels: run(None, {"mels": mels[None], "before": none, "after": none})[0][0]


def _lower(audio: Audio) -> Audio:
    """Another person, with a larger head."""
    return resample(Audio(audio.samples, round(audio.rate * 0.85)), RATE)


def _described(how: Impairment) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in vars(how).items() if value) or "unimpaired"
