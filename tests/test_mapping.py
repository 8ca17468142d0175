"""Our shapes made of theirs: on the naming schemes of real programs, on odd names, and in mapping.toml."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from avatar_files import ARKIT_HEAD, KINDS, OCULUS_HEAD, Spec, avatar, vrm0
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from digiclone.avatar import folder
from digiclone.avatar.foreign import adopt, mapfile
from digiclone.avatar.foreign.inspect import inspect_bytes
from digiclone.avatar.foreign.mapping import MOST_GAIN, OURS, SPOKEN, detect, identity
from digiclone.avatar.foreign.vocabulary import PHONES, PHRASES
from digiclone.avatar.visemes import ARKIT, VISEMES, viseme_weights
from digiclone.cli import app
from digiclone.config import ConfigError

SCHEMES = tomllib.loads((Path(__file__).parent / "avatar_schemes.toml").read_text("utf-8"))
OVR = {"I": "ih", "O": "oh", "U": "ou"}


def short(name: str) -> str:
    """browDownLeft as browDown_L; jawLeft stays."""
    base = name.removesuffix("Left").removesuffix("Right")
    return name if base in (name, "jaw", "mouth") else f"{base}_{name[len(base)]}"


def snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


def capital(name: str) -> str:
    return name[0].upper() + name[1:]


FORMS: dict[str, Callable[[str], str]] = {
    "ARKit": str,
    "Live Link Face": capital,
    "Faceit, three.js face cap": short,
    "Unity sample": lambda name: f"blendShape2.{short(name)}",
    "snake case": snake,
    "kebab case": lambda name: snake(name).replace("_", "-"),
    "Wolf3D prefix": lambda name: f"Wolf3D_Head.{name}",
    "MetaHuman-like prefix": lambda name: f"CTRL_expressions_{name}",
    "Rocketbox": lambda name: f"AK_{ARKIT.index(name):02}_{capital(name)}",
    "Character Creator 3": lambda name: f"A{ARKIT.index(name):02}_{capital(snake(name))}",
    "FBX deformer": lambda name: f"head_geo|blendShape1.{name}",
    "upper case": str.upper,
}


@pytest.mark.parametrize("form", FORMS)
def test_arkit_in_every_dress(form: str) -> None:
    dress = FORMS[form]
    mapped = detect([dress(name) for name in ARKIT])
    assert {ours: mapped.table[ours] for ours in ARKIT} == {ours: {dress(ours): 1.0} for ours in ARKIT}
    assert {mapped.how[ours] for ours in ARKIT} == {"direct"}
    for viseme in VISEMES[1:]:
        assert mapped.how[f"viseme_{viseme}"] == "made"
        wanted = {dress(shape): pytest.approx(gain) for shape, gain in viseme_weights(viseme).items()}
        assert mapped.table[f"viseme_{viseme}"] == wanted, "by our own table"


SOUNDS: dict[str, Callable[[str], str]] = {
    "glTF": lambda name: f"viseme_{name}",
    "Oculus LipSync": lambda name: OVR.get(name, name),
    "VRChat": lambda name: f"vrc.v_{OVR.get(name, name).lower()}",
    "Rocketbox": lambda name: f"AA_VI_{VISEMES.index(name):02}_{name}",
    "prefixed": lambda name: f"Head.viseme_{name}",
    "upper case": lambda name: f"VISEME_{name.upper()}",
}


@pytest.mark.parametrize("form", SOUNDS)
@pytest.mark.parametrize("arkit_too", [False, True])
def test_the_visemes_of_oculus(form: str, arkit_too: bool) -> None:
    dress = SOUNDS[form]
    mapped = detect([*map(dress, VISEMES), *(ARKIT if arkit_too else ())])
    assert {ours: mapped.table[ours] for ours in SPOKEN} == {f"viseme_{n}": {dress(n): 1.0} for n in VISEMES[1:]}


@pytest.mark.parametrize("name", SCHEMES["known"])
def test_a_scheme_is_mapped_as_it_must_be(name: str) -> None:
    scheme = SCHEMES["known"][name]
    table = detect(scheme["names"]).table
    assert {ours: sorted(table[ours]) for ours in scheme["wanted"]} == {
        k: sorted(v) for k, v in scheme["wanted"].items()
    }


def test_schemes_never_seen_before_are_mostly_right() -> None:
    """An honest figure: these names were looked up after the vocabulary was finished, and it was left as it was."""
    right: list[bool] = []
    for scheme in SCHEMES["unseen"].values():
        table = detect(scheme).table
        right += [theirs in table[ours] for theirs, ours in scheme.items() if ours]
    assert len(right) > 100
    assert sum(right) / len(right) >= 0.94


def test_the_vocabulary_has_every_shape() -> None:
    bases = {name.removesuffix("Left").removesuffix("Right") if name not in PHRASES else name for name in ARKIT}
    assert bases == set(PHRASES)
    assert set(PHONES) == set(VISEMES[1:])


def test_a_perfect_sync_vrm_speaks_its_own_vowels() -> None:
    mapped = detect([*"aa ih ou ee oh blink".split(), *map(capital, ARKIT)])  # noqa: SIM905
    assert mapped.table["viseme_aa"] == {"aa": 1.0}
    assert mapped.table["viseme_FF"].keys() >= {"MouthRollLower"}, "and its consonants by ARKit"


def test_halves_of_a_whole_make_the_whole() -> None:
    table = detect(["blink", "mouthOpen", "lookLeft"]).table
    assert table["eyeBlinkLeft"] == table["eyeBlinkRight"] == {"blink": 0.5}
    assert table["eyeLookOutLeft"] == table["eyeLookInRight"] == {"lookLeft": 0.5}


def test_one_open_mouth_drives_every_sound_but_closed_lips() -> None:
    mapped = detect(["mouthOpen"])
    opening = {ours: mapped.table[ours].get("mouthOpen", 0) for ours in SPOKEN}
    assert opening["viseme_PP"] == 0
    assert 0.4 < opening["viseme_aa"] < 0.9
    assert opening["viseme_aa"] > opening["viseme_E"] > opening["viseme_I"] > opening["viseme_SS"] > 0
    assert mapped.talks


def test_vowels_alone_make_consonants_with_the_lips_closed_where_they_must_be() -> None:
    mapped = detect("aa ih ou ee oh".split())  # noqa: SIM905
    assert mapped.table["viseme_PP"] == {}
    assert mapped.how["viseme_SS"] == "approximate"
    assert sum(mapped.table["viseme_FF"].values()) < 0.2
    assert all(mapped.table[ours] for ours in SPOKEN if ours != "viseme_PP")


def test_eyes_are_turned_by_bones_where_no_shape_does() -> None:
    assert detect(["jawOpen"], ["leftEye", "rightEye"]).how["eyeLookUpLeft"] == "bones"
    assert detect(["jawOpen"], ["leftEye"]).how["eyeLookUpLeft"] == "none"
    assert detect(["jawOpen", "eyeLookUpLeft"], ["leftEye", "rightEye"]).how["eyeLookUpLeft"] == "direct"


@pytest.mark.parametrize(
    "name", ["Key 1", "Nose Big", "Breast size", "E", "A", "mouth_neutral", "Expressions_mouthOpen_min", "", "あああ"]
)
def test_a_name_that_says_nothing_moves_nothing(name: str) -> None:
    assert not any(detect([name]).table.values())


OPENING = st.sampled_from(
    ["jawOpen", "mouthOpen", "aa", "oh", "V_Open", "Jaw_Drop", "viseme_aa", "vrc.v_aa", "あ", "Fcl_MTH_A"]
)
NAMES = st.lists(
    st.one_of(st.sampled_from([n for s in SCHEMES["known"].values() for n in s["names"]]), st.text(max_size=12)),
    max_size=80,
)


@given(NAMES, OPENING)
def test_whatever_the_names_a_mapping_is_sound(names: list[str], opening: str) -> None:
    targets = [*dict.fromkeys([*names, opening])]
    mapped = detect(targets)
    assert tuple(mapped.table) == tuple(mapped.how) == OURS
    for ours, sources in mapped.table.items():
        assert sources.keys() <= set(targets)
        assert all(0 < gain <= MOST_GAIN for gain in sources.values())
        assert (mapped.how[ours] in ("none", "bones")) == (not sources)
    assert opening not in mapped.table["viseme_PP"], "what opens a mouth does not close lips"


def test_our_own_heads_need_no_mapping() -> None:
    own = [*ARKIT, *(f"viseme_{name}" for name in VISEMES)]
    mapped = identity(own)
    assert mapped is not None
    assert mapped.table == {ours: {ours: 1.0} for ours in OURS}
    assert identity(ARKIT) is None


# -- mapping.toml


@pytest.fixture
def place(ada: Path, tmp_path: Path) -> Path:
    """The avatar folder of a clone that uses an ARKit head."""
    (tmp_path / "me.glb").write_bytes(avatar(ARKIT_HEAD))
    adopt.adopt(ada, tmp_path / "me.glb")
    return ada / "avatar"


def test_a_file_becomes_the_avatar(place: Path, ada: Path) -> None:
    assert (place / "avatar.glb").read_bytes() == avatar(ARKIT_HEAD)
    settings = folder.read(ada)
    assert (settings.source.kind, settings.source.name, len(settings.source.sha256)) == ("file", "me.glb", 64)
    assert settings.consent is not None
    assert settings.consent.statement == adopt.STATEMENT
    assert not [path for path in place.iterdir() if path.name.startswith(".")]
    table = tomllib.loads((place / "mapping.toml").read_text("utf-8"))["mapping"]
    assert table["viseme_aa"]["jawOpen"] == 0.48
    assert set(table) <= set(OURS)


def test_what_is_no_avatar_changes_nothing(place: Path, ada: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    for data in (b"not an avatar", avatar(Spec()), avatar(ARKIT_HEAD)[:-9]):
        (tmp_path / "bad.glb").write_bytes(data)
        with pytest.raises(ConfigError):
            adopt.adopt(ada, tmp_path / "bad.glb")
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before


def test_a_clone_without_an_avatar_stays_without(ada: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.glb").write_bytes(b"glTF")
    with pytest.raises(ConfigError):
        adopt.adopt(ada, tmp_path / "bad.glb")
    assert not (ada / "avatar").exists()


def test_another_avatar_has_another_mapping_and_the_look_stays(place: Path, ada: Path, tmp_path: Path) -> None:
    look = folder.read(ada).look.model_copy(update={"eyes": "#112233"})
    folder.write(ada, folder.read(ada).model_copy(update={"look": look}))
    (tmp_path / "other.glb").write_bytes(avatar(OCULUS_HEAD))
    adopt.adopt(ada, tmp_path / "other.glb")
    assert "viseme_aa = { viseme_aa = 1.0 }" in (place / "mapping.toml").read_text("utf-8")
    assert folder.read(ada).look.eyes == "#112233"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[mapping]\nviseme_ab = { jawOpen = 1.0 }", "did you mean 'viseme_aa'"),
        ("[mapping]\nviseme_aa = { jawOpn = 1.0 }", "did you mean 'jawOpen'"),
        ("[mapping]\nviseme_aa = { jawOpen = 3.0 }", "from -2 to 2"),
        ("[mapping]\nviseme_aa = { jawOpen = true }", "must be a number"),
        ("[mapping]\nviseme_aa = { jawOpen = nan }", "must be a number"),
        ("[mapping]\nviseme_aa = 1.0", "must be a table"),
        ("mapping = 1", "must be a table"),
        ("[maping]\n", "no section 'maping'"),
        ("[mapping\n", "mapping.toml"),
    ],
)
def test_a_mistake_in_the_file_is_told(place: Path, text: str, words: str) -> None:
    (place / "mapping.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=words):
        mapfile.talk(adopt.known(place / "avatar.glb"), place / "mapping.toml")


ODD = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(ODD, st.floats(-2, 2), st.sampled_from(OURS))
def test_any_name_survives_the_file(
    tmp_path_factory: pytest.TempPathFactory, name: str, gain: float, ours: str
) -> None:
    found = inspect_bytes(avatar(Spec({name: "jawOpen"})))
    (theirs,) = found.targets
    file = tmp_path_factory.mktemp("map") / "mapping.toml"
    mapped = mapfile.store(file, found, {ours: {theirs: gain}})
    assert mapfile.talk(found, file).table == mapped.table
    assert mapped.table[ours] == {theirs: gain}


# -- the commands


def run(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["avatar", *map(str, arguments)])
    if code:
        assert isinstance(result.exception, ConfigError)
        return str(result.exception)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_use_and_map(ada: Path, tmp_path: Path) -> None:
    (tmp_path / "egg.vrm").write_bytes(KINDS["new.vrm"]())
    shown = run("use", "ada", tmp_path / "egg.vrm")
    assert "aa × 1" in shown
    assert "Egg, by Test" in shown
    answer: Any = json.loads(run("map", "ada", "--set", "viseme_PP=aa:-0.2,oh:0.1", "--set", "viseme_aa=", "--json"))
    assert answer["mapping"]["viseme_PP"] == {"aa": -0.2, "oh": 0.1}
    assert answer["mapping"]["viseme_aa"] == {}
    assert answer["how"]["viseme_PP"] == "yours"
    assert "as you chose" in run("map", "ada", "--show")
    answer = json.loads(run("map", "ada", "--reset", "--set", "viseme_FF=ih", "--json"))
    assert (answer["mapping"]["viseme_PP"], answer["mapping"]["viseme_FF"]) == ({}, {"ih": 1.0})
    assert answer["mapping"]["viseme_aa"] == {"aa": 1.0}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("viseme_PP", "write OURS=THEIRS:GAIN"),
        ("viseme_P=jawOpen:1", "did you mean 'viseme_PP'"),
        ("viseme_PP=jawOpe:1", "did you mean 'jawOpen'"),
        ("viseme_PP=jawOpen:much", "not a number"),
        ("viseme_PP=jawOpen:9", "from -2 to 2"),
    ],
)
def test_a_mistake_in_a_setting_is_told_and_changes_nothing(place: Path, setting: str, words: str) -> None:
    before = (place / "mapping.toml").read_bytes()
    assert words in run("map", "ada", "--reset", "--set", setting, code=1)
    assert (place / "mapping.toml").read_bytes() == before


def test_the_commands_say_what_to_do(ada: Path, tmp_path: Path) -> None:
    assert "default head" in run("map", "ada", code=1)
    assert "there is no clone" in run("use", "bob", tmp_path / "x.glb", code=1)
    assert "No such file" in run("use", "ada", tmp_path / "x.glb", code=1)
    (tmp_path / "x.glb").write_bytes(b"Kaydara FBX")
    assert "x.glb: this is an FBX file" in run("use", "ada", tmp_path / "x.glb", code=1)
    (tmp_path / "odd.glb").write_bytes(avatar(Spec({"Key 1": "jawOpen"})))
    assert "--set viseme_aa=" in run("use", "ada", tmp_path / "odd.glb")
    (tmp_path / "mine.vrm").write_bytes(vrm0({"a": "viseme_aa"}, allowed="OnlyAuthor"))
    assert "only its author" in run("use", "ada", tmp_path / "mine.vrm")
