"""The clone's voice, sample by sample, as it leaves the page."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from browser_tab import Tab
from stub_server import PHRASE, REPLY, Stub, frame, phrases

SECONDS = PHRASE * len(REPLY)
QUIET = 10 ** (-60 / 20)
"""Root mean square that counts as silence: -60 dB below full scale."""

TAP = """
async () => {
  const context = digiclone.output.context;
  await context.audioWorklet.addModule("/test/tap.js");
  const node = new AudioWorkletNode(context, "tap", { numberOfOutputs: 0 });
  digiclone.output.connect(node);
  window.tap = () => new Promise((resolve) => {
    node.port.onmessage = ({ data }) => resolve(data);
    node.port.postMessage("");
  });
}
"""


class Recording:
    """What has come out since the tap was opened, on the context's clock."""

    def __init__(self, tab: Tab) -> None:
        data = tab.page.evaluate("tap()")
        self.rate: int = data["rate"]
        self.start: float = data["start"]
        self.samples = np.array(data["samples"], dtype=np.float64)

    def after(self, time: float) -> np.ndarray:
        return self.samples[max(0, round((time - self.start) * self.rate)) :]

    @property
    def onset(self) -> int:
        """Index of the first sample of sound."""
        return int(np.flatnonzero(np.abs(self.samples) > 1e-4)[0])


def ideal(rate: int, count: int) -> np.ndarray:
    return 12_000 / 32_768 * np.sin(2 * np.pi * 440 * np.arange(count) / rate)


def misfit(sound: np.ndarray, rate: int) -> float:
    """Largest difference from the stub's sine, whose first sample is among the first few of `sound`."""
    trimmed = slice(200, -200)
    best = np.inf
    for shift in range(4):
        part = sound[: len(sound) - 4]
        expected = ideal(rate, len(part) + 4)[shift : shift + len(part)]
        best = min(best, np.abs(part - expected)[trimmed].max())
    return best


@pytest.fixture
def tapped(tab: Tab) -> Tab:
    tab.page.evaluate(TAP)
    return tab


def test_chunks_play_without_a_gap(tapped: Tab) -> None:
    tapped.say("Hello")
    tapped.state("speaking")
    tapped.state("ready")
    recording = Recording(tapped)
    sound = recording.samples[recording.onset :][: round(SECONDS * recording.rate)]
    assert misfit(sound, recording.rate) < QUIET


