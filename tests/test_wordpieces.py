"""BERT's pieces of words, against the library that everybody uses."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digiclone.text.wordpieces import WordPieces

PARTS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefgxyz0123456789.,!?'-é日", "ab", "abc", "un", "##a", "##b", "##bc"]
WORDS = {piece: number for number, piece in enumerate([*PARTS, "##x", "##aff", "aff", "##able", "cafe", "##0", "ß"])}
TEXTS = st.text(st.sampled_from("abcfxABC éÉ日本0 .,!?'-\t\n\u200b\u00a0\u0301ßİ—\ufffd"), max_size=30)


@pytest.fixture(scope="module")
def theirs() -> Any:
    tokenizers = pytest.importorskip("tokenizers")
    found = tokenizers.Tokenizer(tokenizers.models.WordPiece(WORDS, unk_token="[UNK]"))
    found.normalizer = tokenizers.normalizers.BertNormalizer()
    found.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    return found


@given(TEXTS)
@example("Café — unaffable, abc's!")
@example("a" * 101 + " b")
@example("日ab本")
def test_pieces_are_those_of_the_library(theirs: Any, text: str) -> None:
    begin, *found, end = WordPieces(WORDS).numbers(text, 200)
    assert (begin, end) == (WORDS["[CLS]"], WORDS["[SEP]"])
    assert found == theirs.encode(text).ids


def test_a_long_text_is_cut() -> None:
    assert WordPieces(WORDS).numbers("a b c d e", 5) == [WORDS[one] for one in ("[CLS]", "a", "b", "c", "[SEP]")]
