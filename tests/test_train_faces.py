"""The recipe of `avatar/photo/face_mesh.onnx`: its network begins as MediaPipe's, learns, goes on where it was stopped,
and its file is the network."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digiclone import weights
from digiclone.avatar.assets import Assets
from digiclone.avatar.photo import networks
from digiclone.avatar.photo.fit import find_places, whole_model

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")
onnx = pytest.importorskip("onnx", reason="training needs the extra: pip install 'digiclone[train]'")

from digiclone.nn.face_mesh import SIDE, BothWays, FaceMesh, taught_on_photos  # noqa: E402
from digiclone.train import face_export, faces  # noqa: E402
from digiclone.train.drawings import drawings  # noqa: E402
from digiclone.train.glimpses import cut, mirrored, spoilt  # noqa: E402

pytestmark = pytest.mark.model

TINY = faces.Recipe(people=12, judged=4, looks=2, steps=40, rows=6)


@pytest.fixture(scope="module")
def net() -> FaceMesh:
    return taught_on_photos(weights.path(networks.MESH)).eval()


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the tiny recipe's people are drawn."""
    folder = tmp_path_factory.mktemp("faces")
    faces.drawn(TINY, folder / "drawn")
    return folder


def the_file(drawn: Path) -> Path:
    """Where all of the tiny recipe's drawings are."""
    (file,) = (drawn / "drawn").iterdir()
    return file


# -- the network and its file -----------------------------------------------------------------------------------------


def test_untaught_it_is_mediapipes_network(net: FaceMesh) -> None:
    picture = np.random.default_rng(1).uniform(0, 1, (SIDE, SIDE, 3)).astype(np.float32)
    theirs = networks.run(networks.MESH, picture)[0].reshape(-1, 3)
    with torch.no_grad():
        ours = net(torch.from_numpy(picture.transpose(2, 0, 1)[None]))[0].numpy()
    assert np.abs(ours - theirs).max() < 1e-3


def test_both_ways_a_mirror_image_is_the_mirrored_face(loaded: Assets, net: FaceMesh) -> None:
    mirror = mirrored(find_places().of(loaded.base_mesh.vertices))
    pictures = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        seen, turned = (BothWays(net, mirror)(p)[0] for p in (pictures, pictures.flip(3)))
    assert torch.allclose(turned[mirror, 0], SIDE - seen[:, 0], atol=1e-2)
    assert torch.allclose(turned[mirror, 1:], seen[:, 1:], atol=1e-2)


def test_the_file_is_the_network(net: FaceMesh, tmp_path: Path) -> None:
    place = tmp_path / "face_mesh.onnx"
    assert face_export.write(net, place, {"made_by": "a test"}) < face_export.TOLERANCE
    assert {p.key: p.value for p in onnx.load(place).metadata_props} == {"made_by": "a test"}
    assert [p.name for p in tmp_path.iterdir()] == [place.name]


