"""A browser, a stub of the server and a page that has come up, for the tests of the page."""

import shutil
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser_tab import MIC_HERTZ, WATCH, Tab
from stub_server import WEB, Stub

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SWITCHES = [
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
SOFTWARE_GL = ["--use-gl=angle", "--use-angle=gl-egl", "--ignore-gpu-blocklist"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def stub() -> Stub:
    return Stub().start()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no chromium on the path")
    if not (WEB / "vendor" / "three.module.js").exists():
        pytest.skip("web/vendor is empty: run `npm ci` and web/fill_vendor.py")
    with api.sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the fake microphone hears: half a minute of a tone."""
    path = tmp_path_factory.mktemp("mic") / "tone.wav"
    samples = (9000 * np.sin(2 * np.pi * MIC_HERTZ * np.arange(30 * 48_000) / 48_000)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(samples.tobytes())
    return path


@pytest.fixture(scope="session")
def browser(playwright: Any, voice: Path) -> Iterator[Any]:
    """Without 3-D graphics: the drawn face leaves the processor to what is tested."""
    switches = [*SWITCHES, "--disable-3d-apis", f"--use-file-for-fake-audio-capture={voice}%noloop"]
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=switches)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def browser_3d(playwright: Any) -> Iterator[Any]:
    """With 3-D graphics in software: Mesa where it is there, else SwiftShader."""
    for gl in (SOFTWARE_GL, ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*SWITCHES, *gl])
        page = browser.new_page()
        if page.evaluate("Boolean(document.createElement('canvas').getContext('webgl2'))"):
            page.close()
            yield browser
            browser.close()
            return
        browser.close()
    pytest.fail("this Chromium has no WebGL 2, not even in software")


@pytest.fixture
def tabs(browser: Any, stub: Stub) -> Iterator[Callable[..., Tab]]:
    """Makes tabs. `init` is JavaScript that runs before the page's own."""
    contexts = []

    def make(width: int = 1280, height: int = 800, init: str = "", in_: Any = browser, **options: Any) -> Tab:
        context = in_.new_context(viewport={"width": width, "height": height}, permissions=["microphone"], **options)
        context.add_init_script(WATCH + init)
        contexts.append(context)
        return Tab(context.new_page(), stub)

    stub.reset()
    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def tab(tabs: Callable[..., Tab]) -> Tab:
    """A page that is ready to talk."""
    return tabs().open()
