"""The page on which people vote: a ballot at a time, without names, for whoever knows the address."""

from __future__ import annotations

import json
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from digiclone.config import ConfigError
from digiclone.server.app import WEB
from digiclone.server.guard import Guard
from digiclone.vote import people
from digiclone.vote.election import Election
from digiclone.vote.store import Store

MOST = 4_096
"""Bytes of a ballot."""


def make_app(election: Election, store: Store, token: str | None = None) -> ASGIApp:
    """The server as an ASGI application."""

    async def index(request: Request) -> Response:
        return FileResponse(WEB / "vote.html", headers={"Cache-Control": "no-cache"})

    async def ballot(request: Request) -> Response:
        return await _answered(people.next_ballot, election, store, request.query_params.get("voter", ""))

    async def vote(request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST:
                return JSONResponse({"error": "that is no ballot"}, 413)
        try:
            row: Any = json.loads(body)
            asked = str(row["voter"]), str(row["question"]), str(row["metric"]), row["choice"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return JSONResponse({"error": "that is no ballot"}, 400)
        done = await _answered(people.vote, election, store, *asked)
        return done if done.status_code != 200 else await _answered(people.next_ballot, election, store, asked[0])

    routes = [
        Route("/", index),
        Route("/api/ballot", ballot),
        Route("/api/ballot", vote, methods=["POST"]),
        Mount("/web", StaticFiles(directory=WEB)),
    ]
    return Guard(Starlette(routes=routes), token)


async def _answered(do: Any, *given: Any) -> Response:
    try:
        found = await run_in_threadpool(do, *given)
    except ConfigError as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse(found, headers={"Cache-Control": "no-store"})
