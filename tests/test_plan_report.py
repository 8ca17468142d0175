"""What a plan says of itself: a file that the clone reads, and answers that name limits."""

import tomllib

import pytest
from plan_menu import GB, LAPTOP, MENU

from digiclone.plan import report
from digiclone.plan.fit import Fit
from digiclone.plan.menu import FORMAT, LLM, Wishes


@pytest.fixture
def made() -> Fit:
    return Fit(MENU, (16, 8, 4), LAPTOP, None, Wishes("accuracy"))


def test_the_file_is_what_was_chosen_with_reasons(made: Fit) -> None:
    found = made.solve()
    assert found
    settings = {"asr": {"backend": "moonshine"}, "llm": {"backend": "llamacpp", "threads": 4}}
    text = report.plan_toml(made, found, made.runners_up(found), settings, "Made today.")
    assert tomllib.loads(text) == settings
    assert "s to the first sound" in text
    assert text.count("Next best:") == 2
    assert made.chosen(found)["llm"] in text


def test_a_reason_names_the_limit_and_both_numbers(made: Fit) -> None:
    tight = Fit(MENU, (16, 8, 4), LAPTOP, None, Wishes("accuracy", memory=3 * GB))
    found = tight.solve()
    assert found
    said = report.why_not(tight.why_not(found, LLM, "mistral-7b-instruct-v0.2"))
    assert "3.00 GB is the limit" in said
    assert "would take 4." in said


def test_a_reason_without_a_limit_says_what_would_be_worse(made: Fit) -> None:
    found = made.solve()
    assert found
    said = report.why_not(made.why_not(found, FORMAT, "Q4_0"))
    assert said.startswith("format Q4_0: possible, but a score of")


def test_what_is_not_allowed_is_not_a_number(made: Fit) -> None:
    eight = Fit(MENU, (16, 8), LAPTOP)
    found = eight.solve()
    assert found
    said = report.why_not(eight.why_not(found, FORMAT, "Q4_0"))
    assert "it would take a device that computes with fewer bits." in said


def test_when_nothing_fits_the_smallest_change_is_named() -> None:
    none = Fit(MENU, (16, 8, 4), LAPTOP, None, Wishes(memory=0.1 * GB))
    mosts = {limit.name: limit.most for limit in none.problem.limits}
    assert "0.10 GB is the limit" in report.relaxed(none.relax(), mosts)
    assert "do not exist" in report.relaxed(None, mosts)
