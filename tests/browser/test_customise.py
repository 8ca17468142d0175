"""The panel in which a person chooses how the clone looks and is seen."""

from collections.abc import Callable
from typing import Any

import pytest
from browser_tab import Tab
from stub_looks import Looks
from stub_server import Stub
from test_access import CONTROLS, PHONE, contrast

from digiclone.avatar.folder import Source, View

WATCH_HEAD = """
(async () => {
  window.seen = { tints: [], heads: [] };
  const native = window.fetch;
  window.fetch = (...given) => {
    const url = String(given[0].url ?? given[0]);
    if (url.includes(".glb")) seen.heads.push(url.replace(location.origin, ""));
    return native(...given);
  };
})();
"""
"""Which heads are loaded."""
WATCH_TINT = """
async () => {
  const { Avatar } = await import("/web/avatar.js");
  const { tint } = Avatar.prototype;
  Avatar.prototype.tint = function (factors) { seen.tints.push(factors); tint.call(this, factors); };
}
"""


@pytest.fixture
def looks(stub: Stub) -> Looks:
    return stub.looks


@pytest.fixture
def seat(tabs: Callable[..., Tab], browser_3d: Any, looks: Looks) -> Callable[..., Tab]:
    """A page with a head in three dimensions and the panel open."""

    def open_panel(width: int = 1100, height: int = 800, **options: Any) -> Tab:
        tab = tabs(width, height, init=WATCH_HEAD, in_=browser_3d, **options).open()
        assert tab.page.evaluate("digiclone.face") == "head"
        tab.page.evaluate(WATCH_TINT)
        tab.page.click("#customise-open")
        tab.until("!customise.hidden")
        return tab

    return open_panel


def choose(tab: Tab, name: str, value: str) -> None:
    tab.page.evaluate(
        "([name, value]) => document.querySelector(`input[name=${name}][value='${value}']`).click()", [name, value]
    )


def slide(tab: Tab, label: str, value: float) -> None:
    tab.page.get_by_label(label).evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }", value
    )


def heads(tab: Tab) -> list[str]:
    return tab.page.evaluate("seen.heads")


def test_a_choice_is_shown_as_a_draft_and_kept_on_save(seat: Callable[..., Tab], looks: Looks) -> None:
    tab = seat()
    assert tab.page.is_disabled("#customise-save")
    choose(tab, "look-hair", "bob01")
    tab.until(lambda: "/avatar/ada.glb?draft=1" in heads(tab))
    tab.until("document.getElementById('customise-progress').hidden")
    assert [look["hair"] for look in looks.asked] == ["bob01"]
    assert looks.saved == []
    assert tab.text("#customise-said") == "Not saved yet"
    assert tab.page.locator("#stage canvas").count() == 1, "the old head has left"

    tab.page.click("#customise-save")
    tab.until("document.getElementById('customise-said').textContent === 'Saved'")
    assert looks.look.hair == "bob01"
    assert heads(tab)[-1] == "/avatar/ada.glb?v=1"
    assert tab.page.is_disabled("#customise-save")
    tab.page.keyboard.press("Escape")
    tab.until("customise.hidden")
    assert not tab.page.evaluate("unsaved.open"), "there is nothing to ask"
    assert tab.errors == []


def test_of_quick_choices_only_the_last_is_built_and_a_late_draft_is_not_shown(
    seat: Callable[..., Tab], looks: Looks
) -> None:
    tab = seat()
    for hair in ("bob01", "bob02", "afro01"):
        choose(tab, "look-hair", hair)
    tab.until(lambda: looks.asked)
    assert [look["hair"] for look in looks.asked] == ["afro01"]
    looks.takes = 1.0
    choose(tab, "look-hair", "long01")
    tab.until(lambda: len(looks.asked) == 2)
    choose(tab, "look-hair", "none")
    tab.until(lambda: "/avatar/ada.glb?draft=3" in heads(tab))
    assert "/avatar/ada.glb?draft=2" not in heads(tab)


