"""What the page shows and sends, event by event."""

from collections.abc import Callable

import numpy as np
import pytest
from browser_tab import MIC_HERTZ, Tab
from stub_server import PHRASE, REPLY, Stub, frame, phrases

REFUSE = """
navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("by the test", "NAME"));
"""


def test_loads_cleanly(tabs: Callable[..., Tab]) -> None:
    tab = tabs().open("?token=secret")
    assert tab.errors == []
    assert tab.requests, "nothing was seen"
    assert all(f"//127.0.0.1:{tab.stub.port}/" in url for url in tab.requests if not url.startswith(("blob:", "data:")))
    assert "secret" not in tab.page.url
    assert "Of course I do." in tab.text("#log")
    assert tab.text("#status") == "Ready"
    assert [message["type"] for _, message in tab.stub.received] == ["mic", "mode"]


def test_wakes_up(tabs: Callable[..., Tab], stub: Stub) -> None:
    stub.awake = False
    tab = tabs().open(state="waking")
    assert tab.text("#status") == "ada is waking up"
    tab.say("too early")
    assert tab.page.input_value("#words") == "too early", "words that were not sent stay"
    stub.ready()
    tab.state("ready")
    assert stub.messages("say") == []


def test_typed_words_are_answered(tab: Tab) -> None:
    tab.say("Hello there")
    tab.state("speaking")
    assert "Hello there" in tab.text("#log")
    assert tab.page.input_value("#words") == ""
    tab.state("ready")
    assert " ".join(REPLY) in tab.text("#log")
    assert tab.text("#figure").endswith(" ms")
    assert tab.errors == []


def test_it_thinks_until_it_is_heard(tab: Tab, stub: Stub) -> None:
    tab.say("First")
    tab.state("speaking")
    tab.state("ready")
    stub.thought = 0.4
    tab.say("Second")
    tab.until(lambda: tab.came("Interrupted"))
    assert tab.page.evaluate("digiclone.state") == "thinking", "that the last turn is over does not matter"
    tab.state("speaking")


def test_a_phrase_is_shown_when_it_is_heard(tab: Tab) -> None:
    tab.page.evaluate(
        """() => {
          window.seen = [];
          new MutationObserver(() => seen.push([digiclone.place.seconds, document.getElementById("log").innerText]))
            .observe(document.getElementById("log"), { childList: true, subtree: true });
        }"""
    )
    tab.say("Hello")
    tab.until("digiclone.state === 'ready' && seen.length > 3")
    seen = tab.page.evaluate("seen")
    for phrase, due in zip(REPLY, (0, PHRASE, 2 * PHRASE), strict=True):
        at = next(seconds for seconds, text in seen if phrase in text)
        assert due - 0.001 <= at <= due + 0.25, phrase


def test_what_was_misunderstood_is_put_right(tab: Tab, stub: Stub) -> None:
    def hear(turn: int, text: str) -> None:
        stub.turn = turn
        stub.send("SpeechEnded", turn - 1)
        stub.send("Heard", text=text, final=True)
        stub.send("Done")
        tab.until(f"document.getElementById('log').innerText.includes({text!r})")

    tab.say("Typed words are never misunderstood")
    tab.state("speaking")
    tab.state("ready")
    assert tab.page.locator(".pencil").count() == 0
    hear(2, "Wreck a nice beach")
    tab.page.click(".pencil")
    tab.page.keyboard.press("Escape")
    assert stub.messages("stop") == [], "this escape closes the field and no more"
    assert tab.page.locator("#log form").count() == 0
    tab.page.click(".pencil")
    tab.page.keyboard.type("Recognise speech, please")
    tab.page.keyboard.press("Enter")
    tab.until(lambda: stub.messages("correct"))
    assert stub.messages("correct") == [{"type": "correct", "turn": 2, "text": "Recognise speech, please"}]
    assert "Wreck a nice beach" in tab.text("#log"), "until it is kept"
    stub.send("Corrected", text="Recognise speech, please")
    tab.until("document.querySelector('.kept span')?.innerText === 'Recognise speech, please'")
    hear(3, "And so on")
    assert tab.page.locator(".pencil").count() == 2
    hear(4, "The server forgets")
    assert tab.page.locator(".pencil").count() == 2
    assert tab.page.locator(".kept .pencil").count() == 0
    assert tab.errors == []


