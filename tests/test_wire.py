"""The protocol, in Python and in the page's JavaScript."""

import dataclasses
import json
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone import events, wire
from digiclone.dsp import from_pcm16
from digiclone.types import Mark, Memory, Message, Speech

ROOT = Path(wire.__file__).parents[2]
WIRE_JS = Path(wire.__file__).parent / "web" / "wire.js"
EVENTS: tuple[type, ...] = get_args(events.Event)

text = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
seconds = st.floats(0, 1e6, allow_nan=False)
marks = st.lists(st.builds(Mark, text, seconds, seconds), max_size=3).map(tuple)
sound = st.lists(st.floats(-1.5, 1.5), max_size=9).map(lambda x: np.array(x, np.float32))
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "text": text,
    "clone": text,
    "stage": text,
    "error": text,
    "hint": text,
    "final": st.booleans(),
    "models": st.dictionaries(text, text, max_size=2),
    "visemes": marks,
    "spans": marks,
    "history": st.lists(st.builds(Message, st.sampled_from(["user", "assistant"]), text), max_size=2).map(tuple),
    "memories": st.lists(st.builds(Memory, text, text, st.integers(0, 99), seconds), max_size=2).map(tuple),
    "number": st.integers(0, 99),
    "speech": st.builds(Speech, sound, st.integers(8000, 48_000), text, marks),
}


def examples(event: type) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({f.name: FIELDS[f.name] for f in dataclasses.fields(event)}).map(lambda x: event(**x))


@given(st.data(), st.integers(0, 10**6), seconds)
@pytest.mark.parametrize("kind", EVENTS, ids=lambda e: e.__name__)
def test_every_event_survives_the_wire(kind: type, data: st.DataObject, turn: int, at: float) -> None:
    event = data.draw(examples(kind))
    header, pcm = wire.decode(wire.encode(event, turn, at))
    assert (header.pop("type"), header.pop("turn"), header.pop("at")) == (kind.__name__, turn, at)
    if isinstance(event, events.Spoke):
        speech = event.speech
        back = from_pcm16(pcm, header["rate"]).samples
        assert np.abs(back - speech.samples.clip(-1, 1)).max(initial=0) < 1e-4
        assert header == {
            "text": speech.text,
            "rate": speech.rate,
            "phones": [dataclasses.asdict(m) for m in speech.phones],
        }
    else:
        assert pcm == b""
        assert header == json.loads(json.dumps(dataclasses.asdict(event)))


def described() -> dict[str, set[str]]:
    """The events of docs/wire.md, with their fields."""
    rows = [line.split("|") for line in (ROOT / "docs/wire.md").read_text().splitlines() if line.startswith("| `")]
    return {name.strip(" `"): set(fields.split("`")[1::2]) for _, name, fields, *_ in rows}


@pytest.mark.parametrize("kind", EVENTS, ids=lambda e: e.__name__)
def test_every_event_is_described(kind: type) -> None:
    fields = {f.name for f in dataclasses.fields(kind)} if kind is not events.Spoke else {"text", "rate", "phones"}
    assert fields <= described()[kind.__name__]


COMMANDS = {"mic", "mode", "talk", "say", "stop", "correct", "forget", "played"}


def test_every_command_is_described() -> None:
    assert described().keys() == {e.__name__ for e in EVENTS} | COMMANDS
    assert {c.__name__.lower() for c in get_args(wire.Command)} == COMMANDS


