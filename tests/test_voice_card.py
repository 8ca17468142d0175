"""The card of a voice: the person passes as themselves; a stranger, a mumbler and a silent voice do not."""

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("torch", reason="judging a voice needs the extra: pip install 'digiclone[voice]'")
pytest.importorskip("whisper_normalizer", reason="judging a voice needs the extra: pip install 'digiclone[voice]'")

from digiclone.asr import whisper
from digiclone.measure.recordings import recordings
from digiclone.measure.speaking import Pace
from digiclone.types import Audio, Speech
from digiclone.voice.card import Card, Person, Sentence, judge, listened

pytestmark = pytest.mark.model


PACE = Pace(first_audio_s=0.1, rtf=0.2, memory_mb=90.0, each=[])


def silent(_what: str, _share: float) -> None:
    """Nobody listens to the progress."""


class Parrot:
    """Says the sentences that it has recordings of."""

    def __init__(self, known: dict[str, Audio]) -> None:
        self._known = known

    def speak(self, text: str) -> Iterator[Speech]:
        audio = self._known[text]
        yield Speech(audio.samples, audio.rate, text)


@pytest.fixture(scope="module")
def people() -> dict[str, list[Sentence]]:
    """What two people say, by the beginnings of their recordings' names."""
    found = dict[str, list[Sentence]]()
    for one in recordings(200):
        if one.text and one.audio.seconds > 3:
            found.setdefault(one.name[:3], []).append(Sentence(one.text, one.audio))
    if len(found) < 2:
        pytest.skip("needs recordings of two people: DIGICLONE_DATA")
    first, second = sorted(found)[:2]
    return {"own": found[first][:5], "other": found[second][:5]}


@pytest.fixture(scope="module")
def person(people: dict[str, list[Sentence]]) -> Person:
    ears = whisper.Backend(whisper.Options(threads=1))
    return listened(ears, people["own"], [one.audio for one in people["other"]], silent)


def card(known: list[Audio], person: Person) -> Card:
    tts = Parrot({one.text: audio for one, audio in zip(person.kept, known, strict=True)})
    return judge(person, tts, PACE, silent)


def test_the_person_passes_as_themselves(people: dict[str, list[Sentence]], person: Person) -> None:
    made = card([one.audio for one in people["own"]], person)
    figures = made.figures
    assert made.faults == []
    assert figures["wer"] == figures["real_wer"]
    assert figures["distillmos"] == pytest.approx(figures["real_distillmos"])
    assert figures["real_stranger"] < figures["real_real"] - 0.2


def test_somebody_else_who_says_other_words_does_not(people: dict[str, list[Sentence]], person: Person) -> None:
    made = card([one.audio for one in people["other"]], person)
    assert "it sounds like somebody else" in made.faults
    assert any("not understood" in fault for fault in made.faults)
    assert any("lacks" in fault for fault in made.faults)


def test_noise_is_heard(people: dict[str, list[Sentence]], person: Person) -> None:
    rng = np.random.default_rng(0)
    noisy = [
        Audio((a.samples + 0.05 * rng.standard_normal(len(a.samples))).astype(np.float32), a.rate)
        for a in (one.audio for one in people["own"])
    ]
    made = card(noisy, person)
    assert any("of 5" in fault for fault in made.faults)


def test_a_voice_that_says_nothing_fails(people: dict[str, list[Sentence]], person: Person) -> None:
    made = card([Audio(np.zeros(1000, np.float32), 22_050) for _ in people["own"]], person)
    assert made.figures["wer"] == 1
    assert len(made.faults) >= 3
