"""TalkingHead takes our file as it is: its own class, its own three.js, its own poses and its own speech."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digiclone.avatar.default import default_head

pytestmark = [pytest.mark.network, pytest.mark.model]

PACKAGE = "@met4citizen/talkinghead@1.7.0"
PATIENCE = 60.0
PAGE = """<!doctype html>
<style>body { margin: 0; background: #ccd } #stage { width: 240px; height: 240px }</style>
<script type="importmap">
{ "imports": { "three": "/npm/three/build/three.module.js", "three/addons/": "/npm/three/examples/jsm/" } }
</script>
<div id="stage"></div>
<script type="module">
import { PerspectiveCamera, Scene } from "three";
import { TalkingHead } from "/npm/@met4citizen/talkinghead/modules/talkinghead.mjs";
const options = { lipsyncModules: [], cameraView: "head", pcmSampleRate: 16000 };
// Without its own picture, its time is ours to drive: a slow machine skips nothing.
if (location.hash === "#driven")
  Object.assign(options, { avatarOnly: true, avatarOnlyScene: new Scene(), avatarOnlyCamera: new PerspectiveCamera() });
window.head = new TalkingHead(document.getElementById("stage"), options);
head.showAvatar({ url: "/avatar.glb", body: "F", lipsyncLang: "en" }).then(
  () => (window.shown = true),
  (error) => (window.failed = String(error)),
);
</script>"""
TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".glb": "model/gltf-binary"}

# Three seconds of a hum, and when to shape the mouth, in milliseconds. It looks at visemes only where there are words.
SPEAK = """() => {
  const hum = Int16Array.from({ length: 48000 }, (_, i) => 6000 * Math.sin(i / 9));
  const visemes = ["aa", "PP", "O"];
  const times = { vtimes: [200, 1100, 2000], vdurations: [600, 600, 600], words: [""], wtimes: [0], wdurations: [0] };
  head.speakAudio({ audio: [hum.buffer], visemes, ...times });
}"""
# What its lips do in the 3.2 seconds from now, every 20 ms.
FILM = """() =>
  Array.from({ length: 160 }, () => {
    head.animate(20);
    const { morphTargetInfluences: weights, morphTargetDictionary: names } = head.morphs[0];
    return ["aa", "PP", "O", "FF"].map((name) => weights[names[`viseme_${name}`]]);
  })
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `node_modules` with TalkingHead and what it needs, as npm installs them."""
    folder = tmp_path_factory.mktemp("npm")
    npm = ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", PACKAGE]
    try:
        subprocess.run(npm, check=True, capture_output=True, text=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        pytest.skip(f"npm cannot install {PACKAGE}: {getattr(error, 'stderr', error)}")
    return folder / "node_modules"


@pytest.fixture
def page(browser_3d: Any, packages: Path, request: pytest.FixtureRequest) -> Any:
    avatar = default_head()

    def answer(route: Any) -> None:
        path = route.request.url.split("://", 1)[1].split("/", 1)[1].split("#")[0]
        if not path:
            return route.fulfill(body=PAGE, content_type="text/html")
        file = avatar if path == "avatar.glb" else packages / path.removeprefix("npm/")
        if not file.is_file():
            return route.fulfill(status=404)
        return route.fulfill(body=file.read_bytes(), content_type=TYPES.get(file.suffix, "application/octet-stream"))

    tab = browser_3d.new_page(viewport={"width": 240, "height": 240})
    tab.errors = []
    tab.on("pageerror", lambda error: tab.errors.append(str(error)))
    tab.on("console", lambda said: said.type == "error" and tab.errors.append(said.text))
    tab.route("**/*", answer)
    tab.goto(f"http://127.0.0.1/{getattr(request, 'param', '')}")
    until(tab, "window.shown || window.failed")
    assert tab.evaluate("window.failed") is None
    yield tab
    tab.close()


def until(page: Any, condition: str | Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not (page.evaluate(condition) if isinstance(condition, str) else condition()):
        assert time.monotonic() < end, f"{condition} did not come true"
        time.sleep(0.05)


def pixels(page: Any) -> bytes:
    return page.locator("canvas").screenshot(animations="allow")


def test_it_stands_in_the_picture_and_moves_without_an_error(page: Any) -> None:
    first = pixels(page)
    until(page, "head.animClock > 0 && head.armature.children.every((one) => one.visible)")
    until(page, lambda: pixels(page) != first)
    # its poses are rotations of our joints, and its balance sets what is lowest on the floor
    where = page.evaluate("head.objectHead.getWorldPosition(head.objectHead.position.clone()).toArray()")
    assert 1.3 < where[1] < 1.7
    until(page, "Math.abs(head.armature.getObjectByName('LeftArm').quaternion.x) > 0.3")
    assert page.errors == []


@pytest.mark.parametrize("page", ["#driven"], indirect=True)
def test_it_speaks_visemes_on_time(page: Any) -> None:
    page.evaluate(SPEAK)
    until(page, "head.isAudioPlaying && head.animQueue.filter((one) => one.template.name === 'viseme').length === 3")
    film = np.array(page.evaluate(FILM))
    aa, pp, o, ff = film.T
    assert [weights.argmax() for weights in (aa, pp, o)] == sorted(weights.argmax() for weights in (aa, pp, o))
    assert aa.max() > 0.4
    assert pp.max() > 0.6
    assert o.max() > 0.4
    assert ff.max() < 0.01, "only what was said is shown"
    assert page.errors == []


def test_a_fixed_shape_opens_the_mouth_of_every_mesh_that_has_it(page: Any) -> None:
    page.evaluate("head.setFixedValue('jawOpen', 1)")
    until(
        page,
        """head.morphs
          .filter((one) => "jawOpen" in one.morphTargetDictionary)
          .every((one) => one.morphTargetInfluences[one.morphTargetDictionary.jawOpen] > 0.9)""",
    )
    names = page.evaluate("head.morphs.filter((o) => 'jawOpen' in o.morphTargetDictionary).map((o) => o.name)")
    assert {"HeadMesh", "Teeth", "Tongue"} <= set(names)
