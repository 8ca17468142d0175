"""What was said, by its sound, by how English is spelt, and by which words there are: from log-probabilities of letters
to texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import log

import numpy as np
from numpy.typing import NDArray

from digiclone.text import letters
from digiclone.text.letters import BLANK, LETTERS
from digiclone.text.lexicon import known
from digiclone.text.spelling import BEGIN, Spelling

Likely = NDArray[np.float32]
"""Log-probabilities (N, letters) of each letter, or of a blank, in each frame."""


_ENDS = [LETTERS.index(letter) for letter in " .,?!-"]
"""What stands behind a word."""


@dataclass(frozen=True)
class Search:
    """How sound and spelling are weighed."""

    beams: int = 12
    weight: float = 0.6
    """Of the spelling's logarithm beside the sound's."""
    longer: float = 1.0
    """What a letter is worth by itself: without it, short readings win."""
    stranger: float = 3.0
    """What a word costs that English does not have."""
    within: float = 10.0
    """Texts that are so many nats worse than the best one are given up."""
    least: float = field(default=log(1e-4))
    """Letters less likely than this in a frame are not tried."""


@dataclass(eq=False)
class _Beams:
    """Texts side by side. Of all paths to each: log-probabilities of those that end in a `blank`, and in its last
    `letter`; what its letters are `worth` by their spelling; and what any `next` letter would be."""

    texts: list[tuple[int, ...]]
    blank: NDArray[np.float64]
    letter: NDArray[np.float64]
    worth: NDArray[np.float64]
    next: NDArray[np.float32]

    @property
    def last(self) -> NDArray[np.int64]:
        return np.array([text[-1] if text else BLANK for text in self.texts])


def read(likely: Likely, spelling: Spelling, how: Search | None = None) -> list[int]:
    """The letters that are likeliest by sound and spelling: a prefix beam search (Hannun et al. 2014)."""
    how = how or Search()

    strange = dict[tuple[int, ...], bool]()

    def cost(word: tuple[int, ...]) -> float:
        if word not in strange:
            strange[word] = bool(word) and not known(letters.text(word))
        return how.stranger * strange[word]

    def worth(found: tuple[int, ...]) -> NDArray[np.float32]:
        row = how.weight * spelling.behind((BEGIN, *found)) + np.float32(how.longer)
        row[_ENDS] -= cost(_last(found))
        return row

    none = np.array([-np.inf])
    beams = _Beams([()], np.zeros(1), none, np.zeros(1), worth(())[None])
    for moment in likely:
        tried = np.flatnonzero(moment > how.least)
        tried = tried[tried != BLANK]
        last, both = beams.last, np.logaddexp(beams.blank, beams.letter)
        blank, letter = both + moment[BLANK], beams.letter + moment[last]
        if len(tried):
            # a letter said twice needs a blank between
            before = np.where(tried == last[:, None], beams.blank[:, None], both[:, None])
            beams = _grown(beams, blank, letter, before + moment[tried], tried, how, worth)
        else:
            beams = _Beams(beams.texts, blank, letter, beams.worth, beams.next)
    ends = np.array([cost(_last(found)) for found in beams.texts])
    return list(beams.texts[int((np.logaddexp(beams.blank, beams.letter) + beams.worth - ends).argmax())])


def _last(found: tuple[int, ...]) -> tuple[int, ...]:
    """The word that is not at its end yet."""
    begin = len(found)
    while begin and found[begin - 1] not in _ENDS:
        begin -= 1
    return found[begin:]


def _grown(
    beams: _Beams,
    blank: NDArray[np.float64],
    letter: NDArray[np.float64],
    longer: NDArray[np.float64],
    tried: NDArray[np.int64],
    how: Search,
    worth: Callable[[tuple[int, ...]], NDArray[np.float32]],
) -> _Beams:
    """The best of the texts as they are, and of those that are a letter longer: `longer` (texts, tried) are the
    log-probabilities of the paths to these."""
    place = {text: number for number, text in enumerate(beams.texts)}
    column = {int(number): at for at, number in enumerate(tried)}
    for number, text in enumerate(beams.texts):  # what is a beam already gets the paths, too
        if text and text[-1] in column and (shorter := place.get(text[:-1])) is not None:
            at = shorter, column[text[-1]]
            letter[number] = np.logaddexp(letter[number], longer[at])
            longer[at] = -np.inf
    worths = beams.worth[:, None] + beams.next[:, tried]
    scores = np.concatenate([np.logaddexp(blank, letter) + beams.worth, (longer + worths).ravel()])
    best = np.argsort(-scores, kind="stable")[: how.beams]
    best = best[scores[best] > max(scores[best[0]] - how.within, -np.inf)]
    same, new = best[best < len(place)], best[best >= len(place)] - len(place)
    rows, columns = np.divmod(new, len(tried))
    texts = [(*beams.texts[row], int(tried[at])) for row, at in zip(rows, columns, strict=True)]
    return _Beams(
        [beams.texts[number] for number in same] + texts,
        np.concatenate([blank[same], np.full(len(new), -np.inf)]),
        np.concatenate([letter[same], longer[rows, columns]]),
        np.concatenate([beams.worth[same], worths[rows, columns]]),
        np.concatenate([beams.next[same], np.stack([worth(text) for text in texts])]) if texts else beams.next[same],
    )


def sound(likely: Likely, wanted: list[int]) -> float:
    """The log-probability of these letters: of all paths to them (Graves et al. 2006)."""
    path = np.full(2 * len(wanted) + 1, BLANK)
    path[1::2] = wanted
    # from the letter before without the blank between, unless both are the same
    leap = np.full(len(path), -np.inf)
    leap[3::2] = np.where(path[3::2] == path[1:-2:2], -np.inf, 0.0)
    found = np.full(len(path), -np.inf)
    found[0] = 0.0
    for moment in likely:
        one = np.concatenate([[-np.inf], found[:-1]])
        two = np.concatenate([[-np.inf, -np.inf], found[:-2]])[: len(path)] + leap
        found = np.logaddexp(np.logaddexp(found, one), two) + moment[path]
    return float(np.logaddexp.reduce(found[-2:]))
