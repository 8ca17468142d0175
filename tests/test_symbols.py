"""The alphabet of a voice of our own."""

from hypothesis import given
from hypothesis import strategies as st

from digiclone.text.g2p import phonemize
from digiclone.text.symbols import BLANK, SYMBOLS, ids, known


def test_each_symbol_is_there_once() -> None:
    assert len(set(SYMBOLS)) == len(SYMBOLS)
    assert SYMBOLS[0] == BLANK


def test_english_is_known() -> None:
    said = phonemize("Dr. Smith's 3 cats, who'd “jumped” (twice!) — over; the lazy dog: really? No… a genre, uh-huh.")
    assert known(said) == said


@given(st.text())
def test_every_text_has_numbers(text: str) -> None:
    phones = known(text)
    numbers = ids(phones)
    assert len(numbers) == 2 * len(phones) + 1
    assert set(numbers[::2]) == {0}
    assert "".join(SYMBOLS[n] for n in numbers[1::2]) == phones
