"""From landmarks to a head: on people who do not exist, about whom everything is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from digiclone.avatar.assets import Assets
from digiclone.avatar.mesh import triangles
from digiclone.avatar.photo import correspond, landmarks
from digiclone.avatar.photo.fit import Fit, find_places, fit, shape_head, sight_of, trust_of, whole_model
from digiclone.avatar.photo.landmarks import Landmarks
from digiclone.avatar.photo.people import Somebody, somebody
from digiclone.avatar.photo.pose import Pose, first_guess
from digiclone.avatar.photo.read import Photo, PhotoError
from digiclone.avatar.photo.solve import prior, solve
from digiclone.avatar.photo.warp import flipped

NUMBERS = (70_001, 70_002, 70_003)


@pytest.fixture(scope="module")
def people(loaded: Assets) -> list[Somebody]:
    return [somebody(loaded, whole_model(loaded), number) for number in NUMBERS]


@pytest.fixture(scope="module")
def fitted(loaded: Assets, people: list[Somebody]) -> list[Fit]:
    return [fit(Photo(who.picture, "", "drawn"), loaded) for who in people]


# -- pose


def some_pose(seed: int) -> Pose:
    draw = np.random.default_rng(seed)
    rotation = np.diag([1.0, -1, -1]) @ Rotation.from_rotvec(draw.normal(0, 0.3, 3)).as_matrix()
    return Pose(
        rotation, draw.normal(0, 1, 3), draw.normal(0, 0.5, 2), 80.0, float(draw.uniform(12, 30)), (300.0, 200.0)
    )


@given(st.integers(0, 2**32 - 1))
def test_slopes_of_the_pose_are_those_of_the_camera(seed: int) -> None:
    pose, points = some_pose(seed), np.random.default_rng(seed + 1).normal(0, 0.7, (9, 3))
    with_pose, with_point = pose.slopes(points)
    for index in range(7):
        step = np.eye(7)[index] * 1e-5
        ahead, behind = (pose.moved(s).camera.project(points) for s in (step, -step))
        assert np.allclose((ahead - behind) / 2e-5, with_pose[index], atol=0.05)
    for axis in range(3):
        step = np.eye(3)[axis] * 1e-5
        slope = (pose.camera.project(points + step) - pose.camera.project(points - step)) / 2e-5
        assert np.allclose(slope, with_point[:, :, axis], atol=0.05)


@given(st.integers(0, 2**32 - 1))
def test_the_first_guess_of_a_pose_is_near(seed: int) -> None:
    pose, points = some_pose(seed), np.random.default_rng(seed + 1).normal(0, 0.4, (60, 3))
    guess = first_guess(points, pose.camera.project(points)[:, :2], pose.centre)
    turned = Rotation.from_matrix(guess.rotation @ pose.rotation.T).magnitude()
    assert np.degrees(turned) < 25


# -- geometry


@given(st.integers(0, 2**32 - 1))
def test_the_closest_point_of_a_triangle_is_closest(seed: int) -> None:
    draw = np.random.default_rng(seed)
    corners, point = draw.normal(0, 1, (3, 3)), draw.normal(0, 1, 3)
    weights = correspond.closest_weights(point, corners)
    assert weights.min() >= -1e-9
    assert weights.sum() == pytest.approx(1)
    found = np.linalg.norm(weights @ corners - point)
    tried = draw.dirichlet([0.5] * 3, 300) @ corners
    assert found <= np.linalg.norm(tried - point, axis=1).min() + 1e-9


def test_a_folded_triangle_is_noticed() -> None:
    flat = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]])
    faces = np.array([[0, 1, 2], [1, 3, 2]])
    folded = flat.copy()
    folded[3] = [-0.5, -0.5, 0]
    assert list(flipped(flat, flat, faces)) == []
    assert list(flipped(flat, folded, faces)) == [1]


# -- the whole


def mean_head(loaded: Assets) -> np.ndarray:
    model = whole_model(loaded)
    return model.neutral(model.split(prior(model)[1])[0])


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Mean distance after taking out place and size, dm."""
    first, second = (points - points.mean(axis=0) for points in (one, other))
    return float(np.linalg.norm(first * (second**2).sum() ** 0.5 / (first**2).sum() ** 0.5 - second, axis=1).mean())


