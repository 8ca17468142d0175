"""The GLB writer on tiny inputs, and what the glTF validator says of them."""

import json
from dataclasses import replace
from pathlib import Path

import glbcheck
import numpy as np
import pytest
from glb_reader import Glb
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from digiclone.avatar import glb, quantise
from digiclone.avatar.glb import Material, Part
from digiclone.avatar.skeleton import Skeleton, plant

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c63606060f80f00010401005fe5c34b0000000049454e44ae426082"
)
MICROMETRE = 1e-6


def a_part(name: str = "Head", **changes: object) -> Part:
    positions = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.5]])
    part = Part(
        name,
        positions=positions,
        normals=np.tile([0.0, 0.0, 1.0], (4, 1)),
        uvs=positions[:, :2],
        faces=np.array([[0, 1, 2], [0, 2, 3]]),
        material=Material("Skin", glb.Image("skin", PIXEL, "image/png")),
    )
    return replace(part, **changes)  # pyright: ignore[reportArgumentType]  any field may change


def a_skeleton() -> Skeleton:
    """A root, a joint above it that looks sideways, and one to the side of that."""
    axes = np.stack([np.eye(3), Rotation.from_euler("y", 90, degrees=True).as_matrix(), np.eye(3)])
    return plant(("Hips", "Neck", "Head"), (-1, 0, 1), np.array([[0, 0, 0], [0, 1.0, 0], [0.5, 1.0, 0]]), axes)


def a_skinned_part(name: str = "Head", **changes: object) -> Part:
    """Two vertices follow the root, two the joint `Head`."""
    return a_part(name, weights=np.eye(3)[[0, 0, 2, 2]], **changes)


# -- numbers


@given(arrays(np.float64, st.tuples(st.integers(1, 30), st.just(3)), elements=st.floats(-1, 1)))
def test_a_face_shape_is_kept_to_less_than_a_fiftieth_of_a_millimetre(offsets: np.ndarray) -> None:
    assert np.abs(quantise.offsets(offsets) / 32767 - offsets).max() < 20 * MICROMETRE


def test_a_face_shape_in_the_wrong_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="are these metres"):
        quantise.offsets(np.array([[0.0, 25.0, 0.0]]))


weights_of_vertices = st.integers(1, 9).flatmap(
    lambda joints: arrays(np.float64, st.tuples(st.integers(1, 20), st.just(joints)), elements=st.floats(0, 1)),
)


@given(weights_of_vertices)
def test_the_strongest_four_joints_share_each_vertex(weights: np.ndarray) -> None:
    weights[:, 0] += 0.01
    joints, shares = quantise.influences(weights)
    assert np.array_equal(shares.sum(axis=1, dtype=int), np.full(len(weights), 255))
    assert np.all(joints[shares == 0] == 0), "the validator wants the rest to be no joint"
    for row, joint, share in zip(weights, joints, shares, strict=True):
        strongest = np.sort(row)[::-1][:4]
        used = share > 0
        assert len(set(joint[used].tolist())) == used.sum()
        assert np.abs(np.sort(row[joint[used]] / strongest.sum()) - np.sort(share[used] / 255)).max() < 4 / 255


def test_a_vertex_without_a_joint_is_refused() -> None:
    with pytest.raises(ValueError, match="vertex 1 follows no joint"):
        quantise.influences(np.array([[1.0, 0.0], [0.0, 0.0]]))


def test_texture_coordinates_outside_the_picture_stay_what_they_are() -> None:
    inside, outside = np.array([[0.0, 0.25], [1.0, 0.5]]), np.array([[0.0, 0.25], [1.5, -0.5]])
    assert np.abs(quantise.coordinates(inside) / 65535 - inside).max() < 1e-5
    assert np.array_equal(quantise.coordinates(outside), outside.astype(np.float32))
    read = Glb(glb.encode([a_part(uvs=np.vstack([outside, outside]))], {}))
    stored = read.accessor(read.mesh("Head")["primitives"][0]["attributes"]["TEXCOORD_0"])
    assert stored[1].tolist() == [1.5, -0.5]


# -- the file


offsets_4 = arrays(np.float32, (4, 3), elements=st.sampled_from([0.0, 0.0, 0.5, -0.25, 1e-3]))


@given(st.lists(offsets_4, min_size=1, max_size=4))
def test_morphs_survive_the_sparse_round_trip(shapes: list[np.ndarray]) -> None:
    morphs = {f"shape{i}": shape.astype(float) for i, shape in enumerate(shapes)}
    read = Glb(glb.encode([a_part(morphs=morphs)], {}))
    for name, shape in morphs.items():
        assert np.abs(read.morph("Head", name) - shape).max() < 20 * MICROMETRE
        assert np.array_equal(read.morph("Head", name) == 0, shape == 0)
    for index in (target["POSITION"] for target in read.mesh("Head")["primitives"][0]["targets"]):
        about, stored = read.json["accessors"][index], read.accessor(index, raw=True)
        assert (about["min"], about["max"]) == (stored.min(axis=0).tolist(), stored.max(axis=0).tolist())


