"""Conversations with the server, as pages have them: typed, spoken, interrupted, two at once, and cut off."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from support import SILENCE, Open, eventually, history, kinds, pcm, quiet, threads_of, voice

from digiclone import clone as cloning
from digiclone.clone import Clone, create
from digiclone.server import doubt
from digiclone.server.app import MOST_TABS, make_app
from digiclone.types import Message

pytestmark = pytest.mark.timeout(30)
WEATHER = "The weather is nice today, really nice and warm."


def test_a_typed_turn(tabs: Open) -> None:
    with tabs() as tab:
        assert tab.heard[0]["clone"] == "Ada"
        assert tab.heard[0]["models"]["llm"] == "echo"
        events = tab.turn("One two. Three four.")
        speech = ["Said", "Mouthed", "Spoke"]
        assert kinds(events) == ["Heard", *speech, "Measured", *speech, "Done"]
        assert {e["turn"] for e in events} == {1}
        assert events[0]["final"] is True
        times = [e["at"] for e in events]
        assert times == sorted(times)
        assert tab.turn("Again.")[-1]["turn"] == 2


def test_only_what_was_played_was_said(tabs: Open) -> None:
    with tabs() as tab:
        tab.turn("One two. Three four.")
        assert history() == [("user", "One two. Three four.")]
        for seconds, said in [(0.3, "One"), (0.1, "One"), (0.6, "One two."), (3600, "One two. Three four.")]:
            tab.played(1, seconds)
            eventually(lambda said=said: history()[1:] == [("assistant", said)], said)
        tab.played(7, 1.0)  # no such turn
        assert kinds(tab.turn("Next."))[-1] == "Done"
    with tabs() as tab:
        assert [(m["role"], m["text"]) for m in tab.heard[0]["history"]][:2] == history()[:2]


def test_a_spoken_turn_hands_free(tabs: Open) -> None:
    with tabs() as tab:
        tab.hands_free()
        tab.speak(quiet(0.3), voice(0.5), SILENCE)
        events = [e for e in tab.until("Done") if e.get("final", True)]
        assert kinds(events) == [
            "SpeechStarted",
            "SpeechEnded",
            "Heard",
            "Said",
            "Mouthed",
            "Spoke",
            "Measured",
            "Done",
        ]
        assert events[2]["text"] == "Hello there."
        spans = {s["symbol"]: s for s in events[-2]["spans"]}
        assert set(spans) >= {"endpoint", "asr", "llm_first_token", "first_phrase", "tts_first_audio"}
        assert all(s["start"] <= s["end"] for s in spans.values())


def test_a_spoken_turn_with_push_to_talk(tabs: Open) -> None:
    with tabs() as tab:
        tab.send(type="mic", rate=48_000)
        tab.socket.send_bytes(b"\0\0" * 480)  # nobody listens
        tab.send(type="talk", down=True)
        assert kinds(tab.until("SpeechStarted")) == ["SpeechStarted"]
        for frame in pcm(voice(0.6, 48_000), 48_000):
            tab.socket.send_bytes(frame)
        tab.send(type="talk", down=False)
        events = [e for e in tab.until("Done") if e.get("final", True)]
        assert kinds(events)[:3] == ["SpeechEnded", "Heard", "Said"]


def test_silence_with_push_to_talk_is_not_answered(tabs: Open) -> None:
    with tabs() as tab:
        for down in (True, False):
            tab.send(type="talk", down=down)
        assert kinds(tab.until("Done")) == ["SpeechStarted", "SpeechEnded", "Heard", "Done"]
        assert history() == []


@pytest.mark.parametrize("complete", [True, False])
def test_an_interruption(tabs: Open, hasty: None, strange: None, part: Any, complete: bool) -> None:
    """While the reply is still being written, and when all of it is there and only sounds."""
    with tabs() as tab:
        if not complete:
            part("llm", "reply", endless)
        tab.hands_free()
        tab.say(WEATHER)
        tab.until("Done" if complete else "Spoke")
        tab.played(1, 1.2)
        tab.speak(quiet(0.3), voice(1.0))
        events = [e for e in kinds(tab.until("Interrupted")) if e not in ("Said", "Mouthed", "Spoke", "Measured")]
        assert events == ["Held", "Interrupted"]
        tab.played(1, 1.3)
        part("llm", "reply", lambda *_: iter(["Yes."]))
        tab.speak(SILENCE)
        events = tab.until("Done", turn=2)
        assert {e["turn"] for e in events if e["type"] in ("Said", "Spoke")} == {2}
        assert [e["text"] for e in events if e["type"] == "Heard"][-1] == "Hello there."
        assert history()[:2] == [("user", WEATHER), ("assistant", "The weather is nice")]


def endless(*_: object) -> Iterator[str]:
    yield WEATHER + " "
    while True:
        yield "And warm. "


@pytest.mark.parametrize(
    ("heard", "end"),
    [("whether is nice", "Resumed"), ("mm-hmm", "Resumed"), ("", "Resumed"), ("stop it", "Interrupted")],
)
def test_who_was_it(tabs: Open, hasty: None, strange: None, part: Any, heard: str, end: str) -> None:
    with tabs() as tab:
        part("asr", "transcribe", lambda *_: heard)
        tab.hands_free()
        tab.turn(WEATHER)
        tab.played(1, 1.2)
        tab.speak(quiet(0.3), voice(0.4), quiet(1.2))
        events = tab.until(end)
        assert kinds(events) == ["Held", end]
        if end == "Resumed":
            tab.turn("Next.")  # nothing of the echo became a turn
            assert history() == [("user", WEATHER), ("assistant", "The weather is nice"), ("user", "Next.")]


def test_a_room_that_echoes_is_soon_not_held(tabs: Open, hasty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sound is so like the clone's own that a second look is sure; after that there is no hold without proof."""
    monkeypatch.setattr(doubt, "likeness", lambda *_: 0.7)
    with tabs() as tab:
        tab.hands_free()
        tab.turn(WEATHER)
        tab.played(1, 1.2)
        for _ in range(2):
            tab.speak(quiet(0.3), voice(0.4), quiet(1.2))
            assert kinds(tab.until("Resumed")) == ["Held", "Resumed"]
        tab.speak(quiet(0.3), voice(0.4), quiet(1.2))
        tab.say("Next.")
        assert "Held" not in kinds(tab.until("Heard"))


