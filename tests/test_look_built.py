"""Heads of every choice: they build, they fit, and what does not change stays."""

import io
import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import strategies as st
from PIL import Image as Pillow
from support import PEOPLE

from digiclone.avatar import look, skin, texture
from digiclone.avatar.assets import BROWS, CLOTHES, HAIR, Assets
from digiclone.avatar.glb import Image, Part, encode
from digiclone.avatar.head import DEFAULT, Built, Form, build, unpainted
from digiclone.avatar.human import shape
from digiclone.avatar.look import Body, Look
from digiclone.avatar.mesh import triangles
from digiclone.avatar.photo.face import HEIGHT, WIDTH, Face, Guess
from digiclone.avatar.raster import zbuffer
from digiclone.avatar.surfaces import DRAFT, skin_picture

colours = st.tuples(*[st.integers(0, 255)] * 3).map(lambda rgb: "#{:02x}{:02x}{:02x}".format(*rgb))


# -- heads


def parts_of(built: Built) -> dict[str, Part]:
    return {part.name: part for part in built.parts}


def pixels(image: Image | None) -> np.ndarray:
    assert image is not None
    return np.asarray(Pillow.open(io.BytesIO(image.data)))


WARDROBE = list(zip([*HAIR, look.NONE], CLOTHES, list(BROWS)[1:], strict=True))


@pytest.mark.model
@pytest.mark.parametrize(("hair", "clothes", "brows"), WARDROBE, ids=[f"{h}-{c}" for h, c, _ in WARDROBE])
@pytest.mark.parametrize("person", ["heavy", "thin"])
def test_every_choice_builds_and_fits(loaded: Assets, hair: str, clothes: str, brows: str, person: str) -> None:
    chosen = Look(hair=hair, clothes=clothes, brows=brows, body=PEOPLE[person])
    built = build(loaded, chosen, draft=True)
    parts = parts_of(built)
    assert ("Hair" in parts) == ("HairEdge" in parts) == (hair != look.NONE)
    assert all(np.isfinite(part.positions).all() for part in parts.values())
    assert hidden(loaded, clothes).isdisjoint(kept(loaded, parts["Head"], chosen))
    assert skin_through_cloth(parts) == 0
    if hair != look.NONE:
        assert scalp_share(parts) < 0.02


def hidden(loaded: Assets, clothes: str) -> set[frozenset[int]]:
    """Triangles of the body that the garment says it covers, as sets of base vertices."""
    mesh = loaded.base_mesh
    covered = loaded.proxy(CLOTHES[clothes]).covers[mesh.quads].all(axis=1) & mesh.in_group("body")
    return {frozenset(face) for face in triangles(mesh.quads[covered]).tolist()}


def kept(loaded: Assets, part: Part, chosen: Look) -> list[frozenset[int]]:
    """Triangles of the head as sets of base vertices."""
    form = Form(chosen.hair, chosen.brows, chosen.clothes, chosen.body)
    atlas = unpainted(loaded, form, None, DRAFT).atlas
    return [frozenset(face) for face in atlas.vertex[part.faces].tolist()]


def seen(
    parts: dict[str, Part], names: list[str], back: bool, low: tuple[float, float], high: tuple[float, float]
) -> np.ndarray:
    """Which of some parts (H, W) is nearest at each millimetre of a box, from the front or the back; -1 for none."""
    scale = 1000.0
    sign = -1.0 if back else 1.0
    points, faces, owner = [], [], []
    count = 0
    for number, name in enumerate(names):
        part = parts[name]
        flat = np.stack([part.positions[:, 0], -part.positions[:, 1], 10 - sign * part.positions[:, 2]], axis=1)
        points.append((flat - [low[0], -high[1], 0]) * [scale, scale, 1])
        faces.append(part.faces + count)
        owner += [number] * len(part.faces)
        count += len(flat)
    size = (round((high[0] - low[0]) * scale), round((high[1] - low[1]) * scale))
    cover = zbuffer(np.concatenate(points), np.concatenate(faces), *size)
    return np.where(cover.face >= 0, np.array(owner)[cover.face], -1)


def eye_height(parts: dict[str, Part]) -> float:
    return float(parts["EyeLeft"].positions[:, 1].mean())


def skin_through_cloth(parts: dict[str, Part]) -> float:
    """Share of both sides of the chest and the back where skin is nearer than cloth; a collar may be open between."""
    eyes = eye_height(parts)
    boxes = [((x, eyes - 0.355), (x + 0.05, eyes - 0.30)) for x in (-0.08, 0.03)]
    views = [(back, low, high) for back in (False, True) for low, high in boxes]
    return float(np.mean([seen(parts, ["Head", "Clothes"], *view) == 0 for view in views]))


def scalp_share(parts: dict[str, Part]) -> float:
    """Share of the back of the head, above the ears, where the scalp is not covered by hair."""
    eyes = eye_height(parts)
    return float(np.mean(seen(parts, ["Head", "Hair"], True, (-0.05, eyes + 0.02), (0.05, eyes + 0.08)) == 0))