def test_geometry_names_and_materials_are_in_the_file() -> None:
    soft = Material("Soft", alpha="MASK", cutoff=0.3, double_sided=True)
    parts = [a_part(morphs={"jawOpen": np.eye(4, 3)}), a_part("Hair", material=soft), a_part("Brows", material=soft)]
    read = Glb(glb.encode(parts, {"licence": "CC0-1.0"}))
    assert read.json["asset"]["extras"] == {"licence": "CC0-1.0"}
    assert [mesh["name"] for mesh in read.json["meshes"]] == ["Head", "Hair", "Brows"]
    assert read.mesh("Head")["extras"]["targetNames"] == ["jawOpen"]
    assert "targets" not in read.mesh("Hair")["primitives"][0]
    assert [material["name"] for material in read.json["materials"]] == ["Skin", "Soft"]
    assert read.json["materials"][1]["alphaMode"] == "MASK"
    assert np.array_equal(read.positions("Head"), parts[0].positions)
    assert read.accessor(read.mesh("Head")["primitives"][0]["indices"]).ravel().tolist() == [0, 1, 2, 0, 2, 3]
    view = read.json["bufferViews"][read.json["images"][0]["bufferView"]]
    assert read.binary[view["byteOffset"] :][: view["byteLength"]] == PIXEL
    assert all(view["byteOffset"] % 4 == 0 for view in read.json["bufferViews"])


def test_equal_meshes_share_their_bytes_but_nothing_that_a_reader_would_make_one_object_of() -> None:
    shape = {"jawOpen": np.eye(4, 3)}
    one = Glb(glb.encode([a_part(morphs=shape)], {}))
    two = Glb(glb.encode([a_part(morphs=shape), a_part("Twin", morphs=shape)], {}))
    assert len(two.binary) == len(one.binary)
    used = [{**m["primitives"][0]["attributes"], **m["primitives"][0]["targets"][0]} for m in two.json["meshes"]]
    assert not set(used[0].values()) & set(used[1].values())


def test_two_parts_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="share a name"):
        glb.encode([a_part(), a_part()], {})


def test_weights_and_skeleton_come_together() -> None:
    for part, skeleton in ((a_part(), a_skeleton()), (a_skinned_part(), None)):
        with pytest.raises(ValueError, match="Head has weights for another skeleton"):
            glb.encode([part], {}, skeleton)


# -- joints


def test_at_rest_the_skeleton_moves_nothing() -> None:
    read = Glb(glb.encode([a_skinned_part(morphs={"wide": np.eye(4, 3)})], {}, a_skeleton()))
    assert np.abs(read.positions("Head") - a_part().positions).max() < MICROMETRE
    assert np.abs(read.morph("Head", "wide") - np.eye(4, 3)).max() < 20 * MICROMETRE
    assert read.place("Head") == pytest.approx([0.5, 1, 0])


def test_a_joint_turns_what_follows_it_about_its_own_axes() -> None:
    read = Glb(glb.encode([a_skinned_part()], {}, a_skeleton()))
    quarter = Rotation.from_euler("z", 90, degrees=True)
    turned = read.positions("Head", {"Head": quarter})
    expected = a_part().positions.copy()
    neck, head = np.array([0.0, 1.0, 0.0]), np.array([0.5, 1.0, 0.0])
    expected[2:] = quarter.apply(expected[2:] - head) + head
    assert np.abs(turned - expected).max() < MICROMETRE
    # the neck's own z axis is the scene's x axis
    nodded = read.positions("Head", {"Neck": quarter})
    expected[2:] = Rotation.from_euler("x", 90, degrees=True).apply(a_part().positions[2:] - neck) + neck
    assert np.abs(nodded - expected).max() < MICROMETRE


def test_a_mesh_gives_way_to_a_joint_of_its_name_and_lies_in_the_scene_itself() -> None:
    read = Glb(glb.encode([a_skinned_part(), a_skinned_part("Hair")], {}, a_skeleton()))
    names = [node["name"] for node in read.json["nodes"]]
    assert names == ["Hips", "Neck", "Head", "HeadMesh", "Hair", "Floor"]
    assert [names[root] for root in read.json["scenes"][0]["nodes"]] == ["Hips", "HeadMesh", "Hair", "Floor"]
    assert read.mesh("Head") is read.json["meshes"][read.node("HeadMesh")["mesh"]]


def test_whatever_stands_the_lowest_thing_on_the_floor_finds_the_floor() -> None:
    read = Glb(glb.encode([a_skinned_part()], {}, a_skeleton()))
    assert read.positions("Floor").tolist() == [[0, 0, 0]]
    assert "skin" not in read.node("Floor")
    assert read.json["materials"][-1]["pbrMetallicRoughness"]["baseColorFactor"][3] == 0


# -- what others say


def validate(data: bytes, tmp_path: Path) -> dict[str, int]:
    path = tmp_path / "avatar.glb"
    path.write_bytes(data)
    try:
        return glbcheck.gltf_issues(path)
    except FileNotFoundError as missing:
        pytest.skip(str(missing))


def test_the_validator_has_nothing_to_say(tmp_path: Path) -> None:
    shapes = {"jawOpen": 0.1 * np.eye(4, 3), "still": np.zeros((4, 3))}
    clear = Material("Glass", color=(1.0, 1.0, 1.0, 0.5), alpha="BLEND", glow=1.0)
    parts = [
        a_skinned_part(morphs=shapes),
        a_skinned_part("Twin", morphs=shapes),
        a_skinned_part("Eye", material=clear),
    ]
    quiet = {"errors": 0, "warnings": 0, "infos": 0, "hints": 0}
    assert validate(glb.encode(parts, {}, a_skeleton()), tmp_path) == quiet
    assert validate(glb.encode([replace(part, weights=None) for part in parts], {}), tmp_path) == quiet


def test_the_validator_would_see_a_broken_file(tmp_path: Path) -> None:
    data = glb.encode([a_part(morphs={"jawOpen": np.eye(4, 3)})], {})
    read = Glb(data)
    text = json.dumps(read.json, separators=(",", ":"))
    worse = text.replace('"count":4', '"count":9', 1).encode()
    assert validate(data.replace(text.encode(), worse), tmp_path)["errors"] > 0