def test_colours_show_before_anything_is_built(seat: Callable[..., Tab], looks: Looks) -> None:
    tab = seat()
    choose(tab, "look-hair_colour", "#e4e2de")
    assert looks.asked == []
    factors = tab.page.evaluate("seen.tints.at(-1)")
    assert set(factors) == {"Hair", "HairEdge", "Brows", "Clothes"}
    assert min(factors["Hair"]) > 2, "much brighter than brown"
    assert factors["Clothes"] == pytest.approx([1, 1, 1])
    tab.until(lambda: looks.asked)
    assert looks.asked[0]["hair_colour"] == "#e4e2de"


def test_a_tint_changes_the_picture_and_no_tint_is_the_same_picture(seat: Callable[..., Tab]) -> None:
    tab = seat()
    pixels = """
    async (factors) => {
      const { Avatar } = await import("/web/avatar.js");
      const box = document.getElementById("stage");
      window.studio ??= await Avatar.load(box, "/avatar/ada.glb", () => 0);
      studio.tint(factors);
      studio.draw({ weights: {}, head: { pitch: 0, yaw: 0, roll: 0, rise: 0 } });
      const copy = document.createElement("canvas");
      [copy.width, copy.height] = [32, 32];
      const pen = copy.getContext("2d");
      pen.drawImage(studio.canvas, 0, 0, 32, 32);
      return [...pen.getImageData(0, 0, 32, 32).data];
    }
    """
    plain = tab.page.evaluate(pixels, {"Head": [1, 1, 1]})
    green = tab.page.evaluate(pixels, {"Head": [0.1, 1, 0.1]})
    assert sum(green[0::4]) < 0.7 * sum(plain[0::4])
    assert sum(green[1::4]) == pytest.approx(sum(plain[1::4]), rel=0.05)
    assert tab.page.evaluate(pixels, {"Head": [1, 1, 1], "Nose": [9, 9, 9]}) == plain


def test_camera_and_background_need_no_server(seat: Callable[..., Tab], looks: Looks) -> None:
    tab = seat()
    picture = "document.querySelector('#stage canvas').toDataURL()"
    before = tab.page.evaluate(f"requestAnimationFrame(() => window.before = {picture})") or tab.until("window.before")
    slide(tab, "Distance", 1.8)
    tab.page.evaluate(f"requestAnimationFrame(() => window.after = {picture})")
    assert tab.until("window.after") != before
    choose(tab, "view-background", "forest")
    assert "radial-gradient" in tab.page.evaluate("getComputedStyle(document.body).backgroundImage")
    green = tab.page.evaluate("document.body.style.getPropertyValue('--backdrop')")
    choose(tab, "view-background", "paper")
    assert tab.page.evaluate("document.body.classList.contains('bright')")
    assert tab.page.evaluate("document.body.style.getPropertyValue('--backdrop')") != green
    slide(tab, "Liveliness", 0.5)
    assert looks.asked == []
    tab.page.click("#customise-save")
    tab.until(lambda: looks.saved)
    view = looks.saved[0]["view"]
    assert (view["distance"], view["background"], view["life"]) == (1.8, "paper", 0.5)
    assert len(heads(tab)) == 1, "the same head"


def test_what_is_kept_is_shown_from_the_start(tabs: Callable[..., Tab], browser_3d: Any, looks: Looks) -> None:
    looks.view = View(turn=40, background="#336699")
    looks.look = looks.look.model_copy(update={"hair": "long01"})
    tab = tabs(900, 700, in_=browser_3d).open()
    assert "#336699" in tab.page.evaluate("document.body.style.getPropertyValue('--backdrop')")
    # The head is turned to its left: the eyes find the person on its right.
    tab.until("digiclone.weights.eyeLookInLeft > 0.2")
    tab.page.click("#customise-open")
    assert tab.page.is_checked("input[name=look-hair][value=long01]")
    assert tab.page.get_by_label("Turn").input_value() == "40"


