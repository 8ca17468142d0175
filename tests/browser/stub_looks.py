"""The look routes of the stand-in server: heads take as long to build as a test says."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from digiclone.avatar.folder import Source, View
from digiclone.avatar.look import Look, choices

BASE = "/api/clones/{name}/avatar"


class Looks:
    """What the clone looks like, and what has been asked for."""

    def __init__(self) -> None:
        self.source, self.look, self.view = Source(), Look(), View()
        self.asked: list[dict[str, Any]] = []
        """Looks of drafts."""
        self.saved: list[dict[str, Any]] = []
        self.dropped = 0
        self.takes = 0.0
        """Seconds of a build."""
        self.error: dict[str, str] | None = None
        """How every build ends, instead of well."""

    def routes(self) -> list[Route]:
        return [
            Route(BASE, self.show, methods=["GET"]),
            Route(f"{BASE}/mapping", self.mapping, methods=["GET"]),
            Route(f"{BASE}/draft", self.draft, methods=["POST"]),
            Route(f"{BASE}/draft", self.drop, methods=["DELETE"]),
            Route(f"{BASE}/look", self.keep, methods=["PUT"]),
        ]

    async def show(self, request: Request) -> Response:
        told = {name: getattr(self, name).model_dump() for name in ("source", "look", "view")}
        return JSONResponse(told | {"choices": choices(), "url": self.url(request)})

    async def mapping(self, _request: Request) -> Response:
        return JSONResponse(None)  # a head of our own needs none

    async def draft(self, request: Request) -> Response:
        look = Look(**(await request.json())["look"])
        self.asked.append(look.model_dump())
        return StreamingResponse(self.build(f"{self.url(request)}?draft={len(self.asked)}"))

    async def drop(self, _request: Request) -> Response:
        self.dropped += 1
        return JSONResponse({})

    async def keep(self, request: Request) -> Response:
        wanted = await request.json()
        self.saved.append(wanted)
        if not self.error:
            self.look, self.view = Look(**wanted["look"]), View(**wanted["view"])
        return StreamingResponse(self.build(f"{self.url(request)}?v={len(self.saved)}"))

    async def build(self, url: str) -> AsyncIterator[str]:
        for step in range(4):
            yield json.dumps({"doing": "painting", "share": step / 4}) + "\n"
            await asyncio.sleep(self.takes / 4)
        yield json.dumps(self.error or {"url": url}) + "\n"

    def url(self, request: Request) -> str:
        return f"/avatar/{request.path_params['name']}.glb"
