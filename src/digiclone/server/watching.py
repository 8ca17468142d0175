"""The page on which the answers of an election are seen and heard: each avatar says its own, in its own voice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from digiclone.avatar import folder
from digiclone.avatar.default import default_head
from digiclone.clone import find
from digiclone.server import avatars, looks
from digiclone.server.answers import FRESH, Refused, answering
from digiclone.server.app import WEB
from digiclone.server.guard import Guard
from digiclone.vote.aloud import mouth
from digiclone.vote.election import Candidate, Election

Sounds = Mapping[tuple[str, str], Path]
Answers = Mapping[str, Mapping[str, str]]
Votes = Mapping[str, Mapping[str, int]]


def make_app(election: Election, answers: Answers, votes: Votes, sounds: Sounds, token: str | None = None) -> ASGIApp:
    """The server as an ASGI application. `answers` and `votes` are by question and candidate, as `sounds` are, which
    lie in one folder."""
    shown = {"name": election.name, "questions": list(_questions(election, answers, votes, sounds))}
    places = {file.parent for file in sounds.values()}

    async def index(request: Request) -> Response:
        return FileResponse(WEB / "watch.html", headers={"Cache-Control": "no-cache"})

    async def all_(request: Request) -> Response:
        return JSONResponse(shown, headers=FRESH)

    async def head(request: Request) -> Response:
        clone = _clone(_candidate(election, request))
        own = looks.head(clone, None) if clone else None
        file = own or await run_in_threadpool(default_head)
        return FileResponse(file, media_type="model/gltf-binary", headers={"Cache-Control": "no-cache"})

    async def about(request: Request) -> Any:
        clone = _clone(_candidate(election, request))
        if not clone:
            return {"about": None, "view": folder.View().model_dump()}
        moves = await run_in_threadpool(avatars.moves, clone)
        return {"about": moves, "view": folder.read(clone).view.model_dump()}

    routes = [
        Route("/", index),
        Route("/api/answers", all_),
        Route("/api/avatar/{number:int}", answering(about)),
        Route("/avatar/{number:int}.glb", answering(head)),
        *(Mount("/sounds", StaticFiles(directory=place)) for place in places),
        Mount("/web", StaticFiles(directory=WEB)),
    ]
    return Guard(Starlette(routes=routes), token)


def _questions(election: Election, answers: Answers, votes: Votes, sounds: Sounds) -> Any:
    """What was said to each question, most votes first."""
    for question, each in answers.items():
        rows = [
            {
                "who": one.name, "avatar": number, "text": each[one.name],
                "votes": votes.get(question, {}).get(one.name, 0), **_heard(sounds.get((question, one.name))),
            }
            for number, one in enumerate(election.candidate) if each.get(one.name)
        ]  # fmt: skip
        yield {"question": question, "answers": sorted(rows, key=lambda row: -row["votes"])}


def _heard(file: Path | None) -> dict[str, str]:
    return {"sound": f"/sounds/{file.name}", "mouth": f"/sounds/{mouth(file).name}"} if file else {}


def _candidate(election: Election, request: Request) -> Candidate:
    candidates: Sequence[Candidate] = election.candidate
    number: int = request.path_params["number"]
    if number >= len(candidates):
        raise Refused(404, "Nobody stands there.")
    return candidates[number]


def _clone(one: Candidate) -> Path | None:
    return find(one.clone) if one.clone else None