def test_cancel_puts_everything_back(seat: Callable[..., Tab], looks: Looks) -> None:
    tab = seat()
    choose(tab, "look-hair", "bob01")
    slide(tab, "Turn", 30)
    choose(tab, "view-background", "ember")
    tab.until(lambda: len(heads(tab)) == 2)
    tab.until("document.getElementById('customise-progress').hidden")
    tab.page.click("#customise-cancel")
    tab.until(lambda: heads(tab)[-1] == "/avatar/ada.glb")
    tab.until(lambda: looks.dropped)
    assert tab.page.evaluate("customise.hidden")
    assert looks.saved == []
    tab.page.click("#customise-open")
    assert tab.page.is_checked("input[name=look-hair][value=short02]")
    assert tab.page.get_by_label("Turn").input_value() == "0"
    assert tab.page.is_checked("input[name=view-background][value=studio]")


@pytest.mark.parametrize("how", ["Escape", "button", "another panel"])
def test_closing_with_something_unsaved_asks(seat: Callable[..., Tab], looks: Looks, how: str) -> None:
    tab = seat()

    def close() -> None:
        if how == "Escape":
            tab.page.keyboard.press("Escape")
        else:
            tab.page.click("#customise-open" if how == "button" else "#timing")
        tab.until("unsaved.open")

    slide(tab, "Turn", 30)
    close()
    tab.page.keyboard.press("Escape")
    tab.until("!unsaved.open && !customise.hidden")
    assert tab.page.get_by_label("Turn").input_value() == "30", "going on where one was"
    close()
    tab.page.click("#unsaved [value=discard]")
    tab.until("!unsaved.open && customise.hidden")
    tab.page.click("#customise-open")
    assert tab.page.get_by_label("Turn").input_value() == "0"
    slide(tab, "Turn", 20)
    close()
    tab.page.click("#unsaved [value=save]")
    tab.until(lambda: looks.saved)
    assert looks.view.turn == 20


def test_leaving_the_page_with_something_unsaved_asks(seat: Callable[..., Tab]) -> None:
    tab = seat()
    choose(tab, "view-background", "ember")
    tab.page.click("#customise h2")  # browsers ask only for pages that have been touched
    with tab.page.expect_event("dialog") as asked:
        tab.page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.accept()


def test_a_build_that_fails_says_so_and_nothing_is_lost(seat: Callable[..., Tab], looks: Looks) -> None:
    tab = seat()
    looks.error = {"error": "The disk is full.", "hint": "Make room."}
    choose(tab, "look-hair", "bob01")
    tab.until("document.querySelector('.note')")
    told = tab.page.locator(".note", has_text="Not built").inner_text()
    assert "The disk is full." in told
    assert "Make room." in told
    assert tab.page.is_checked("input[name=look-hair][value=bob01]")
    tab.page.click("#customise-save")
    tab.until(lambda: looks.saved)
    tab.until("!document.getElementById('customise-save').disabled")
    assert tab.text("#customise-said") == "Not saved yet"
    looks.error = None
    tab.page.click("#customise-save")
    tab.until("document.getElementById('customise-said').textContent === 'Saved'")
    assert tab.page.locator(".note").count() == 0


def test_a_head_that_somebody_else_made_keeps_its_look(seat: Callable[..., Tab], looks: Looks) -> None:
    looks.source = Source(kind="file", name="robot.glb")
    tab = seat()
    assert "robot.glb" in tab.text("#customise .why")
    assert tab.page.is_disabled("input[name=look-hair][value=bob01]")
    assert tab.page.get_by_label("Weight").is_disabled()
    assert tab.page.get_by_label("Distance").is_enabled()
    slide(tab, "Distance", 1.5)
    tab.page.click("#customise-save")
    tab.until(lambda: looks.saved)
    assert looks.view.distance == 1.5


def test_a_body_can_be_put_back_as_it_is(seat: Callable[..., Tab], looks: Looks) -> None:
    tab = seat()
    tab.page.get_by_label("Age").evaluate("(input) => { window.age = input.nextElementSibling; }")
    output = "age.textContent"
    assert tab.page.evaluate(output) == "as it is"
    slide(tab, "Age", 60)
    assert tab.page.evaluate(output) == "60 years"
    tab.until(lambda: looks.asked)
    assert looks.asked[0]["body"]["age"] == 60
    assert looks.asked[0]["body"]["weight"] is None
    tab.page.click("text=Body as it is")
    assert tab.page.evaluate(output) == "as it is"
    assert tab.page.is_disabled("#customise-save")


