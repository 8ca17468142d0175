"""The page, measured in a real browser: how often it draws a speaking head, and what the mouth costs.

    python bench/page.py [--quick] [--json]

Chromium with Mesa's software renderer, a stage of 480 x 480 pixels, the default head, a scripted voice. No GPU is used,
so the figures are those of a poor machine; other work on it makes them worse, hence `load`.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

SIZE = 480
SWITCHES = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=gl-egl",
    "--ignore-gpu-blocklist",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
]
ISOLATION = ((b"cross-origin-opener-policy", b"same-origin"), (b"cross-origin-embedder-policy", b"require-corp"))
WORDS = "Good morning! I am so happy to SEE you again, and there is really something that I must tell you."
SYMBOLS = ("PP", "aa", "SS", "O", "nn", "E", "FF", "I", "kk", "U", "DD", "RR", "CH", "aa", "TH")
SOUND = 0.08
"""Seconds of each of them."""

WATCH = """
(() => {
  const log = (window.bench = { draws: [], pose: [], map: [], first: 0, eased: 0 });
  const clear = WebGL2RenderingContext.prototype.clear;
  WebGL2RenderingContext.prototype.clear = function (mask) {
    if (this.canvas.isConnected) log.draws.push(performance.now());
    return clear.call(this, mask);
  };
  new MutationObserver(() => {
    if (!log.first && document.querySelector("#stage canvas.shown")) log.first = performance.now();
  }).observe(document, { subtree: true, childList: true, attributes: true });
})();
"""
TIME = """
async () => {
  const { Face } = await import("/web/face.js");
  const { Moves } = await import("/web/moves.js");
  const { Avatar } = await import("/web/avatar.js");
  // The question is how fast it draws all of the stage: it may not draw more coarsely instead.
  Avatar.prototype.ease = () => (bench.eased += 1);
  const timed = (prototype, name, into) => {
    const method = prototype[name];
    prototype[name] = function (...given) {
      const start = performance.now();
      const result = method.apply(this, given);
      into.push(performance.now() - start);
      return result;
    };
  };
  timed(Face.prototype, "pose", bench.pose);
  timed(Moves.prototype, "apply", bench.map);
  return crossOriginIsolated;
}
"""


def figures(quick: bool) -> dict[str, Any]:
    """Frames a second (median, and the 5 % of slowest seconds), milliseconds of the mouth per frame, first frame."""
    from playwright.sync_api import sync_playwright

    from digiclone.avatar.default import default_head

    os.environ["DIGICLONE_STUB_AVATAR"] = str(default_head())
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    load = os.getloadavg()[0]
    stub = import_module("stub_server").Stub()
    plain = stub.app
    stub.app = lambda: isolated(plain())
    stub.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
        try:
            return measure(browser, stub, 12 if quick else 30) | {"load": round(load, 2), "cores": os.cpu_count()}
        finally:
            browser.close()


def measure(browser: Any, stub: Any, seconds: int) -> dict[str, Any]:
    """Let the head speak for so long and read what the page saw."""
    page = browser.new_page(viewport={"width": SIZE, "height": SIZE})
    page.add_init_script(WATCH)
    page.goto(f"http://127.0.0.1:{stub.port}/")
    wait(page, "window.digiclone?.face && digiclone.state === 'ready'")
    if page.evaluate("digiclone.face") != "head":
        raise SystemExit("the page shows no head: " + page.inner_text("#notes"))
    assert page.evaluate(TIME), "clocks of 5 microseconds need an isolated page"
    speak(stub, seconds + 4)
    wait(page, "digiclone.state === 'speaking'")
    time.sleep(2)
    page.evaluate("for (const key of ['draws', 'pose', 'map']) bench[key].length = 0")
    time.sleep(seconds)
    seen = page.evaluate("bench")
    state, canvas = page.evaluate("[digiclone.state, [stage.firstChild.width, stage.firstChild.height]]")
    assert state == "speaking", state
    return {
        "fps": fps(seen["draws"]),
        "frame_ms": spread(b - a for a, b in zip(seen["draws"], seen["draws"][1:], strict=False)),
        "face_ms": spread(seen["pose"]),
        "mapping_ms": spread(seen["map"]),
        "mouth_and_mapping_ms": spread(a + b for a, b in zip(seen["pose"], seen["map"], strict=False)),
        "first_frame_ms": round(seen["first"]),
        "canvas": canvas,
        "wanted_to_ease": seen["eased"],
        "seconds": seconds,
        "renderer": page.evaluate("async () => (await import('/web/graphics.js')).graphics()"),
    }


def isolated(app: Any) -> Any:
    """Fine clocks are for isolated pages alone: the application with the headers that make them so."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *ISOLATION]
            await send(message)

        await app(scope, receive, with_headers)

    return answer


def speak(stub: Any, seconds: float) -> None:
    """One long turn, as the server would send it."""
    wire = import_module("stub_server")
    stub.turn += 1
    count = int(3 / SOUND)
    marks = [
        {"symbol": SYMBOLS[i % len(SYMBOLS)], "start": round(i * SOUND, 3), "end": round((i + 1) * SOUND, 3)}
        for i in range(count)
    ]
    for _ in range(int(seconds / (count * SOUND)) + 1):
        sound = wire.tone(count * SOUND, 220).tobytes()
        stub.emit(
            wire.frame("Said", stub.turn, text=WORDS),
            wire.frame("Mouthed", stub.turn, visemes=marks),
            wire.frame("Spoke", stub.turn, text=WORDS, rate=wire.RATE, phones=[], pcm=sound),
        )
    stub.emit(wire.frame("Done", stub.turn))


def wait(page: Any, condition: str, patience: float = 60) -> None:
    end = time.monotonic() + patience
    while not page.evaluate(condition):
        if time.monotonic() > end:
            raise SystemExit(f"{condition} did not come true")
        time.sleep(0.05)


def fps(draws: list[float]) -> dict[str, float]:
    """Over windows of a second, one every tenth of a second; `draws` in ms."""
    start, end = draws[0], draws[-1]
    counts = [
        sum(at <= draw < at + 1000 for draw in draws)
        for at in (start + 100 * i for i in range(int((end - start) / 100) - 9))
    ]
    return {"median": statistics.median(counts), "p5": statistics.quantiles(counts, n=20)[0]}


def spread(values: Any) -> dict[str, float]:
    """Median and 95th percentile."""
    known = sorted(values)
    return {
        "median": round(statistics.median(known), 4),
        "p95": round(statistics.quantiles(known, n=20)[-1], 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="12 seconds instead of 30")
    parser.add_argument("--json", action="store_true", help="one JSON object, for machines")
    given = parser.parse_args()
    found = figures(given.quick)
    print(json.dumps(found) if given.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
