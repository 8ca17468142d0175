"""Any avatar made to talk: dropped on the page of the real server, seen, heard, changed and kept."""

import base64
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import uvicorn
from avatar_files import ARKIT_HEAD, KINDS, MIXAMO, Spec, avatar
from browser_tab import WATCH, Tab

from digiclone.avatar.foreign import adopt
from digiclone.server.app import make_app

REST = {"pitch": 0, "yaw": 0, "roll": 0, "rise": 0}
OPENER = {"arkit.glb": "jawOpen", "oculus.glb": "viseme_aa", "odd.glb": "Jaw Drop", "mouth.glb": "mouthOpen",
          "old.vrm": "a", "new.vrm": "aa"}  # fmt: skip
"""What opens the mouth of each kind."""
STUDIO = """<!doctype html><title>studio</title><link rel="stylesheet" href="/web/style.css"><div id="stage"></div>"""
"""A page with nothing but room for an avatar, which has its size before the avatar comes."""
PIXELS = """
([weights, head]) => {
  avatar.draw({ weights, head });
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [100, 100];
  const pen = copy.getContext("2d");
  pen.drawImage(avatar.canvas, 0, 0, 100, 100);
  return [...pen.getImageData(0, 0, 100, 100).data];
}
"""
DROP = """
([name, text]) => {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  for (const type of ["dragenter", "dragover", "drop"])
    document.getElementById("stage").dispatchEvent(new DragEvent(type,
    { dataTransfer, bubbles: true, cancelable: true }));
}
"""

SEEN = """
(shape) => {
  window.seen = [];
  const look = () => {
    seen.push([digiclone.moves[shape], digiclone.weights.viseme_PP]);
    requestAnimationFrame(look);
  };
  look();
}
"""
"""How far a shape went, and how closed the lips should have been, in every picture from now on."""


@pytest.fixture
def site(ada: Path, weightless: dict[str, Any], tmp_path: Path) -> Iterator[int]:
    """The port of the real server, whose clone has an ARKit head and stand-ins for models."""
    (tmp_path / "first.glb").write_bytes(avatar(ARKIT_HEAD))
    adopt.adopt(ada, tmp_path / "first.glb")
    app = make_app("ada", None, weightless)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", ws="websockets-sansio"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def tab(site: int, browser_3d: Any) -> Iterator[Tab]:
    context = browser_3d.new_context(viewport={"width": 1000, "height": 700}, permissions=["microphone"])
    context.add_init_script(WATCH)
    stub: Any = SimpleNamespace(port=site)
    yield Tab(context.new_page(), stub).open()
    context.close()


def drop(tab: Tab, name: str, data: bytes) -> None:
    tab.page.evaluate(DROP, [name, base64.b64encode(data).decode()])


def wait_for(tab: Tab, shape: str) -> None:
    tab.until("window.digiclone?.face")
    tab.until(f"{shape!r} in digiclone.moves && document.getElementById('avatar-progress').hidden")


# -- on the page


@pytest.mark.parametrize("name", [name for name in KINDS if name != "arkit.glb"])
def test_a_dropped_avatar_talks(tab: Tab, name: str) -> None:
    shape = OPENER[name]
    assert "jawOpen" in tab.page.evaluate("digiclone.moves")
    before = tab.page.url
    drop(tab, name, KINDS[name]())
    wait_for(tab, shape)
    assert tab.page.evaluate("digiclone.face") == "head"
    assert tab.page.url == before, "without leaving the page"
    assert tab.page.locator("#stage canvas").count() == 1, "the one before is gone"
    assert tab.page.locator("#mapping .line").count() == 66
    tab.page.evaluate(SEEN, shape)
    tab.say("Papa, papa, a banana, papa, papa.")
    tab.state("speaking")
    tab.state("ready")
    tab.until(f"digiclone.moves[{shape!r}] < 0.02")
    opened, lips = np.array(tab.page.evaluate("seen")).T
    assert opened.max() > 0.25, "open for a"
    assert opened[lips > 0.7].max(initial=0) < 0.15, "closed for p"
    assert tab.errors == []
    tab.page.reload()
    wait_for(tab, shape)


