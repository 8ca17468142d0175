"""Two readings of one utterance, settled: that of a person's bridge, and that of the recogniser whose ears it has.

Each knows something: the bridge how this person sounds, the recogniser how people speak (joint decoding, Watanabe et
al. 2017, of two readings in the place of a beam: the recogniser judges a whole text in one pass).
"""

from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from math import inf

MOST = 8
"""Places in which two readings may differ: where there are more, one of them is taken whole."""


def settled(mine: str, theirs: str, worth: Callable[[Sequence[str]], Sequence[float]]) -> str:
    """What both have in common; and in each place where they differ those words that make the whole `worth` more, one
    place after the other, beginning with the worthier reading."""
    runs = list(_side_by_side(mine.split(), theirs.split()))
    places = [number for number, (a, b) in enumerate(runs) if a != b]

    def text(from_others: frozenset[int]) -> str:
        return " ".join(word for number, (a, b) in enumerate(runs) for word in (b if number in from_others else a))

    def worth_of(*choices: frozenset[int]) -> list[float]:
        return [value if value == value else -inf for value in worth([text(choice) for choice in choices])]

    none, all_ = frozenset[int](), frozenset(places)
    a, b = worth_of(none, all_)
    best, most = (none, a) if a >= b else (all_, b)
    if 1 < len(places) <= MOST:
        for place in places:
            other = best ^ {place}
            (found,) = worth_of(other)
            if found > most:
                best, most = other, found
    return text(best)


def _side_by_side(ours: list[str], others: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Runs of words of both, as they belong together; as many words as differ in both are taken one by one."""
    for kind, a, b, c, d in SequenceMatcher(None, ours, others, autojunk=False).get_opcodes():
        if kind == "replace" and b - a == d - c:
            yield from (([one], [other]) for one, other in zip(ours[a:b], others[c:d], strict=True))
        else:
            yield ours[a:b], others[c:d]