@pytest.mark.model
def test_where_the_skin_of_the_head_lies_depends_on_no_choice(loaded: Assets) -> None:
    mesh = loaded.base_mesh
    island = skin.islands(mesh)
    head_vertex = np.argwhere(mesh.quads == 474)[0]
    own = island == island[mesh.uv_quads[head_vertex[0], head_vertex[1]]]
    found = [
        skin.layout(mesh, mesh.in_group("body") & ~loaded.proxy(CLOTHES[name]).covers[mesh.quads].all(axis=1), 1024)
        for name in ("female_casualsuit01", "male_elegantsuit01")
    ]
    assert np.array_equal(found[0].uvs[own], found[1].uvs[own])
    assert found[0].sources["head"] == found[1].sources["head"]


@pytest.mark.model
def test_colours_change_pictures_and_nothing_else(loaded: Assets) -> None:
    plain = build(loaded, Look(), draft=True)
    other = build(loaded, Look(hair_colour="#e0d6c2", eyes="#83a5c0", clothes_colour="#5f1f2e"), draft=True)
    for one, two in zip(plain.parts, other.parts, strict=True):
        assert np.array_equal(one.positions, two.positions)
        assert one.faces is two.faces
    cloth = parts_of(other)["Clothes"].material
    assert np.allclose(cloth.color[:3], texture.linear(texture.from_hex("#5f1f2e")))
    assert cloth.image == parts_of(plain)["Clothes"].material.image
    assert other.extras["look"]["eyes"] == "#83a5c0"  # pyright: ignore[reportIndexIssue, reportArgumentType]


@pytest.mark.model
@pytest.mark.parametrize("draft", [True, False], ids=["draft", "full"])
def test_the_same_look_gives_the_same_bytes(loaded: Assets, draft: bool) -> None:
    chosen = Look(hair="bob01", clothes="male_worksuit01", body=Body(weight=0.7))
    once = build(loaded, chosen, draft=draft)
    unpainted.cache_clear()
    again = build(loaded, chosen, draft=draft)
    assert encode(once.parts, once.extras, once.skeleton) == encode(again.parts, again.extras, again.skeleton)


@pytest.mark.model
def test_only_what_was_used_is_credited(loaded: Assets) -> None:
    extras = build(loaded, Look(hair="none", clothes="male_worksuit01"), draft=True).extras
    used = json.dumps(extras["sources"])
    assert "male_worksuit01" in used
    assert "/hair/" not in used
    assert "female_casualsuit01" not in used


# -- a face from a photo


def a_face(loaded: Assets, seen_share: Callable[[np.ndarray], np.ndarray], tone: texture.Color) -> Face:
    vertices = shape(loaded.base_mesh.vertices, DEFAULT, loaded.__getitem__)
    green = np.tile(np.array([0.2, 0.8, 0.3], dtype=np.float32), (HEIGHT, WIDTH, 1))
    share = seen_share(np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None] * np.ones((1, WIDTH), dtype=np.float32))
    return Face(vertices, DEFAULT, green, share, tone, Guess(None, None, None))


@pytest.mark.model
def test_the_photo_is_taken_where_it_was_seen_and_its_tone_elsewhere(loaded: Assets) -> None:
    tone = (0.55, 0.40, 0.31)
    face = a_face(loaded, lambda down: (down < 0.5).astype(np.float32), tone)
    atlas = skin.layout(loaded.base_mesh, loaded.base_mesh.in_group("body"), 1024)
    picture, told = skin_picture(loaded, atlas, DEFAULT, tone, face)
    rows, columns = atlas.slices("head")
    box, share = picture[rows, columns], told[rows, columns]
    assert np.allclose(np.median(box[100:400], axis=(0, 1)), [0.2, 0.8, 0.3], atol=0.05)
    assert share[100:400, 40:-40].min() > 0.98
    assert share[600:900].max() < 0.02
    cheek = picture[round(0.62 * len(box)) : round(0.64 * len(box)), 460:500]
    assert np.allclose(np.median(cheek, axis=(0, 1)), tone, atol=0.12)
    assert np.allclose(np.median(picture[atlas.slices("body")], axis=(0, 1)), tone, atol=0.1)


@pytest.mark.model
def test_a_head_from_a_photo_says_so_in_its_skin(loaded: Assets) -> None:
    everything = a_face(loaded, np.ones_like, (0.5, 0.6, 0.4))
    built = parts_of(build(loaded, Look(hair="none"), everything, draft=True))
    skin_pixels = pixels(built["Head"].material.image)[300:700, 200:400].astype(float) / 255
    assert np.all(skin_pixels.mean(axis=(0, 1)).argmax() == 1)


@pytest.mark.model
def test_progress_rises(loaded: Assets) -> None:
    heard: list[float] = []
    build(loaded, Look(), progress=lambda _, share: heard.append(share), draft=True)
    assert heard == sorted(heard)
    assert 0 <= heard[0] < heard[-1] <= 1
