"""Simulated impaired speech: what a person meant to say, what came out, and how it sounds. For tests and experiments
only: no simulation stands for a patient.

Words change where there are words: sounds replaced by others, always the same ones (a phonological disorder), words
begun anew, fillers. Sound changes in mel frames of 11.6 ms, as the vocoder takes them: slow, with stops, with
beginnings that repeat, slurred. A speaker is an impairment and a seed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from digiclone.dsp import VOICE_HOP, VOICE_RATE

Mels = np.ndarray
"""Log-mel frames (80, F)."""
SECOND = VOICE_RATE / VOICE_HOP
"""Mel frames in it."""
FILLERS = ("uh", "um", "er")
RULES = (
    ("th", "d"), ("r", "w"), ("sh", "s"), ("ch", "t"), ("k", "t"), ("c(?![eiyh])", "t"), ("g(?![ei])", "d"), ("l", "w"),
    ("v", "b"), ("f", "p"), ("s(?!h)", "th"), ("j", "d"),
)  # fmt: skip
"""What children and people with aphasia say for what (fronting, stopping, gliding), by letters."""
TILT = 24.0
"""Decibels that the highest bands lose in the most slurred speech."""


@dataclass(frozen=True)
class Impairment:
    """How somebody speaks; each share is of 1, and 0 is nothing."""

    replaced: float = 0.0
    """Of the rules that this speaker follows."""
    repeated: float = 0.0
    """Of the words that are begun twice or three times."""
    filled: float = 0.0
    """Of the words with a filler before them."""
    slow: float = 0.0
    """How much longer all lasts."""
    halting: float = 0.0
    """Stops in a second, each of 0.3 to 1.5 seconds."""
    stuttered: float = 0.0
    """Repeated beginnings in a second."""
    slurred: float = 0.0
    """How much one sound runs into the next, and how dull all is."""
    seed: int = 0


KINDS = {
    "slow": Impairment(slow=1.0),
    "halting": Impairment(slow=0.2, halting=0.6, filled=0.2),
    "stuttering": Impairment(stuttered=1.0, repeated=0.2),
    "slurred": Impairment(slow=0.5, slurred=1.0),
    "phonological": Impairment(replaced=0.7),
    "aphasic": Impairment(slow=0.4, halting=0.4, filled=0.15, repeated=0.15, replaced=0.3),
}
"""Each at its most severe."""


def speaker(kind: str, severity: float, seed: int = 0) -> Impairment:
    """One of `KINDS` with a severity from 0 to 1."""
    found = vars(KINDS[kind])
    return Impairment(**{name: severity * share for name, share in found.items() if name != "seed"}, seed=seed)


@dataclass(frozen=True)
class Line:
    """A sentence: in CHAT, as it came out, and as it was meant."""

    chat: str
    verbatim: str
    cleaned: str


def line(text: str, how: Impairment, number: int) -> Line:
    """What becomes of the words of `text`; the same `number` always comes out the same."""
    rules = _rules(how)
    chance = random.Random(f"{how.seed} {number}")
    chat, said = list[str](), list[str]()
    for word in text.split():
        out = _replaced(word, rules)
        if chance.random() < how.filled:
            filler = chance.choice(FILLERS)
            chat.append(f"&-{filler}")
            said.append(filler)
        again = chance.choice((1, 2)) if chance.random() < how.repeated else 0
        bare = out.rstrip(".,;:?!")
        chat += [f"{bare} [/]"] * again
        said += [bare] * again + [out]
        chat.append(out if out == word else f"{bare} [: {word.rstrip('.,;:?!')}]{out[len(bare) :]}")
    return Line(_marked(" ".join(chat)), " ".join(said), text)


def _rules(how: Impairment) -> list[tuple[re.Pattern[str], str]]:
    count = round(how.replaced * len(RULES))
    chosen = random.Random(how.seed).sample(RULES, count)
    return [(re.compile(found, re.IGNORECASE), put) for found, put in chosen]


def _replaced(word: str, rules: Sequence[tuple[re.Pattern[str], str]]) -> str:
    """A word by the rules; what one of them wrote is not changed by the next."""
    left = [(word, True)]
    for pattern, put in rules:
        parts = list[tuple[str, bool]]()
        for part, open_ in left:
            pieces = pattern.split(part) if open_ else [part]
            for number, piece in enumerate(pieces):
                parts += [(put, False)] * (number > 0) + [(piece, open_)] * bool(piece)
        left = parts
    out = "".join(part for part, _ in left)
    return out.capitalize() if word[:1].isupper() and not word.isupper() else out


def _marked(text: str) -> str:
    """CHAT parts marks from words, and ends every sentence with one."""
    parted = re.sub(r"([.,?!])(?=\s|$)", r" \1", text)
    return parted if parted[-1:] in ".?!" else f"{parted} ."


def sound(mels: Mels, how: Impairment, number: int) -> Mels:
    """Frames as this speaker would have said them; the same `number` always comes out the same."""
    chance = np.random.default_rng((how.seed, number))
    if how.slurred > 1e-3:  # less reaches no neighbour, and scipy divides by its square, which may be nothing
        mels = _slurred(mels, how.slurred)
    if how.stuttered:
        mels = _stuttered(mels, how.stuttered, chance)
    if how.slow:
        mels = _slowed(mels, 1 + how.slow)
    if how.halting:
        mels = _halted(mels, how.halting, chance)
    return mels.astype(np.float32)


def _slurred(mels: Mels, share: float) -> Mels:
    """Each frame is a mixture of those around it, each band of those beside it; the high ones are weak."""
    blurred = gaussian_filter1d(gaussian_filter1d(mels, 5 * share, axis=1), 2.5 * share, axis=0)
    dull = np.linspace(0, 1, len(mels)) ** 2 * share * TILT / 20 * np.log(10)
    return blurred - dull[:, None]


def _slowed(mels: Mels, factor: float) -> Mels:
    there = np.arange(round(mels.shape[1] * factor)) / factor
    before = np.minimum(there.astype(int), mels.shape[1] - 1)
    after, share = np.minimum(before + 1, mels.shape[1] - 1), there - there.astype(int)
    return mels[:, before] * (1 - share) + mels[:, after] * share


def _halted(mels: Mels, rate: float, chance: np.random.Generator) -> Mels:
    """Silence put in where it is quietest, at most one stop in half a second."""
    wanted = chance.poisson(rate * mels.shape[1] / SECOND)
    silence = mels.min(axis=1, keepdims=True)
    pieces, last = list[Mels](), 0
    for place in sorted(_quietest(mels, wanted)):
        stop = round(chance.uniform(0.3, 1.5) * SECOND)
        pieces += [mels[:, last:place], np.repeat(silence, stop, axis=1)]
        last = place
    return np.concatenate([*pieces, mels[:, last:]], axis=1)


def _stuttered(mels: Mels, rate: float, chance: np.random.Generator) -> Mels:
    """What follows a quiet moment is begun again, once to three times, 80 to 200 ms each."""
    wanted = chance.poisson(rate * mels.shape[1] / SECOND)
    pieces, last = list[Mels](), 0
    for place in sorted(_quietest(mels, wanted)):
        long = round(chance.uniform(0.08, 0.2) * SECOND)
        begun = mels[:, place : place + long]
        pieces += [mels[:, last:place], *[begun] * int(chance.integers(1, 4))]
        last = place
    return np.concatenate([*pieces, mels[:, last:]], axis=1)


def _quietest(mels: Mels, count: int) -> list[int]:
    """The quietest moments, half a second apart and from both ends."""
    loud = gaussian_filter1d(mels.mean(axis=0), 2)
    apart, found = round(SECOND / 2), list[int]()
    for place in np.argsort(loud).tolist():
        if len(found) == count:
            break
        if min([place, len(loud) - place, *(abs(place - other) for other in found)]) >= apart:
            found.append(place)
    return found
