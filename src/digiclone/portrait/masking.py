"""What is nobody else's business: names of others, numbers, addresses. It is replaced before anything is stored, by
words that a person could say, for a clone will say them.

Numbers and addresses are found by datafog's rules; names are those who speak in the material, and those that titles and
kinship announce. Nothing finds all of it: what is stored can be read and edited.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

WORDS = {
    "PHONE": "a number", "EMAIL": "an address", "CREDIT_CARD": "a number", "SSN": "a number",
    "IP_ADDRESS": "an address", "IBAN": "a number", "PLACE": "some place", "PAGE": "a page", "NAME": "somebody",
}  # fmt: skip
"""What stands there instead."""
PUT = frozenset(word for said in WORDS.values() for word in said.split() if word != "a")
"""Words that the person may never have said."""
_RULES = {
    "PAGE": re.compile(r"\b(?:https?://|www\.)\S+"),
    "IBAN": re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"),
    "PLACE": re.compile(
        r"\b\d{1,5}[a-z]? (?:[A-Z][\w'’]+ ){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Square|Sq|Boulevard"
        r"|Blvd|Court|Ct|Way|Place|Terrace)\b\.?|\b[A-ZÄÖÜ][\wäöüß-]*(?:straße|strasse|weg|gasse|platz) \d{1,4}[a-z]?\b"
    ),
}
_KIN = re.compile(
    r"\b(my|our|his|her|their) (wife|husband|son|daughter|brother|sister|mother|father|friend|boss|neighbou?r|aunt"
    r"|uncle|cousin|colleague|girlfriend|boyfriend|partner|niece|nephew|grandson|granddaughter),? ([A-Z][\w'’-]+)",
    re.IGNORECASE,
)
_TITLE = re.compile(r"\b(Mr|Mrs|Ms|Dr|Prof)\.? ([A-Z][\w'’-]+)")


def masked(text: str, others: Iterable[str] = ()) -> tuple[str, Counter[str]]:
    """The text without what is private, and how much of each kind there was. `others`: who else speaks."""
    found = Counter[str]()

    def put(kind: str) -> str:
        found[kind] += 1
        return WORDS[kind]

    for kind in ("PAGE", "IBAN", "PLACE"):
        text = _RULES[kind].sub(lambda _, kind=kind: put(kind), text)
    for begin, end, kind in sorted(_entities(text), reverse=True):
        text = text[:begin] + put(kind) + text[end:]
    text = _KIN.sub(lambda match: _kept(match, put), text)
    text = _TITLE.sub(lambda match: put("NAME"), text)
    if pattern := _names(frozenset(others)):
        text = pattern.sub(lambda _: put("NAME"), text)
    return text, found


def _kept(match: re.Match[str], put: Any) -> str:
    """ "my brother Tom" is "my brother", unless what follows is no name."""
    whose, kin, name = match.groups()
    if not name[0].isupper():
        return match[0]
    put("NAME")
    return f"{whose} {kin}"


def _entities(text: str) -> Iterator[tuple[int, int, str]]:
    import datafog  # noqa: PLC0415

    for one in datafog.scan(text).entities:
        if one.type in WORDS:
            yield one.start, one.end, one.type


@cache
def _names(others: frozenset[str]) -> re.Pattern[str] | None:
    """Their names, whole and in parts; parts of two letters are too often words."""
    parts = {part for name in others for part in (name, *name.split()) if len(part) > 2 and part[0].isupper()}
    ordered = sorted(parts, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, ordered))})\b") if ordered else None
