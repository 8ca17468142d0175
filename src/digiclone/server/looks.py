"""The routes of a clone's look: what there is to choose, a draft to look at, and the choice that is kept.

What takes long is answered in lines of JSON: ``{"doing", "share"}`` while it lasts, and one last ``{"url"}`` or
``{"error", "hint"}``.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from digiclone.avatar import folder
from digiclone.avatar.folder import View
from digiclone.avatar.look import Look, choices
from digiclone.config import parse
from digiclone.server import avatars
from digiclone.server.answers import FRESH, KEPT, Refused, answering, body, clone_of
from digiclone.server.workshop import Line, Workshop

DRAFTS = ".drafts"
"""Where drafts lie in a clone's `avatar` folder, the newest alone: whoever deletes the clone deletes them too."""


def head(clone: Path, draft: str | None) -> Path | None:
    """The clone's own head, None if it has none; or a draft by its number, `HTTPException` if that is gone."""
    if draft is None:
        own = clone / "avatar" / folder.HEAD
        return own if own.is_file() else None
    file = clone / "avatar" / DRAFTS / f"{draft}.glb"
    if not (draft.isalnum() and file.is_file()):
        raise HTTPException(404, "that draft is gone")
    return file


def routes(door: asyncio.Lock, workshop: Workshop) -> list[Route]:
    """All of them. Who changes a clone's avatar goes through the `door`."""

    async def show(request: Request) -> Any:
        clone = clone_of(request)
        settings = folder.read(clone)
        kept = settings.model_dump(mode="json", include={"source", "look", "view"})
        return kept | {"choices": choices(), "url": avatars.url(clone.name)}

    async def draft(request: Request) -> Any:
        clone = clone_of(request)
        look = parse(Look, _table(await body(request), "look"), "look")
        _own_head(clone)
        return _stream(drafted(clone, look, workshop))

    async def drop(request: Request) -> Any:
        clone = clone_of(request)
        await workshop.drop(clone)
        _only(clone / "avatar" / DRAFTS / "none")
        return {}

    async def save(request: Request) -> Any:
        clone = clone_of(request)
        wanted = await body(request)
        look = parse(Look, _table(wanted, "look"), "look")
        view = parse(View, _table(wanted, "view"), "view")
        if look != folder.read(clone).look:
            _own_head(clone)
        return _stream(saved(clone, look, view, workshop, door))

    base = "/api/clones/{name}/avatar"
    return [
        Route(base, answering(show), methods=["GET"]),
        Route(f"{base}/draft", answering(draft), methods=["POST"]),
        Route(f"{base}/draft", answering(drop), methods=["DELETE"]),
        Route(f"{base}/look", answering(save), methods=["PUT"]),
    ]


async def drafted(clone: Path, look: Look, workshop: Workshop) -> AsyncIterator[Line]:
    """Build a draft; in the end, where it is."""
    number = secrets.token_hex(8)
    file = clone / "avatar" / DRAFTS / f"{number}.glb"
    async for line in workshop.draft(clone, look, file):
        if "done" in line:
            _only(file)
            yield {"url": f"/avatar/{clone.name}.glb?draft={number}"}
        else:
            yield line


async def saved(clone: Path, look: Look, view: View, workshop: Workshop, door: asyncio.Lock) -> AsyncIterator[Line]:
    """Keep a choice, and build the head anew if it looks another way; in the end, where it is."""
    async with door:
        old = folder.read(clone)
        try:
            if view != old.view:
                folder.write(clone, old.model_copy(update={"view": view}))
        except OSError as failed:
            yield {"error": f"The choice could not be stored: {failed.strerror}.", "hint": KEPT}
            return
        if look != old.look:
            async for line in workshop.save(clone, look):
                if "done" not in line:
                    yield line
                if "error" in line:
                    return
    _only(clone / "avatar" / DRAFTS / "none")
    yield {"url": avatars.url(clone.name)}


def _table(values: dict[str, Any], name: str) -> dict[str, Any]:
    table = values.get(name)
    if not isinstance(table, dict):
        raise Refused(400, f"The {name} is missing.")
    return table


def _own_head(clone: Path) -> None:
    if folder.read(clone).source.kind == "file":
        raise Refused(409, "This clone has an avatar that somebody else made: its look is in its file.", KEPT)


def _only(file: Path) -> None:
    """Of the drafts beside it, only this one stays."""
    for other in file.parent.glob("*.glb"):
        if other != file:
            other.unlink(missing_ok=True)
    if file.parent.is_dir() and not any(file.parent.iterdir()):
        file.parent.rmdir()


def _stream(lines: AsyncIterator[Line]) -> StreamingResponse:
    async def text() -> AsyncIterator[str]:
        async for line in lines:
            yield json.dumps(line) + "\n"

    return StreamingResponse(text(), media_type="application/x-ndjson", headers=FRESH)
