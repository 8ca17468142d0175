"""The real model of meaning: the same words as its own library cuts, and what is alike is alike."""

import json

import numpy as np
import pytest

from digiclone import meaning, weights
from digiclone.examples import Example, Examples
from digiclone.measure.questions import questions

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("home")]


def test_answers_are_found_by_what_they_mean() -> None:
    asked = questions(60)
    answers = Examples(Example("", one.right) for one in asked)
    words, meant = (
        np.mean([near(one.ask)[0].answer == one.right for one in asked]) for near in (answers.nearest, answers.meant)
    )
    assert meant > 0.6 > 0.4 > words


def test_directions_have_a_length_of_one_and_are_read_once() -> None:
    mind = meaning.minilm()
    texts = ["My dog is called Rex.", "", "🙂", "word " * 500]
    found = mind.of(texts)
    assert found.shape == (4, 384)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert np.array_equal(found, mind.of(texts))
    assert mind.of([]).shape == (0, 384)
    pet, weather = mind.of(["Do you remember my pet?", "What is the weather like?"]) @ found[0]
    assert pet > 0.4 > 0.2 > weather


def test_its_words_are_cut_as_its_own_library_does() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    theirs = tokenizers.Tokenizer.from_file(str(weights.path(meaning.WORDS)))
    theirs.no_padding()
    ours = meaning.WordPieces(json.loads(weights.path(meaning.WORDS).read_text("utf-8"))["model"]["vocab"])
    odd = "Naïve façades, 日本; unbelievably (so)!", "x" * 300, "a " * 300
    for text in (*(one.ask for one in questions(100)), *odd):
        assert ours.numbers(text, meaning.LONGEST) == theirs.encode(text).ids
