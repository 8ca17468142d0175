"""The whole product from outside: a real server on real weights, a real browser, a recorded voice as its microphone.

What the page plays is tapped and written down again by the recogniser; its mouth is watched frame by frame.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from browser_tab import WATCH
from conftest import CHROMIUM, SOFTWARE_GL, SWITCHES

from digiclone import Audio, registry
from digiclone.clone import prepare
from digiclone.dsp import resample, rms
from digiclone.measure.recordings import Recording, recordings
from digiclone.measure.talk import server

pytestmark = pytest.mark.model

RATE = 48_000
LEAD, ANSWER, TAIL = 2.0, 6.0, 14.0
"""Seconds in the recording: the room, then the question, time for the answer to begin, an interruption, the room."""
TAP = (Path(__file__).parent / "tap.js").read_text("utf-8")
OPEN_TAP = """
async (source) => {
  const context = digiclone.output.context;
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const node = new AudioWorkletNode(context, "tap", { numberOfOutputs: 0 });
  digiclone.output.connect(node);
  window.tap = () => new Promise((resolve) => {
    node.port.onmessage = ({ data }) => resolve(data);
    node.port.postMessage("");
  });
  window.mouths = [];
  const look = () => {
    const weights = Object.entries(digiclone.weights).filter(([name]) => name.startsWith("viseme_"));
    // what is drawn now goes with what is heard now, which left the page one output latency ago
    const time = context.currentTime - (context.outputLatency || context.baseLatency || 0);
    window.mouths.push({ time, state: digiclone.state, weights: Object.fromEntries(weights) });
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""
QUIET = 10 ** (-60 / 20)


class Outcome:
    """All that was seen and heard of one conversation."""

    def __init__(self, page: Any, question: Recording) -> None:
        self.question = question
        sound = page.evaluate("tap()")
        self.start: float = sound["start"]
        self.rate: int = sound["rate"]
        self.sound = np.array(sound["samples"], np.float32)
        self.mouths: list[dict[str, Any]] = page.evaluate("mouths")
        self.came: list[dict[str, Any]] = page.evaluate("watch.came")
        self.latency: list[dict[str, Any]] = page.evaluate("JSON.parse(JSON.stringify(digiclone.latency))")
        self.captions: str = page.inner_text("#log")

    def when(self, kind: str) -> list[float]:
        """Times (s, on the audio clock) at which events of this type came."""
        return [event["time"] for event in self.came if event["type"] == kind]

    def heard(self, start: float, end: float) -> np.ndarray:
        a, b = (round((t - self.start) * self.rate) for t in (start, end))
        return self.sound[max(0, a) : max(0, b)]

    def loudness(self, time: float) -> float:
        return rms(self.heard(time - 0.03, time + 0.03))

    @property
    def silent_from(self) -> float:
        """When the interrupted answer's last audible sample was played."""
        turn_two = next((e["time"] for e in self.came if e["type"] == "Said" and e["turn"] == 2), np.inf)
        loud = np.flatnonzero(np.abs(self.sound) > QUIET) / self.rate + self.start
        return float(loud[loud < turn_two].max())


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def errors(heard: str, meant: str) -> float:
    """Word error rate."""
    a, b = words(heard), words(meant)
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1] / max(1, len(b))


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Recording]:
    """The microphone's recording: a question, and later somebody who speaks over the answer."""
    question, interruption = recordings(2)
    if not question.text:
        pytest.skip("pieces of a talk are no questions: this needs recorded sentences (DIGICLONE_DATA)")
    room = np.random.default_rng(0)
    parts = [np.zeros(round(LEAD * RATE)), resample(question.audio, RATE).samples, np.zeros(round(ANSWER * RATE)),
             resample(interruption.audio, RATE).samples, np.zeros(round(TAIL * RATE))]  # fmt: skip
    samples = np.concatenate(parts)
    file = tmp_path_factory.mktemp("mic") / "voice.wav"
    soundfile.write(file, samples + 1e-3 * room.standard_normal(len(samples)), RATE, subtype="PCM_16")
    return file, question