@pytest.mark.parametrize("how", ["stop", "say", "talk"])
def test_being_told_to_be_silent(tabs: Open, part: Any, how: str) -> None:
    with tabs() as tab:
        part("llm", "reply", endless)
        tab.say("Go on.")
        tab.until("Spoke")
        part("llm", "reply", lambda *_: iter(["Yes."]))
        tab.say("Next.") if how == "say" else tab.send(type=how, **({"down": True} if how == "talk" else {}))
        tab.until("Interrupted")
        if how != "say":
            tab.say("Next.")
        events = tab.until("Done", turn=2)
        assert {e["turn"] for e in events if e["type"] in ("Said", "Spoke", "Done")} == {2}


def test_typing_while_speaking_makes_two_turns_one_after_the_other(tabs: Open, hasty: None) -> None:
    with tabs() as tab:
        tab.hands_free()
        tab.speak(quiet(0.3), voice(0.5))
        tab.until("SpeechStarted")
        tab.turn(WEATHER)
        tab.speak(SILENCE)
        events = tab.until("Done", turn=2)
        assert "Interrupted" in kinds(events), "the first turn still sounds"


@pytest.mark.parametrize("how", ["mode", "talk"])
def test_what_was_heard_before_the_key_is_not_what_was_said_with_it(
    tabs: Open, hasty: None, part: Any, how: str
) -> None:
    with tabs() as tab:
        part("asr", "transcribe", lambda _, audio: f"{audio.seconds:.0f} seconds")
        tab.hands_free()
        tab.speak(quiet(0.3), voice(0.5), quiet(0.15))  # a pause: work on the answer has begun
        tab.until("Heard")
        if how == "mode":
            tab.hands_free(False)
        tab.send(type="talk", down=True)
        tab.speak(voice(3.0))
        tab.send(type="talk", down=False)
        (heard,) = (e for e in tab.until("Done") if e["type"] == "Heard" and e["final"])
        assert heard["text"] == "3 seconds"


