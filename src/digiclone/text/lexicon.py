"""The words that English has, as the default voice knows them."""

import gzip
import json
from functools import cache
from importlib.resources import files


@cache
def words() -> frozenset[str]:
    """In small letters: 180,000, with names and forms."""
    found = set[str]()
    for name in ("lexicon_us_gold", "lexicon_us_silver", "lexicon_gb_gold", "lexicon_gb_silver"):
        packed = (files("hibari") / "assets" / f"{name}.json.gz").read_bytes()
        found |= {word.lower() for word in json.loads(gzip.decompress(packed))}
    return frozenset(found)


def known(word: str) -> bool:
    """Whether it is one, or somebody's."""
    plain = word.lower().strip("'")
    return plain in words() or (plain.endswith("'s") and plain[:-2] in words())
