"""The alphabet between text and a voice of our own: misaki's English phones, stress and punctuation, and a blank."""

from __future__ import annotations

BLANK = "_"
SYMBOLS = BLANK + ' ;:,.!?—…"()“”ˈˌː' + "AIOQWYᵊabdfhijklmnopstuvwzæðŋɑɒɔəɛɜɐɡɪɹɾʃʊʌʒʔʤʧθᵻ"
_NUMBER = {symbol: number for number, symbol in enumerate(SYMBOLS)}


def known(phones: str) -> str:
    """Without what the alphabet lacks."""
    return "".join(p for p in phones if p in _NUMBER and p != BLANK)


def ids(phones: str) -> list[int]:
    """Known phones as numbers, a blank around each: what is between two sounds belongs to neither (as in Glow-TTS's
    own later recipe)."""
    numbers = [0]
    for phone in phones:
        numbers += [_NUMBER[phone], 0]
    return numbers
