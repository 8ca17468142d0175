"""Pages that do not keep to the protocol, by mistake or on purpose."""

import json
import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.websockets import WebSocketDisconnect
from support import Open, Tab, eventually, kinds, pcm, quiet, voice, wait

from digiclone.dsp import rms
from digiclone.server import limits, session
from digiclone.stages import RATE, WINDOW
from digiclone.types import Audio
from digiclone.wire import MOST_AUDIO, MOST_TEXT

pytestmark = pytest.mark.timeout(60)


def closes(tab: Tab) -> WebSocketDisconnect:
    with pytest.raises(WebSocketDisconnect) as closed:
        tab.until("the end")
    return closed.value


@pytest.mark.parametrize(
    "frame",
    [
        b"\0",
        b"\0" * (MOST_AUDIO + 2),
        b"\0" * 99,
        b"\0\0" * 3 * RATE,
        "hello",
        "",
        "{}",
        '{"type": "fly"}',
        '{"type": "say", "text": ""}',
        "x" * (MOST_TEXT + 1),
        "\ud83d".encode("utf-8", "replace").decode(),
        json.dumps({"type": "say", "text": "x" * 4001}),
        '{"type": "mic", "rate": 1}',
        '{"type": "played", "turn": 1, "seconds": NaN}',
    ],
    ids=lambda frame: repr(frame[:20]),
)
def test_a_bad_frame_closes_its_tab_and_no_other(tabs: Open, frame: bytes | str) -> None:
    with tabs() as good:
        good.say("One two. Three four.")
        with tabs() as bad:
            bad.say("I am bad.")
            bad.socket.send_bytes(frame) if isinstance(frame, bytes) else bad.socket.send_text(frame)
            closed = closes(bad)
        assert closed.code == 1008
        assert closed.reason
        assert kinds(good.until("Done"))[-1] == "Done"
        assert "Spoke" in kinds(good.turn("Still there?"))


def test_a_frame_is_measured_by_its_rate(tabs: Open) -> None:
    """64 KiB are four seconds at 8 kHz, and a sixth of one at 192 kHz."""
    with tabs() as tab:
        tab.send(type="mic", rate=192_000)
        for _ in range(8):
            tab.socket.send_bytes(b"\0" * MOST_AUDIO)
        tab.turn("Is that all right?")
        tab.send(type="mic", rate=8000)
        tab.socket.send_bytes(b"\0" * MOST_AUDIO)
        assert "real time" in closes(tab).reason


def test_a_flood_of_commands(tabs: Open) -> None:
    with tabs() as tab:
        for _ in range(200):
            tab.send(type="stop")
        closed = closes(tab)
        assert (closed.code, closed.reason) == (1008, "too many commands")


def test_a_page_in_a_hurry_is_not_confused(tabs: Open, hasty: None) -> None:
    """Every kind of command, again and again, in the middle of everything."""
    commands: list[dict[str, Any]] = [
        {"type": "talk", "down": True},
        {"type": "talk", "down": True},
        {"type": "say", "text": "One two."},
        {"type": "talk", "down": False},
        {"type": "mode", "hands_free": True},
        {"type": "stop"},
        {"type": "talk", "down": False},
        {"type": "mic", "rate": 44_100},
        {"type": "played", "turn": 1, "seconds": 5},
        {"type": "mode", "hands_free": False},
    ]
    with tabs() as tab:
        for _ in range(10):
            for command in commands:
                tab.send(**command)
                tab.speak(voice(0.3))
        tab.say("The end.")
        eventually(lambda: tab.until("Done")[0] and tab.heard[-1]["type"] == "Done" and spoken(tab) == "The end.")


def spoken(tab: Tab) -> str:
    return [e["text"] for e in tab.heard if e["type"] == "Spoke"][-1]


def test_a_slow_recogniser_does_not_make_the_page_too_fast(
    tabs: Open, part: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a long piece is transcribed the page goes on at its pace; what piled up then is not its fault."""
    let_go = threading.Event()
    windows: list[Audio] = []

    def speech(_: object, window: Audio, memory: object) -> tuple[float, None]:
        windows.append(window)
        return float(rms(window.samples) > 0.01), None

    def transcribe(_: object, audio: Any) -> str:
        if audio.seconds > 15:
            wait(let_go)
        return "word"

    part("asr", "transcribe", transcribe)
    part("vad", "finished", lambda *_: 0.0)
    part("vad", "speech", speech)
    clock = [time.monotonic()]
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(session, "_CAPTION", 1e9)
    with tabs() as tab:
        tab.hands_free()
        sounds = np.concatenate([quiet(0.32), voice(16.0), quiet(0.4), voice(4.0), quiet(1.2)])
        for i, frame in enumerate(pcm(sounds)):
            clock[0] += 0.02  # a page sends a second of sound every second
            tab.socket.send_bytes(frame)
            eventually(lambda i=i: len(windows) == (i + 1) * 320 // WINDOW)
        let_go.set()
        heard = [e for e in tab.until("Done") if e["type"] == "Heard" and e["final"]]
        assert heard[-1]["text"] == "word word"


frames = st.one_of(
    st.binary(max_size=64),
    st.text(max_size=40),
    st.binary(min_size=640, max_size=640),
    st.sampled_from(
        [
            '{"type": "stop"}',
            '{"type": "say", "text": "Hi."}',
            '{"type": "talk", "down": true}',
            '{"type": "talk", "down": false}',
            '{"type": "mode", "hands_free": true}',
            '{"type": "mic", "rate": 8000}',
            '{"type": "played", "turn": 1, "seconds": 9}',
        ]
    ),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(frames, max_size=12))
def test_whatever_comes_the_server_goes_on(tabs: Open, frames: list[bytes | str]) -> None:
    with tabs() as tab:
        for frame in frames:
            tab.socket.send_bytes(frame) if isinstance(frame, bytes) else tab.socket.send_text(frame)
        tab.socket.send_text("the end")
        assert closes(tab).code == 1008
    with tabs() as tab:
        tab.turn("Are you well?")
