"""A clone is a folder; a program can talk to it in two lines."""

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import digiclone
from digiclone import Audio, Clone, Done, Failed, Heard, Said, Spoke, artifacts, showing
from digiclone.clone import choices, clones, create, files, find, parse_flags, prepare
from digiclone.config import DEFAULTS, ConfigError, load_toml
from digiclone.stages import RATE
from digiclone.types import Exchange, Message
from digiclone.weights import home

TEN = ["Audio", "Clone", "Done", "Event", "Failed", "Heard", "Mouthed", "Said", "Speech", "Spoke"]
Flags = dict[str, dict[str, Any]]


def test_the_ten_names() -> None:
    assert digiclone.__all__ == TEN
    assert all(getattr(digiclone, name) for name in TEN)
    with pytest.raises(AttributeError, match="no attribute 'Clon'"):
        _ = digiclone.Clon  # type: ignore[attr-defined]


@pytest.mark.parametrize("statement", ["import digiclone", "from digiclone import Clone", "import digiclone.cli"])
def test_importing_is_light(statement: str) -> None:
    heavy = {"onnxruntime", "xllamacpp", "torch", "faster_whisper", "hibari", "gguf", "transformers"}
    code = f"{statement}; import sys; print([m for m in {heavy} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("ada", "ada"),
        ("Ada Lovelace", "ada-lovelace"),
        ("  R2_D2 ", "r2-d2"),
        ("x" * 32, "x" * 32),
        ("Ada\nLovelace", "ada-lovelace"),
    ],
)
def test_a_new_clone(name: str, folder: str) -> None:
    made = create(name)
    assert made == home() / "clones" / folder == find(folder)
    assert clones() == [folder]
    assert load_toml(made / "clone.toml")["name"] == " ".join(name.split())
    assert " ".join(name.split()) in (made / "persona.md").read_text("utf-8")
    assert {kind: c.backend for kind, c in choices(made).items()} == DEFAULTS


@pytest.mark.parametrize(
    "name", ["", " ", "-ada", "../ada", "a/b", "a.b", "ä", "x" * 33, "con:", 'a"b', "a\0b", "..", "ada\x1f\x1b"]
)
def test_a_bad_name(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot name a clone"):
        create(name)
    assert clones() == []
    assert not list(home().glob("clones/*"))


def test_a_name_that_is_taken() -> None:
    create("Ada")
    with pytest.raises(ConfigError, match=r"there is a clone 'ada' already: digiclone serve --clone ada"):
        create("ADA")


@pytest.mark.parametrize("name", ["", ".", "..", "../clones/ada", "/etc", "ada/../ada", "Ada", "ada\0"])
def test_no_path_is_a_clone(name: str) -> None:
    create("ada")
    with pytest.raises(ConfigError, match="there is no clone"):
        find(name)


def test_a_typo_is_answered() -> None:
    create("ada")
    with pytest.raises(ConfigError, match=r"there is no clone 'adda'; did you mean 'ada'\?"):
        find("adda")


def test_flags_beat_the_plan_and_the_plan_beats_the_clone(ada: Path) -> None:
    (ada / "plan.toml").write_text("[llm]\nbackend = 'echo'\nrepeat = 2\nseconds_per_word = 0.5\n")
    llm = choices(ada, {"llm": {"repeat": 3}})["llm"]
    assert llm.options == {"repeat": 3, "seconds_per_word": 0.5}
    assert llm.origin == {"backend": "plan.toml", "repeat": "flag", "seconds_per_word": "plan.toml"}


def test_a_plan_from_before_it_had_a_voice_and_a_bridge_keeps_them(ada: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (ada / "clone.toml").write_text('name = "Ada"\n')
    (ada / "plan.toml").write_text(
        "[llm]\nbackend = 'llamacpp'\nformat = 'Q4_0'\nthreads = 1\n"
        "[tts]\nbackend = 'hibari'\nmodel = 'heart'\nthreads = 1\n"
    )
    assert choices(ada)["tts"].backend == "hibari"
    monkeypatch.setattr(artifacts, "usable", lambda _folder: True)
    monkeypatch.setattr(artifacts, "usable_bridge", lambda _folder: True)
    found = choices(ada)
    assert (found["tts"].backend, found["tts"].options) == ("glow", {"voice": str(ada / "voice"), "threads": 1})
    assert (found["asr"].backend, found["llm"].backend) == ("bridge", "bridge")
    assert found["llm"].options == {"bridge": str(ada / "bridge"), "format": "Q4_0", "threads": 1}


def test_an_unknown_section_is_answered(ada: Path) -> None:
    (ada / "plan.toml").write_text("[lmm]\n")
    with pytest.raises(ConfigError, match=r"plan.toml: no section 'lmm'; did you mean 'llm'\?"):
        choices(ada)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("llm.repeat=2", 2),
        ("llm.repeat=2.5", 2.5),
        ("llm.repeat=true", True),
        ("llm.repeat=Q4_0", "Q4_0"),
        ('llm.repeat="2"', "2"),
        ("llm.repeat=", ""),
        ("llm.repeat=a=b", "a=b"),
        ("llm.repeat=/a b", "/a b"),
        ("llm.repeat=[1]", [1]),
    ],
)
def test_a_flag_is_toml_where_it_can_be(setting: str, value: object) -> None:
    assert parse_flags([setting]) == {"llm": {"repeat": value}}


