"""Ways to tell a clone who it is: within their budget, always the same, and the nearest examples nearest."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone import showing
from digiclone.config import ConfigError
from digiclone.examples import Example, Examples
from digiclone.showing import STRATEGIES, How, copied, prompt

SAID = Examples(
    [
        Example("What do you think of rain?", "Rain is the sky forgiving us, my friend."),
        Example("How was school?", "I learnt to count by counting the minutes."),
        Example("Do you like dogs?", "Dogs are the only honest people I know."),
        Example("What about the weather tomorrow?", "Bring two umbrellas, one to lose."),
    ]
)


class Mind:
    """Knows one word: what has it means the same."""

    def of(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[1.0, 0.0] if "rain" in text.lower() or "umbrella" in text else [0.0, 1.0] for text in texts])


@pytest.fixture(autouse=True)
def _mind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digiclone.meaning.minilm", Mind)


TEXT = st.text(st.sampled_from("abc \"'*-:()\n"), max_size=20)


def test_each_strategy_gives_what_it_says() -> None:
    given = {name: prompt(How(strategy=name, budget=500), "I am Ada.", SAID, "Will it rain?") for name in STRATEGIES}
    assert {name: len(messages) for name, messages in given.items()} == {
        "none": 1, "tell": 1, "show-random": 9, "show-retrieved": 9, "show-meant": 9, "show+tell": 9,
        "tell+show-random": 9,
    }  # fmt: skip
    assert [m.text for m in given["tell"]] == ["I am Ada."]
    assert "Ada" not in str(given["none"]) + str(given["show-retrieved"])
    assert given["show+tell"][0].text == "I am Ada."
    assert given["show-retrieved"][-2].text == "What do you think of rain?", "the nearest is last"
    meant = [m.text for m in given["show-meant"][-4::2]]
    assert meant == ["What about the weather tomorrow?", "What do you think of rain?"], "by meaning, the nearest last"
    other = prompt(How(strategy="show-random", budget=500), "I am Ada.", SAID, "Something else?")
    assert given["show-random"] == other, "it stays evaluated"
    assert given["tell+show-random"] == [*given["tell"], *other[1:]]


@given(st.lists(st.builds(Example, TEXT, TEXT), max_size=8), TEXT, st.integers(0, 60))
def test_any_question_and_examples_fit_the_budget(said: list[Example], question: str, budget: int) -> None:
    examples = Examples(said)
    for name in STRATEGIES:
        system, *turns = prompt(How(strategy=name, budget=budget), "Ada.", examples, question)
        assert system.role == "system"
        assert sum(len(m.text) for m in turns) <= budget
        assert [m.role for m in turns] == ["user", "assistant"] * (len(turns) // 2)
    found = examples.nearest(question)
    assert len(found) >= len(set(examples))
    assert set(found) == set(examples)


def test_the_nearest_shares_words_and_their_stems() -> None:
    assert SAID.nearest("raining")[0] == SAID[0]
    assert SAID.nearest("tell me about a dog")[0] == SAID[2]
    assert Examples().nearest("anything") == []


def test_quoting_is_noticed() -> None:
    assert copied("Well: RAIN is the sky, forgiving us all.", SAID) == 6
    assert copied("Nothing of the kind", SAID) == 1
    assert copied("", SAID) == 0


def test_how_a_clone_is_told_stands_in_its_folder(tmp_path: Path) -> None:
    assert showing.chosen(tmp_path) == How()
    (tmp_path / "showing.toml").write_text('strategy = "show-retrieved"\nbudget = 800\n')
    assert showing.chosen(tmp_path) == How(strategy="show-retrieved", budget=800)
    (tmp_path / "showing.toml").write_text('strategy = "show-retreived"\n')
    with pytest.raises(ConfigError, match=r"no strategy 'show-retreived'; did you mean"):
        showing.chosen(tmp_path)
