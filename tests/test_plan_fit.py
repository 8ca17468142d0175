"""A plan fits the device and the wish, is the best that does, and says why it is no other."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_menu import FORMS, GB, LAPTOP, MENU, NAMES, RATES, SCORES, minds

from digiclone.plan import fit
from digiclone.plan.cost import llm_bytes, worth, write_s
from digiclone.plan.fit import Fit
from digiclone.plan.menu import ASR, FORMAT, LLM, THREADS, VARIABLES, Menu, Place, Wishes


def planned(place: Place = LAPTOP, bits: tuple[int, ...] = (16, 8, 4), **wishes: Any) -> tuple[Fit, dict[str, str]]:
    made = Fit(MENU, bits, place, None, Wishes(**wishes))
    found = made.solve()
    assert found
    return made, made.chosen(found)


def test_more_memory_and_time_bring_better_answers() -> None:
    _, small = planned(Place(1e11, 50 * GB, 2.5 * GB, RATES))
    _, large = planned(Place(1e12, 500 * GB, 12 * GB, RATES), mode="accuracy")
    assert SCORES[small["llm"]] < SCORES[large["llm"]]
    assert (large["llm"], large["format"]) == ("mistral-7b-instruct-v0.2", "Q8_0")
    assert large["asr"] == "base"


def test_in_a_hurry_it_answers_less_well_and_sooner() -> None:
    hurried, soon = planned(mode="realtime")
    _, well = planned(mode="accuracy")
    assert SCORES[soon["llm"]] < SCORES[well["llm"]]
    found = hurried.solve()
    assert found
    assert hurried.spent(found)["latency"] <= fit.PATIENCE["realtime"]


def test_what_a_plan_takes_is_the_sum_of_its_parts() -> None:
    made = Fit(MENU, (16, 8, 4), LAPTOP, None, Wishes(pins={"threads": "2"}))
    found = made.solve()
    assert found
    asr, llm, form, tts, vocoder, threads, _ = found.values
    mind, size = MENU.minds[llm], MENU.minds[llm].files[FORMS[form].name]
    takes, n = made.spent(found), MENU.threads[threads]
    memory = llm_bytes(mind.shape, FORMS[form].name, size, fit.CONTEXT, fit.BATCH, RATES)
    assert takes["memory"] == pytest.approx(
        MENU.server + memory + MENU.ears[asr].memory + MENU.voices[tts].memory + MENU.vocoders[vocoder].memory
    )
    past = fit.CONTEXT * fit.HALF_FULL
    token = write_s(mind.shape, FORMS[form].name, size, past, n, LAPTOP.flops, LAPTOP.bandwidth, RATES)
    voice, joined = MENU.voices[tts], MENU.vocoders[vocoder]
    assert takes["steady"] == pytest.approx(fit.SPEECH * token + (voice.rtf + joined.rtf) / worth(n, voice.scaling))


def test_a_device_without_four_bits_gets_none() -> None:
    _, chosen = planned(bits=(16, 8))
    assert chosen["format"] in ("F16", "Q8_0")


@pytest.mark.parametrize(("voice", "vocoders"), [("small", {"its own"}), ("own", {"hifigan", "fast"})])
def test_a_voice_gets_a_vocoder_that_goes_with_it(voice: str, vocoders: set[str]) -> None:
    _, chosen = planned(pins={"tts": voice})
    assert chosen["tts"] == voice
    assert chosen["vocoder"] in vocoders


def test_what_cannot_be_says_what_would_have_to_give() -> None:
    made = Fit(MENU, (16, 8, 4), LAPTOP, None, Wishes(memory=0.2 * GB))
    assert made.solve() is None
    found = made.relax()
    assert found
    assert set(found.needed) == {"memory"}
    assert 0.2 * GB < found.needed["memory"] < 1.2 * GB
    assert Fit(MENU, (16, 8, 4), LAPTOP, None, Wishes(memory=found.needed["memory"])).solve()


def test_nothing_free_is_no_memory() -> None:
    made = Fit(MENU, (16, 8, 4), Place(1e11, 50 * GB, 0.0, RATES))
    assert made.solve() is None
    assert made.relax()


def test_contradictory_wishes_are_named() -> None:
    made = Fit(MENU, (16, 8, 4), LAPTOP, None, Wishes(score=60.0, pins={"llm": "qwen2.5-0.5b-instruct"}))
    assert made.solve() is None
    found = made.relax()
    assert found
    assert set(found.needed) <= {"score", "llm=qwen2.5-0.5b-instruct", "memory", "latency", "steady"}
    assert found.needed


def test_why_not_names_the_limit_and_by_how_much() -> None:
    made = Fit(MENU, (16, 8, 4), LAPTOP, None, Wishes("accuracy"))
    found = made.solve()
    assert found
    reason = made.why_not(found, FORMAT, "Q4_0")
    assert not reason.needed, "fewer bits would fit, too"
    assert reason.worse["score"][0] < reason.worse["score"][1]
    tight = Fit(MENU, (16, 8, 4), Place(1e11, 50 * GB, 3 * GB, RATES), None, Wishes("accuracy"))
    best = tight.solve()
    assert best
    reason = tight.why_not(best, LLM, "mistral-7b-instruct-v0.2")
    now, needed = reason.needed["memory"]
    assert (now, needed) == (3 * GB, pytest.approx(4.1 * GB, rel=0.2))


def test_the_runner_up_differs_where_it_is_asked_to_and_is_no_better() -> None:
    made, chosen = planned()
    found = made.solve()
    assert found
    for variable in (ASR, LLM, FORMAT, THREADS):
        second = made.runner_up(found, variable)
        assert second
        assert made.chosen(second)[VARIABLES[variable]] != chosen[VARIABLES[variable]]
        assert second.aims >= found.aims


def test_a_card_takes_what_fits_it_and_makes_it_quicker() -> None:
    plain_menu = Menu(MENU.ears, MENU.minds, FORMS, MENU.voices, MENU.vocoders, (4,))
    menu = replace(plain_menu, offloads=(0.0, 0.5, 1.0))
    rates = RATES.model_copy(update={"layer_s": 1e-6, "step_s": 1e-4})
    card = Place(flops=2e13, bandwidth=300 * GB, memory=6 * GB, rates=rates)
    without, with_card = Fit(plain_menu, (16, 8, 4), LAPTOP), Fit(menu, (16, 8, 4), LAPTOP, card)
    plain, quick = without.solve(), with_card.solve()
    assert plain
    assert quick
    assert with_card.chosen(quick)["offload"] != "0.0"
    assert with_card.spent(quick)["accelerator memory"] <= 6 * GB
    assert quick.aims < plain.aims


def test_without_a_card_nothing_lies_on_it() -> None:
    with pytest.raises(ValueError, match="without an accelerator"):
        Fit(replace(MENU, offloads=(0.0, 1.0)), (16,), LAPTOP)


def test_a_pin_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="llm=gpt"):
        Fit(MENU, (16,), LAPTOP, None, Wishes(pins={"llm": "gpt"}))


@given(
    st.floats(0.3, 20), st.floats(0.1, 20), st.floats(5, 500), st.floats(1e10, 1e12), st.sampled_from([(16,), (8, 4)]),
    st.booleans(),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_no_other_choice_is_better(
    memory: float, latency: float, bandwidth: float, flops: float, bits: tuple[int, ...], patient: bool
) -> None:
    mode = "accuracy" if patient else "realtime"
    menu = Menu(MENU.ears, minds(NAMES[:3]), FORMS, MENU.voices, MENU.vocoders, (1, 4))
    place = Place(flops, bandwidth * GB, memory * GB, RATES)
    made = Fit(menu, bits, place, None, Wishes(mode, latency_s=latency))
    found, sizes = made.solve(), [len(menu.names(v)) for v in range(len(VARIABLES))]

    def total(sums: Any, values: tuple[int, ...]) -> float:
        return sum(float(table.values[tuple(values[v] for v in table.scope)]) for table in sums.tables)

    allowed = [
        tuple(total(aim, values) for aim in made.problem.aims)
        for values in product(*map(range, sizes))
        if all(total(limit, values) <= limit.most + 1e-9 * max(1, limit.most) for limit in made.problem.limits)
    ]
    assert (found is None) == (not allowed)
    if found:
        assert found.aims == pytest.approx(min(allowed))
