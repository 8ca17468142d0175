"""A voice is timed in a process of its own."""

import pytest

from digiclone.measure.alone import NotMeasured
from digiclone.measure.speaking import pace


def test_every_text_is_timed() -> None:
    found = pace("tone", {}, ["One two three four.", "One."])
    (_, longer), (_, shorter) = found.each
    assert longer > shorter > 0
    assert found.first_audio_s > 0
    assert found.rtf == pytest.approx(sum(took for took, _ in found.each) / (longer + shorter))
    assert 0 <= found.memory_mb < 500


def test_a_voice_that_fails_says_why() -> None:
    with pytest.raises(NotMeasured, match="no tts backend 'tune'"):
        pace("tune", {}, ["One."])
