"""A stand-in for the server: serves the page and plays scripted sessions, so that the page can be tested alone.

Sound is made of tones, so that every sample is known. Typed words are answered by `REPLY`; everything else a test
sends itself with `Stub.send`, and reads what the page sent from `Stub.received`.
Try it by hand: ``python tests/browser/stub_server.py [PORT]``.
"""

import asyncio
import json
import os
import struct
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect
from stub_looks import Looks
from tiny_head import tiny_head

HERE = Path(__file__).parent
WEB = HERE.parents[1] / "src" / "digiclone" / "web"
RATE = 24_000
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; connect-src 'self' blob: data: ws: wss:; "
    "worker-src 'self' blob:; style-src 'self'; script-src 'self' 'wasm-unsafe-eval'"
)
REPLY = ("Good morning.", "I was made of three tones,", "and every sample of them is known.")
PHRASE = 0.5
"""Seconds that each of them sounds."""
HISTORY = ({"role": "user", "text": "Do you remember me?"}, {"role": "assistant", "text": "Of course I do."})
SPANS = (
    {"symbol": "endpoint", "start": 1.0, "end": 1.21},
    {"symbol": "asr", "start": 1.02, "end": 1.19},
    {"symbol": "llm_first_token", "start": 1.19, "end": 1.27},
    {"symbol": "first_phrase", "start": 1.27, "end": 1.36},
    {"symbol": "tts_first_audio", "start": 1.36, "end": 1.39},
)


def frame(type_: str, turn: int, at: float = 0.0, pcm: bytes = b"", **fields: Any) -> bytes:
    """One event as docs/wire.md says."""
    head = json.dumps({"type": type_, "turn": turn, "at": at, **fields}).encode()
    return struct.pack("<I", len(head)) + head + pcm


def tone(seconds: float, hertz: float, rate: int = RATE, start: float = 0.0) -> np.ndarray:
    """int16 samples of a sine that is at phase 0 at time 0 and begins at time `start`."""
    times = start + np.arange(round(seconds * rate)) / rate
    return np.round(12_000 * np.sin(2 * np.pi * hertz * times)).astype("<i2")


def mouth(seconds: float) -> list[dict[str, Any]]:
    """Visemes of 0.1 s each; every fourth closes the lips."""
    symbols = ("PP", "aa", "SS", "O")
    return [
        {"symbol": symbols[i % 4], "start": round(0.1 * i, 3), "end": round(0.1 * i + 0.1, 3)}
        for i in range(int(seconds * 10))
    ]


def phrases(turn: int, texts: tuple[str, ...] = REPLY, seconds: float = PHRASE, rate: int = RATE) -> Iterator[bytes]:
    """Said, Mouthed and Spoke for each text; one sine runs through all of them without a break."""
    for i, text in enumerate(texts):
        yield frame("Said", turn, text=text)
        yield frame("Mouthed", turn, visemes=mouth(seconds))
        sound = tone(seconds, 440, rate, start=i * seconds).tobytes()
        yield frame("Spoke", turn, text=text, rate=rate, phones=[], pcm=sound)