@pytest.mark.parametrize("setting", ["", "llm", "llm.repeat", "llm=echo", "lmm.repeat=1", ".x=1", "llm.=1", "=1"])
def test_a_bad_flag(setting: str) -> None:
    with pytest.raises(ConfigError, match=r"KIND.OPTION=VALUE"):
        parse_flags([setting])


def test_flags_add_up() -> None:
    assert parse_flags(["llm.a=1", "llm.b=2", "tts.c=3", "llm.a=4"]) == {"llm": {"a": 4, "b": 2}, "tts": {"c": 3}}


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("llm.repeta=2", "did you mean 'repeat'"),
        ("llm.repeat=many", "llm:echo: repeat"),
        ("llm.repeat=[1]", "llm:echo: repeat"),
        ("llm.repeat={a=1}", "llm:echo: repeat"),
        ("tts.backend=ton", "did you mean 'tone'"),
        ("tts.backend=3", "no tts backend '3'"),
    ],
)
def test_a_wrong_option_is_a_sentence(ada: Path, setting: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        Clone.open("ada", parse_flags([setting]))


@pytest.mark.parametrize("kind", ["asr", "llm", "tts"])
def test_a_model_that_is_none_is_a_sentence(ada: Path, kind: str) -> None:
    flags = {kind: {"backend": DEFAULTS[kind], "model": "tinny"}}
    with pytest.raises(ConfigError, match=f"{kind}:{DEFAULTS[kind]} has no model 'tinny'"):
        Clone.open("ada", flags)


def test_which_weights_are_needed(ada: Path) -> None:
    assert files(choices(ada)) == []
    assert {f.name for f in files(choices(ada, {"tts": {"backend": "hibari"}}))} == {"hibari.onnx"}


def test_talking_to_a_clone_from_a_program(ada: Path) -> None:
    clone = Clone.open("ada")
    events = list(clone.reply("One two. Three."))
    assert [e.text for e in events if isinstance(e, Said)] == ["One two.", "Three."]
    assert isinstance(events[-1], Done)
    assert clone.history.last() == [Message("user", "One two. Three."), Message("assistant", "One two. Three.")]
    assert clone.prompt()[1:] == clone.history.last()
    assert (clone.name, clone.display) == ("ada", "Ada")
    assert clone.models["llm"] == "echo"


def test_a_reply_that_is_not_read_to_its_end(ada: Path) -> None:
    clone = Clone.open("ada")
    reply = clone.reply("One two. Three four. Five six.")
    while not isinstance(next(reply), Spoke):
        pass
    reply.close()  # type: ignore[attr-defined]
    assert clone.history.last() == [Message("user", "One two. Three four. Five six."), Message("assistant", "One two.")]
    assert isinstance(list(clone.reply("Again."))[-1], Done)


def test_a_reply_that_breaks_is_no_exception(ada: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = Clone.open("ada")
    assert isinstance(list(clone.reply("x"))[-1], Done)
    monkeypatch.setattr(type(clone.cast.tts), "speak", lambda self, text: 1 / 0)
    assert list(clone.reply("x"))[-1] == Failed("tts", "ZeroDivisionError: division by zero", "")


def test_clones_with_the_same_choices_share_their_models(ada: Path, weightless: Flags) -> None:
    create("Bob")
    assert Clone.open("ada").cast.llm is Clone.open("bob", weightless).cast.llm
    assert Clone.open("ada", {"llm": {"repeat": 2}}).cast.llm is not Clone.open("ada").cast.llm


def test_what_the_person_said_stands_between_the_persona_and_the_talk(ada: Path) -> None:
    opened = Clone(ada)
    opened.history.add("user", "Now?")
    plain = opened.prompt()
    (ada / "examples.jsonl").write_text('{"question": "Rain?", "answer": "Let it."}\n', "utf-8")
    shown = [Message("user", "Rain?"), Message("assistant", "Let it.")]
    assert opened.prompt() == [plain[0], *shown, *plain[1:]]


def test_what_the_person_said_on_it_is_called_up_if_that_was_found_better(ada: Path) -> None:
    opened = Clone(ada)
    (ada / "examples.jsonl").write_text('{"question": "Rain?", "answer": "Let it."}\n', "utf-8")
    assert opened.remind("Will it rain?") == []
    (ada / "showing.toml").write_text('strategy = "show-retrieved"\n')
    assert opened.remind("Will it rain?") == [Exchange("Rain?", "Let it.")]
    assert opened.prompt() == [Message("system", showing.BARE)]


def test_a_history_that_cannot_be_read_is_no_reason_not_to_answer(ada: Path) -> None:
    opened = Clone(ada)
    opened.history.add("user", "Rain?")
    opened.remind("Rain?")
    opened.history._db.execute("DROP TABLE word")
    assert opened.remind("Rain?") == []


def test_the_prompt_keeps_its_beginning_for_eight_messages(ada: Path) -> None:
    """However long the history: else the language model would read all of it again every turn."""
    clone = Clone.open("ada")
    starts: list[Message] = []
    for i in range(300):
        clone.history.add("user" if i % 2 == 0 else "assistant", f"{i} " + "x" * 40)
        starts.append(clone.prompt()[1])
    changes = sum(a != b for a, b in itertools.pairwise(starts))
    assert changes <= 300 / 8


def sound(*shape: int, value: float = 0.1) -> np.ndarray:
    return np.full(shape, value, np.float32)


@pytest.mark.parametrize(
    "samples",
    [sound(0), sound(100, 2), sound(100, value=np.nan), sound(100, value=np.inf), np.float32(0.5), sound(1, 100)],
)
def test_sound_that_is_none(samples: np.ndarray) -> None:
    with pytest.raises(ValueError, match="sound"):
        prepare(Audio(samples, RATE))


@pytest.mark.parametrize("rate", [0, -1])
def test_a_rate_that_is_none(rate: int) -> None:
    with pytest.raises(ValueError, match="rate"):
        prepare(Audio(sound(100), rate))


@pytest.mark.parametrize("rate", [8000, 11_025, RATE, 44_100, 48_000, 96_000, 192_000, 12_345])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sound_is_brought_to_the_rate_of_the_stages(rate: int, dtype: type) -> None:
    audio = prepare(Audio(np.sin(np.arange(rate) * 440 * 2 * np.pi / rate).astype(dtype), rate))
    assert isinstance(audio, Audio)
    assert (audio.rate, audio.samples.dtype) == (RATE, np.float32)
    assert abs(len(audio.samples) - RATE) <= 1
    spectrum = np.abs(np.fft.rfft(audio.samples))
    assert np.argmax(spectrum) * RATE / len(audio.samples) == pytest.approx(440, abs=2)


def test_one_sample_is_answered(ada: Path) -> None:
    events = list(Clone.open("ada").reply(Audio(sound(1), 48_000)))
    assert events[0] == Heard("")
    assert isinstance(events[-1], Done)
