"""What a recogniser heard, in the words of a script: theirs where both agree, with the times at which it was heard.

A recording and its script need not say the same from end to end. Each block is looked for in the whole script, and
what is not found there once more. Where they disagree for a sentence, the script is not used; of a few words that are
unlike, the script's are believed if they look alike. What the script does not have stays as it was heard: its
sound is in the clip, and a voice learns more harm from sound without words than from a word that is not quite right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from digiclone.voice.cut import Word
from digiclone.voice.script import Script, spelt
from digiclone.voice.transcribe import Chunk
from digiclone.voice.words import normalised

AROUND = 10
"""Words before and after one that say whether the script is followed there."""
FITS = 0.6
"""Share of them that must be in the script: with a script of something else it is a tenth."""
ALIKE = 0.5
"""Share of letters that words heard must have in common with those of the script, the same word before and after
included: so that a single one is the script's even if it sounds otherwise (a recogniser mishears more words than a
reader changes), but three that have nothing in common are not."""


@dataclass(frozen=True)
class Step:
    """The words `heard` beside those `given`, both as from and to: one of each that are the `same`, or some that differ
    between two that are."""

    heard: tuple[int, int]
    given: tuple[int, int]
    same: bool


@dataclass(frozen=True)
class Said:
    """A word of a chunk (its number), and whether it lies where the script fits."""

    chunk: int
    word: Word
    fits: bool = False


def followed(chunks: Sequence[Chunk], script: Script) -> tuple[list[Chunk], float | None]:
    """The chunks of a block in the words of the script, and the share of their words where it fits; None of none."""
    words = told([Said(number, word) for number, chunk in enumerate(chunks) for word in chunk.words], script)
    mine = [tuple(one.word for one in words if one.chunk == number) for number in range(len(chunks))]
    share = sum(one.fits for one in words) / len(words) if words else None
    return [replace(chunk, words=own) for chunk, own in zip(chunks, mine, strict=True)], share


def told(heard: Sequence[Said], script: Script) -> list[Said]:
    """What was heard in the words of the script. Where it does not fit it is looked for again, elsewhere in the script:
    people leave out a page, or read one twice."""
    found = list[Said]()
    for fits, run in groupby(_told_once(heard, script), lambda one: one.fits):
        words = list(run)
        again = not fits and 2 * AROUND < len(words) < len(heard)
        found += told(words, script) if again else words
    return found


def _told_once(said: Sequence[Said], script: Script) -> list[Said]:
    heard = [one.word for one in said]
    steps = alignment([spelt(word.text) for word in heard], script.spelt)
    fits = fitting(steps, heard, script.words)
    found = list[Said]()
    for step in with_unheard(steps, heard, script.words):
        first, last = step.heard
        words = _words(step, heard, script.words) if fits[first:last].all() else heard[first:last]
        if len(words) != last - first and len({one.chunk for one in said[first:last]}) > 1:
            words = heard[first:last]  # a chunk ends in between, nobody knows after which word
        places = [min(first + number, last - 1) for number in range(len(words))]
        found += [Said(said[at].chunk, word, bool(fits[at])) for at, word in zip(places, words, strict=True)]
    return found


# -- which word is which ----------------------------------------------------------------------------------------------


def alignment(heard: Sequence[str], given: Sequence[str]) -> list[Step]:
    """All words heard, in order, beside the part of those given that they are nearest to, with the fewest edits."""
    begin, end = located(heard, given)
    steps = list[Step]()
    for same, edits in groupby(Levenshtein.opcodes(heard, given[begin:end]), lambda edit: edit.tag == "equal"):
        run = list(edits)
        a, b = run[0].src_start, run[-1].src_end
        c, d = begin + run[0].dest_start, begin + run[-1].dest_end
        steps += [Step((a + n, a + n + 1), (c + n, c + n + 1), True) for n in range(b - a)] if same else []
        steps += [] if same else [Step((a, b), (c, d), False)]
    return steps


def located(heard: Sequence[str], given: Sequence[str]) -> tuple[int, int]:
    """From where to where `given` is nearest to `heard`: of all its parts the edit distance to this is least."""
    number = dict[str, int]()
    ours, theirs = (np.array([number.setdefault(w, len(number)) for w in words], np.int32) for words in (heard, given))
    end = _end(ours, theirs)
    return end - _end(ours[::-1], theirs[:end][::-1]), end


def _end(heard: NDArray[np.int32], given: NDArray[np.int32]) -> int:
    """Where such a part ends (P. H. Sellers, "The theory and computation of evolutionary distances", 1980)."""
    places = np.arange(len(given) + 1, dtype=np.int32)
    row = np.zeros_like(places)
    for word in heard:
        below = row + 1
        below[1:] = np.minimum(below[1:], row[:-1] + (given != word))
        row = np.minimum.accumulate(below - places) + places
    return int(np.argmin(row))


def fitting(steps: Sequence[Step], heard: Sequence[Word], given: Sequence[str]) -> NDArray[np.bool_]:
    """Which words heard, (N,), lie where most words are those of the script."""
    right = np.zeros(len(heard))
    for step in steps:
        ours, theirs = _text(heard[slice(*step.heard)]), " ".join(given[slice(*step.given)])
        right[slice(*step.heard)] = step.same or normalised(ours) == normalised(theirs)
    before = np.concatenate([[0], np.cumsum(right)])
    here = np.arange(len(heard))
    first, last = np.maximum(here - AROUND, 0), np.minimum(here + AROUND + 1, len(heard))
    return before[last] - before[first] >= FITS * (last - first)


# -- what is written down ---------------------------------------------------------------------------------------------


def with_unheard(steps: Sequence[Step], heard: Sequence[Word], given: Sequence[str]) -> list[Step]:
    """The same steps, but what the recogniser may have missed between two words is one with both: if they took longer
    than they need, and all of it could be said in their time."""
    letters = sum(map(_letters, (word.text for word in heard)))
    pace = letters / max(_seconds(heard), 1e-3)
    found = list[Step]()
    for step in steps:
        found.append(step)
        if len(found) < 3 or not (found[-3].same and step.same) or found[-2].heard[0] < found[-2].heard[1]:
            continue
        before, unheard = found[-3], found[-2]
        two = heard[before.heard[0]], heard[step.heard[0]]
        known = sum(_letters(word.text) for word in two)
        more = sum(map(_letters, given[slice(*unheard.given)]))
        if known * (known + more) < (pace * _seconds(two)) ** 2:  # with them the pace is nearer to what it is elsewhere
            found[-3:] = [Step((before.heard[0], step.heard[1]), (before.given[0], step.given[1]), same=False)]
    return found


def _words(step: Step, heard: Sequence[Word], given: Sequence[str]) -> Sequence[Word]:
    """The words of a step, and how sure they are: two that agree have no doubt."""
    (a, b), (c, d) = step.heard, step.given
    words = heard[a:b]
    if step.same:
        return [Word(given[c], words[0].start, words[0].end)]
    if a == b or c == d:
        return words
    sure = alike(_text(heard[max(0, a - 1) : b + 1]), " ".join(given[max(0, c - 1) : d + 1]))
    if sure < ALIKE:
        return [replace(word, sure=min(word.sure, sure)) for word in words]
    return shared(given[c:d], words, sure)


def alike(one: str, other: str) -> float:
    """The share of letters that two texts have in common as they are read, 0..1."""
    return Levenshtein.normalized_similarity(*("".join(normalised(text)) for text in (one, other)))


def shared(texts: Sequence[str], words: Sequence[Word], sure: float) -> list[Word]:
    """`texts` in the time of `words`: one each if there are as many, else in proportion to their letters."""
    if len(texts) == len(words):
        return [Word(text, word.start, word.end, sure) for text, word in zip(texts, words, strict=True)]
    share = np.cumsum([0, *map(_letters, texts)])
    times = words[0].start + (words[-1].end - words[0].start) * share / share[-1]
    return [Word(text, float(a), float(b), sure) for text, (a, b) in zip(texts, pairwise(times), strict=True)]


def _letters(text: str) -> int:
    return max(1, sum(letter.isalnum() for letter in text))


def _seconds(words: Sequence[Word]) -> float:
    return sum(word.end - word.start for word in words)


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)