def test_it_can_be_chosen_with_the_keyboard(tab: Tab, tmp_path: Path) -> None:
    (tmp_path / "new.vrm").write_bytes(KINDS["new.vrm"]())
    choosers: list[Any] = []
    tab.page.on(
        "filechooser", lambda chooser: choosers.append(chooser)
    )  # long before: who asks for it with the key in hand may be late
    tab.page.focus("#avatar-open")
    tab.page.keyboard.press("Enter")
    assert tab.page.get_attribute("#avatar-open", "aria-expanded") == "true"
    for _ in range(4):
        tab.page.keyboard.press("Tab")
        if tab.page.evaluate("document.activeElement.id") == "avatar-file":
            break
    assert tab.page.evaluate("document.activeElement.id") == "avatar-file"
    tab.page.keyboard.press("Space")
    tab.until(lambda: tab.page.evaluate("true") and choosers)  # events come while something is asked
    choosers[0].set_files(tmp_path / "new.vrm")
    wait_for(tab, "aa")
    assert "VRM 1. Egg, by Test" in tab.text("#mapping")
    tab.page.keyboard.press("Escape")
    assert tab.page.is_hidden("#avatar-panel")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [("me.fbx", b"Kaydara FBX Binary", "FBX"), ("mute.glb", avatar(Spec()), "no morph targets"),
    ("half.glb", avatar(ARKIT_HEAD)[:900], "cut off")],
)  # fmt: skip
def test_what_cannot_be_used_is_told_and_the_face_stays(tab: Tab, name: str, data: bytes, words: str) -> None:
    drop(tab, name, data)
    note = tab.page.locator(".note", has_text="Not an avatar to use")
    note.wait_for()
    assert words in note.inner_text()
    assert name in note.inner_text()
    assert "keeps the avatar it had" in note.inner_text()
    assert "jawOpen" in tab.page.evaluate("digiclone.moves")
    drop(tab, "new.vrm", KINDS["new.vrm"]())
    wait_for(tab, "aa")
    assert note.count() == 0, "what it was about is over"


def test_a_file_without_end_is_not_even_sent(tab: Tab) -> None:
    tab.page.evaluate(
        """() => {
          const file = new File([new Uint8Array(10)], "huge.glb");
          Object.defineProperty(file, "size", { value: 500e6 });
          window.sent = import("/web/avatars.js").then(({ send }) => send("ada", file,
          () => {})).catch((error) => error.message);
        }"""
    )
    assert "500 MB" in tab.page.evaluate("sent")
    assert not any("/avatar/file" in url for url in tab.requests)


def test_a_mapping_is_tried_changed_saved_and_reset(tab: Tab, ada: Path) -> None:
    page = tab.page
    page.click("#avatar-open")
    row = page.locator(".line", has_text="aa car")
    assert "jawOpen × 0.48" in row.inner_text()
    assert page.is_disabled("#mapping-save")
    row.get_by_role("button", name="Try aa").click()
    tab.until("Math.abs(digiclone.moves.jawOpen - 0.48) < 0.01")
    row.get_by_role("button", name="Try aa").click()
    tab.until("digiclone.moves.jawOpen < 0.01")

    row.locator("summary").click()
    row.get_by_label("How far jawOpen goes").fill("0.9")
    assert "as you chose" in row.inner_text()
    row.get_by_label("A shape for viseme_aa").first.select_option("mouthFunnel")
    assert "mouthFunnel × 0.9" in row.inner_text()
    row.get_by_role("button", name="Remove mouthUpperUpLeft").click()
    row.get_by_role("button", name="Try aa").click()
    tab.until("Math.abs(digiclone.moves.mouthFunnel - 0.9) < 0.01")
    page.click("#mapping-save")
    file = ada / "avatar" / "mapping.toml"
    tab.until(lambda: "mouthFunnel = 0.9" in file.read_text("utf-8"))
    tab.until("document.getElementById('mapping-save').disabled")

    page.reload()
    wait_for(tab, "mouthFunnel")
    page.click("#avatar-open")
    assert "mouthFunnel × 0.9" in page.locator(".line", has_text="aa car").inner_text()
    page.click("#mapping-reset")
    tab.until(lambda: "jawOpen × 0.48" in page.locator(".line", has_text="aa car").inner_text())
    assert "mouthFunnel = 0.9" not in file.read_text("utf-8")
    assert tab.errors == []


def test_a_panel_that_closes_lets_the_face_go(tab: Tab) -> None:
    tab.page.click("#avatar-open")
    tab.page.get_by_role("button", name="Try aa").click()
    tab.until("digiclone.moves.jawOpen > 0.4")
    tab.page.click("#timing")
    assert tab.page.is_hidden("#avatar-panel"), "one panel at a time"
    tab.until("digiclone.moves.jawOpen < 0.01")


# -- in the picture


