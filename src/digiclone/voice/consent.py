"""The person's word that their voice may be cloned, in that voice: a spoken sentence, checked for what it says and for
who says it. Without it nothing is trained."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

from digiclone import artifacts
from digiclone.artifacts import toml, write_atomically
from digiclone.config import ConfigError, Strict, load_toml, parse
from digiclone.dsp import resample
from digiclone.stages import ASR, RATE
from digiclone.types import Audio
from digiclone.voice import speaker
from digiclone.voice.words import compare, normalised

STATEMENT = "I agree that a copy of my voice is made on this computer, and that it may say things I never said."
MOST_ERRORS = 0.25
"""Share of its words that a recogniser may misunderstand."""
REFUSALS = {"not", "no", "disagree", "refuse"}
"""Words that the statement lacks and that would turn it around."""
FILE, SOUND = "consent.toml", "consent.wav"
COMMENT = "Who agreed to this voice, when, to what. The sentence as it was spoken: consent.wav"


class NoConsent(ConfigError):
    """Nobody agreed, or somebody else did; says what to do."""


class Spoken(Strict):
    """`consent.toml`: the consent, what was heard, and how close the voice is to that of the recordings, -1..1."""

    consent: artifacts.Consent
    heard: str
    alike: float

    @property
    def right(self) -> str:
        """What a voice says of it."""
        return f"consent of {self.consent.given:%Y-%m-%d}: {self.consent.statement}"


def give(voice: Path, audio: Audio, centre: speaker.Embedding, ears: ASR) -> Spoken:
    """Check a recording of `STATEMENT` against the voice of the clips, and keep it in the folder `voice`.

    Raises `NoConsent` when it says something else, or when somebody else says it.
    """
    heard = ears.transcribe(resample(audio, RATE))
    if compare(STATEMENT, heard).wer > MOST_ERRORS or REFUSALS & set(normalised(heard)):
        raise NoConsent(f'heard was "{heard}"; record yourself reading aloud: "{STATEMENT}"')
    if audio.seconds < speaker.SHORTEST or not speaker.same_person(own := speaker.embed(audio), centre):
        raise NoConsent("that is not the voice of the recordings: only the person themselves can agree to its copy")
    given = Spoken(consent=artifacts.consent(STATEMENT), heard=heard, alike=round(speaker.alike(own, centre), 3))
    sound = io.BytesIO()
    soundfile.write(sound, np.clip(audio.samples, -1, 1), audio.rate, format="WAV", subtype="PCM_16")
    write_atomically(voice / SOUND, sound.getvalue())
    write_atomically(voice / FILE, toml(given, COMMENT))
    return given


def read(voice: Path) -> Spoken:
    """The consent that was given. Raises `NoConsent` where there is none."""
    file = voice / FILE
    if not file.is_file() or not (voice / SOUND).is_file():
        raise NoConsent(
            "nobody agreed to a copy of this voice; record the person reading the sentence that "
            f"`digiclone voice consent {voice.parent.name}` shows, and run it again with --audio"
        )
    return parse(Spoken, load_toml(file), str(file.name))