@pytest.mark.model
def test_exact_landmarks_give_the_head_back(loaded: Assets, people: list[Somebody]) -> None:
    places, model = find_places(), whole_model(loaded)
    for who in people:
        seen = who.camera.project(places.of(who.expressive))
        eyes = float(np.linalg.norm(seen[33, :2] - seen[263, :2]))
        deep = (seen[:, 2] - seen[:, 2].mean()) * who.camera.focal / seen[:, 2].mean()
        exact = Landmarks(np.c_[seen[:, :2], deep], 1.0, ((0, 0), (0, 0)))  # type: ignore[arg-type]
        assert exact.eye_distance == pytest.approx(eyes)
        found = solve(model.at(places), sight_of(exact, 640, 640))
        head = places.of(model.neutral(model.split(found.amounts)[0]))
        truth = places.of(who.vertices)
        assert apart(head, truth) < 0.4 * apart(places.of(mean_head(loaded)), truth)


@pytest.mark.model
def test_landmarks_lie_where_the_networks_see_them(people: list[Somebody]) -> None:
    misses: list[np.ndarray] = []
    for who in people:
        seen = landmarks.read_landmarks(who.picture)
        truth = who.camera.project(find_places().of(who.expressive))[:, :2]
        misses.append((seen.points[:, :2] - truth) / seen.eye_distance)
    assert np.linalg.norm(misses, axis=2).mean() < 0.03


@pytest.mark.model
def test_a_fit_meets_the_landmarks_and_folds_nothing(loaded: Assets, fitted: list[Fit]) -> None:
    body = triangles(loaded.base_mesh.quads[loaded.base_mesh.in_group("body")])
    for one in fitted:
        shown = one.camera.project(one.places.of(one.expressive))[:, :2]
        assert np.linalg.norm(shown - one.points, axis=1).mean() < 0.012 * one.landmarks.eye_distance
        assert not len(flipped(mean_head(loaded), one.vertices, body))


@pytest.mark.model
def test_eyes_stay_balls_behind_their_lids(loaded: Assets, fitted: list[Fit]) -> None:
    mesh = loaded.base_mesh
    for name in ("helper-l-eye", "helper-r-eye"):
        ball = np.unique(mesh.quads[mesh.in_group(name)])
        known = mesh.vertices[ball] - mesh.vertices[ball].mean(axis=0)
        for one in fitted:
            here = one.vertices[ball] - one.vertices[ball].mean(axis=0)
            scale = np.linalg.norm(here) / np.linalg.norm(known)
            assert 0.75 < scale < 1.35
            rotation, miss = Rotation.align_vectors(here / scale, known)[:2]
            assert miss / np.linalg.norm(known) < 0.02
            assert np.degrees(rotation.magnitude()) < 25


@pytest.mark.model
def test_a_held_out_landmark_is_foreseen(loaded: Assets, people: list[Somebody]) -> None:
    places, model, used = find_places(), whole_model(loaded), np.arange(landmarks.COUNT) % 5 != 0
    for who in people:
        seen = landmarks.read_landmarks(who.picture)
        found = solve(model.at(places), sight_of(seen, 640, 640, used))
        _, expressive, _ = shape_head(loaded, model, places, found, seen, trust_of(seen) * used)
        shown = found.pose.camera.project(places.of(expressive))[:, :2]
        assert np.linalg.norm(shown - seen.points[:, :2], axis=1)[~used].mean() < 0.015 * seen.eye_distance


@pytest.mark.model
def test_a_wall_has_no_face(loaded: Assets) -> None:
    with pytest.raises(PhotoError, match="no face"):
        fit(Photo(np.full((300, 300, 3), 0.6, dtype=np.float32), "", "wall.jpg"), loaded)


@pytest.mark.model
def test_two_faces_must_be_chosen_between(loaded: Assets, people: list[Somebody]) -> None:
    both = np.concatenate([people[0].picture, people[1].picture], axis=1)
    with pytest.raises(PhotoError, match=r"2 faces.*--face"):
        fit(Photo(both, "", "two.jpg"), loaded)
    right = fit(Photo(both, "", "two.jpg"), loaded, 2)
    assert right.points[:, 0].min() > people[0].picture.shape[1]
    with pytest.raises(PhotoError, match="no face 3"):
        fit(Photo(both, "", "two.jpg"), loaded, 3)


@pytest.mark.model
def test_a_small_face_says_how_small(loaded: Assets, people: list[Somebody]) -> None:
    small = people[0].picture[::10, ::10]
    with pytest.raises(PhotoError, match=r"pixels|no face"):
        fit(Photo(np.ascontiguousarray(small), "", "small.jpg"), loaded)