def test_what_comes_to_mind_is_shown_and_can_be_forgotten(tab: Tab, stub: Stub) -> None:
    dog = {"number": 3, "at": 1_700_000_000.0, "asked": "My dog is called <b>Rex</b>.", "answered": "Nice!"}
    for turn, memories in ((1, [dog]), (2, [dog, {**dog, "number": 5, "answered": ""}])):
        stub.turn = turn
        stub.send("Heard", text=f"Where is my dog? {turn}", final=True)
        stub.send("Recalled", memories=memories)
        stub.send("Done")
    tab.until("document.querySelectorAll('.memories').length === 2")
    assert tab.page.locator(".memories summary").all_inner_texts() == ["Remembers a talk", "Remembers 2 talks"]
    assert not tab.page.locator(".memories button").first.is_visible()
    tab.page.locator(".memories summary").first.click()
    assert "My dog is called <b>Rex</b>." in tab.page.locator(".memories").first.inner_text()
    tab.page.locator(".memories button").first.click()
    tab.until(lambda: stub.messages("forget"))
    assert stub.messages("forget") == [{"type": "forget", "number": 3}]
    stub.send("Forgotten", number=3)
    tab.until("!document.querySelector('.memories').innerText.includes('Rex')")
    tab.page.locator(".memories summary").nth(1).click()
    assert tab.page.locator(".memories").nth(1).locator("button").count() == 1, "the other memory is still there"
    assert tab.errors == []


def test_partial_words_are_italic_and_not_read_out(tab: Tab, stub: Stub) -> None:
    stub.send("SpeechStarted", 0)
    tab.state("listening")
    stub.send("Heard", 0, text="How are", final=False)
    tab.until("document.getElementById('live').innerText === 'How are'")
    assert tab.page.evaluate("getComputedStyle(document.getElementById('live')).fontStyle") == "italic"
    assert tab.page.get_attribute("#live", "aria-live") == "off"
    stub.send("SpeechEnded", 1)
    tab.state("thinking")
    stub.send("Heard", 1, text="How are you?", final=True)
    tab.until("document.getElementById('log').innerText.includes('How are you?')")
    assert tab.page.inner_text("#live") == ""


def test_a_failure_is_told_and_the_conversation_goes_on(tab: Tab, stub: Stub) -> None:
    stub.turn = 1
    stub.send("Failed", stage="tts", error="no voice", hint="Train one.")
    notes = tab.page.get_by_role("alert").locator(".note", has_text="tts failed")
    notes.wait_for()
    assert "no voice" in notes.inner_text()
    assert "Train one." in notes.inner_text()
    notes.get_by_role("button").click()
    assert notes.count() == 0
    tab.say("Still there?")
    tab.state("speaking")


def test_the_server_goes_and_comes_back(tab: Tab, stub: Stub) -> None:
    tab.say("Hello")
    tab.state("speaking")
    stub.refuse = True
    stub.drop()
    tab.state("gone")
    assert "reconnecting in" in tab.text("#status")
    assert not tab.page.evaluate("digiclone.place.running"), "the voice does not outlive the server"
    stub.refuse = False
    tab.state("ready")
    stub.turn = 0
    tab.say("Hello again")
    tab.state("speaking")
    tab.state("ready")
    assert tab.text("#log").count(REPLY[2]) == 1, "the first answer was cut off, the second was not"


def test_latency_of_a_turn(tab: Tab) -> None:
    tab.say("Hello")
    tab.state("speaking")
    tab.state("ready")
    (turn,) = tab.page.evaluate("digiclone.latency")
    page = next(span for span in turn["spans"] if span["symbol"] == "page")
    assert 0 <= page["end"] - page["start"] < 0.3
    assert turn["total"] == pytest.approx(0.39 + page["end"] - page["start"])
    button = tab.page.get_by_role("button", name="Timing")
    assert not tab.page.locator("#latency").is_visible()
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    assert "voice to voice" in tab.text("#latency")
    assert "170 ms" in tab.text("#latency tr.stage-asr")
    bar = tab.page.locator(".stage-asr .bar").bounding_box()
    assert bar["width"] > 5


def test_stop_is_at_once(tab: Tab, stub: Stub) -> None:
    tab.say("Hello")
    tab.state("speaking")
    stub.auto = False
    tab.page.click("#stop")
    tab.state("ready")
    tab.until(lambda: stub.messages("stop"))
    kinds = [message["type"] for _, message in stub.received]
    assert kinds[kinds.index("stop") - 1] == "played", "the clone must know what was heard before it writes history"
    assert tab.page.locator("#log .cut").count() == 1


def test_one_clone_needs_no_picker(tabs: Callable[..., Tab], stub: Stub) -> None:
    stub.clones = ["ada"]
    tab = tabs().open()
    assert not tab.page.locator("#clone").is_visible()
    assert tab.page.get_by_role("heading", name="Ada").is_visible()
    assert tab.page.title() == "Ada · digiclone"