def node(script: str, *args: str) -> Any:
    program = shutil.which("node")
    if program is None:
        pytest.skip("no node on the path")
    code = f"import {{ decode, message }} from {json.dumps(WIRE_JS.as_uri())}; import fs from 'node:fs'; {script}"
    run = subprocess.run(
        [program, "--input-type=module", "-e", code, *args], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_the_page_reads_every_event(tmp_path: Path) -> None:
    speech = Speech(np.array([0, 0.5, -1, 1], np.float32), 24_000, "Häh 😀?", (Mark("ʃ", 0.0, 0.5),))
    values: dict[str, Any] = {
        "text": "Grüß 😀",
        "clone": "Ada",
        "stage": "llm",
        "error": "no",
        "hint": "",
        "final": False,
        "speech": speech,
        "models": {"llm": "echo"},
        "history": (Message("user", "x"),),
        "visemes": speech.phones,
        "spans": speech.phones,
        "memories": (Memory("Rex 🐕", "Wuff", 3, 1.5),),
        "number": 3,
    }
    sent = [kind(**{f.name: values[f.name] for f in dataclasses.fields(kind)}) for kind in EVENTS]
    frames = [wire.encode(event, i, i / 7) for i, event in enumerate(sent)]
    for i, frame in enumerate(frames):
        (tmp_path / str(i)).write_bytes(frame)
    script = """
        const read = (i) => { const b = fs.readFileSync(`${process.argv[1]}/${i}`);
          const e = decode(b.buffer.slice(b.byteOffset, b.byteOffset + b.length));
          if (e.pcm) e.pcm = [...e.pcm];
          return e; };
        console.log(JSON.stringify([...Array(Number(process.argv[2])).keys()].map(read)));
    """
    got = node(script, str(tmp_path), str(len(frames)))
    for event, frame in zip(got, frames, strict=True):
        header, pcm = wire.decode(frame)
        if event["type"] == "Spoke":
            assert event.pop("pcm") == np.frombuffer(pcm, "<i2").tolist() == [0, 16383, -32767, 32767]
        assert event == header


def test_what_the_page_says_is_understood() -> None:
    script = """console.log(JSON.stringify([message.mic(44100.4), message.mode(true), message.talk(false),
        message.say("x".repeat(5000)), message.say("😀é"), message.stop(), message.forget(7),
        message.played(3, 1.23456), message.played(0, 0)]))"""
    commands = [wire.parse(frame) for frame in node(script)]
    assert commands == [
        wire.Mic(type="mic", rate=44100),
        wire.Mode(type="mode", hands_free=True),
        wire.Talk(type="talk", down=False),
        wire.Say(type="say", text="x" * 4000),
        wire.Say(type="say", text="😀é"),
        wire.Stop(type="stop"),
        wire.Forget(type="forget", number=7),
        wire.Played(type="played", turn=3, seconds=1.235),
        wire.Played(type="played", turn=0, seconds=0),
    ]


def test_a_long_message_is_not_cut_inside_an_emoji() -> None:
    (frame,) = node("""console.log(JSON.stringify([message.say("x".repeat(3999) + "😀")]))""")
    assert isinstance(wire.parse(frame), wire.Say)


BAD = [
    "",
    "{}",
    "[]",
    "null",
    "stop",
    '{"type": "stop"',
    '{"type": "fly"}',
    '{"type": "stop", "now": true}',
    '{"type": 3}',
    '{"type": "mic", "rate": 7999}',
    '{"type": "mic", "rate": 192001}',
    '{"type": "mic", "rate": "16000"}',
    '{"type": "mic", "rate": 16000.5}',
    '{"type": "mic"}',
    '{"type": "mode", "hands_free": 1}',
    '{"type": "say", "text": ""}',
    '{"type": "forget", "number": -1}',
    '{"type": "forget"}',
    json.dumps({"type": "say", "text": "x" * 4001}),
    '{"type": "say", "text": null}',
    '{"type": "played", "turn": -1, "seconds": 0}',
    '{"type": "played", "turn": 1, "seconds": NaN}',
    '{"type": "played", "turn": 1, "seconds": Infinity}',
    '{"type": "played", "turn": 1, "seconds": 3601}',
    '{"type": "played", "turn": true, "seconds": 1}',
    '{"type": "say", "text": "\\ud83d"}',
    "[" * 10_000,
    " " * 16_385,
]


@pytest.mark.parametrize("frame", BAD, ids=lambda f: f[:40])
def test_anything_else_is_refused(frame: str) -> None:
    with pytest.raises(wire.BadFrame) as caught:
        wire.parse(frame)
    assert len(str(caught.value)) <= 100


json_like = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | text, lambda x: st.lists(x, max_size=3)
)
near_misses = st.dictionaries(
    st.sampled_from(["type", "rate", "text", "turn", "number", "seconds", "down", "hands_free"]),
    st.sampled_from(sorted(COMMANDS)) | json_like,
).map(json.dumps)


@given(st.text() | near_misses)
def test_any_text_is_a_command_or_refused(frame: str) -> None:
    try:
        command = wire.parse(frame)
    except wire.BadFrame:
        return
    assert isinstance(command, get_args(wire.Command))
    assert wire.parse(json.dumps(command.model_dump())) == command


def test_a_header_says_how_long_it_is() -> None:
    frame = wire.encode(events.Said("é"), 1, 0.5)
    (length,) = struct.unpack_from("<I", frame)
    assert json.loads(frame[4:]) == {"type": "Said", "turn": 1, "at": 0.5, "text": "é"}
    assert length == len(frame) - 4
