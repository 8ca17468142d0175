"""A turn: what comes in which order, what runs at the same time, and how it ends badly."""

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from support import PATIENCE, Asr, Lips, Llm, Tts, chunk, eventually, make_cast, threads_of, voice, wait

from digiclone.ahead import Workers
from digiclone.events import Done, Event, Failed, Heard, Measured, Mouthed, Recalled, Said, Spoke
from digiclone.stages import RATE, VISEMES
from digiclone.turn import Cast, retold, turn
from digiclone.types import Audio, Exchange, Memory, Message, Speech

VOICE = Audio(voice(0.5), RATE)


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    eventually(lambda: set(threading.enumerate()) <= before, "the threads of the turn are gone")


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def run(cast: Cast, heard: Audio | str = "One two. Three four.", workers: Workers | None = None) -> list[Event]:
    return list(turn(cast, heard, [Message("system", "Be brief.")], workers or Workers()))


class Boom(Exception):
    hint = "buy more memory"


def boom(*_: object) -> Any:
    raise Boom("kv cache")


def test_the_events_of_a_typed_turn() -> None:
    events = run(make_cast(), "One two. Three, four.")
    assert kinds(events) == ["Heard", "Said", "Mouthed", "Spoke", "Measured", "Said", "Mouthed", "Spoke", "Done"]
    assert [e.text for e in events if isinstance(e, Said)] == ["One two.", "Three, four."]
    assert [e.speech.text for e in events if isinstance(e, Spoke)] == ["One two.", "Three, four."]


def test_the_events_of_a_spoken_turn() -> None:
    events = run(make_cast(), VOICE)
    assert events[0] == Heard("Hello there.")
    assert kinds(events)[1:] == ["Said", "Mouthed", "Spoke", "Measured", "Done"]


def test_a_phrase_in_several_chunks_is_said_once() -> None:
    events = run(make_cast(tts=Tts(lambda text: iter([chunk(text), chunk("")]))), "Same. Same.")
    again = ["Mouthed", "Spoke"]
    assert kinds(events) == ["Heard", "Said", *again, "Measured", *again, "Said", *again, *again, "Done"]


@pytest.mark.parametrize("nothing", [Audio(np.zeros(RATE, np.float32), RATE), " \n"])
def test_silence_is_not_answered(nothing: Audio | str) -> None:
    llm = Llm(boom)
    assert kinds(run(make_cast(llm=llm), nothing)) == ["Heard", "Done"]
    assert not llm.asked


def test_the_llm_reads_the_past_and_what_was_heard() -> None:
    llm = Llm(lambda: iter(["Yes."]))
    run(make_cast(llm=llm), "x " * 5000 + "end")
    ((system, user),) = llm.asked
    assert (system.role, user.role) == ("system", "user")
    assert len(user.text) <= 4000
    assert user.text.endswith("end")


def test_the_llm_reads_what_comes_to_mind_just_before_what_was_heard() -> None:
    llm, asked = Llm(lambda: iter(["Yes."])), list[str]()
    past, memory = Message("system", "You are Ada."), Memory("My dog is Rex.", "Nice.", 1, 0.0)

    def remind(text: str) -> list[Exchange]:
        asked.append(text)
        return [Exchange("Cats?", "Yes."), memory] if "dog" in text else []

    for text in ("My dog?", "My cat?"):
        events = list(turn(make_cast(llm=llm), text, [past], Workers(), remind=remind))
        recalled = [event for event in events if isinstance(event, Recalled)]
        assert recalled == ([Recalled((memory,))] if text == "My dog?" else [])
        between = retold([Exchange("Cats?", "Yes."), memory]) if recalled else []
        assert len(between) == 4 * bool(recalled)
        assert llm.asked[-1] == [past, *between, Message("user", text)]
    assert asked == ["My dog?", "My cat?"]


def test_visemes_are_in_order_and_within_their_chunk() -> None:
    events = run(make_cast(), "Papa, may I have the moon? A boy I know owes you.")
    for mouthed, spoke in itertools.pairwise(events):
        if isinstance(mouthed, Mouthed):
            assert isinstance(spoke, Spoke)
            edges = [t for v in mouthed.visemes for t in (v.start, v.end)]
            assert edges == sorted(edges)
            assert edges[-1] <= spoke.speech.seconds + 1e-6
            assert {v.symbol for v in mouthed.visemes} <= set(VISEMES)


def test_the_first_phrase_is_spoken_while_the_rest_is_written() -> None:
    spoken = threading.Event()

    def write() -> Iterator[str]:
        yield "One two. "
        yield "Three "
        wait(spoken)
        yield "four."

    def speak(text: str) -> Iterator[Speech]:
        spoken.set()
        yield chunk(text)

    assert kinds(run(make_cast(llm=Llm(write), tts=Tts(speak))))[-1] == "Done"