@pytest.fixture(scope="module")
def outcome(playwright: Any, spoken: tuple[Path, Recording]) -> Iterator[Outcome]:
    file, question = spoken
    # a long answer, so that there is something to interrupt
    settings = ["llm.enough_tokens=120", "llm.most_tokens=200", "llm.seed=7"]
    switches = [*SWITCHES, *SOFTWARE_GL, f"--use-file-for-fake-audio-capture={file}%noloop"]
    with server(settings) as (_, port, _sandbox):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=switches)
        # a small picture: software graphics share two cores with the models
        # the tap is a script of our own, which the page's security policy would rightly refuse
        size = {"width": 480, "height": 480}
        context = browser.new_context(viewport=size, permissions=["microphone"], bypass_csp=True)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        until(page, "window.digiclone?.state === 'ready' && digiclone.face", 60)
        page.evaluate(OPEN_TAP, TAP)
        page.click("#talk")
        until(page, "watch.came.some((e) => e.type === 'Interrupted')", 40)
        until(page, "watch.came.some((e) => e.type === 'Done' && e.turn === 2)", 40)
        yield Outcome(page, question)
        browser.close()


def until(page: Any, condition: str, seconds: float) -> None:
    for _ in range(round(seconds / 0.05)):
        if page.evaluate(f"Boolean({condition})"):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{condition} did not come true; it is {page.evaluate('digiclone.state')}")


def test_the_question_is_understood(outcome: Outcome) -> None:
    shown = re.search(r"You\s*(.+)", outcome.captions)
    assert shown
    assert outcome.question.text == "" or errors(shown[1], outcome.question.text) <= 0.25


def test_the_answer_is_audible_and_is_what_the_captions_say(outcome: Outcome) -> None:
    began, held = outcome.when("Spoke")[0], outcome.when("Interrupted")[0]
    voice = outcome.heard(began, held)
    assert rms(voice) > 10 ** (-40 / 20)
    written = registry.load("asr", "moonshine").transcribe(prepare(Audio(voice, outcome.rate)))
    lines = [line for line in outcome.captions.splitlines() if line.strip() and not line.startswith("You")]
    shown = words(" ".join(lines).removeprefix("bench"))
    spoken = words(written)
    assert len(spoken) >= 5
    # the last word may have been cut off by the interruption
    assert errors(" ".join(spoken[:-1]), " ".join(shown[: len(spoken) - 1])) <= 0.25


NEAR = 0.1
"""Seconds around a moment in which a mouth may already, or still, have the shape of a neighbouring sound."""


def contradictions(outcome: Outcome, shift: float = 0.0) -> float:
    """Share of the frames whose mouth contradicts what was heard then; `shift` (s) spoils the truth, for proof.

    What was heard: the visemes as they were sent, laid along the tapped sound from its first audible sample on. A
    frame contradicts it if its strongest viseme is none of those sounding nearby, or if it rests amid vowels.
    """
    at = outcome.when("Spoke")[0]
    loud = np.flatnonzero(np.abs(outcome.sound) > QUIET) / outcome.rate + outcome.start
    start = loud[loud >= at - 0.05].min() - 0.01  # a voice begins 10 ms before its first audible sample
    heard: list[tuple[float, float, str]] = []
    marks: list[dict[str, Any]] = []
    for event in outcome.came:
        if event["turn"] == 1 and event["type"] == "Mouthed":
            marks = event["visemes"]
        elif event["turn"] == 1 and event["type"] == "Spoke":
            heard += [(start + m["start"], start + m["end"], m["symbol"]) for m in marks]
            start += event["seconds"]
    frames = [m for m in outcome.mouths if at + 0.2 < m["time"] < outcome.silent_from - 0.2]
    assert len(frames) >= 15, f"only {len(frames)} frames were drawn"
    wrong = 0
    for frame in frames:
        now = frame["time"] + shift
        near = {symbol for begin, end, symbol in heard if begin - NEAR < now < end + NEAR}
        shapes = {name.removeprefix("viseme_"): weight for name, weight in frame["weights"].items()}
        strongest = max(shapes, key=lambda name: shapes[name])
        resting = shapes[strongest] < 0.15
        wrong += near <= {"aa", "E", "I", "O", "U"} and bool(near) if resting else strongest not in near
    return wrong / len(frames)


def test_the_mouth_moves_in_time_with_the_voice(outcome: Outcome) -> None:
    assert contradictions(outcome) <= 0.10
    assert min(contradictions(outcome, shift) for shift in (-0.3, 0.3)) > 0.25, "the measure would notice"


def test_an_interruption_silences_it(outcome: Outcome) -> None:
    """Nothing of the first answer sounds once the page was told to hold it; the block under way may end."""
    told = min(outcome.when("Held") + outcome.when("Interrupted"))
    assert outcome.silent_from - told <= 0.1
    assert outcome.when("Done")[-1] > told


def test_the_page_measures_the_turn(outcome: Outcome) -> None:
    (first, *_) = outcome.latency
    assert first["turn"] == 1
