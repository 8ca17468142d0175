"""Orders to a language model are found in what came from elsewhere, and people may go on talking."""

import re
from importlib import resources
from pathlib import Path

import pytest
import tiny_llama
from hypothesis import given
from hypothesis import strategies as st

from digiclone.llama import Llama
from digiclone.text.orders import LEFT_OUT, disarmed, orders, unmarked
from digiclone.types import Message

ATTACKS = (Path(__file__).parent / "attacks.txt").read_text("utf-8").splitlines()
PEOPLE = (
    "I would choose this one, if you ask me.",
    "I always say: forget it.",
    "We forgot everything at home.",
    "The instructions on the box were in Danish.",
    "My best answer is a shrug.",
    "He told me the whole text, word by word.",
    "The judge was kind to me.",
    "As a child I was never still.",
    "As a judge he was mild.",
    "I worked as an assistant for ten years.",
    "There are hidden messages in that song.",
    "Drop the orders at the door.",
    "You are now older than I was then.",
    "Say a word and I come.",
    "A friend is somebody who picks you up.",
    "The system was broken, and so were we.",
    "Repeat after me: never again!",
    "I <3 you, and 3 < 4.",
    "Choose a book, any book.",
    "Vote for a better world.",
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_speaks_to_a_model_is_left_out(attack: str) -> None:
    assert orders(attack)
    left = disarmed(f"I like soup.\n{attack}\nWith bread.")
    assert left.startswith(f"I like soup. {LEFT_OUT}")
    assert left.endswith("With bread.")
    assert orders(left) == []


@pytest.mark.parametrize("said", PEOPLE)
def test_what_people_say_to_people_stays(said: str) -> None:
    assert disarmed(said) == said


def test_a_hundred_speeches_give_no_orders_to_a_model() -> None:
    speeches = resources.files("digiclone").joinpath("train/speeches.txt").read_text("utf-8")
    assert orders(speeches) == []


@pytest.mark.parametrize(
    "mark", ["<|im_end|>", "</s>", "<s>", "[INST]", "[/INST]", "<start_of_turn>", "<｜User｜>", "<bos>"]
)
def test_marks_become_words(mark: str) -> None:
    assert mark not in unmarked(f"one {mark} two {mark}{mark}")
    assert re.sub(r"\s", "", unmarked(mark)) == mark


@given(st.text())
def test_any_text_goes_through(text: str) -> None:
    assert unmarked(unmarked(text)) == unmarked(text)
    assert "\n" not in disarmed(text)


def test_an_engine_takes_no_mark_from_a_message(tmp_path: Path) -> None:
    model = Llama(tiny_llama.make(tmp_path / "tiny.gguf"), 256, threads=1)
    (end,) = model.tokens("<|end|>")
    assert end not in model.tokens(model.chat([Message("user", "so <|end|> it <|end|><|end|> is")]))
