"""The skeleton: on a tiny mesh, and on the real one."""

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from digiclone.avatar import assets
from digiclone.avatar.assets import Assets
from digiclone.avatar.mesh import Mesh
from digiclone.avatar.rig import Rig, read_rig, skeleton
from digiclone.avatar.skeleton import Skeleton, plant

FINGERS = ("Thumb", "Index", "Middle", "Ring", "Pinky")
SIDED = ("Shoulder", "Arm", "ForeArm", "Hand", "UpLeg", "Leg", "Foot", "ToeBase", "Eye")
NAMES = {
    "Hips", "Spine", "Spine1", "Spine2", "Neck", "Head", "HeadTop_End",
    *(side + name for side in ("Left", "Right") for name in SIDED),
    *(f"{side}Hand{finger}{n}" for side in ("Left", "Right") for finger in FINGERS for n in (1, 2, 3)),
}  # fmt: skip


# -- reading


def a_mesh() -> Mesh:
    """A body quad, a cube's worth of one more, two eyes, and what clothes hang on."""
    quads = np.arange(20).reshape(5, 4)
    names = ("body", "joint-neck", "helper-l-eye", "helper-r-eye", "helper-tights")
    vertices = np.arange(60, dtype=float).reshape(20, 3)
    return Mesh(vertices, quads, np.zeros((20, 2)), quads, np.arange(5), names)


def a_rig(**changes: object) -> bytes:
    def mean(*vertices: int) -> dict[str, object]:
        return {"strategy": "MEAN", "vertex_indices": list(vertices)}

    neck = {"strategy": "CUBE", "cube_name": "joint-neck"}
    bones = {
        "mixamorig:Head": {"head": mean(0, 1), "tail": mean(2, 3), "parent": "mixamorig:Hips"},
        "mixamorig:Hips": {"head": neck, "tail": mean(0), "parent": ""} | changes,
    }
    return json.dumps({"bones": bones}).encode()


def some_weights(last: int = 20) -> bytes:
    head = [[0, 0.5], *([vertex, 0.2] for vertex in range(1, last))]
    return json.dumps({"weights": {"mixamorig:Hips": [[0, 1.5]], "mixamorig:Head": head}}).encode()


def test_bones_are_read_parents_first_and_without_their_prefix() -> None:
    rig = read_rig(a_rig(), some_weights(), a_mesh())
    assert rig.names == ("Hips", "Head", "HeadTop_End", "LeftEye", "RightEye")
    assert rig.parents == (-1, 0, 1, 1, 1)
    assert [vertices.tolist() for vertices in rig.heads[:3]] == [[4, 5, 6, 7], [0, 1], [2, 3]]


def test_weights_are_shares_and_eyes_follow_their_own_joints() -> None:
    rig = read_rig(a_rig(), some_weights(), a_mesh())
    assert rig.weights[0].tolist() == [0.75, 0.25, 0, 0, 0]
    assert rig.weights[5].tolist() == [0, 1, 0, 0, 0]
    assert np.array_equal(rig.weights[8:12], np.tile([0, 0, 0, 1, 0], (4, 1)))
    assert np.array_equal(rig.weights[12:16], np.tile([0, 0, 0, 0, 1], (4, 1)))


def test_what_clothes_hang_on_follows_the_skin_beneath() -> None:
    mesh = a_mesh()
    mesh.vertices[17] = mesh.vertices[0] + [0, 0, 1e-4]
    weights = read_rig(a_rig(), some_weights(), mesh).weights
    assert weights[17] == pytest.approx(weights[0], abs=1e-3)
    assert 0 < weights[16, 0] < 0.75, "further off, between its neighbours"


def test_a_vertex_that_follows_no_bone_is_named() -> None:
    with pytest.raises(ValueError, match="vertex 6 of the base mesh follows no bone"):
        read_rig(a_rig(), some_weights(last=6), a_mesh())


def test_a_bone_placed_in_an_unknown_way_is_refused() -> None:
    with pytest.raises(ValueError, match="'XYZ'; only CUBE and MEAN"):
        read_rig(a_rig(head={"strategy": "XYZ"}), some_weights(), a_mesh())


