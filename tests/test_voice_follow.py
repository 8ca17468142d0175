"""A script is laid along what was heard: its words where both agree, at the times at which they were heard."""

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from digiclone.types import Audio
from digiclone.voice.cut import Word
from digiclone.voice.follow import alignment, followed, located, shared
from digiclone.voice.script import Script, words_of
from digiclone.voice.transcribe import Chunk

pytest.importorskip("av", reason="making a voice needs the extra: pip install 'digiclone[voice]'")

from digiclone.voice import clips, dataset

SEA = (
    "The sea was calm that morning, and nobody on the pier expected a storm. Old fishermen mended their nets in the "
    "shade; children threw stones at an empty barrel. Towards noon a grey line grew along the horizon, thin as a "
    "pencil stroke, and the gulls went silent one by one."
)
BREAD = (
    "To bake bread you need flour, water, salt and patience. Knead the dough until it stops sticking to your fingers, "
    "then leave it under a cloth where no draught can reach it. After two hours fold it twice, shape a loaf, and heat "
    "the oven as hot as it will go before you begin."
)
LENGTH, REST = 0.3, 0.1
"""Seconds of a word, and before it."""


def heard(*texts: str, sure: float = 0.9) -> list[Chunk]:
    """A chunk of each text, as a recogniser writes it: one word after the other."""
    found, now = list[Chunk](), 0.0
    for text in texts:
        begin, words = now, list[Word]()
        for word in text.split():
            words.append(Word(word, now + REST, now + REST + LENGTH, sure))
            now += REST + LENGTH
        found.append(Chunk(begin, now, "en", tuple(words)))
    return found


def follow(text: str, *chunks: str) -> tuple[list[str], float | None]:
    """What is written down of each chunk, and the share of words where the script fits."""
    found, share = followed(heard(*chunks), Script("me.txt", words_of(text)))
    return [" ".join(word.text for word in chunk.words) for chunk in found], share


def bare(text: str) -> str:
    """As a recogniser may write it."""
    return text.lower().replace(",", "").replace(".", "").replace(";", "")


# -- which word is which ----------------------------------------------------------------------------------------------


def distance(one: str, other: str) -> int:
    """By definition."""

    @cache
    def of(a: int, b: int) -> int:
        if not a or not b:
            return a + b
        return min(of(a - 1, b) + 1, of(a, b - 1) + 1, of(a - 1, b - 1) + (one[a - 1] != other[b - 1]))

    return of(len(one), len(other))


FEW = st.text("abc", max_size=7)


@given(FEW, FEW)
def test_the_nearest_part_of_the_script_is_found(one: str, other: str) -> None:
    begin, end = located(one, other)
    parts = [other[a:b] for a in range(len(other) + 1) for b in range(a, len(other) + 1)]
    assert 0 <= begin <= end <= len(other)
    assert distance(one, other[begin:end]) == min(distance(one, part) for part in parts)


@given(FEW, FEW)
def test_the_alignment_has_the_fewest_edits(one: str, other: str) -> None:
    steps = alignment(one, other)
    begin, end = located(one, other)
    assert [n for step in steps for n in range(*step.heard)] == list(range(len(one)))
    assert [n for step in steps for n in range(*step.given)] == list(range(begin, end))
    assert all(one[slice(*step.heard)] == other[slice(*step.given)] for step in steps if step.same)
    edits = [max(np.diff(step.heard)[0], np.diff(step.given)[0]) for step in steps if not step.same]
    assert sum(edits) == distance(one, other[begin:end])


# -- what is written down ---------------------------------------------------------------------------------------------


@given(cut=st.integers(1, 40), before=st.sampled_from(["", BREAD]), after=st.sampled_from(["", BREAD]))
def test_what_is_heard_rightly_gets_the_words_of_the_script_at_its_own_times(cut: int, before: str, after: str) -> None:
    words = bare(SEA).split()
    chunks = heard(" ".join(words[:cut]), " ".join(words[cut:]))
    found, share = followed(chunks, Script("me.txt", words_of(f"{before} {SEA} {after}")))
    assert share == 1
    assert [word.text for chunk in found for word in chunk.words] == SEA.split()
    for was, now in zip(chunks, found, strict=True):
        assert [(word.start, word.end) for word in was.words] == [(word.start, word.end) for word in now.words]


VOCABULARY = bare(f"{SEA} {BREAD}").split()


