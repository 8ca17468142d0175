"""Is a voice good enough? It says sentences that it never learnt from, and is judged beside the person who said them:
how many words are understood, how it sounds, whose voice it is, how fast it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from digiclone import artifacts, registry
from digiclone.config import ConfigError
from digiclone.dsp import joined, resample
from digiclone.measure.recordings import clips
from digiclone.measure.speaking import Pace, pace
from digiclone.stages import ASR, RATE, TTS
from digiclone.types import Audio
from digiclone.voice import speaker
from digiclone.voice.mos import SHORTEST, mos
from digiclone.voice.words import Reading, compare, total

Progress = Callable[[str, float], None]
MOST_ERRORS = 0.086
"""Words misunderstood, of all: tinyDigiClones reports a synthesis accuracy of 91.4 %."""
MOST_DROPPED = 1
"""Words that one sentence may lack."""
LEAST_MOS = 3.5
WORSE_THAN_REAL = 0.6
"""By how much the voice may sound worse than the recordings, in points of opinion."""


@dataclass(frozen=True, eq=False)
class Sentence:
    """One that the person said, and nothing learnt from."""

    text: str
    audio: Audio


@dataclass(frozen=True, eq=False)
class Spoken:
    """A sound of a sentence: what was `heard` in it and how it was read, what listeners would give it, and how close it
    is to the person's voice, -1..1."""

    audio: Audio
    heard: str
    reading: Reading
    mos: float
    alike: float


@dataclass(frozen=True, eq=False)
class Card:
    """Each sentence by the voice and by the person, how close strangers are to the person, and the voice's pace."""

    texts: tuple[str, ...]
    voice: tuple[Spoken, ...]
    real: tuple[Spoken, ...]
    real_stranger: float
    pace: Pace

    @property
    def figures(self) -> dict[str, float]:
        """What `digiclone voice card --json` says."""
        said, real = total(one.reading for one in self.voice), total(one.reading for one in self.real)
        return {
            "wer": said.wer,
            "real_wer": real.wer,
            "accuracy": 1 - said.wer,
            "similarity": _mean(one.alike for one in self.voice),
            "real_real": _mean(one.alike for one in self.real),
            "real_stranger": self.real_stranger,
            "distillmos": _mean(one.mos for one in self.voice),
            "real_distillmos": _mean(one.mos for one in self.real),
            "worst_dropped_words": max(one.reading.dropped for one in self.voice),
            "repeated_words": said.repeated,
            "first_audio_s": self.pace.first_audio_s,
            "rtf": self.pace.rtf,
            "memory_mb": self.pace.memory_mb,
        }

    @property
    def faults(self) -> list[str]:
        """Why the voice is not used; nothing for a good one."""
        f = self.figures
        middle = (f["real_real"] + f["real_stranger"]) / 2
        wrong = {
            f"{f['wer']:.0%} of the words are not understood": f["wer"] > MOST_ERRORS + f["real_wer"],
            f"a sentence lacks {f['worst_dropped_words']:.0f} words": f["worst_dropped_words"] > MOST_DROPPED,
            "it sounds like somebody else": f["similarity"] < middle,
            f"listeners would give it {f['distillmos']:.1f} of 5": f["distillmos"]
            < min(LEAST_MOS, f["real_distillmos"] - WORSE_THAN_REAL),
            "it is slower than speech": f["rtf"] > 1,
        }
        return [what for what, is_so in wrong.items() if is_so]


def of(voice: Path, tell: Progress) -> Card:
    """The card of the voice in the folder `voice`, by the clips of its dataset that it never learnt from."""
    from digiclone.asr import whisper  # noqa: PLC0415

    kept = sentences(voice / "dataset", artifacts.voice(voice).kept)
    options = {"voice": str(voice)}
    tell("timing", 0.0)
    took = pace("glow", options, [one.text for one in kept])
    others = [one.audio for one in clips()[::2]]
    person = listened(whisper.Backend(whisper.Options()), kept, others, tell)
    return judge(person, registry.load("tts", "glow", **options), took, tell)


def sentences(dataset: Path, names: Sequence[str]) -> list[Sentence]:
    """Clips of a dataset in LJSpeech's layout. Raises `ConfigError` for those that are no longer there."""
    lines = (dataset / "metadata.csv").read_text("utf-8").splitlines() if (dataset / "metadata.csv").exists() else []
    texts = {line.partition("|")[0]: line.rpartition("|")[2] for line in lines}
    if lost := set(names) - set(texts):
        raise ConfigError(
            f"{len(lost)} of the {len(names)} clips that judge this voice are gone, since the dataset was made anew: "
            "train the voice again"
        )
    return [
        Sentence(texts[name], Audio(*soundfile.read(dataset / "wavs" / f"{name}.wav", dtype="float32")))
        for name in names
    ]


@dataclass(frozen=True, eq=False)
class Person:
    """Who said the sentences, as voices are compared with: what is usual of them, and how close strangers come."""

    kept: Sequence[Sentence]
    ears: ASR
    centre: speaker.Embedding
    real: tuple[Spoken, ...]
    real_stranger: float


def listened(ears: ASR, kept: Sequence[Sentence], strangers: Sequence[Audio], tell: Progress) -> Person:
    """Judge the person's own sentences; `ears` writes down what is heard."""
    people = np.stack([speaker.embed(one.audio) for one in kept])
    centre = speaker.centre_of(people)
    real = list[Spoken]()
    for number, one in enumerate(kept):
        tell("listening to the person", number / len(kept))
        others = speaker.centre_of(np.delete(people, number, axis=0)) if len(kept) > 1 else centre
        real.append(_judged(one.audio, one.text, ears, others))
    tell("listening to others", 1.0)
    far = _mean(speaker.alike(speaker.embed(audio), centre) for audio in strangers)
    return Person(kept, ears, centre, tuple(real), far)


def judge(person: Person, tts: TTS, took: Pace, tell: Progress) -> Card:
    """The card of a voice on sentences that it never learnt from. What it `took` was measured elsewhere: here torch is
    in the way."""
    voice = list[Spoken]()
    for number, one in enumerate(person.kept):
        tell("listening to the voice", number / len(person.kept))
        voice.append(_judged(joined(tts.speak(one.text)), one.text, person.ears, person.centre))
    return Card(tuple(one.text for one in person.kept), tuple(voice), person.real, person.real_stranger, took)


def _judged(audio: Audio, text: str, ears: ASR, centre: speaker.Embedding) -> Spoken:
    heard = ears.transcribe(resample(audio, RATE))
    sounds = audio.seconds >= max(SHORTEST, speaker.SHORTEST) and bool(np.any(audio.samples))
    opinion, alike = (mos(audio), speaker.alike(speaker.embed(audio), centre)) if sounds else (1.0, -1.0)
    return Spoken(audio, heard, compare(text, heard), opinion, alike)


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else 0.0
