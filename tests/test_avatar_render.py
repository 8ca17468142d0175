"""The renderer's parts: triangles to pixels, the camera, and a picture of known shapes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from digiclone.avatar import glb, raster, texture
from digiclone.avatar.camera import Camera, look_at, turn
from digiclone.avatar.glb import Material, Part
from digiclone.avatar.render import render, sample

Floats = NDArray[np.float64]


def brute_force(points: Floats, faces: NDArray[np.int64], width: int, height: int) -> Floats:
    """Depth at every pixel, one pixel and one triangle at a time."""
    depth = np.full((height, width), np.inf)
    for y in range(height):
        for x in range(width):
            for a, b, c in points[faces]:
                matrix = np.array([[a[0], b[0], c[0]], [a[1], b[1], c[1]], [1, 1, 1]])
                if abs(np.linalg.det(matrix)) < 1e-6:
                    continue
                weights = np.linalg.solve(matrix, [x + 0.5, y + 0.5, 1])
                if weights.min() > -raster.SLACK:
                    depth[y, x] = min(depth[y, x], weights @ [a[2], b[2], c[2]])
    return depth


@given(seed=st.integers(0, 2**32 - 1), spread=st.sampled_from([2.0, 12.0, 60.0]))
def test_what_is_seen_is_what_a_search_of_all_triangles_sees(seed: int, spread: float) -> None:
    draw = np.random.default_rng(seed)
    points = np.c_[draw.uniform(-spread, spread + 9, (12, 2)), draw.uniform(1, 5, 12)]
    faces = draw.integers(0, 12, (9, 3))
    cover = raster.zbuffer(points, faces, 9, 7)
    depth = brute_force(points, faces, 9, 7)
    assert np.allclose(cover.depth, depth)
    assert np.array_equal(cover.face >= 0, np.isfinite(depth))


@given(seed=st.integers(0, 2**32 - 1))
def test_weights_lead_back_to_the_pixel(seed: int) -> None:
    draw = np.random.default_rng(seed)
    points, faces = draw.uniform(-5, 40, (20, 2)), draw.integers(0, 20, (15, 3))
    seen = raster.fragments(points, faces, 32, 24)
    centre = np.stack([seen.pixel % 32, seen.pixel // 32], axis=1) + 0.5
    assert np.allclose(seen.at(faces, points), centre)
    assert np.allclose(seen.weights.sum(axis=1), 1)


def test_nothing_on_the_picture_covers_nothing() -> None:
    points, faces = np.array([[-9.0, -9, 1], [-8, -9, 1], [-9, -8, 1]]), np.array([[0, 1, 2], [0, 0, 1]])
    assert (raster.zbuffer(points, faces, 4, 4).face == -1).all()


@pytest.mark.parametrize("size", [1, 7, 300])
def test_one_triangle_over_everything_covers_everything(size: int) -> None:
    points = np.array([[-1000.0, -1000, 2], [3000, -1000, 2], [-1000, 3000, 2]])
    cover = raster.zbuffer(points, np.array([[0, 1, 2]]), size, size)
    assert (cover.face == 0).all()
    assert np.allclose(cover.depth, 2)


def test_the_head_turns_left_down_and_to_its_left_shoulder() -> None:
    nose = np.array([0.0, 0, 1])
    assert (turn(0.3) @ nose)[0] > 0.2  # its left is +X
    assert (turn(0, 0.3) @ nose)[1] < -0.2
    assert (turn(0, 0, 0.3) @ np.array([0.0, 1, 0]))[0] > 0.2


@given(st.floats(-1, 1), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_turns_are_rotations(yaw: float, pitch: float, roll: float) -> None:
    rotation = turn(yaw, pitch, roll)
    assert np.allclose(rotation @ rotation.T, np.eye(3))
    assert np.isclose(np.linalg.det(rotation), 1)


def test_a_camera_sees_its_target_in_the_middle_and_up_is_up() -> None:
    camera = look_at(np.array([1.0, 2, 3]), 4.0, 100.0, (50, 40), turn(0.4, 0.1))
    assert np.allclose(camera.project(np.array([[1.0, 2, 3]])), [[50, 40, 4]])
    front = look_at(np.zeros(3), 4.0, 100.0, (50, 40), turn(0))
    right, up, near = front.project(np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]))
    assert right[0] > 50
    assert up[1] < 40
    assert near[2] < 4
    assert np.allclose(front.position, [0, 0, 4])


def _square(name: str, depth: float, material: Material) -> Part:
    corners = np.array([[-1.0, -1, depth], [1, -1, depth], [1, 1, depth], [-1, 1, depth]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    normals = np.tile([0.0, 0, 1], (4, 1))
    return Part(name, corners, normals, np.array([[0.0, 1], [1, 1], [1, 0], [0, 0]]), faces, material)


FRONT = Camera(np.diag([1.0, -1, -1]), np.array([0.0, 0, 5]), 40.0, (10, 10))


def test_the_nearer_hides_the_farther_in_any_order() -> None:
    red, green = Material("r", color=(1, 0, 0, 1), glow=1), Material("g", color=(0, 1, 0, 1), glow=1)
    parts = [_square("near", 1, red), _square("far", 0, green)]
    for order in (parts, parts[::-1]):
        assert render(order, FRONT, 20, 20)[10, 10] == pytest.approx([1, 0, 0, 1])


def test_the_back_of_a_surface_is_seen_only_where_it_is_double_sided() -> None:
    behind = Camera(np.diag([-1.0, -1, 1]), np.array([0.0, 0, 5]), 40.0, (10, 10))
    for double, alpha in ((False, 0.0), (True, 1.0)):
        part = _square("s", 0, Material("m", double_sided=double))
        assert render([part], behind, 20, 20)[10, 10, 3] == alpha


def test_what_is_cut_out_shows_what_is_behind_and_glass_mixes() -> None:
    holes = np.zeros((4, 4, 4), dtype=np.float32)
    holes[:, 2:] = 1.0
    cut = Material("cut", texture.png("holes", holes), alpha="MASK", glow=1)
    wall = _square("wall", 0, Material("wall", color=(0, 0, 1, 1), glow=1))
    picture = render([_square("cut", 1, cut), wall], FRONT, 20, 20)
    assert picture[10, 4] == pytest.approx([0, 0, 1, 1])
    assert picture[10, 15] == pytest.approx([1, 1, 1, 1])
    glass = Material("glass", color=(1, 0, 0, 0.5), alpha="BLEND", glow=1)
    mixed = render([_square("glass", 1, glass), wall], FRONT, 20, 20)[10, 10]
    assert mixed == pytest.approx([0.5, 0, 0.5, 1], abs=0.02)


def test_a_shape_moves_what_is_drawn() -> None:
    part = _square("s", 0, Material("m"))
    lifted = glb.Part(
        part.name,
        part.positions,
        part.normals,
        part.uvs,
        part.faces,
        part.material,
        {"up": np.tile([0.0, 9, 0], (4, 1))},
    )
    assert render([lifted], FRONT, 20, 20)[10, 10, 3] == 1
    assert render([lifted], FRONT, 20, 20, {"up": 1.0})[10, 10, 3] == 0


def test_light_falls_from_where_it_is() -> None:
    part = _square("s", 0, Material("m"))
    ahead = render([part], FRONT, 20, 20, lights=(((0, 0, 1), 0.5),))[10, 10, 0]
    behind = render([part], FRONT, 20, 20, lights=(((0, 0, -1), 0.5),))[10, 10, 0]
    assert ahead > behind > 0


@given(seed=st.integers(0, 2**32 - 1))
def test_samples_between_texels_are_between_their_values(seed: int) -> None:
    draw = np.random.default_rng(seed)
    picture = draw.random((5, 6, 2), dtype=np.float32)
    centres = np.argwhere(np.ones((5, 6)))[:, ::-1].astype(np.float64) + 0.5
    assert np.allclose(sample(picture, centres), picture.reshape(-1, 2), atol=1e-6)
    anywhere = sample(picture, draw.uniform(-9, 15, (50, 2)))
    assert np.array_equal(anywhere, np.clip(anywhere, picture.min() - 1e-6, picture.max() + 1e-6))