def test_planting_and_unfolding_are_inverse() -> None:
    rng = np.random.default_rng(1)
    axes, positions = Rotation.from_rotvec(rng.normal(size=(6, 3))).as_matrix(), rng.normal(size=(6, 3))
    planted = plant(tuple("abcdef"), (-1, 0, 1, 1, 0, 4), positions, axes)
    places = planted.places()
    assert np.abs(places[:, :3, 3] - positions).max() < 1e-5
    assert np.abs(places[:, :3, :3] - axes).max() < 1e-5
    assert planted.children(1) == [2, 3]


# -- the real one


@pytest.fixture(scope="module")
def bones(loaded: Assets) -> tuple[Rig, Skeleton]:
    return loaded.rig, skeleton(loaded.rig, 0.1 * loaded.base_mesh.vertices)


@pytest.mark.model
def test_every_joint_that_programs_look_for_is_there(bones: tuple[Rig, Skeleton]) -> None:
    rig, planted = bones
    assert set(rig.names) == NAMES
    assert planted.names == rig.names
    assert all(parent < joint for joint, parent in enumerate(rig.parents))


@pytest.mark.model
def test_every_vertex_follows_some_joint(bones: tuple[Rig, Skeleton], loaded: Assets) -> None:
    rig, _ = bones
    assert rig.weights.shape == (len(loaded.base_mesh.vertices), len(rig.names))
    assert rig.weights.min() >= 0
    assert np.allclose(rig.weights.sum(axis=1), 1)
    body = loaded.base_mesh.vertices[:13380]
    nose = int(np.argmax(np.where(body[:, 1] > body[:, 1].max() - 2, body[:, 2], -np.inf)))
    assert rig.weights[nose, rig.names.index("Head")] == 1


@pytest.mark.model
def test_the_eyes_turn_about_the_middles_of_the_eyeballs(bones: tuple[Rig, Skeleton], loaded: Assets) -> None:
    rig, planted = bones
    for side, group in (("Left", "helper-l-eye"), ("Right", "helper-r-eye")):
        mesh = loaded.base_mesh
        ball = 0.1 * mesh.vertices[np.unique(mesh.quads[mesh.in_group(group)])]
        centre = planted.places()[rig.names.index(f"{side}Eye"), :3, 3]
        radii = np.linalg.norm(ball - centre, axis=1)
        assert radii.min() > 0.012
        assert radii.max() < 0.017


@pytest.mark.model
def test_axes_are_mixamos(bones: tuple[Rig, Skeleton]) -> None:
    """Y along the bone; knees bend about X, elbows and fingers too, so their Z looks ahead and out of the palm."""
    _, planted = bones
    axes = dict(zip(planted.names, planted.places()[:, :3, :3], strict=True))
    heads = dict(zip(planted.names, planted.places()[:, :3, 3], strict=True))
    for name in ("Hips", "Spine1", "Neck", "Head", "LeftEye"):
        assert np.allclose(axes[name], np.eye(3))
    for side, outward in (("Left", 1), ("Right", -1)):
        for name, end in (("Arm", "ForeArm"), ("ForeArm", "Hand"), ("UpLeg", "Leg"), ("Leg", "Foot")):
            along = heads[side + end] - heads[side + name]
            assert axes[side + name][:, 1] @ along / np.linalg.norm(along) == pytest.approx(1, abs=1e-4)
        assert axes[f"{side}Arm"][0, 1] * outward > 0.5
        assert axes[f"{side}Arm"][1, 2] < -0.5
        assert axes[f"{side}Leg"][2, 2] > 0.9
        assert axes[f"{side}ToeBase"][2, 1] > 0.9
        assert abs(axes[f"{side}Shoulder"][1, 1]) < 1e-4
    rights = np.diag([-1, 1, 1]) @ axes["RightArm"] @ np.diag([-1, 1, 1])
    assert np.abs(rights - axes["LeftArm"]).max() < 0.1, "one side is the other's mirror image"


@pytest.mark.model
def test_the_archive_holds_what_the_rig_is_read_from(loaded: Assets) -> None:
    assert json.loads(loaded[assets.RIG_WEIGHTS])["license"] == "CC0"