def test_another_clone(tab: Tab) -> None:
    tab.page.select_option("#clone", "bob")
    tab.page.wait_for_url("**/?clone=bob")
    tab.until("window.digiclone?.clone === 'bob' && digiclone.state === 'ready'")
    assert any(url.endswith("/ws/bob") for url in tab.requests)


def test_no_such_clone(tabs: Callable[..., Tab], stub: Stub) -> None:
    tab = tabs()
    tab.page.goto(f"http://127.0.0.1:{stub.port}/?clone=eve")
    tab.page.locator(".note", has_text='no clone named "eve"').wait_for()


def test_hands_free(tab: Tab, stub: Stub) -> None:
    tab.page.get_by_role("button", name="Start talking").click()
    tab.state("listening")
    tab.until(lambda: len(stub.heard) >= 25)
    rate = stub.messages("mic")[0]["rate"]
    assert {len(data) for data in stub.heard} == {2 * round(rate / 50)}, "frames of 20 ms"
    sound = np.concatenate([np.frombuffer(data, "<i2") for data in stub.heard[-20:]]).astype(float)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert spectrum.argmax() * rate / len(sound) == pytest.approx(MIC_HERTZ, abs=5)
    tab.page.get_by_role("button", name="Pause listening").click()
    tab.state("ready")
    count = len(stub.heard)
    tab.say("Hello")
    tab.state("speaking")
    assert len(stub.heard) - count <= 2, "a microphone that is off sends nothing"


def test_the_space_bar_is_push_to_talk(tab: Tab, stub: Stub) -> None:
    tab.page.keyboard.down("Space")
    tab.until(lambda: stub.messages("talk") and len(stub.heard) > 5)
    tab.page.keyboard.up("Space")
    tab.until(lambda: len(stub.messages("talk")) == 2)
    assert [message["down"] for message in stub.messages("talk")] == [True, False]
    tab.state("ready")


def test_the_space_bar_writes_spaces(tab: Tab, stub: Stub) -> None:
    tab.page.click("#words")
    tab.page.keyboard.type("a b")
    assert tab.page.input_value("#words") == "a b"
    assert stub.messages("talk") == []


def test_push_to_talk_with_the_button(tab: Tab, stub: Stub) -> None:
    tab.page.get_by_text("Push to talk").click()
    tab.until(lambda: {"type": "mode", "hands_free": False} in stub.messages("mode"))
    tab.page.hover("#talk .disc")
    tab.page.mouse.down()
    tab.until(lambda: len(stub.heard) > 5)
    assert tab.page.get_attribute("#talk", "aria-pressed") == "true"
    tab.page.mouse.up()
    tab.until(lambda: len(stub.messages("talk")) == 2)
    assert tab.page.get_attribute("#talk", "aria-pressed") == "false"


def test_a_long_press_in_hands_free_mode_is_push_to_talk(tab: Tab, stub: Stub) -> None:
    tab.page.hover("#talk .disc")
    tab.page.mouse.down()
    tab.until(lambda: stub.messages("talk"))
    tab.until(lambda: len(stub.heard) >= 10)
    tab.page.mouse.up()
    tab.until(lambda: len(stub.messages("talk")) == 2)
    tab.state("ready")


def test_talking_over_the_clone_silences_it(tab: Tab, stub: Stub) -> None:
    tab.say("Hello")
    tab.state("speaking")
    tab.page.locator("body").focus()
    tab.page.evaluate("document.activeElement.blur()")
    tab.page.keyboard.down("Space")
    tab.state("listening")
    tab.until("!digiclone.place.running")
    tab.page.keyboard.up("Space")


@pytest.mark.parametrize(("name", "advice"), [("NotAllowedError", "Allow it"), ("NotFoundError", "Plug one in")])
def test_without_a_microphone(tabs: Callable[..., Tab], name: str, advice: str) -> None:
    tab = tabs(init=REFUSE.replace("NAME", name)).open()
    tab.page.click("#talk")
    tab.state("deaf")
    assert tab.text("#status") == "No microphone: you can type"
    assert advice in tab.page.locator(".note", has_text="No microphone").inner_text()
    tab.say("Hello")
    tab.state("speaking")


def test_a_slow_voice_does_not_end_the_turn(tab: Tab, stub: Stub) -> None:
    """The sound runs dry between two phrases: the turn goes on where it was."""
    stub.turn = 1
    parts = list(phrases(1, ("One,", "two."), seconds=0.3))
    stub.emit(*parts[:3])
    tab.until("digiclone.place.running")
    tab.until("!digiclone.place.running")
    assert tab.page.evaluate("digiclone.state") == "speaking"
    stub.emit(*parts[3:], frame("Done", 1))
    tab.state("ready")
    assert "One, two." in tab.text("#log")
    assert tab.sent("played")[-1]["seconds"] == pytest.approx(0.6)