@given(seed=st.integers(0, 2**32 - 1), wrong=st.floats(0, 0.5))
def test_whatever_goes_wrong_words_stay_in_order_and_none_is_doubled(seed: int, wrong: float) -> None:
    chance = np.random.default_rng(seed)
    text = list(chance.choice(VOCABULARY, 50))
    wanted = [f"{word}{'!' * (number + 1)}" for number, word in enumerate(text)]  # so that each is known again
    written = list[str]()
    for word in text:
        kind = chance.choice(["right", "dropped", "other", "added"], p=[1 - wrong, *[wrong / 3] * 3])
        other = str(chance.choice(VOCABULARY))
        written += {"right": [word], "dropped": [], "other": [other], "added": [word, other]}[kind]
    at = sorted(chance.integers(0, len(written) + 1, 2))
    chunks = heard(*(" ".join(written[a:b]) for a, b in pairwise([0, *at, len(written)])))
    found, share = followed(chunks, Script("me.txt", tuple(wanted)))
    assert share is None or 0 <= share <= 1
    for was, now in zip(chunks, found, strict=True):
        edges = [edge for word in now.words for edge in (word.start, word.end)]
        assert all(a <= b + 1e-9 for a, b in pairwise(edges))
        assert [bool(was.words), *edges[:1], *edges[-1:]] == [
            bool(now.words), *(word.start for word in was.words[:1]), *(word.end for word in was.words[-1:])
        ]  # fmt: skip
        assert all(0 <= word.sure <= 1 for word in now.words)
    marks = [word.text.count("!") for chunk in found for word in chunk.words]
    taken = [mark for mark in marks if mark]
    assert taken == sorted(set(taken))
    assert all(word.text.split("!")[0] in VOCABULARY for chunk in found for word in chunk.words)


SIDE = "Then came the winter, and with it the long nights:", "when nobody went out who did not have to."


@pytest.mark.parametrize(
    ("script", "wrote", "kept"),
    [
        ("1984,", "nineteen eighty four", "1984,"),
        ("nineteen eighty-four,", "1984,", "nineteen eighty-four,"),
        ("Mr. Doane’s", "mister dones", "Mr. Doane’s"),
        ("“Kathleen”", "Catherine", "“Kathleen”"),
        ("taboos", "to booze", "taboos"),
        ("everyone", "every one", "everyone"),
        ("the", "a", "the"),
        ("days", "dark days um", "dark days um"),
        ("", "sorry", "sorry"),
        ("a new pair of skates", "the long bookkeeping exam", "the long bookkeeping exam"),
    ],
)
def test_between_words_that_agree_the_script_is_believed_if_it_is_alike(script: str, wrote: str, kept: str) -> None:
    before, after = SIDE
    (said,), _ = follow(f"{before} {script} {after}", f"{bare(before)} {wrote} {bare(after)}")
    assert said == f"{before} {kept} {after}"


def test_words_that_differ_share_the_time_of_those_heard() -> None:
    assert shared(["ab", "cd"], [Word("x", 1, 2), Word("y", 3, 4)], 0.7) == [
        Word("ab", 1, 2, 0.7),
        Word("cd", 3, 4, 0.7),
    ]
    found = shared(["a", "bcd,"], [Word("abcd", 1, 3)], 0.7)
    assert found == [Word("a", 1, 1.5, 0.7), Word("bcd,", 1.5, 3, 0.7)]


def test_two_that_agree_are_sure_and_two_that_do_not_are_less() -> None:
    before, after = SIDE
    (chunk,), _ = followed(
        heard(bare(f"{before} bookkeeping exam {after}"), sure=0.8),
        Script("x", words_of(f"{before} Christmas presents {after}")),
    )
    sure = {word.text: word.sure for word in chunk.words}
    assert sure["winter,"] == 1
    assert sure["exam"] < 0.5


def test_a_script_of_something_else_is_not_used() -> None:
    said, share = follow(BREAD, bare(SEA))
    assert said == [bare(SEA)]
    assert share == 0


def test_a_script_of_a_part_is_used_for_the_part() -> None:
    said, share = follow(SEA, bare(BREAD), bare(SEA), bare(BREAD))
    assert [said[0], said[2]] == [bare(BREAD)] * 2
    assert said[1].split()[2:-2] == SEA.split()[2:-2]
    assert share is not None
    assert 0.2 < share < 0.4


def test_an_aside_stays_as_it_was_heard() -> None:
    first, second = SEA.split("; ")
    aside = "is this thing still running I do hope so well let us go on now where was I oh here it is"
    (said,), _ = follow(SEA, f"{bare(first)} {aside} {bare(second)}")
    assert aside in said
    assert said.startswith("The sea was calm that morning,")
    assert said.endswith("the gulls went silent one by one.")


def test_a_script_that_has_more_is_skipped_where_nothing_was_heard() -> None:
    first, second = SEA.split("; ")
    (said,), share = follow(f"{first}; {BREAD} {second}", f"{bare(first)} {bare(second)}")
    assert_follows(said, SEA, share)


def assert_follows(said: str, text: str, share: float | None) -> None:
    """Nearly: at an edge between what fits and what does not, two words are in doubt."""
    assert bare(said) == bare(text)
    assert len(set(text.split()) - set(said.split())) <= 4
    assert share
    assert share > 0.9


