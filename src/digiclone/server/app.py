"""The routes: the page, the clones, their faces, and one WebSocket per tab."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from digiclone import wire
from digiclone.avatar.default import default_head
from digiclone.clone import Clone, Sections, clones, find
from digiclone.config import ConfigError
from digiclone.events import Failed
from digiclone.server import avatars, looks
from digiclone.server.guard import Guard
from digiclone.server.session import Session
from digiclone.server.workshop import Workshop
from digiclone.weights import WeightsError

log = logging.getLogger(__name__)
WEB = Path(__file__).parent.parent / "web"
UNFIT = (ConfigError, WeightsError, OSError, sqlite3.Error)
"""Why a clone cannot wake up: its settings, its weights, its folder, its history."""
MOST_TABS = 8
"""Tabs at once. Each has its own conversation, all share the models."""


def make_app(default: str, token: str | None = None, flags: Sections | None = None) -> ASGIApp:
    """The server as an ASGI application. `default` is the clone of a page that names none."""
    bedroom = Bedroom(flags)
    tabs: set[WebSocket] = set()
    workshop = Workshop()
    door = asyncio.Lock()

    async def index(request: Request) -> Response:
        return FileResponse(WEB / "index.html", headers={"Cache-Control": "no-cache"})

    async def list_clones(request: Request) -> Response:
        rows = [{"name": name, "avatar": avatars.url(name)} for name in clones()]
        return JSONResponse({"clones": rows, "default": default}, headers={"Cache-Control": "no-store"})

    async def avatar(request: Request) -> Response:
        try:
            folder = find(request.path_params["name"])
        except ConfigError as error:
            raise HTTPException(404, str(error)) from None
        own = looks.head(folder, request.query_params.get("draft"))
        head = own or await run_in_threadpool(default_head)
        return FileResponse(head, media_type="model/gltf-binary", headers={"Cache-Control": "no-cache"})

    async def talk(socket: WebSocket) -> None:
        if len(tabs) >= MOST_TABS:
            await socket.close(1013, f"{MOST_TABS} tabs are open already; close one")
            return
        tabs.add(socket)
        try:
            await socket.accept()
            clone = await bedroom.wake(socket.path_params["name"])
            await Session(socket, clone).run()
        except UNFIT as error:
            await socket.send_bytes(wire.encode(Failed("clone", str(error), "digiclone doctor says more"), 0, 0.0))
            await socket.close(1011, "the clone cannot wake up")
        except wire.BadFrame as error:
            log.warning("a page broke the protocol: %s", error)
            with contextlib.suppress(RuntimeError):  # it may be gone already
                await socket.close(1008, str(error)[:120])
        finally:
            tabs.discard(socket)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        waking = asyncio.create_task(bedroom.wake_early(default))
        yield
        await workshop.close()
        await waking

    app = Starlette(
        routes=[
            Route("/", index),
            Route("/api/clones", list_clones),
            Route("/avatar/{name}.glb", avatar),
            *avatars.routes(door),
            *looks.routes(door, workshop),
            WebSocketRoute("/ws/{name}", talk),
            Mount("/web", StaticFiles(directory=WEB)),
        ],
        lifespan=lifespan,
    )
    return Guard(app, token)


class Bedroom:
    """The clones of this server. Each is woken once, however many tabs ask for it."""

    def __init__(self, flags: Sections | None) -> None:
        self._flags = flags
        self._awake: dict[str, Clone] = {}
        self._door = asyncio.Lock()

    async def wake(self, name: str) -> Clone:
        """The clone of that name, its models loaded. Raises one of `UNFIT`."""
        async with self._door:
            if name not in self._awake:
                self._awake[name] = await run_in_threadpool(Clone.open, name, self._flags)
            return self._awake[name]

    async def wake_early(self, name: str) -> None:
        """Wake a clone before anybody asks. What goes wrong is told to the tab that asks."""
        try:
            await self.wake(name)
        except UNFIT as error:
            log.error("%s", error)