def test_held_is_silent_at_once_and_resumed_goes_on_from_the_same_sample(tapped: Tab, stub: Stub) -> None:
    tapped.say("Hello")
    tapped.until("digiclone.place.seconds > 0.4")
    stub.send("Held")
    tapped.state("held")
    tapped.until("!digiclone.place.running")
    held_at = tapped.page.evaluate("digiclone.place.seconds")
    reported = tapped.until(lambda: [m for m in tapped.sent("played") if m["time"] > tapped.came("Held")[0]["time"]])[0]
    tapped.until(f"digiclone.output.context.currentTime > {tapped.came('Held')[0]['time'] + 0.3}")
    assert tapped.page.evaluate("digiclone.place.seconds") == held_at, "the place is kept"
    stub.send("Resumed")
    tapped.state("speaking")
    tapped.state("ready")

    recording = Recording(tapped)
    rate = recording.rate
    silence = recording.after(tapped.came("Held")[0]["time"] + 0.05)[: round(0.2 * rate)]
    assert np.sqrt(np.mean(silence**2)) < QUIET
    assert reported["seconds"] == pytest.approx(held_at, abs=0.01)

    sound = recording.samples[recording.onset :]
    still = np.flatnonzero(np.convolve(np.abs(sound) < 1e-6, np.ones(rate // 10), "valid") == rate // 10)[0]
    again = still + np.flatnonzero(np.abs(sound[still:]) > 1e-6)[0]
    # The fades begin and end with samples of next to nothing, so that the edges are known to a few samples only.
    edges = [(still + i, again + j) for i in range(-3, 4) for j in range(-3, 4)]
    joined = [join(sound, *edge, round(0.005 * rate))[: round(SECONDS * rate)] for edge in edges]
    assert min(misfit(whole, rate) for whole in joined) < 2 * QUIET, "not a sample is lost or said twice"
    assert tapped.sent("played")[-1]["seconds"] == pytest.approx(SECONDS)


def join(sound: np.ndarray, still: int, again: int, fade: int) -> np.ndarray:
    """The two sides of a pause, with the fade-out before `still` laid over the fade-in from `again`."""
    crossed = sound[still - fade : still] + sound[again : again + fade]
    return np.concatenate([sound[: still - fade], crossed, sound[again + fade :]])


def test_interrupted_throws_the_rest_away(tapped: Tab, stub: Stub) -> None:
    tapped.say("Hello")
    tapped.until("digiclone.place.seconds > 0.4")
    stub.send("Interrupted")
    tapped.state("ready")
    cut = tapped.came("Interrupted")[0]["time"]
    reported = tapped.sent("played")[-1]
    tapped.until(f"digiclone.output.context.currentTime > {cut + 0.4}")
    recording = Recording(tapped)
    rest = recording.after(cut + 0.05)
    assert np.sqrt(np.mean(rest**2)) < QUIET
    onset = recording.start + recording.onset / recording.rate
    assert reported["seconds"] == pytest.approx(cut - onset, abs=0.1)
    assert REPLY[2] not in tapped.text("#log")
    stub.emit(*phrases(stub.turn, ("A late chunk.",)), frame("Done", stub.turn))
    tapped.say("Go on")
    tapped.state("speaking")
    tapped.state("ready")
    assert "A late chunk." not in tapped.text("#log"), "what still comes of that turn is thrown away too"
    last = tapped.sent("played")[-1]
    assert (last["turn"], last["seconds"]) == (2, pytest.approx(SECONDS))


def test_played_tells_what_was_heard(tapped: Tab) -> None:
    tapped.say("Hello")
    tapped.state("speaking")
    tapped.state("ready")
    recording = Recording(tapped)
    onset = recording.start + recording.onset / recording.rate
    reports = [report for report in tapped.sent("played") if report["turn"] == 1]
    assert len(reports) >= 5 * SECONDS - 1, "about five a second"
    latency = tapped.page.evaluate("digiclone.output.context.outputLatency")
    for report in reports:
        heard = min(SECONDS, report["time"] - onset - latency)
        assert report["seconds"] == pytest.approx(heard, abs=0.1)
    assert reports[-1]["seconds"] == pytest.approx(SECONDS)


def test_lips_follow_the_voice(tab: Tab) -> None:
    """The stub's mouth says PP in the first tenth of a second of every phrase and aa in the second."""
    tab.page.evaluate(
        """() => {
          window.lips = [];
          let last = "";
          const look = () => {
            requestAnimationFrame(look);
            const drawn = JSON.stringify(digiclone.weights);
            if (drawn !== last) lips.push([digiclone.place, digiclone.weights]);
            last = drawn;
          };
          look();
        }"""
    )
    tab.say("Hello")
    tab.state("speaking")
    tab.state("ready")
    lips = [(place["seconds"], weights) for place, weights in tab.page.evaluate("lips") if place["running"]]
    closed = [weights for seconds, weights in lips if seconds > 0.2 and 0.03 < seconds % PHRASE < 0.07]
    opened = [weights for seconds, weights in lips if seconds > 0.2 and 0.14 < seconds % PHRASE < 0.18]
    assert closed
    assert opened
    assert min(weights["viseme_PP"] for weights in closed) > 0.7
    assert max(weights["viseme_aa"] for weights in closed) < 0.15
    assert min(weights["viseme_aa"] for weights in opened) > 0.4


def test_the_voice_can_be_recorded(tab: Tab) -> None:
    tab.page.evaluate("() => { window.recorder = new MediaRecorder(digiclone.stream()); recorder.start(); }")
    tab.say("Hello")
    tab.state("speaking")
    size: Any = tab.page.evaluate(
        """() => new Promise((resolve) => {
          recorder.ondataavailable = ({ data }) => resolve(data.size);
          setTimeout(() => recorder.stop(), 300);
        })"""
    )
    assert size > 1000


def test_without_an_audio_worklet_it_still_speaks(tabs: Callable[..., Tab]) -> None:
    """As on a page that came over plain http from another machine."""
    tab = tabs(init="delete BaseAudioContext.prototype.audioWorklet;").open()
    tab.say("Hello")
    tab.state("speaking")
    tab.state("ready")
    assert tab.sent("played")[-1]["seconds"] == pytest.approx(SECONDS)
    tab.page.click("#talk")
    tab.state("deaf")
    assert "https" in tab.page.locator(".note", has_text="No microphone").inner_text()