def test_a_sentence_with_a_breath_in_it_is_one_turn(tabs: Open, hasty: None, part: Any) -> None:
    """The person goes on before the answer sounds: it was one question, and is remembered as one."""
    with tabs() as tab:
        part("asr", "transcribe", lambda _, audio: "Tell me")
        part("llm", "reply", slow)
        tab.hands_free()
        tab.speak(quiet(0.3), voice(0.5), SILENCE)
        tab.until("Heard", turn=1)
        part("asr", "transcribe", lambda _, audio: "a story.")
        part("llm", "reply", lambda *_: iter(["Yes."]))
        tab.speak(voice(0.5), SILENCE)
        tab.until("Done", turn=2)
        assert [text for role, text in history() if role == "user"] == ["Tell me a story."]


def slow(*_: object) -> Iterator[str]:
    while True:
        time.sleep(0.005)
        yield " "


def test_a_monologue_is_heard_to_its_end(tabs: Open, hasty: None, part: Any) -> None:
    with tabs() as tab:
        part("asr", "transcribe", lambda _, audio: f"{audio.seconds:.0f}")
        part("vad", "finished", lambda *_: 0.0)
        tab.hands_free()
        tab.speak(quiet(0.32), *[voice(4.0), quiet(0.4)] * 5, quiet(1.0))
        events = tab.until("Done")
        (heard,) = (e["text"] for e in events if e["type"] == "Heard" and e["final"])
        assert len(heard.split()) == 2
        assert sum(map(int, heard.split())) == pytest.approx(23, abs=1)


def test_what_was_begun_before_the_microphone_was_off_is_forgotten(tabs: Open, hasty: None, part: Any) -> None:
    with tabs() as tab:
        part("vad", "finished", lambda *_: 0.0)
        part("asr", "transcribe", lambda _, audio: f"{audio.seconds:.0f}")
        tab.hands_free()
        tab.speak(quiet(0.32), *[voice(4.0), quiet(0.4)] * 4, voice(0.5))
        tab.hands_free(False)
        tab.hands_free()
        tab.speak(voice(3.0), quiet(1.2))
        (heard,) = (e["text"] for e in tab.until("Done") if e["type"] == "Heard" and e["final"])
        assert heard == "3"


def boom(*_: object) -> Any:
    raise OSError("the model is gone")


@pytest.mark.parametrize(
    ("kind", "method"), [("asr", "transcribe"), ("llm", "reply"), ("tts", "speak"), ("lipsync", "mouth")]
)
def test_a_stage_that_breaks_is_named_and_the_next_turn_works(
    tabs: Open, hasty: None, strange: None, monkeypatch: pytest.MonkeyPatch, kind: str, method: str
) -> None:
    with tabs() as tab:
        tab.hands_free()
        with monkeypatch.context() as broken:
            broken.setattr(type(getattr(Clone(cloning.find("ada")).cast, kind)), method, boom)
            tab.speak(quiet(0.3), voice(0.5), SILENCE)
            failed = tab.until("Failed")[-1]
            assert (failed["stage"], failed["error"]) == (kind, "OSError: the model is gone")
        assert kinds(tab.turn("Are you there?"))[-1] == "Done"
        tab.send(type="stop")
        tab.until("Interrupted")
        tab.speak(quiet(0.3), voice(0.5), SILENCE)
        assert "Spoke" in kinds(tab.until("Done"))


@pytest.mark.parametrize(("kind", "method"), [("vad", "speech"), ("vad", "finished"), ("asr", "transcribe")])
def test_an_ear_that_breaks_does_not_end_the_conversation(
    tabs: Open, hasty: None, strange: None, monkeypatch: pytest.MonkeyPatch, kind: str, method: str
) -> None:
    with tabs() as tab:
        tab.turn(WEATHER)
        tab.hands_free()
        with monkeypatch.context() as broken:
            broken.setattr(type(getattr(Clone(cloning.find("ada")).cast, kind)), method, boom)
            tab.speak(quiet(0.3), voice(0.5), quiet(1.2))
            tab.say("Are you there?")
            tab.until("Done", turn=None)
        tab.turn("And now?")
        tab.send(type="stop")
        tab.until("Interrupted")
        tab.hands_free()
        tab.speak(quiet(0.5), voice(0.5), SILENCE)
        assert "Spoke" in kinds(tab.until("Done")), "deaf"


