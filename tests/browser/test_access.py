"""Everybody can use the page: by keyboard, by screen reader, on a phone."""

import re
from collections.abc import Callable

import pytest
from browser_tab import Tab
from stub_server import Stub

PHONE = (390, 844)

CONTROLS = """
() => [...document.querySelectorAll("button, input, select, summary, [tabindex='0']")]
  .filter((element) => element.checkVisibility({ visibilityProperty: true }))
  .map((element) => {
    const box = (element.type === "radio" ? element.parentElement : element).getBoundingClientRect();
    const name = element.getAttribute("aria-label") || element.labels?.[0]?.textContent || element.textContent;
    const { left, top, right, bottom, height } = box;
    const id = element.id || element.value || element.className;
    return { id, name: name.trim(), height, left, top, right, bottom };
  })
"""


def luminance(colour: str) -> float:
    """WCAG's relative luminance of a CSS colour such as ``rgb(1, 2, 3)``."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def focused(tab: Tab) -> str:
    return tab.page.evaluate(
        "document.activeElement.id || document.activeElement.value || document.activeElement.tagName"
    )


def test_every_control_has_a_name(tab: Tab) -> None:
    tab.say("Hello")
    tab.state("speaking")
    tab.page.click("#timing")
    controls = tab.page.evaluate(CONTROLS)
    assert len(controls) >= 9
    assert [control for control in controls if not control["name"]] == []


def test_roles(tab: Tab) -> None:
    for role, name in [
        ("heading", "Ada"), ("status", ""), ("alert", ""), ("log", ""), ("main", ""), ("banner", ""),
        ("group", "How to talk"), ("region", "Conversation"), ("img", "Ada's face"), ("textbox", "Type to the clone"),
        ("button", "Start talking"), ("button", "Stop"), ("button", "Send"), ("combobox", "Clone"),
    ]:  # fmt: skip
        options = {"name": name} if name else {}
        assert tab.page.get_by_role(role, **options).count() == 1, role
    assert tab.page.get_attribute("html", "lang") == "en"
    assert tab.page.get_attribute("#log", "aria-live") == "polite"
    assert tab.page.get_attribute("#stop", "disabled") is not None, "there is nothing to stop"


def test_by_keyboard_alone(tab: Tab, stub: Stub) -> None:
    tab.page.evaluate("for (const note of document.querySelectorAll('.note')) note.remove()")
    order = []
    for _ in range(9):
        tab.page.keyboard.press("Tab")
        order.append(focused(tab))
        style = tab.page.evaluate(
            """() => {
              const element = document.activeElement;
              const seen = element.type === "radio" ? element.nextElementSibling : element;
              return getComputedStyle(seen).outlineStyle;
            }"""
        )
        assert style == "solid", f"one must see that {order[-1]} has the focus"
    assert order == ["clone", "customise-open", "avatar-open", "timing", "captions", "free", "talk", "words", "BUTTON"]

    tab.page.keyboard.press("Shift+Tab")
    tab.page.keyboard.type("By hand")
    tab.page.keyboard.press("Enter")
    tab.state("speaking")
    tab.page.keyboard.press("Escape")
    tab.state("ready")

    tab.page.keyboard.press("Shift+Tab")
    assert focused(tab) == "talk", "the stop button is out of the way again"
    tab.page.keyboard.press("Enter")
    tab.state("listening")
    tab.page.keyboard.press("Enter")
    tab.state("ready")
    tab.page.keyboard.down("Space")
    tab.until(lambda: stub.messages("talk"))
    tab.page.keyboard.up("Space")
    tab.until(lambda: len(stub.messages("talk")) == 2)

    tab.page.keyboard.press("Shift+Tab")
    tab.page.keyboard.press("ArrowRight")
    assert focused(tab) == "push"
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Enter")
    tab.until(lambda: len(stub.messages("talk")) == 3)
    tab.page.keyboard.press("Enter")
    tab.until(lambda: [message["down"] for message in stub.messages("talk")] == [True, False, True, False])


@pytest.mark.parametrize("size", [PHONE, (1280, 800), (844, 390), (320, 568)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_all_controls_are_in_view(tabs: Callable[..., Tab], size: tuple[int, int]) -> None:
    width, height = size
    tab = tabs(width, height).open()
    tab.say("A word that does not end" + "x" * 90)
    tab.state("speaking")
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.page.evaluate("document.querySelector('main').scrollWidth") <= width
    for control in tab.page.evaluate(CONTROLS):
        assert control["left"] >= 0, control
        assert control["right"] <= width, control
        assert control["top"] >= 0, control
        assert control["bottom"] <= height, control
        assert control["height"] >= 38, control


def test_long_captions_scroll_by_themselves(tabs: Callable[..., Tab]) -> None:
    tab = tabs(*PHONE).open()
    for i in range(8):
        tab.stub.send(
            "Heard", i, text=f"Sentence number {i}, which is long enough for two lines of a phone.", final=True
        )
    tab.until("document.getElementById('log').innerText.includes('number 7')")
    gap = tab.page.evaluate(
        "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)(captions)"
    )
    assert gap <= 1, "the latest words are in view"


def test_contrast(tab: Tab, stub: Stub) -> None:
    """At least 4.5 to 1 for text, on its own surface and on the lightest part of the backdrop."""
    stub.send("Heard", 0, text="How are", final=False)
    stub.send("Failed", 0, stage="tts", error="no voice", hint="Train one.")
    tab.page.click("#timing")
    pairs = tab.page.evaluate(
        """() => ["#status", "#log .user span", "#log .assistant span", "#log b", "#live", "#talk-label",
                 "#mode span", "#words", ".note", ".note button", "#latency p", "#timing"].map((selector) => {
          const element = document.querySelector(selector);
          let surface = element;
          const opaque = (e) => /^rgb\\(/.test(getComputedStyle(e).backgroundColor);
          while (surface && !opaque(surface)) surface = surface.parentElement;
          const colour = getComputedStyle(element).color;
          return [selector, colour, getComputedStyle(surface ?? document.body).backgroundColor];
        })"""
    )
    ground = "rgb(44, 56, 70)"
    for selector, text, surface in pairs:
        assert contrast(text, surface) >= 4.5, (selector, text, surface)
        assert contrast(text, ground) >= 4.5, (selector, "on the lightest part of the backdrop")


def test_reduced_motion(tabs: Callable[..., Tab], stub: Stub) -> None:
    stub.awake = False
    moving = tabs().open(state="waking")
    assert moving.page.evaluate("getComputedStyle(document.querySelector('.dot')).animationName") == "breathe"
    still = tabs(reduced_motion="reduce").open(state="waking")
    assert still.page.evaluate("getComputedStyle(document.querySelector('.dot')).animationName") == "none"
