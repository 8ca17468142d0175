"""Readers, binding, lips and the GLB writer on tiny inputs; no archive, no network."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digiclone.artifacts import write_atomically
from digiclone.avatar import human, lips, mesh, proxy, raster, shade, visemes
from digiclone.avatar.bust import build_part, person, weld
from digiclone.avatar.glb import Material
from digiclone.avatar.human import Human
from digiclone.avatar.proxy import Binding
from digiclone.avatar.rig import Rig

OBJ = b"""# two quads side by side, and a lone helper
v 0 0 0
v 1 0 0
v 2 0 0
v 0 1 0
v 1 1 0
v 2 1 0
v 9 9 9
v 8 9 9
v 8 8 9
v 9 8 9
vt 0 0
vt 0.5 0
vt 1 0
vt 0 1
vt 0.5 1
vt 1 1
g body
f 1/1 2/2 5/5 4/4
f 2/2 3/3 6/6 5/5
g joint-head
f 7/1 8/2 9/3 10/4
"""


@pytest.fixture
def plane() -> mesh.Mesh:
    return mesh.read_obj(OBJ)


# -- readers


def test_an_obj_is_read_into_quads_and_groups(plane: mesh.Mesh) -> None:
    assert plane.vertices.shape == (10, 3)
    assert plane.quads.tolist()[0] == [0, 1, 4, 3]
    assert plane.uv_quads.tolist()[1] == [1, 2, 5, 4]
    assert plane.in_group("body").tolist() == [True, True, False]


def test_an_unknown_group_names_the_known_ones(plane: mesh.Mesh) -> None:
    with pytest.raises(ValueError, match="body, joint-head"):
        plane.in_group("tail")


def test_an_obj_triangle_is_refused_with_its_line() -> None:
    with pytest.raises(ValueError, match="line 2"):
        mesh.read_obj(b"v 0 0 0\nf 1/1 1/1 1/1\n")


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_target_is_sparse_offsets(pack) -> None:
    offsets = mesh.read_target(pack(b"# comment\n2 .5 0 -1\n0 0 .25 0\n"), 4)
    assert offsets.tolist() == [[0, 0.25, 0], [0, 0, 0], [0.5, 0, -1], [0, 0, 0]]


def test_an_empty_target_moves_nothing() -> None:
    assert not mesh.read_target(b"", 3).any()


@pytest.mark.parametrize("text", [b"1 2 3", b"9 0 0 0"], ids=["short", "beyond"])
def test_a_broken_target_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="target"):
        mesh.read_target(text, 4)


def test_quads_become_triangles_and_a_repeated_corner_makes_one() -> None:
    assert mesh.triangles(np.array([[0, 1, 2, 3], [4, 5, 6, 6]])).tolist() == [[0, 1, 2], [0, 2, 3], [4, 5, 6]]


def test_a_flat_mesh_has_one_normal(plane: mesh.Mesh) -> None:
    normals = mesh.vertex_normals(plane.vertices, mesh.triangles(plane.quads[:2]))
    assert np.allclose(normals[:6], [0, 0, 1])


# -- proxies


def proxy_json(**changes: object) -> bytes:
    metadata = {"ref_vIdxs": [[0, 1, 3]], "weights": [[0.5, 0.25, 0.25]], "offsets": [[0, 0, 1]], "deleteVerts": [0, 1]}
    document = {"faces": [11, 0, 0, 0, 0, 0, 0, 1, 2, 3], "uvs": [[0, 0, 1, 0, 1, 1, 0, 1]], "metadata": metadata}
    return json.dumps(document | changes).encode()


def base_with_spans(factor: float) -> np.ndarray:
    """A base mesh of zeros but for the vertex pairs that measure the head."""
    base = np.zeros((12000, 3))
    for axis, (first, _, span) in enumerate(proxy.HEAD_SPANS):
        base[first, axis] = span * factor
    return base


def test_a_proxy_is_read() -> None:
    bound = proxy.read_proxy(proxy_json())
    assert bound.uvs.shape == (4, 2)
    assert bound.uv_quads.tolist() == [[0, 1, 2, 3]]
    assert bound.covers.tolist() == [False, True]


def test_only_textured_quads_are_understood() -> None:
    with pytest.raises(ValueError, match="quads"):
        proxy.read_proxy(proxy_json(faces=[10, 0, 0, 0, 0, 0, 0, 1, 2, 3]))


def test_a_bound_vertex_is_the_weighted_base_and_a_scaled_offset() -> None:
    binding = proxy.read_proxy(proxy_json()).binding
    base = base_with_spans(2.0)
    base[[0, 1, 3]] = [[4, 0, 0], [0, 8, 0], [0, 0, 12]]
    assert np.allclose(binding.place(base), [[2, 2, 3 + 2]])


@given(arrays(float, (5, 3), elements=st.floats(-10, 10)), st.floats(-3, 3))
def test_carrying_is_linear_and_needs_no_offset(deltas: np.ndarray, factor: float) -> None:
    binding = Binding(np.array([[0, 2, 4]]), np.array([[0.2, 0.3, 0.5]]), np.array([[9.0, 9.0, 9.0]]))
    assert np.allclose(binding.carry(deltas * factor), binding.carry(deltas) * factor)
    assert np.allclose(binding.carry(np.ones((5, 3))), 1)


def test_a_part_of_the_base_follows_it_exactly(plane: mesh.Mesh) -> None:
    piece = proxy.part_of_base(plane, np.array([False, True, False]))
    assert piece.binding.carry(plane.vertices).tolist() == plane.vertices[[1, 2, 4, 5]].tolist()
    assert piece.quads.tolist() == [[0, 1, 3, 2]]


def test_welding_splits_a_vertex_only_where_its_uv_differs(plane: mesh.Mesh) -> None:
    piece = proxy.part_of_base(plane, np.array([True, True, False]))
    vertex, uv, faces = weld(piece)
    assert len(vertex) == 6
    assert faces.shape == (4, 3)
    split = weld(
        proxy.Proxy(piece.binding, piece.quads, piece.uvs, piece.uv_quads + np.array([[0], [1]]), piece.covers)
    )
    assert len(split[0]) == 8
    assert sorted(set(zip(vertex.tolist(), uv.tolist(), strict=True))) == list(zip(vertex, uv, strict=True))


# -- people and visemes


def test_macro_weights_of_an_average_adult_sum_to_both_families() -> None:
    weights = human.macro_weights(Human(gender=0.3, age=50, muscle=0.7, weight=0.2))
    universal = sum(w for name, w in weights.items() if name.startswith("universal"))
    assert universal == pytest.approx(1)
    assert sum(weights.values()) == pytest.approx(2)


@pytest.mark.parametrize(
    "wrong", [{"gender": 2.0}, {"age": 5.0}, {"origins": {"asian": 0.2}}], ids=["gender", "age", "origins"]
)
def test_an_impossible_human_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Human(**wrong)


def test_there_are_52_shapes_and_15_visemes_in_the_known_order() -> None:
    assert len(set(visemes.ARKIT)) == 52
    assert " ".join(visemes.VISEMES) == "sil PP FF TH DD kk CH SS nn RR aa E I O U"


@pytest.mark.parametrize("name", visemes.VISEMES)
def test_a_viseme_uses_known_shapes_evenly_left_and_right(name: str) -> None:
    weights = visemes.viseme_weights(name)
    assert weights.keys() <= set(visemes.ARKIT)
    for shape, weight in weights.items():
        if shape.endswith("Left") and not shape.startswith(("jaw", "mouthLeft")):
            assert weights[shape.removesuffix("Left") + "Right"] == weight


def test_an_unknown_viseme_is_refused() -> None:
    with pytest.raises(ValueError, match="no viseme 'XX'"):
        visemes.viseme_weights("XX")


# -- lips: concentric rings in a plane, squeezed so that the middle ones nearly touch


def ring_mouth() -> mesh.Mesh:
    """A grid of rings whose vertices are numbered so that the known mid-line vertices start the loops."""
    rings, steps = len(lips.LOOPS) + 2, 16
    starts = [900, *lips.LOOPS, 901]
    index = np.zeros((rings, steps), dtype=int)
    free = iter(range(1000, 2000))
    vertices = np.zeros((2000, 3))
    for ring in range(rings):
        for step in range(steps):
            index[ring, step] = starts[ring] if step == 0 else next(free)
            turn = 2 * np.pi * step / steps
            height = 0.01 + 0.01 * abs(ring - 6.5)
            vertices[index[ring, step]] = [(0.25 + 0.002 * ring) * np.sin(turn), height * np.cos(turn), 0]
    pairs = [(r, s) for r in range(rings - 1) for s in range(steps)]
    quads = [[index[r, s], index[r, (s + 1) % steps], index[r + 1, (s + 1) % steps], index[r + 1, s]] for r, s in pairs]
    table = np.array(quads)
    return mesh.Mesh(vertices, table, np.zeros((1, 2)), 0 * table, np.zeros(len(table), dtype=int), ("body",))


def test_open_lips_are_measured_and_sealed() -> None:
    mouth = ring_mouth()
    found = lips.find_lips(mouth)
    upper, lower = lips.rims(mouth.vertices, found)
    assert upper[len(upper) // 2] - lower[len(lower) // 2] == pytest.approx(0.03, abs=1e-3)
    upper, lower = lips.rims(mouth.vertices + lips.seal(mouth.vertices, found), found)
    assert np.all(upper < lower)


def test_closed_lips_are_left_alone() -> None:
    mouth = ring_mouth()
    found = lips.find_lips(mouth)
    once = mouth.vertices + lips.seal(mouth.vertices, found)
    assert np.abs(lips.seal(once, found)).max() < 0.002


def test_a_loop_that_meets_an_irregular_vertex_is_refused() -> None:
    mouth = ring_mouth()
    torn = mesh.Mesh(mouth.vertices, mouth.quads[:-40], mouth.uvs, mouth.uv_quads[:-40], mouth.groups[:-40], ("body",))
    with pytest.raises(ValueError, match="loop through vertex"):
        lips.find_lips(torn)


# -- images of surfaces


def test_rasterising_interpolates_and_spreading_fills_the_rest() -> None:
    uvs = np.array([[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    picture, covered = raster.rasterise(uvs, faces, uvs[:, :1], 64, 64)
    assert picture[32, 32, 0] == pytest.approx(0.5, abs=0.02)
    assert covered[32, 32]
    assert not covered[2, 2]
    assert raster.spread(picture, covered)[2, 2, 0] == pytest.approx(0.25, abs=0.02)


def test_nothing_covered_cannot_be_spread() -> None:
    with pytest.raises(ValueError, match="nothing"):
        raster.spread(np.zeros((2, 2, 1)), np.zeros((2, 2), dtype=bool))


def test_a_lid_darkens_what_lies_under_it() -> None:
    cell = 0.002
    floor = np.array([[-0.1, 0, -0.1], [0.1, 0, -0.1], [0.1, 0, 0.1], [-0.1, 0, 0.1]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    lid = shade.surface_points(floor + np.array([0, 0.02, 0]), faces, cell)
    up, middle, nothing = np.array([[0.0, 1.0, 0.0]]), np.zeros((1, 3)), np.zeros((0, 3))
    views = [shade.View(middle, up, nothing), shade.View(middle, up, lid), shade.View(middle, up, -lid)]
    bare, covered, below = shade.openness(views, shade.surface_points(floor, faces, cell), 64, cell)
    assert bare[0] > 0.9
    assert covered[0] < 0.2
    assert below[0] == bare[0]


# -- the file


def test_writing_replaces_at_once_and_leaves_nothing_beside(tmp_path: Path) -> None:
    target = tmp_path / "new" / "head.glb"
    write_atomically(target, b"one")
    write_atomically(target, b"two")
    assert target.read_bytes() == b"two"
    assert list(target.parent.iterdir()) == [target]


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "head.glb"
    write_atomically(target, b"one")

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(target, b"two")
    assert target.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [target]


def a_rig(vertices: int) -> Rig:
    """One joint that everything follows."""
    return Rig(("Hips",), (-1,), (np.array([0]),), (np.array([1]),), np.ones((vertices, 1)))


def test_a_person_stands_on_the_floor_in_metres() -> None:
    mouth = ring_mouth()
    shapes = {"viseme_PP": np.zeros_like(mouth.vertices), "wide": np.full_like(mouth.vertices, 0.1)}
    who = person(mouth, mouth.vertices, shapes, a_rig(len(mouth.vertices)))
    assert who.floor == pytest.approx(mouth.vertices[np.unique(mouth.quads), 1].min())
    assert who.metres(np.array([[1.0, who.floor + 2.0, 3.0]])).tolist() == [pytest.approx([0.1, 0.2, 0.3])]


def test_a_part_carries_only_shapes_that_move_it() -> None:
    mouth = ring_mouth()
    grown = mesh.Mesh(
        np.vstack([mouth.vertices, np.zeros((10000, 3))]),
        mouth.quads, mouth.uvs, mouth.uv_quads, mouth.groups, mouth.group_names,
    )  # fmt: skip
    still, moving = np.zeros_like(grown.vertices), np.zeros_like(grown.vertices)
    moving[1000] = [0, 1, 0]
    who = person(grown, grown.vertices, {"viseme_PP": still, "moving": moving}, a_rig(len(grown.vertices)))
    everything = proxy.part_of_base(grown, np.ones(len(grown.quads), dtype=bool))
    part = build_part("Head", everything, who, Material("Skin"))
    assert set(part.morphs) <= {"moving", "viseme_PP"}
    assert part.morphs["moving"].max() == pytest.approx(0.1)
    kept = build_part("Head", everything, who, Material("Skin"), keep_still=True)
    assert set(kept.morphs) == {"moving", "viseme_PP"}
