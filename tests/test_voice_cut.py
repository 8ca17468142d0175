"""Words into clips: every word once, the cheapest way there is, at pauses."""

from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone.voice.cut import LONGEST, SHORTEST, Word, clips, length, price, shortened


@st.composite
def talks(draw: st.DrawFn, most: int = 9) -> list[Word]:
    words, now = list[Word](), 0.0
    for _ in range(draw(st.integers(0, most))):
        now += draw(st.sampled_from([0.0, 0.02, 0.1, 0.3, 0.8, 2.5]))
        long = draw(st.sampled_from([0.2, 0.5, 1.5, 4.0]))
        words.append(Word(draw(st.sampled_from(["so", "then,", "end."])), now, now + long))
        now += long
    return words


@given(words=talks())
def test_no_other_cuts_are_cheaper(words: list[Word]) -> None:
    found = clips(words)
    assert [w for start, end in found for w in words[start:end]] == words
    ways = ([0, *cuts, len(words)] for count in range(len(words)) for cuts in combinations(range(1, len(words)), count))
    short = shortened(words)
    best = min((sum(price(short, a, b) for a, b in pairwise(way)) for way in ways), default=0)
    assert sum(price(short, *clip) for clip in found) == pytest.approx(best)


def test_no_words_are_no_clips() -> None:
    assert clips([]) == []


def said(count: int, pause: float = 0.03, every: int = 7, rest: float = 0.4) -> list[Word]:
    """Words of 0.3 s; after `every` so many a sentence ends and there is a rest."""
    words, now = list[Word](), 0.0
    for i in range(1, count + 1):
        stop = i % every == 0
        words.append(Word("stop." if stop else "go", now, now + 0.3))
        now += 0.3 + (rest if stop else pause)
    return words


def test_a_long_talk_is_cut_at_the_ends_of_sentences() -> None:
    words = said(300)
    found = clips(words)
    assert all(words[end - 1].text == "stop." for _, end in found[:-1])
    assert all(SHORTEST <= length(shortened(words), *clip) <= LONGEST for clip in found)


def test_a_breathless_talk_is_cut_at_its_only_pause() -> None:
    first = said(50, pause=0.0, every=10**6)
    then = [replace(word, start=word.start + 15.1, end=word.end + 15.1) for word in first]
    assert clips([*first, *then]) == [(0, 50), (50, 100)]


def test_a_long_silence_inside_a_clip_counts_as_a_short_one() -> None:
    words = [Word("one.", 0, 3), Word("two.", 9, 12)]
    assert clips(words) == [(0, 2)]
    assert length(shortened(words), 0, 2) == pytest.approx(6 + 0.5 + 0.3)
