"""The head in three dimensions, and the drawn face where there is none."""

from collections.abc import Callable
from typing import Any

import pytest
from browser_tab import Tab
from stub_server import Stub

REST = {"pitch": 0, "yaw": 0, "roll": 0, "rise": 0}
STUDIO = """<!doctype html><title>studio</title><link rel="stylesheet" href="/web/style.css"><div id="stage"></div>"""
"""A page with nothing but room for an avatar, which has its size before the avatar comes."""
PIXELS = """
([weights, head]) => {
  avatar.draw({ weights, head });
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [64, 64];
  const pen = copy.getContext("2d");
  pen.drawImage(avatar.canvas, 0, 0, 64, 64);
  return [...pen.getImageData(0, 0, 64, 64).data];
}
"""


@pytest.fixture
def studio(tabs: Callable[..., Tab], browser_3d: Any) -> Tab:
    """A head on its own, to be posed."""
    tab = tabs(400, 400, in_=browser_3d)
    tab.page.route("**/studio", lambda route: route.fulfill(body=STUDIO, content_type="text/html"))
    tab.page.goto(f"http://127.0.0.1:{tab.stub.port}/studio")
    tab.page.evaluate(
        """async () => {
          const { Avatar } = await import("/web/avatar.js");
          window.avatar = await Avatar.load(document.getElementById("stage"), "/avatar/ada.glb", () => 0);
        }"""
    )
    return tab


def test_weights_and_head_move_the_picture(studio: Tab) -> None:
    def look(weights: dict[str, float], **head: float) -> list[int]:
        return studio.page.evaluate(PIXELS, [weights, REST | head])

    rest = look({"viseme_aa": 0})
    assert max(rest[3::4]) == 255, "there is a head"
    assert min(rest[3::4]) == 0, "and something around it"
    assert look({"viseme_aa": 0}) == rest, "the same pose is the same picture"
    assert look({"viseme_aa": 1}) != rest
    assert look({"viseme_aa": 0}, roll=0.2) != rest
    assert look({"viseme_aa": 0, "no such morph": 1}) == rest


def test_the_head_is_framed(studio: Tab) -> None:
    alpha = studio.page.evaluate(PIXELS, [{"viseme_aa": 0}, REST])[3::4]
    rows = [row for row in range(64) if max(alpha[64 * row : 64 * row + 64]) > 200]
    columns = [column for column in range(64) if max(alpha[column::64]) > 200]
    assert rows[0] > 2, "the crown is in view"
    assert columns[0] > 2
    assert columns[-1] < 61
    assert abs(columns[0] + columns[-1] - 63) <= 4, "in the middle"
    assert len(rows) > 30, "and large"


def test_a_slow_machine_draws_more_coarsely_and_then_less_often(studio: Tab) -> None:
    before = studio.page.evaluate("[avatar.canvas.width, avatar.pace.speech]")
    after = studio.page.evaluate("(avatar.ease(), avatar.ease(), [avatar.canvas.width, avatar.pace.speech])")
    assert after[0] < before[0]
    assert after[1] > before[1]


def test_the_page_shows_the_head(tabs: Callable[..., Tab], browser_3d: Any) -> None:
    tab = tabs(480, 480, in_=browser_3d).open()
    assert tab.page.evaluate("digiclone.face") == "head"
    assert tab.errors == []
    assert tab.page.locator(".note").count() == 0
    tab.say("Hello")
    tab.until("digiclone.weights.viseme_aa > 0.3")


def test_without_webgl_a_drawn_face_talks(tab: Tab) -> None:
    assert tab.page.evaluate("digiclone.face") == "drawing"
    assert "no WebGL" in tab.page.locator(".note", has_text="Drawn face").inner_text()
    assert not any("three" in url for url in tab.requests), "three is not loaded in vain"
    tab.say("Hello")
    tab.until("digiclone.weights.viseme_aa > 0.3")


def test_without_a_head_a_drawn_face_talks(tabs: Callable[..., Tab], browser_3d: Any, stub: Stub) -> None:
    tab = tabs(480, 480, in_=browser_3d)
    tab.page.route("**/avatar/*", lambda route: route.fulfill(status=404))
    tab.open()
    assert tab.page.evaluate("digiclone.face") == "drawing"
    assert "404" in tab.page.locator(".note", has_text="Drawn face").inner_text()