def test_a_tab_closed_in_the_middle_of_a_sentence(tabs: Open, part: Any) -> None:
    part("llm", "reply", endless)
    with tabs() as tab:
        tab.say("Go on.")
        tab.until("Spoke")
        tab.played(1, 0.7)
        eventually(lambda: len(history()) == 2)
    eventually(lambda: not threads_of("asr", "llm", "tts"), "the models were told to stop")
    assert history() == [("user", "Go on."), ("assistant", "The weather")]
    part("llm", "reply", lambda *_: iter(["Yes."]))
    with tabs() as tab:
        assert kinds(tab.turn("Are you there?"))[-1] == "Done"


def test_two_tabs_at_once(tabs: Open) -> None:
    with tabs() as one, tabs() as two:
        for i in range(3):
            one.say(f"One {i}.")
            two.say(f"Two {i}.")
        for tab, name in ((one, "One"), (two, "Two")):
            events = tab.until("Done", turn=3)
            assert {e["text"].split()[0] for e in events if e["type"] in ("Heard", "Said", "Spoke")} == {name}
    assert len([text for role, text in history() if role == "user"]) == 6


def test_two_clones(tabs: Open) -> None:
    create("Bob")
    with tabs("ada") as ada, tabs("bob") as bob:
        assert (ada.heard[0]["clone"], bob.heard[0]["clone"]) == ("Ada", "Bob")
        ada.turn("To Ada.")
        bob.turn("To Bob.")
    assert (history("ada"), history("bob")) == ([("user", "To Ada.")], [("user", "To Bob.")])


def test_a_clone_that_cannot_wake_says_why(ada: Path, weightless: dict[str, Any]) -> None:
    weightless["tts"] = {"backend": "hibari"}
    with (
        TestClient(make_app("ada", None, weightless), "http://localhost") as client,
        client.websocket_connect("ws://localhost/ws/ada") as socket,
    ):
        assert b"hibari.onnx" in socket.receive_bytes()
        assert socket.receive()["code"] == 1011


def test_too_many_tabs(tabs: Open) -> None:
    with ExitStack() as stack:
        for _ in range(MOST_TABS):
            stack.enter_context(tabs())
        with pytest.raises(WebSocketDisconnect) as refused, tabs():
            pass
        assert refused.value.code == 1013
    with tabs() as tab:
        tab.turn("There is room again.")


def test_blank_words_are_not_remembered(tabs: Open) -> None:
    with tabs() as tab:
        assert kinds(tab.turn("  \n ")) == ["Heard", "Done"]
    assert history() == []


def test_a_history_that_cannot_be_written_does_not_silence_the_clone(
    tabs: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise sqlite3.OperationalError("database or disk is full")

    with tabs() as tab:
        monkeypatch.setattr("digiclone.history.History.add", full)
        events = tab.turn("Hello.")
        assert ("Failed", "history") in [(e["type"], e.get("stage")) for e in events]
        assert "Spoke" in kinds(events)
        tab.played(1, 0.1)
        assert "Spoke" in kinds(tab.turn("Still there?"))


def test_the_model_is_given_what_was_heard_not_what_was_written(tabs: Open, part: Any) -> None:
    asked: list[list[Message]] = []

    def reply(_: object, messages: list[Message], audio: object = None) -> Iterator[str]:
        asked.append(messages)
        yield WEATHER

    part("llm", "reply", reply)
    with tabs() as tab:
        tab.turn("How is it?")
        tab.played(1, 0.7)
        tab.send(type="stop")
        tab.until("Interrupted")
        tab.turn("And?")
    (last,) = [m for m in asked if m[-1].text == "And?"]
    assert [m.text for m in last[1:]] == ["How is it?", "The weather", "And?"]
