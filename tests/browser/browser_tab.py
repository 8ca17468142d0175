"""A page that is under test."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from stub_server import Stub

MIC_HERTZ = 600
"""The tone that the fake microphone hears."""
PATIENCE = 10.0
"""Seconds that a condition may take to come true."""

WATCH = """
(() => {
  const log = { came: [], sent: [] };
  const now = () => window.digiclone?.output?.context.currentTime ?? 0;
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        const length = new DataView(data).getUint32(0, true);
        const { type, turn, visemes, rate } = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
        const seconds = rate && (data.byteLength - 4 - length) / 2 / rate;
        log.came.push({ type, turn, time: now(), visemes, seconds });
      });
    }
    send(data) {
      super.send(data);
      if (typeof data === "string") log.sent.push({ ...JSON.parse(data), time: now() });
    }
  };
  window.watch = log;
})();
"""
"""What comes and goes on the wire, with the time on the audio clock."""


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The address of a page that a server in this process shows meanwhile."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # the page may ask before the server is up
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        server.should_exit = True
        thread.join(10)


class Tab:
    """One open page, what it logged, and how to wait for it."""

    def __init__(self, page: Any, stub: Stub) -> None:
        self.page, self.stub = page, stub
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda socket: self.requests.append(socket.url))

    def open(self, query: str = "", state: str = "ready") -> "Tab":
        self.page.goto(f"http://127.0.0.1:{self.stub.port}/{query}")
        self.until("window.digiclone?.face")
        self.state(state)
        return self

    def until(self, condition: str | Callable[[], Any]) -> Any:
        """Waits for a JavaScript expression, or a Python function, to be true; returns its value.

        Not playwright's `wait_for_function`, which needs `eval`: the page's security policy forbids that.
        """
        end = time.monotonic() + PATIENCE
        while True:
            value = self.page.evaluate(condition) if isinstance(condition, str) else condition()
            if value:
                return value
            assert time.monotonic() < end, (
                f"{condition} did not come true; state {self.page.evaluate('digiclone.state')}"
            )
            time.sleep(0.01)

    def state(self, name: str) -> None:
        self.until(f"digiclone.state === {name!r}")

    def say(self, text: str) -> None:
        self.page.fill("#words", text)
        self.page.press("#words", "Enter")

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def came(self, type_: str) -> list[dict[str, Any]]:
        """Events of this type that have come, with their `time` on the audio clock."""
        return self.page.evaluate("(type) => watch.came.filter((event) => event.type === type)", type_)

    def sent(self, type_: str) -> list[dict[str, Any]]:
        """Messages of this type that were sent, with their `time` on the audio clock."""
        return self.page.evaluate("(type) => watch.sent.filter((message) => message.type === type)", type_)
