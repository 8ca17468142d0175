"""From a photo's pixels to an even skin: light, mirror, fill, and the file that keeps a face."""

import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digiclone.avatar.human import Human
from digiclone.avatar.photo import face, fill, light, masks
from digiclone.avatar.photo.face import HEIGHT, WIDTH, Face, Guess
from digiclone.avatar.photo.skin import shine
from digiclone.config import ConfigError


def sphere(count: int, seed: int) -> np.ndarray:
    normals = np.random.default_rng(seed).standard_normal((count, 3))
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)


@given(seed=st.integers(0, 2**32 - 1))
def test_light_from_the_side_is_taken_out_whatever_it_was(seed: int) -> None:
    draw = np.random.default_rng(seed)
    normals = sphere(3000, seed)
    strength = draw.uniform(-0.5, 0.5, 3)
    logs = draw.uniform(-2, 0, 3) + normals[:, :1] * strength
    flat = logs - light.lighting(logs, normals, np.ones(3000))
    # the ridge leaves a little of it
    assert np.abs(flat.std(axis=0)).max() < 0.1 * np.abs(strength).max() + 1e-6
    assert np.allclose(flat.mean(axis=0), logs.mean(axis=0), atol=1e-6)


def test_a_beard_is_not_light() -> None:
    normals = sphere(4000, 1)
    bearded = normals[:, 1] < -0.7
    logs = np.full((4000, 3), -0.7)
    logs[bearded] -= 1.0
    flat = logs - light.lighting(logs, normals, np.ones(4000))
    contrast = flat[~bearded].mean() - flat[bearded].mean()
    assert contrast > 0.5


def test_what_is_not_sure_says_nothing_about_the_light() -> None:
    normals = sphere(4000, 2)
    sure = (normals[:, 0] > 0).astype(float)
    logs = np.where(sure[:, None] > 0, -0.5, -5.0) * np.ones((1, 3))
    found = light.lighting(logs, normals, sure)
    assert np.abs(found[sure > 0]).max() < 0.05


@pytest.mark.parametrize("painted", [True, False])
def test_a_lamp_mirrored_in_wet_lips_is_toned_down_and_lips_are_not(painted: bool) -> None:
    logs = np.full((120, 120, 3), -0.5, np.float32)
    lips = np.zeros((120, 120, 1), np.float32)
    if painted:
        lips[40:80, 20:100], logs[40:80, 20:100] = 1, -1.2
    logs[50:70, 50:70] = -0.6
    found = shine(logs, np.ones((120, 120, 1), np.float32), lips)
    assert found.max() <= (0.6 if painted else 0)
    assert (found[60, 60] > 0.15) == painted
    assert found[60, 25] == 0
    assert found[10, 10] == 0
    assert shine(logs, (lips == 0).astype(np.float32), lips)[10, 10] == 0, "no lip was seen"


@given(seed=st.integers(0, 2**32 - 1), height=st.integers(1, 40), width=st.integers(1, 40))
def test_filling_keeps_what_is_known_and_stays_within_it(seed: int, height: int, width: int) -> None:
    draw = np.random.default_rng(seed)
    values = draw.random((height, width, 2), dtype=np.float32)
    known = (draw.random((height, width)) < 0.3).astype(np.float32)
    if not known.any():
        known[0, 0] = 1
    full = fill.diffuse(values, known)
    assert np.allclose(full[known == 1], values[known == 1], atol=1e-5)
    for channel in range(2):
        there = values[..., channel][known == 1]
        assert full[..., channel].min() >= there.min() - 1e-4
        assert full[..., channel].max() <= there.max() + 1e-4


def test_a_blend_has_no_seam_keeps_the_detail_below_and_fades() -> None:
    draw = np.random.default_rng(0)
    under = np.clip(0.4 + 0.05 * draw.standard_normal((120, 300, 3)), 0.05, 1).astype(np.float32)
    top = np.full((120, 300, 3), 0.8, dtype=np.float32)
    share = np.zeros((120, 300), dtype=np.float32)
    share[:, :150] = 1
    both = fill.blend(top, share, under)
    assert np.allclose(both[:, :145], 0.8, atol=1e-3)
    across = np.log(both).mean(axis=(0, 2))
    assert across[152] == pytest.approx(np.log(0.8), abs=0.15)
    assert np.abs(np.diff(across)).max() < 0.15
    assert np.allclose(both[:, 260:], under[:, 260:], atol=1e-3)
    rim = slice(153, 175)
    assert np.corrcoef(np.log(both[:, rim]).ravel(), np.log(under[:, rim]).ravel())[0, 1] > 0.5


def test_a_ring_of_landmarks_marks_its_inside() -> None:
    points = np.zeros((468, 2))
    ring = (1, 2, 3, 4)
    points[list(ring)] = [[10, 10], [30, 10], [30, 20], [10, 20]]
    exact, grown = masks.inside(points, ring, 40, 50), masks.inside(points, ring, 40, 50, 3)
    shrunk = masks.inside(points, ring, 40, 50, -3)
    assert [exact[15, 20], exact[15, 35], exact[25, 20]] == [True, False, False]
    assert shrunk.sum() < exact.sum() < grown.sum()
    assert not (exact & ~grown).any()
    assert not (shrunk & ~exact).any()


def some_face() -> Face:
    draw = np.random.default_rng(3)
    skin = np.full((HEIGHT, WIDTH, 3), (0.7, 0.5, 0.4), dtype=np.float32)
    seen = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    seen[500:900, 300:700] = 1
    human = Human(gender=0.25, age=41.0, features={"nose/nose-hump-incr": 0.5})
    return Face(draw.standard_normal((19158, 3)), human, skin, seen, (0.7, 0.5, 0.4), Guess("bob01", "#55392a", None))


def test_a_face_is_what_it_was_after_a_round_trip(tmp_path: Path) -> None:
    one = some_face()
    file = tmp_path / "face.npz"
    file.write_bytes(one.save())
    two = face.load(file)
    assert np.allclose(one.vertices, two.vertices, atol=1e-6)
    assert np.abs(one.skin - two.skin).max() < 0.03
    assert np.array_equal(one.seen, two.seen)
    assert (one.human, one.tone, one.guess) == (two.human, two.tone, two.guess)


@pytest.mark.parametrize("cut", [0, 1, 100, 5000])
def test_a_cut_face_says_so(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "face.npz"
    file.write_bytes(some_face().save()[:cut])
    with pytest.raises(ConfigError, match="damaged"):
        face.load(file)


@given(st.data())
def test_a_garbled_face_says_so_or_still_is_one(data: st.DataObject) -> None:
    whole = bytearray(_SAVED)
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "face.npz"
        file.write_bytes(bytes(whole))
        with suppress(ConfigError):
            assert face.load(file).skin.shape == (HEIGHT, WIDTH, 3)


_SAVED = some_face().save()