def test_without_webgl_a_look_is_saved_unseen(tab: Tab, looks: Looks) -> None:
    tab.page.click("#customise-open")
    choose(tab, "look-hair", "bob01")
    tab.page.click("#customise-save")
    tab.until(lambda: looks.saved)
    tab.until("document.getElementById('customise-said').textContent === 'Saved'")
    assert (looks.asked, looks.look.hair) == ([], "bob01")


def test_where_the_server_knows_no_looks_there_is_no_button(tabs: Callable[..., Tab]) -> None:
    tab = tabs()
    tab.page.route("**/api/clones/ada/avatar", lambda route: route.fulfill(status=404))
    tab.open()
    assert tab.page.is_hidden("#customise-open")


def test_by_keyboard(tab: Tab) -> None:
    tab.page.focus("#customise-open")
    tab.page.keyboard.press("Enter")
    tab.until("!customise.hidden")
    tab.page.focus("#customise-close")
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.value") == "short02"
    tab.page.keyboard.press("ArrowRight")
    assert tab.page.evaluate("document.activeElement.value") == "short03"
    assert tab.page.is_checked("input[name=look-hair][value=short03]")
    outline = "getComputedStyle(document.activeElement.nextElementSibling).outlineStyle"
    assert tab.page.evaluate(outline) == "solid"
    tab.page.keyboard.press("ArrowLeft")
    tab.page.focus("#customise-close")
    tab.page.keyboard.press("Enter")
    tab.until("customise.hidden")
    assert tab.page.evaluate("document.activeElement.id") == "customise-open"


def test_for_screen_readers(tab: Tab) -> None:
    tab.page.click("#customise-open")
    for role, name in [
        ("complementary", "Customise"), ("group", "Style"), ("group", "Hair colour"), ("radio", "Short waves"),
        ("radio", "platinum"), ("slider", "Turn"), ("slider", "Liveliness"), ("button", "Save"), ("button", "Cancel"),
    ]:  # fmt: skip
        assert tab.page.get_by_role(role, name=name, exact=True).count() >= 1, (role, name)
    nameless = [control for control in tab.page.evaluate(CONTROLS) if not control["name"]]
    assert nameless == []
    assert tab.page.get_attribute("#customise-said", "role") == "status"
    assert tab.page.get_by_label("Weight").get_attribute("aria-valuetext") == "as it is"


@pytest.mark.parametrize("size", [PHONE, (320, 568), (1280, 800)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_it_fits(tabs: Callable[..., Tab], size: tuple[int, int]) -> None:
    width, height = size
    tab = tabs(width, height).open()
    tab.page.click("#customise-open")
    box = tab.page.locator("#customise").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["y"] + box["height"] <= height
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    fields = "document.getElementById('customise-fields')"
    assert tab.page.evaluate(f"{fields}.scrollWidth <= {fields}.clientWidth")
    assert tab.page.evaluate(f"{fields}.clientHeight") > 100
    for button in ("#customise-save", "#customise-cancel", "#customise-close", "#customise-open"):
        assert tab.page.locator(button).bounding_box()["height"] >= 38, button  # pyright: ignore[reportOptionalSubscript]
    if width > 1000:
        talk = tab.page.locator("#say button").bounding_box()
        assert talk
        assert talk["x"] + talk["width"] <= box["x"], "one can go on talking"


def test_words_can_be_read(tab: Tab) -> None:
    tab.page.click("#customise-open")
    tab.page.evaluate("document.querySelector('input[name=view-background][value=paper]').click()")
    surface = "rgb(20, 27, 36)"
    for selector in ("#customise h2", "#customise legend", ".chips span", ".slider output", "#customise-said"):
        colour = tab.page.evaluate("(selector) => getComputedStyle(document.querySelector(selector)).color", selector)
        assert contrast(colour, surface) >= 4.5, selector