@pytest.fixture
def studio(site: int, browser_3d: Any, ada: Path, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Shows an avatar on its own, to be posed; gives a function from a pose to an RGBA picture (100, 100, 4)."""
    context = browser_3d.new_context(viewport={"width": 400, "height": 400})
    page = context.new_page()
    page.route("**/studio", lambda route: route.fulfill(body=STUDIO, content_type="text/html"))

    def show(data: bytes, distance: float = 1) -> Any:
        (tmp_path / "shown.glb").write_bytes(data)
        adopt.adopt(ada, tmp_path / "shown.glb")
        page.goto(f"http://127.0.0.1:{site}/studio")
        page.evaluate(
            """async (distance) => {
              const { Avatar } = await import("/web/avatar.js");
              const { about } = await import("/web/avatars.js");
              const known = await about("ada");
              window.avatar = await Avatar.load(document.getElementById("stage"), known.avatar, () => 0, known);
              avatar.view = { distance };
            }""",
            distance,
        )

        def look(weights: dict[str, float] | None = None, **head: float) -> np.ndarray:
            return np.array(page.evaluate(PIXELS, [weights or {}, REST | head]), np.uint8).reshape(100, 100, 4)

        return look

    yield show
    context.close()


def red(picture: np.ndarray) -> np.ndarray:
    """Where the nose is: (n, 2) of row, column."""
    r, g, b, a = picture.astype(int).transpose(2, 0, 1)
    return np.argwhere((r > 100) & (g < 70) & (b < 70) & (a > 200))


def head_rows(picture: np.ndarray) -> np.ndarray:
    """The rows that show something on the mid-line."""
    return np.flatnonzero((picture[:, 48:52, 3] > 200).all(axis=1))


@pytest.mark.parametrize("name", KINDS)
def test_every_avatar_faces_us_in_the_middle_and_large(studio: Callable[..., Any], name: str) -> None:
    """Whatever its unit and wherever it looks."""
    look = studio(KINDS[name]())
    picture = look()
    nose = red(picture)
    assert len(nose) > 8, "the nose is in front"
    row, column = nose.mean(axis=0)
    assert abs(column - 49.5) < 3
    assert 25 < row < 65
    assert 2 < head_rows(picture)[0] < 30, "the crown is in view"
    assert np.array_equal(look(), picture), "the same pose is the same picture"


@pytest.mark.parametrize("name", KINDS)
def test_every_avatar_opens_its_mouth_and_closes_it(studio: Callable[..., Any], name: str) -> None:
    look = studio(KINDS[name]())
    rest = look().astype(int)

    def changed(weights: dict[str, float]) -> int:
        return int((np.abs(look(weights).astype(int) - rest).max(axis=2) > 12).sum())

    assert changed({"viseme_aa": 1}) > 40
    assert changed({"viseme_aa": 1}) > changed({"viseme_I": 1}) > 0
    assert changed({"viseme_PP": 1}) < 0.25 * changed({"viseme_aa": 1})
    assert changed({}) == 0


@pytest.mark.parametrize("name", ["arkit.glb", "oculus.glb", "old.vrm", "new.vrm"])
def test_the_head_turns_with_or_without_bones(studio: Callable[..., Any], name: str) -> None:
    look = studio(KINDS[name]())
    middle = red(look()).mean(axis=0)
    assert red(look(yaw=0.4)).mean(axis=0)[1] > middle[1] + 4, "to its left is to our right"
    assert red(look(yaw=-0.4)).mean(axis=0)[1] < middle[1] - 4
    assert red(look(pitch=0.3)).mean(axis=0)[0] > middle[0] + 3, "down"
    assert not np.array_equal(look(roll=0.3), look())


def test_arms_held_out_are_let_down(studio: Callable[..., Any]) -> None:
    shapes = {"jawOpen": "jawOpen", "eyeBlinkLeft": "eyeBlinkLeft"}

    def shown(bones: dict[str, str]) -> np.ndarray:
        """Which columns show something at the height of the shoulders, seen from further away."""
        picture = studio(avatar(Spec(shapes, bones)), distance=2.2)()
        return (picture[60:80, :, 3] > 200).any(axis=0)

    out = shown({name: f"bone {i}" if "Arm" in name else bone for i, (name, bone) in enumerate(MIXAMO.items())})
    down = shown(MIXAMO)
    assert out.sum() > 90, "arms of no known name stay where they are"
    assert 20 < down.sum() < 70
    assert abs(np.flatnonzero(down).mean() - 49.5) < 3, "both of them"


def test_eyes_turn_by_bones_where_there_is_no_shape(studio: Callable[..., Any]) -> None:
    """Here the nose hangs on an eye."""

    def crossed(document: dict[str, Any]) -> None:
        joints = document["skins"][0]["joints"]
        order = [document["nodes"][joint]["name"] for joint in joints]
        nose = document["meshes"][1]["primitives"][0]["attributes"]
        eye = order.index("mixamorig:LeftEye")
        document["skins"].append(document["skins"][0] | {"joints": [*joints]})
        document["skins"][1]["joints"][order.index("mixamorig:Head")] = joints[eye]
        document["nodes"][1]["skin"] = 1
        assert "JOINTS_0" in nose

    look = studio(avatar(Spec({"jawOpen": "jawOpen", "eyeBlinkLeft": "eyeBlinkLeft"}, MIXAMO, edit=crossed)))
    rest = look()
    assert not np.array_equal(look({"eyeLookOutLeft": 1}), rest)
    assert not np.array_equal(look({"eyeLookUpLeft": 1}), rest)
    assert np.array_equal(look({"eyeLookOutLeft": 0}), rest)
