"""Consent is spoken by the person: other words and other people do not count, and without it there is none to read."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("whisper_normalizer", reason="consent needs the extra: pip install 'digiclone[voice]'")

from digiclone.types import Audio
from digiclone.voice import consent, speaker
from digiclone.voice.consent import STATEMENT, NoConsent

SOUND = Audio(np.random.default_rng(0).uniform(-0.5, 0.5, 32_000).astype(np.float32), 16_000)
ME = np.eye(1, 192, dtype=np.float32)[0]


class Ears:
    def __init__(self, heard: str) -> None:
        self._heard = heard

    def transcribe(self, audio: Audio) -> str:
        return self._heard


@pytest.fixture(autouse=True)
def _voice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker, "embed", lambda _: ME)


def test_consent_is_kept_with_its_sound(tmp_path: Path) -> None:
    given = consent.give(tmp_path, SOUND, ME, Ears(STATEMENT.lower()))
    assert consent.read(tmp_path) == given
    assert given.consent.statement == STATEMENT
    assert given.alike == 1
    assert (tmp_path / "consent.wav").stat().st_size > 60_000


REFUSED = STATEMENT.replace("I agree", "I do not agree"), STATEMENT.replace("I agree", "I don't agree")


@pytest.mark.parametrize("heard", ["", "I do not agree.", "I agree to nothing you say about my voice", *REFUSED])
def test_other_words_are_no_consent(heard: str, tmp_path: Path) -> None:
    with pytest.raises(NoConsent, match="reading aloud"):
        consent.give(tmp_path, SOUND, ME, Ears(heard))
    assert not list(tmp_path.iterdir())


def test_nobody_else_can_agree(tmp_path: Path) -> None:
    with pytest.raises(NoConsent, match="only the person themselves"):
        consent.give(tmp_path, SOUND, -ME, Ears(STATEMENT))
    assert not list(tmp_path.iterdir())


def test_without_consent_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoConsent, match="digiclone voice consent ada"):
        consent.read(tmp_path / "ada" / "voice")
