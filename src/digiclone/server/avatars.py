"""The routes of a clone's avatar: a file dropped on the page, and how its shapes make our mouths.

Changing requests come only from this page: `guard.Guard` refuses any with another `Origin`, and browsers send one
with every PUT.
"""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import Route

from digiclone.avatar import folder
from digiclone.avatar.default import default_head
from digiclone.avatar.foreign import adopt, mapfile
from digiclone.avatar.foreign.container import MOST_BYTES, too_big
from digiclone.avatar.foreign.inspect import Avatar
from digiclone.avatar.foreign.mapping import Talk
from digiclone.clone import find
from digiclone.server.answers import KEPT, Refused, answering, body, check_length, clone_of


def url(name: str) -> str:
    """Where the page finds the head of a clone; another address for another head."""
    try:
        stat = (find(name) / "avatar" / folder.HEAD).stat()
    except FileNotFoundError:
        return f"/avatar/{name}.glb"
    version = hashlib.sha256(f"{stat.st_mtime_ns}.{stat.st_size}".encode()).hexdigest()[:12]
    return f"/avatar/{name}.glb?v={version}"


def routes(door: asyncio.Lock) -> list[Route]:
    """All of them. Who changes a clone's avatar goes through the `door`: two files for one clone must not mix."""

    # the file and its mapping

    async def take_file(request: Request) -> Any:
        clone = clone_of(request)
        check_length(request, MOST_BYTES, str(too_big()))
        with adopt.incoming(clone) as file:
            size = 0
            async for chunk in request.stream():
                size += len(chunk)
                if size > MOST_BYTES:
                    raise Refused(413, str(too_big()), KEPT)
                file.write(chunk)
            file.close()
            name = Path(request.query_params.get("name", "")).name[:200]
            async with door:
                avatar = await run_in_threadpool(adopt.install, clone, Path(file.name), name)
        return described(clone, avatar)

    async def show_mapping(request: Request) -> Any:
        return await run_in_threadpool(moves, clone_of(request))

    async def take_mapping(request: Request) -> Any:
        clone = clone_of(request)
        place = clone / "avatar"
        if not (place / folder.HEAD).is_file():
            raise Refused(409, "The default head needs no mapping.", "Drop an avatar on the page first.")
        chosen = (await body(request)).get("mapping")
        avatar = await run_in_threadpool(_avatar, clone)
        async with door:
            table = {} if chosen is None else mapfile.parse(chosen, avatar.targets, "mapping")
            mapfile.store(place / folder.MAPPING, avatar, table, afresh=chosen is None)
        return described(clone, avatar)

    base = "/api/clones/{name}/avatar"
    return [
        Route(f"{base}/file", answering(take_file), methods=["PUT"]),
        Route(f"{base}/mapping", answering(show_mapping), methods=["GET"]),
        Route(f"{base}/mapping", answering(take_mapping), methods=["PUT"]),
    ]


def moves(clone: Path) -> dict[str, Any]:
    """What of a clone's avatar can be moved, by what, and how."""
    return described(clone, _avatar(clone))


def described(clone: Path, avatar: Avatar) -> dict[str, Any]:
    """The avatar of a clone as the page needs it: what can be moved, by what, and how."""
    talk: Talk = mapfile.talk(avatar, clone / "avatar" / folder.MAPPING)
    return mapfile.described(avatar, talk) | {"avatar": url(clone.name)}


def _avatar(clone: Path) -> Avatar:
    own = clone / "avatar" / folder.HEAD
    return adopt.known(own if own.is_file() else default_head())