def test_the_first_chunk_is_heard_while_the_next_is_made() -> None:
    heard = threading.Event()

    def speak(text: str) -> Iterator[Speech]:
        yield chunk(text)
        wait(heard)
        yield chunk("")

    events: list[Event] = []
    for event in turn(make_cast(tts=Tts(speak)), "One two.", [], Workers()):
        events.append(event)
        if isinstance(event, Spoke):
            heard.set()
    assert kinds(events).count("Spoke") == 2


@pytest.mark.parametrize("part", ["asr", "llm", "tts"])
def test_interrupting_does_not_wait_for_a_model(part: str) -> None:
    inside, let_go = threading.Event(), threading.Event()

    def block(*_: object) -> Any:
        inside.set()
        wait(let_go)
        yield chunk("Late.") if part == "tts" else "Late. "

    fakes: dict[str, Any] = {"asr": Asr(lambda _: next(block())), "llm": Llm(block), "tts": Tts(block)}
    workers = Workers()
    events: list[Event] = []
    reader = threading.Thread(target=lambda: events.extend(run(make_cast(**{part: fakes[part]}), VOICE, workers)))
    reader.start()
    wait(inside)
    workers.stop()
    reader.join(PATIENCE)
    assert not reader.is_alive(), "the reader waits for the model"
    assert threads_of(part), "the model should still be busy"
    let_go.set()
    workers.join()
    assert not threads_of("asr", "llm", "tts")
    assert kinds(events) == ([] if part == "asr" else ["Heard"])


def test_after_an_interruption_nothing_comes() -> None:
    workers = Workers()
    events = turn(make_cast(), " ".join(["Word."] * 500), [], workers)
    for event in events:
        if isinstance(event, Spoke):
            workers.stop()
            break
    assert kinds(list(events)) in ([], ["Measured"])  # the first chunk's figures were already due; no `Done`


@pytest.mark.parametrize("how", ["stop", "close", "fail"])
def test_a_reply_that_nobody_wants_is_closed(how: str) -> None:
    closed = threading.Event()

    class Stream:
        """An iterator that is no generator, as client libraries return."""

        def __iter__(self) -> "Stream":
            return self

        def __next__(self) -> str:
            return "Word. "

        def close(self) -> None:
            closed.set()

    workers = Workers()
    lips = Lips(boom if how == "fail" else lambda _: ())
    events = turn(make_cast(llm=Llm(Stream), lipsync=lips), "Hello.", [], workers)
    if how == "fail":
        assert kinds(list(events))[-1] == "Failed"
    else:
        assert isinstance(next(events), Heard)
        assert isinstance(next(events), Said)
        workers.stop() if how == "stop" else events.close()  # type: ignore[attr-defined]
        assert "Said" not in kinds(list(events))  # the chunk that was on its way, at most
    wait(closed)
    workers.join()


def late(*_: object) -> Iterator[Any]:
    yield "One two. "
    boom()


def at_once(*_: object) -> Any:
    yield boom()


def second(text: str) -> Iterator[Speech]:
    yield chunk(text)
    boom()


@pytest.mark.parametrize(
    ("stage", "fake"),
    [
        ("asr", Asr(boom)),
        ("llm", Llm(at_once)),
        ("llm", Llm(late)),
        ("llm", Llm(boom)),  # not a generator: raises when called
        ("tts", Tts(at_once)),
        ("tts", Tts(second)),
        ("tts", Tts(boom)),
        ("lipsync", Lips(boom)),
    ],
)
def test_a_failure_names_its_stage(stage: str, fake: Any) -> None:
    workers = Workers()
    events = run(make_cast(**{stage: fake}), VOICE, workers)
    assert events[-1] == Failed(stage, "Boom: kv cache", "buy more memory")
    assert sum(isinstance(e, Failed | Done) for e in events) == 1
    workers.join()


def test_a_failure_without_words_is_named_by_its_type() -> None:
    def fail(_: Audio) -> str:
        raise MemoryError

    assert run(make_cast(asr=Asr(fail)), VOICE)[-1] == Failed("asr", "MemoryError", "")


def ticking() -> Callable[[], float]:
    ticks = itertools.count()
    return lambda: float(next(ticks))


@pytest.mark.parametrize("heard", [VOICE, "One two. Three four."])
def test_spans_say_where_the_time_went(heard: Audio | str) -> None:
    events = list(turn(make_cast(), heard, [], Workers(), ticking()))
    (measured,) = (e for e in events if isinstance(e, Measured))
    spans = {s.symbol: s for s in measured.spans}
    assert set(spans) == {"llm_first_token", "first_phrase", "tts_first_audio"} | ({"asr"} if heard is VOICE else set())
    assert all(s.start <= s.end for s in spans.values())
    assert spans["llm_first_token"].end <= spans["first_phrase"].start
    assert spans["first_phrase"].end <= spans["tts_first_audio"].start
    if heard is VOICE:
        assert spans["asr"].end <= spans["llm_first_token"].start
