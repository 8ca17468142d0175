"""Where a stream of tokens is cut, whatever the tokens are."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digiclone.text.phrases import MOST_WORDS, phrases, speakable

WORDS = ["a", "I", "Dr.", "e.g.", "3.14", "1,000", "well,", "yes.", "No!", "why?", "and", "but", "so;", "then:", "word"]
ODD = [
    "...",
    "…",
    "—",
    "(ha!)",
    '"Go."',
    "**bold**",
    "#",
    "`x`",
    "😀",
    "👩‍👩‍👧",
    "→",
    "don't",
    "日本。",
    "\u200d",
    "U.S.",
]
texts = st.lists(
    st.tuples(st.sampled_from(WORDS + ODD) | st.text(max_size=4), st.sampled_from([" ", "  ", "\n", "\t", "\xa0", ""]))
).map(lambda pairs: "".join(word + gap for word, gap in pairs))


@st.composite
def split(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A text and its tokens."""
    text = draw(texts)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)))) | {0, len(text)})
    return text, [text[a:b] for a, b in itertools.pairwise(cuts)]


@given(split())
@example(("a\n" * 100, ["a\n"] * 100))
@example(("Well now, I think so. Yes.", ["Well now, I think so. Yes."]))
def test_phrases_joined_are_the_text_and_do_not_depend_on_the_tokens(case: tuple[str, list[str]]) -> None:
    text, tokens = case
    spoken = list(phrases(tokens))
    assert " ".join(spoken) == speakable(text)
    assert all(spoken)
    assert spoken == list(phrases(text)), "token by token and letter by letter differ"
    assert all(len(phrase.split()) <= MOST_WORDS for phrase in spoken)


@given(texts)
def test_what_is_speakable_stays_so(text: str) -> None:
    assert speakable(speakable(text)) == speakable(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there. How are you? Fine!", ["Hello there.", "How are you?", "Fine!"]),
        ("Of course, I can do that for you.", ["Of course,", "I can do that for you."]),  # soon heard
        ("No, never.", ["No, never."]),  # one word is too short
        (
            "Hi. Yes, you and I, we both know that this is so, my friend.",
            ["Hi.", "Yes, you and I, we both know that this is so,", "my friend."],
        ),
        (
            "I went to the shop this very morning because we had no milk.",
            ["I went to the shop this very morning", "because we had no milk."],
        ),
        (
            "Hi. I went to the shop this very morning because we had no milk.",
            ["Hi.", "I went to the shop this very morning because we had no milk."],
        ),
        (
            "Dr. Who met Mr. Smith, e.g. at St. Ives vs. no one.",
            ["Dr. Who met Mr. Smith,", "e.g. at St. Ives vs. no one."],
        ),
        ("It is 3.14 or v1.2.3 now.", ["It is 3.14 or v1.2.3 now."]),
        ("Wait... I see. Well… yes.", ["Wait...", "I see.", "Well…", "yes."]),
        ('He said "Go." She went (fast!) home.', ['He said "Go."', "She went (fast!)", "home."]),
        ("... Hello.", ["... Hello."]),  # dots alone are not worth a breath
        ("One: two; three — four.", ["One:", "two;", "three —", "four."]),
        ("**Bold** and `code` 😀 #tag [link]", ["Bold and code tag link"]),
        ("😀 👍🏽 ✨", []),
        ("", []),
        (" \n\t ", []),
        ("no stop at the end", ["no stop at the end"]),
    ],
)
def test_where_it_is_cut(text: str, expected: list[str]) -> None:
    assert list(phrases(text)) == expected


def test_a_phrase_comes_as_soon_as_it_is_whole() -> None:
    taken: list[str] = []

    def tokens() -> list[str]:
        return ["Hello", " there", ".", " How", " are", " you"]

    stream = phrases(taken.append(token) or token for token in tokens())
    assert next(stream) == "Hello there."
    assert taken == ["Hello", " there", ".", " How"]


@pytest.mark.parametrize("gap", [" ", "\n"])
def test_a_reply_without_punctuation_still_sounds(gap: str) -> None:
    text = gap.join(["word"] * 2000)  # 10,000 characters
    spoken = list(phrases([text]))
    assert " ".join(spoken).split() == ["word"] * 2000
    assert len(spoken) == 2000 / MOST_WORDS


def test_ten_thousand_characters_without_a_space() -> None:
    assert list(phrases("x" * 10_000)) == ["x" * 10_000]