def test_a_file_that_is_not_the_network_is_not_written(
    net: FaceMesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = face_export.encode(FaceMesh(), {})
    monkeypatch.setattr(face_export, "encode", lambda *_: other)
    with pytest.raises(face_export.Differs, match="pixels"):
        face_export.write(net, tmp_path / "face_mesh.onnx", {})
    assert not list(tmp_path.iterdir())


def test_the_shipped_file_says_where_it_comes_from() -> None:
    said = {p.key: p.value for p in onnx.load(networks.TAUGHT).metadata_props}
    assert "digiclone.train.faces" in said["made_by"]
    assert said["recipe"] == repr(faces.Recipe())


# -- what it learns from ----------------------------------------------------------------------------------------------


def test_a_drawing_is_its_number(loaded: Assets, drawn: Path) -> None:
    with np.load(the_file(drawn)) as stored:
        pictures, points = stored["pictures"], stored["points"]
    (again,) = drawings(loaded, whole_model(loaded), find_places(), range(13, 14))
    assert np.array_equal(again.picture, pictures[13])
    assert np.array_equal(again.points, points[13])


def test_drawings_are_not_drawn_twice(drawn: Path) -> None:
    file = the_file(drawn)
    before = file.stat().st_mtime_ns
    faces.drawn(TINY, drawn / "drawn")
    assert file.stat().st_mtime_ns == before


def test_a_cut_shows_the_face_upright_and_its_points_stay_on_it(drawn: Path) -> None:
    with np.load(the_file(drawn)) as stored:
        pictures, points = (torch.from_numpy(stored[name]) for name in ("pictures", "points"))
    marked = torch.zeros_like(pictures)
    tip = 4
    for index, (x, y) in enumerate(points[:, tip, :2].long().tolist()):
        marked[index, y - 2 : y + 3, x - 2 : x + 3] = 255
    for chance in (None, torch.Generator().manual_seed(0)):
        seen, moved = cut(marked, points, chance)
        for face, (x, y, _) in zip(seen, moved[:, tip].tolist(), strict=True):
            rows, columns = torch.nonzero(face[0] > 0.5).float().mean(0).tolist()
            assert np.hypot(columns + 0.5 - x, rows + 0.5 - y) < 2
    assert (moved[:, 263, 0] > moved[:, 33, 0]).all()


def test_mirrored_twice_is_the_same_face(loaded: Assets) -> None:
    mirror = mirrored(find_places().of(loaded.base_mesh.vertices))
    assert torch.equal(mirror[mirror], torch.arange(len(mirror)))
    assert (mirror[33], mirror[61], mirror[4]) == (263, 291, 4)


@given(st.integers(0, 2**31))
@settings(max_examples=10)
def test_spoilt_faces_stay_pictures(seed: int) -> None:
    chance = torch.Generator().manual_seed(seed)
    faces_, points = torch.rand(5, 3, SIDE, SIDE, generator=chance), torch.rand(5, 468, 3, generator=chance) * SIDE
    seen, moved = spoilt(faces_, points, torch.arange(468), chance)
    assert seen.min() >= 0
    assert seen.max() <= 1
    assert torch.equal(moved[..., 1:], points[..., 1:])


@given(st.integers(0, 2**31))
def test_no_similarity_is_an_error_of_shape(seed: int) -> None:
    draw = np.random.default_rng(seed)
    truth = torch.from_numpy(draw.normal(0, 40, (2, 468, 3))).float()
    turn, _ = np.linalg.qr(draw.normal(0, 1, (3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    moved = float(draw.uniform(0.5, 2)) * truth @ torch.from_numpy(turn).float() + 10
    assert faces.errors(moved, truth)[2].max() < 1e-3


# -- the training -----------------------------------------------------------------------------------------------------


def test_it_learns_and_goes_on_where_it_was_stopped(drawn: Path, net: FaceMesh, tmp_path: Path) -> None:
    files = faces.drawn(TINY, drawn / "drawn")
    learnt, judged = faces.material(TINY, net, files)
    assert learnt.count == len(learnt.points) == 24
    assert judged.count == len(judged.points) == 4

    def taught() -> FaceMesh:
        torch.manual_seed(0)
        return taught_on_photos(weights.path(networks.MESH))

    whole = taught()
    before = faces.judge(whole, learnt)
    faces.fit(TINY, whole, learnt, judged, tmp_path / "whole")
    assert faces.judge(whole, learnt)[2] < 0.8 * before[2]
    stopped = taught()

    class Killed(Exception):
        """As if the power had failed."""

    def killed(*_: object) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faces, "KEEP", 10)
        told = faces.judge
        patch.setattr(
            faces, "judge", lambda *given: killed() if (tmp_path / "part" / "net.pt").exists() else told(*given)
        )
        with pytest.raises(Killed):
            faces.fit(TINY, stopped, learnt, judged, tmp_path / "part")
    resumed = taught()
    faces.fit(TINY, resumed, learnt, judged, tmp_path / "part")
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5)
