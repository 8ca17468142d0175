"""What was to be said against what a recogniser wrote: which words went wrong.

Two spellings of one reading must not count as an error: "In 1846 Mr. Smith's colour" is "in eighteen forty-six mister
Smiths color". OpenAI's normaliser (Radford et al. 2022, appendix C) knows most of that; what it misses is here.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from functools import cache

from rapidfuzz.distance import Levenshtein
from whisper_normalizer.english import EnglishTextNormalizer


@dataclass(frozen=True, slots=True)
class Reading:
    """How a text was read, in words, by an alignment with as few errors as possible."""

    words: int
    """That were to be said; at least one."""
    substituted: int = 0
    dropped: int = 0
    added: int = 0
    repeated: int = 0
    """Of those added: the ones equal to the word before or after them."""

    @property
    def wer(self) -> float:
        """Word error rate: 0 for a faultless reading, above 1 when more goes wrong than was to be said."""
        return (self.substituted + self.dropped + self.added) / self.words


def compare(wanted: str, heard: str) -> Reading:
    """How `wanted` was read, if a recogniser wrote `heard`. Raises ValueError if nothing was wanted."""
    ours, theirs = normalised(wanted), normalised(heard)
    ours, theirs = _joined(ours, theirs), _joined(theirs, ours)
    if not ours:
        raise ValueError(f"There is no word in {wanted!r} that could be heard: compare a text with words.")
    edits = Levenshtein.editops(ours, theirs)
    kinds = [edit.tag for edit in edits]
    added = [edit.dest_pos for edit in edits if edit.tag == "insert"]
    return Reading(
        words=len(ours),
        substituted=kinds.count("replace"),
        dropped=kinds.count("delete"),
        added=len(added),
        repeated=sum(_repeats(theirs, at) for at in added),
    )


def total(readings: Iterable[Reading]) -> Reading:
    """All counts together, so that `wer` weighs every word alike. Raises ValueError if there are none."""
    counts = [astuple(reading) for reading in readings]
    if not counts:
        raise ValueError("There are no readings to sum up: compare at least one sentence.")
    return Reading(*map(sum, zip(*counts, strict=True)))


def normalised(text: str) -> list[str]:
    """The words of an English text in a spelling that all its spellings share: lower case, no punctuation, American,
    contractions in full, numbers in digits. To be compared, not to be read."""
    text = text.translate(_SYMBOLS)
    for pattern, replacement in _BEFORE:
        text = pattern.sub(replacement, text)
    text = _normaliser()(text)
    for pattern, replacement in _AFTER:
        text = pattern.sub(replacement, text)
    return [word for word in text.split() if any(c.isalnum() for c in word)]


_SYMBOLS = str.maketrans(
    {
        **dict.fromkeys("‘’ʼ", "'"),
        **dict.fromkeys("()[]{}<>", " "),  # the normaliser leaves out what is in brackets, and a voice says it
        "…": " ",
        "&": " and ",
        "@": " at ",
        "+": " plus ",
        "=": " equals ",
        "°": " degrees ",
    }
)
_BEFORE = [
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"(?:\bno\.\s*|#\s*)(?=\d)", "number "),
        (r"\b(?:[a-z]\.){2,}", lambda initials: initials[0].replace(".", "") + " "),  # U.S., a.m.
        (r"(?<=\d):00\b", " o'clock"),
        (r"(?<=\d):(?=\d\d\b)", ""),  # 7:30, as seven thirty will be written
        (r"(?<![\w-])[-−](?=\d)", "minus "),
        (r"\ba (?=(?:hundred|thousand|million|billion|trillion)\b)", "one "),
        # of a possessive, "dog's", the normaliser makes "dog is"
        (r"\b(?!(?:it|he|she|that|this|there|here|what|who|where|when|how|why|let)'s\b)(\w+)'s\b", r"\1s"),
        (r"\bvs\b", "versus"),
        (r"\b(?:etc|etcetera)\b", "et cetera"),
        (r"\bok\b", "okay"),
        (r"\balright\b", "all right"),
    )
]
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_AFTER = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (rf"\b({_MONTHS}) (\d+)(?:st|nd|rd|th)\b", r"\1 \2"),
        (r"(?<!\d)\.(?=\d)", "0."),
    )
]


@cache
def _normaliser() -> EnglishTextNormalizer:
    return EnglishTextNormalizer()


def _joined(words: Sequence[str], others: Sequence[str]) -> list[str]:
    """`words`, but two that `others` write as one are one: "every one" and "everyone", "24 7" and "247"."""
    known, found = set(others), list[str]()
    for word in words:
        if found and found[-1] + word in known:
            found[-1] += word
        else:
            found.append(word)
    return found


def _repeats(words: Sequence[str], at: int) -> bool:
    return words[at] in (*words[max(0, at - 1) : at], *words[at + 1 : at + 2])