def test_what_is_read_twice_or_in_another_order_is_followed_all_the_same() -> None:
    said, share = follow(f"{SEA} {BREAD}", f"{bare(BREAD)} {bare(SEA)}", bare(BREAD))
    assert_follows(" ".join(said), f"{BREAD} {SEA} {BREAD}", share)


def test_a_word_that_was_missed_is_put_where_time_is_left_for_it() -> None:
    words = SEA.split()
    script = Script("me.txt", words_of(SEA))
    (chunk,) = heard(bare(SEA))
    at = words.index("silent")
    left, right = chunk.words[at - 1], chunk.words[at + 1]
    middle = (left.end + right.start) / 2
    slow = (Word(left.text, left.start, middle), Word(right.text, middle, right.end))
    for pair, missed in ((slow, True), ((left, right), False)):
        lacking = (*chunk.words[: at - 1], *pair, *chunk.words[at + 2 :])
        (found,), _ = followed([Chunk(0, 99, "en", lacking)], script)
        assert ("silent" in [word.text for word in found.words]) == missed
    assert not set(words) - {word.text for word in followed([chunk], script)[0][0].words}


def test_what_differs_across_a_pause_stays_on_its_side() -> None:
    first, second = SEA.split(" Old ")
    said, _ = follow(SEA, f"{bare(first)[:-6]} sturm", f"alt {bare(second)}")
    assert [len(part.split()) for part in said] == [len(first.split()), len(second.split()) + 1]


def test_where_no_word_was_heard_nothing_is_made_up() -> None:
    silent = [Chunk(0, 1, "de", ())]
    assert followed(silent, Script("me.txt", ("Hallo",))) == (silent, None)
    assert followed([], Script("me.txt", ("Hallo",))) == ([], None)


# -- in a dataset -----------------------------------------------------------------------------------------------------


@pytest.fixture
def by_ear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recording, in which what is heard is known without a recogniser."""
    monkeypatch.setattr(clips, "denoised", lambda audio: audio)
    monkeypatch.setattr(clips, "transcribed", lambda _: heard(bare(SEA)))
    monkeypatch.setattr(clips, "embed", lambda _: np.full(192, 192**-0.5, np.float32))
    monkeypatch.setattr(dataset, "strangers", lambda voices: np.zeros(len(voices), bool))
    file = tmp_path / "recordings" / "me.wav"
    file.parent.mkdir()
    seconds = (LENGTH + REST) * (len(SEA.split()) + 1)
    soundfile.write(file, 0.1 * np.random.default_rng(0).standard_normal(int(seconds * 22_050)), 22_050)
    return file


def texts(voice: Path, file: Path) -> tuple[str, tuple[str, ...]]:
    made = dataset.build(voice, [file.parent], lambda *_: None)
    return " ".join(one.clip.text for one in made.clips), made.notes


def test_the_dataset_has_the_words_of_the_script_and_a_corrected_one_is_used(by_ear: Path, tmp_path: Path) -> None:
    voice = tmp_path / "voice"
    assert texts(voice, by_ear) == (bare(SEA), ())
    by_ear.with_suffix(".txt").write_text(SEA.replace("gulls", "Gulls"))
    assert texts(voice, by_ear) == (SEA.replace("gulls", "Gulls"), ())
    by_ear.with_suffix(".txt").write_text(SEA)
    assert texts(voice, by_ear) == (SEA, ())
    by_ear.with_suffix(".txt").unlink()
    assert texts(voice, by_ear) == (bare(SEA), ())
    assert len(list((voice / "blocks").iterdir())) == 3, "each is made once"


def test_a_transcript_that_does_not_fit_is_noted(by_ear: Path, tmp_path: Path) -> None:
    by_ear.with_suffix(".txt").write_text(BREAD)
    text, (note,) = texts(tmp_path / "voice", by_ear)
    assert text == bare(SEA)
    assert "me.txt does not say what is said in me.wav" in note
    by_ear.with_suffix(".txt").write_text(SEA[: len(SEA) // 2])
    text, (note,) = texts(tmp_path / "voice", by_ear)
    assert text.startswith("The sea was calm")
    assert "me.txt has only" in note


def test_many_notes_are_summed_up(by_ear: Path, tmp_path: Path) -> None:
    sound = np.random.default_rng(1).standard_normal(22_050 * 20) * 0.1
    for number in range(dataset.NOTED + 2):
        soundfile.write(by_ear.with_name(f"{number}.wav"), sound + number / 1000, 22_050)
        by_ear.with_name(f"{number}.txt").write_text(BREAD)
    by_ear.unlink()
    _, notes = texts(tmp_path / "voice", by_ear)
    assert len(notes) == dataset.NOTED + 1
    assert notes[-1].startswith("2 more")


def test_the_block_is_heard_whole(by_ear: Path) -> None:
    block = clips.clips_of(Audio(np.zeros(48_000, np.float32), 48_000), 0.0, by_ear.parent / "x-000")
    assert block.fit is None
    assert " ".join(clip.text for clip in block.clips) == bare(SEA)
