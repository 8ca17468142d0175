"""The default models, for real: does each do what its stage promises? Needs the weights: `digiclone setup`."""

import itertools
import math
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import words

from digiclone import registry, weights
from digiclone.dsp import resample, rms
from digiclone.measure.recordings import Recording, recordings
from digiclone.stages import RATE, WINDOW
from digiclone.types import Audio, Message, Speech

pytestmark = [pytest.mark.model, pytest.mark.timeout(300), pytest.mark.usefixtures("home")]
SENTENCES = (
    "The old man looked at the sea and smiled.",
    "Please bring me a cup of tea and some bread.",
    "What time does the next train to London leave?",
    "My brother plays the piano every evening.",
    "I am happy to help you with that problem.",
    "Bob put a big map by the lamp.",
)
noise = np.random.default_rng(0)


@cache
def load(kind: str, name: str, **options: Any) -> Any:
    return registry.load(kind, name, **options)


def errors(heard: str, said: str) -> int:
    """Edit distance in words."""
    row = list(range(len(words(said)) + 1))
    for i, a in enumerate(words(heard), 1):
        before, row[0] = row[0], i
        for j, b in enumerate(words(said), 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def error_rate(asr: Any, spoken: Sequence[tuple[Audio, str]]) -> float:
    wrong = sum(errors(asr.transcribe(resample(audio, RATE)), text) for audio, text in spoken)
    return wrong / sum(len(words(text)) for _, text in spoken)


def test_counting_word_errors() -> None:
    assert [errors(h, "a b c") for h in ("a b c", "a c", "a x c", "a b b c", "", "c b a")] == [0, 1, 1, 1, 3, 2]


@pytest.fixture(scope="module")
def clips() -> list[Recording]:
    """Recorded sentences of people."""
    return [Recording(r.name, resample(r.audio, RATE), r.text) for r in recordings(10)]


@pytest.fixture(scope="module")
def known(clips: list[Recording]) -> list[tuple[Audio, str]]:
    spoken = [(clip.audio, clip.text) for clip in clips if clip.text]
    if not spoken:
        pytest.skip("no recordings with a text: set DIGICLONE_DATA")
    return spoken


@pytest.fixture(scope="module")
def spoken() -> dict[str, list[Speech]]:
    """The sentences in the default voice."""
    return {text: list(load("tts", "hibari").speak(text)) for text in SENTENCES}


def test_moonshine_understands_people(known: list[tuple[Audio, str]]) -> None:
    assert error_rate(load("asr", "moonshine"), known) <= 0.15


@pytest.mark.parametrize("seconds", [9.5, 14, 27, 45])
def test_moonshine_reads_long_recordings(known: list[tuple[Audio, str]], seconds: float) -> None:
    length, chosen = 0.0, []
    for audio, text in itertools.cycle(known):
        if length >= seconds:
            break
        chosen.append((audio, text))
        length += audio.seconds
    pause = np.zeros(RATE // 4, np.float32)
    sound = np.concatenate([part for audio, _ in chosen for part in (audio.samples, pause)])
    assert error_rate(load("asr", "moonshine"), [(Audio(sound, RATE), " ".join(t for _, t in chosen))]) <= 0.2


@pytest.mark.parametrize("seconds", [0, 0.00007, 0.05, 0.3, 5, 21])
@pytest.mark.parametrize("level", [0, 1e-3, 0.3, 1.0])
def test_moonshine_survives_noise(seconds: float, level: float) -> None:
    sound = Audio(noise.normal(0, level, round(seconds * RATE)).clip(-1, 1).astype(np.float32), RATE)
    text = load("asr", "moonshine").transcribe(sound)
    assert len(text) < 30 + 40 * seconds, "a loop"
    assert not text or level


def test_whisper_understands_people(known: list[tuple[Audio, str]]) -> None:
    (model,) = registry.module("asr", "whisper").MODELS
    for file in model.files:
        weights.fetch(file)
    whisper = load("asr", "whisper")
    assert error_rate(whisper, known[:4]) <= 0.15
    assert isinstance(whisper.transcribe(Audio(np.zeros(RATE, np.float32), RATE)), str)
    for audio in (known[0][0], *(Audio(np.zeros(round(seconds * RATE), np.float32), RATE) for seconds in (0.1, 40))):
        features = whisper.features(audio)
        assert features.shape == (1, min(1500, math.ceil(50 * audio.seconds)), 512)
        assert np.isfinite(features).all()


# ── speaking ──


def test_the_voice_is_understood(spoken: dict[str, list[Speech]]) -> None:
    pairs = [
        (Audio(np.concatenate([c.samples for c in chunks]), chunks[0].rate), text) for text, chunks in spoken.items()
    ]
    assert error_rate(load("asr", "moonshine"), pairs) <= 0.1


def test_phones_cover_the_sound_and_their_words_are_the_text(spoken: dict[str, list[Speech]]) -> None:
    for text, (speech,) in spoken.items():
        assert speech.text == text
        phones = [p for p in speech.phones if p.symbol != " "]
        assert phones[0].start < 0.15
        assert speech.seconds - phones[-1].end < 0.6
        assert all(a.end == pytest.approx(b.start) for a, b in itertools.pairwise(speech.phones))
        said = "".join("x" if p.symbol != " " else " " for p in speech.phones).split()
        assert len(said) == len(words(text))
        assert speech.heard_by(speech.seconds / 2) in text


def test_speech_starts_at_once_and_ends_with_a_pause(spoken: dict[str, list[Speech]]) -> None:
    for (speech,) in spoken.values():
        assert rms(speech.samples[: speech.rate // 20]) > 1e-3
        assert rms(speech.samples[-speech.rate // 5 :]) < 1e-3


def test_the_mouth_is_in_time_with_the_sound(spoken: dict[str, list[Speech]]) -> None:
    """Lips are shut when the voice is, and shifting all phones either way makes the fit worse."""

    def fit(shift: float) -> float:
        """How much louder open vowels are than stops, in nepers."""
        levels: dict[str, list[float]] = {"stop": [], "vowel": []}
        for (speech,) in spoken.values():
            for phone in speech.phones[1:-2]:
                kind = "stop" if phone.symbol in "ptkbɡ" else "vowel" if phone.symbol in "æɑʌɪiɛəAIOWuʊɔ" else ""
                part = speech.samples[slice(*(round((t + shift) * speech.rate) for t in (phone.start, phone.end)))]
                if kind and len(part):
                    levels[kind].append(np.log(rms(part) + 1e-4))
        return float(np.mean(levels["vowel"]) - np.mean(levels["stop"]))

    assert fit(0.0) > 0.7
    assert fit(0.0) > max(fit(-0.05), fit(0.05)) + 0.2


def test_the_lips_are_shut_when_the_voice_is(spoken: dict[str, list[Speech]]) -> None:
    levels: dict[str, list[float]] = {"PP": [], "aa": []}
    for (speech,) in spoken.values():
        for v in load("lipsync", "phones").mouth(speech):
            if v.symbol in levels:
                levels[v.symbol].append(rms(speech.samples[round(v.start * speech.rate) : round(v.end * speech.rate)]))
    assert len(levels["PP"]) >= 10
    assert np.median(levels["PP"]) < 0.7 * np.median(levels["aa"])


def test_the_same_words_sound_the_same() -> None:
    one, two = (next(load("tts", "hibari").speak("Hello you.")).samples for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    "text", ["1,234.50 € on 3/4!", "NASA & the FBI", "...", "日本語", "a" * 300, "wow " * 60, "don't — “stop”"]
)
def test_the_voice_survives(text: str) -> None:
    for speech in load("tts", "hibari").speak(text):
        assert np.isfinite(speech.samples).all()
        assert speech.text == text


def test_kokoro_is_understood() -> None:
    (model,) = registry.module("tts", "kokoro").MODELS
    lacking = [file.name for file in model.files if not weights.present(file)]
    if lacking:
        pytest.skip(f"{', '.join(lacking)}: run `digiclone models fetch kokoro`")
    kokoro = load("tts", "kokoro")
    pairs = [(speech, text) for text in SENTENCES[:2] for speech in kokoro.speak(text)]
    assert error_rate(load("asr", "moonshine"), pairs) <= 0.15
    for speech, text in pairs:
        assert len("".join("x" if p.symbol != " " else " " for p in speech.phones).split()) == len(words(text))


# ── listening ──


def probabilities(samples: np.ndarray) -> np.ndarray:
    memory, found = None, []
    for window in samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW):
        probability, memory = load("vad", "silero").speech(Audio(window, RATE), memory)
        found.append(probability)
    return np.array(found)


def test_silero_tells_a_voice_from_noise(clips: list[Recording]) -> None:
    for clip in clips[:3]:
        found = probabilities(clip.audio.samples)
        assert np.mean(found > 0.5) > 0.25  # people pause
    t = np.arange(3 * RATE) / RATE
    hum = 0.1 * np.sin(2 * np.pi * 50 * t)
    for other in (np.zeros(3 * RATE), noise.normal(0, 0.003, 3 * RATE), noise.normal(0, 0.1, 3 * RATE), hum):
        assert np.mean(probabilities(other.astype(np.float32)) > 0.5) < 0.05


def test_smart_turn_tells_a_whole_sentence_from_half_of_one(clips: list[Recording]) -> None:
    finished = load("vad", "silero").finished
    if not all(c.text for c in clips):
        pytest.skip("pieces of a talk end anywhere: this needs sentences (DIGICLONE_DATA)")
    halves = [Audio(c.audio.samples[: round(0.55 * len(c.audio.samples))], RATE) for c in clips]
    whole, half = np.array([finished(c.audio) for c in clips]), np.array([finished(h) for h in halves])
    assert np.all((whole >= 0) & (whole <= 1) & (half >= 0) & (half <= 1))
    assert whole.mean() > half.mean() + 0.1


# ── thinking ──

ADA = Message("system", "You are Ada. You answer in one short sentence. " + "You like tea, trains and old books. " * 8)


class Spy:
    """The engine's server, and what it answered."""

    def __init__(self, server: Any) -> None:
        self._server, self.answers = server, list[dict[str, Any]]()

    def handle_chat_completions(self, request: dict[str, Any], push: Any) -> None:
        def seen(answer: Any) -> bool:
            self.answers += answer if isinstance(answer, list) else [answer]
            return push(answer)

        self._server.handle_chat_completions({**request, "timings_per_token": True}, seen)

    def evaluated(self) -> int:
        """Tokens of the prompt that were not in the cache, of the last request."""
        (*_, timings) = (a["timings"] for a in self.answers if "timings" in a)
        return timings["prompt_n"]


@pytest.fixture
def llm(monkeypatch: pytest.MonkeyPatch) -> Any:
    backend = load("llm", "llamacpp", seed=7, most_tokens=24)
    monkeypatch.setattr(backend, "_server", Spy(backend._server))
    return backend


def test_a_reply_comes_token_by_token(llm: Any) -> None:
    pieces = list(llm.reply([ADA, Message("user", "Do you like tea?")]))
    assert len(pieces) > 3
    assert len("".join(pieces).split()) > 2
    assert "<|" not in "".join(pieces)


def test_a_turn_evaluates_only_what_is_new(llm: Any) -> None:
    first = [ADA, Message("user", "What do you like?")]
    reply = "".join(llm.reply(first))
    list(llm.reply([*first, Message("assistant", reply), Message("user", "And why is that so?")]))
    second = llm._server.evaluated()
    list(llm.reply([Message("system", "You are Bob." + ADA.text), Message("user", "What do you like?")]))
    afresh = llm._server.evaluated()
    assert afresh > 60
    assert second < 45 < afresh


def test_closing_a_reply_stops_the_model(llm: Any) -> None:
    reply = llm.reply([ADA, Message("user", "Count from one to one hundred.")])
    next(reply)
    reply.close()
    written = len(llm._server.answers)
    assert written < 20
    assert list(llm.reply([ADA, Message("user", "Hello!")])), "the engine is ready again"


def test_a_seed_makes_replies_repeatable(llm: Any) -> None:
    asked = [ADA, Message("user", "Tell me about your day.")]
    list(llm.reply(asked))
    one, two = ("".join(llm.reply(asked)) for _ in range(2))
    assert one == two


@pytest.mark.parametrize(
    "text",
    [
        "word " * 800,
        "\0\x01<|im_end|>",
        " ",
        "日本語" * 1300,
        "😀" * 4000,
    ],
)
def test_whatever_is_typed_does_not_break_the_conversation(llm: Any, text: str) -> None:
    """At most 4000 characters reach the model: they may be many more tokens."""
    list(llm.reply([ADA, Message("user", text)]))
    assert list(llm.reply([ADA, Message("user", "Hello!")]))


CTRL_C = """
import os, signal, threading, time
from digiclone import registry
caught, kept = [], []
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background ignores it
signal.signal(signal.SIGTERM, lambda *_: caught.append("term"))
worker = threading.Thread(target=lambda: kept.append(registry.load("llm", "llamacpp")))  # as the server does
worker.start(); worker.join()
os.kill(os.getpid(), signal.SIGTERM)
print(caught, flush=True)
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)
except KeyboardInterrupt:
    print("interrupted", flush=True)
os._exit(0)
"""


def test_ctrl_c_still_works_once_the_engine_is_loaded(home: Path) -> None:
    run = subprocess.run([sys.executable, "-c", CTRL_C], capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode != -signal.SIGINT
    assert run.stdout.splitlines()[-2:] == ["['term']", "interrupted"], run.stderr[-500:]
