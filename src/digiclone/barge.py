"""While the clone speaks, a voice is heard: is it the clone's own echo, an "mm-hmm", or somebody interrupting?

Echo cancellers leave a residue, most of it in the first seconds. But the clone knows what it is saying: a transcript
made of its own recent words is an echo, whatever the sound is like. Pure functions of text.
"""

import difflib
import re
from typing import Literal

Verdict = Literal["echo", "backchannel", "interruption", "unsure"]

BACKCHANNELS = frozenset(
    [
        "mm",
        "mmm",
        "hm",
        "hmm",
        "mhm",
        "mmhm",
        "uh",
        "huh",
        "uhhuh",
        "um",
        "ah",
        "oh",
        "okay",
        "ok",
        "yeah",
        "yes",
        "yep",
        "right",
        "sure",
        "wow",
        "really",
        "nice",
        "cool",
        "i",
        "see",
        "alright",
    ]
)
"""Words that mean "go on". A turn made of nothing else does not interrupt."""
COMMANDS = frozenset(
    [
        "stop",
        "wait",
        "no",
        "hey",
        "hold",
        "hang",
        "quiet",
        "enough",
        "pause",
        "listen",
        "but",
        "sorry",
        "excuse",
        "what",
    ]
)
"""Words that interrupt however short they are."""
ECHO = 0.5
"""Share of the heard words that must be found, in order, among the words being spoken."""


def judge(heard: str, spoken: str, *, final: bool, brief: bool = False) -> Verdict:
    """`heard` is the transcript so far (`final`: the voice has stopped), `spoken` what sounds about now.

    Without enough words to tell, an open transcript is "unsure" and a final one is no interruption. `brief`: the voice
    stopped when the sound was held, as an echo would; then only a word that means "stop" interrupts.
    """
    words = _words(heard)
    if words and _share_of(words, _words(spoken)) >= ECHO:
        return "echo" if final or len(words) > 1 else "unsure"
    if all(word in BACKCHANNELS for word in words):
        return "backchannel" if final else "unsure"
    if brief and not any(word in COMMANDS for word in words):
        return "echo"
    return "interruption"


def _share_of(words: list[str], spoken: list[str]) -> float:
    """Share of `words` that occur in `spoken` in the same order, near misses of the recogniser included."""
    matched = 0.0
    at = 0
    for word in words:
        for i in range(at, len(spoken)):
            if word == spoken[i] or difflib.SequenceMatcher(None, word, spoken[i]).ratio() >= 0.8:
                matched += 1
                at = i + 1
                break
    return matched / len(words)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())
