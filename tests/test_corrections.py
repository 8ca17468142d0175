"""What was understood wrongly is put right in the page, and kept with its sound."""

import pytest
from support import SILENCE, Open, history, quiet, voice

from digiclone import clone as cloning
from digiclone.align import pairs

pytestmark = pytest.mark.timeout(30)


def test_what_was_misunderstood_is_put_right_and_kept_with_its_sound(tabs: Open) -> None:
    folder = cloning.find("ada") / "bridge" / "pairs"
    with tabs() as tab:
        tab.hands_free()
        tab.speak(quiet(0.3), voice(0.5), SILENCE)
        tab.until("Done")
        for text in (" Yellow  bear. ", "Yellow pear."):
            tab.send(type="correct", turn=1, text=text)
            event = tab.until("Corrected")[-1]
            assert (event["turn"], event["text"]) == (1, " ".join(text.split()))
        (pair,) = pairs.read(folder)
        assert pair.cleaned == pair.verbatim == "Yellow pear."
        assert 0.4 < pair.audio().seconds < 1.2
        assert history()[0] == ("user", "Yellow pear.")
        tab.turn("Typed.")
        for turn, text in ((2, "What was typed has no sound."), (7, "No such turn."), (1, "   ")):
            tab.send(type="correct", turn=turn, text=text)
            assert tab.until("Failed")[-1]["stage"] == "correction"
    assert len(pairs.read(folder)) == 1
