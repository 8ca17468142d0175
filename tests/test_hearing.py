"""Measuring a recogniser: real speech of any length, in a process of its own."""

import pytest

from digiclone.measure.alone import NotMeasured
from digiclone.measure.hearing import hearing, speech
from digiclone.stages import RATE


@pytest.mark.model
def test_speech_of_any_length_is_people_talking() -> None:
    short, long = speech(0.5), speech(200.0)
    assert (len(short.samples), len(long.samples)) == (RATE // 2, 200 * RATE)
    assert float(abs(long.samples[-10 * RATE :]).max()) > 0.05


@pytest.mark.model
def test_more_speech_takes_more_computing() -> None:
    found = hearing("moonshine", {"threads": 1}, [1.0, 12.0])
    assert [sound for sound, _ in found.each] == [1.0, 12.0]
    assert found.each[0][1] < found.each[1][1]
    assert 20 < found.memory_mb < 1000


def test_a_recogniser_that_is_none_is_named() -> None:
    with pytest.raises(NotMeasured, match="asr:moonshine could not be measured"):
        hearing("moonshine", {"colour": "red"}, [1.0])
