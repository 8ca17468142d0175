"""Whether judges mean the same: Krippendorff's alpha of 1970 for names, with gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from digiclone.vote.ballot import Ballot

Opinions = Mapping[str, Sequence[str]]
"""What was said of each thing, by those who said anything."""


def alpha(opinions: Opinions) -> float:
    """1 if all agree, 0 if they agree as often as by chance, less if less; 1 as well if nothing but one name was ever
    given; no number if nothing was judged twice.

        alpha = 1 - (n - 1) Σ disagreeing pairs / Σ disagreeing pairs of all values

    After Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C.
    """
    pairable = [Counter(names) for names in opinions.values() if len(names) > 1]
    all_ = sum(pairable, Counter[str]())
    total = all_.total()
    if not total:
        return float("nan")
    observed = sum(_disagreeing(one) / (one.total() - 1) for one in pairable)
    expected = _disagreeing(all_) / (total - 1)
    return 1.0 - observed / expected if expected else 1.0


def _disagreeing(names: Counter[str]) -> int:
    """Ordered pairs of different names."""
    return names.total() ** 2 - sum(count * count for count in names.values())


def opinions(ballots: Sequence[Ballot]) -> dict[str, list[str]]:
    """What each judge thinks of each question and metric: the candidate that they chose most often, "none" if that is
    none; nothing if there is no such."""
    votes: dict[tuple[str, str], dict[str, Counter[str]]] = {}
    for one in ballots:
        if name := one.choice if one.outcome == "chosen" else "none" if one.outcome == "none" else None:
            judges = votes.setdefault((one.question, one.metric), {})
            judges.setdefault(one.judge, Counter())[name] += 1
    found: dict[str, list[str]] = {}
    for (question, metric), judges in votes.items():
        for counts in judges.values():
            (first, most), *rest = counts.most_common(2)
            if not rest or rest[0][1] < most:
                found.setdefault(f"{metric}: {question}", []).append(first)
    return found
