"""English spelling to phones, in misaki's alphabet (what Kokoro and its offspring read).

Hibari's package carries the only maintained misaki port that is Apache-2.0 all the way: no spaCy, no espeak-ng (GPL).
"""

from functools import cache
from typing import Any


def phonemize(text: str, *, british: bool = False) -> str:
    """One phrase as a string of phones; a space parts words, punctuation stays."""
    return _g2p(british)(text)


@cache
def _g2p(british: bool) -> Any:
    from hibari.g2p import G2P

    return G2P(british=british)