class Stub:
    """The server of one test run. Its methods may be called from any thread."""

    def __init__(self) -> None:
        self.received: list[tuple[float, dict[str, Any]]] = []
        """Messages of the page, with the time (`time.monotonic`) at which they came."""
        self.heard: list[bytes] = []
        """Frames of the microphone."""
        self.turn = 0
        self.auto = True
        """Answer typed words with `REPLY`."""
        self.thought = 0.0
        """Seconds before it answers."""
        self.awake = True
        """Send `Ready` as soon as a page connects."""
        self.refuse = False
        """Accept no connection."""
        self.clones = ["ada", "bob"]
        self.looks = Looks()
        self.sockets: set[WebSocket] = set()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.port = 0

    # what tests do

    def send(self, type_: str, turn: int | None = None, pcm: bytes = b"", **fields: Any) -> None:
        """One event to every page."""
        self.emit(frame(type_, self.turn if turn is None else turn, pcm=pcm, **fields))

    def emit(self, *frames: bytes) -> None:
        self._run(self._emit(*frames))

    def ready(self) -> None:
        self.send("Ready", 0, clone="Ada", models={"asr": "stub", "tts": "stub"}, history=HISTORY)

    def drop(self) -> None:
        """Cuts every connection."""
        self._run(self._drop())

    def reset(self) -> None:
        """As new, for the next test."""
        self.drop()
        self.received, self.heard, self.turn = [], [], 0
        self.auto, self.awake, self.refuse, self.thought = True, True, False, 0.0
        self.clones = ["ada", "bob"]
        vars(self.looks).update(vars(Looks()))

    def messages(self, type_: str) -> list[dict[str, Any]]:
        """What the page has sent of this type."""
        return [message for _, message in self.received if message["type"] == type_]

    def _run(self, work: Any) -> None:
        assert self.loop is not None
        asyncio.run_coroutine_threadsafe(work, self.loop).result(5)

    # what pages see

    async def _emit(self, *frames: bytes) -> None:
        for socket in list(self.sockets):
            for data in frames:
                await socket.send_bytes(data)

    async def _drop(self) -> None:
        for socket in list(self.sockets):
            await socket.close(1001)
        self.sockets.clear()

    async def session(self, socket: WebSocket) -> None:
        if self.refuse:
            await socket.close(1013)
            return
        await socket.accept()
        self.sockets.add(socket)
        if self.awake:
            await socket.send_bytes(frame("Ready", 0, clone="Ada", models={}, history=HISTORY))
        try:
            while True:
                await self._take(await socket.receive())
        except WebSocketDisconnect:
            self.sockets.discard(socket)

    async def _take(self, message: Any) -> None:
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect
        if message.get("bytes") is not None:
            self.heard.append(message["bytes"])
            return
        said = json.loads(message["text"])
        self.received.append((time.monotonic(), said))
        if said["type"] == "stop":
            await self._emit(frame("Interrupted", self.turn))
        if said["type"] == "say" and self.auto:
            if self.turn:  # as the real server does, over or not
                await self._emit(frame("Interrupted", self.turn))
            await self._answer(said["text"])

    async def _answer(self, text: str) -> None:
        self.turn += 1
        await asyncio.sleep(self.thought)
        await self._emit(
            frame("Heard", self.turn, text=text, final=True),
            *phrases(self.turn),
            frame("Measured", self.turn, spans=SPANS),
            frame("Done", self.turn),
        )

    def app(self) -> Starlette:
        async def clones(_request: Any) -> Response:
            known = [{"name": name, "avatar": f"/avatar/{name}.glb"} for name in self.clones]
            return JSONResponse({"clones": known, "default": "ada"})

        async def index(_request: Any) -> Response:
            return FileResponse(WEB / "index.html", headers={"Content-Security-Policy": POLICY})

        async def avatar(_request: Any) -> Response:
            real = os.environ.get("DIGICLONE_STUB_AVATAR")
            return FileResponse(real) if real else Response(tiny_head(), media_type="model/gltf-binary")

        async def mapping(_request: Any) -> Response:
            return JSONResponse(None)  # our own head, of which nothing need be known

        async def tap(_request: Any) -> Response:
            return FileResponse(HERE / "tap.js")

        return Starlette(
            routes=[
                Route("/", index),
                Route("/api/clones", clones),
                Route("/avatar/{name}.glb", avatar),
                Route("/api/clones/{name}/avatar/mapping", mapping),
                Route("/test/tap.js", tap),
                *self.looks.routes(),
                WebSocketRoute("/ws/{clone}", self.session),
                Mount("/web", StaticFiles(directory=WEB)),
            ]
        )

    def start(self, port: int = 0) -> "Stub":
        """Serves in a thread until the process ends; returns once it answers."""
        server = uvicorn.Server(
            uvicorn.Config(self.app(), host="127.0.0.1", port=port, log_level="warning", ws="websockets-sansio")
        )

        async def serve() -> None:
            self.loop = asyncio.get_running_loop()
            await server.serve()

        threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
        while not server.started:
            time.sleep(0.01)
        self.port = server.servers[0].sockets[0].getsockname()[1]
        return self


if __name__ == "__main__":
    stub = Stub().start(int(sys.argv[1]) if len(sys.argv) > 1 else 8765)
    sys.stdout.write(f"http://127.0.0.1:{stub.port}\n")
    threading.Event().wait()
