"""What the routes share: whose avatar it is, a body of JSON, and errors in words that say what to do."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from digiclone.avatar.foreign.container import Unfit
from digiclone.clone import find
from digiclone.config import ConfigError
from digiclone.weights import WeightsError

MOST_JSON = 300_000
"""Bytes of JSON that a page sends."""
KEPT = "The clone keeps the avatar it had."
FRESH = {"Cache-Control": "no-store"}


class Refused(Exception):
    """An answer that is not 200: its status, and what to tell the person."""

    def __init__(self, status: int, error: str, hint: str = "") -> None:
        super().__init__(error)
        self.status, self.error, self.hint = status, error, hint


def clone_of(request: Request) -> Path:
    """The folder of the clone that the address names."""
    try:
        return find(request.path_params["name"])
    except ConfigError as error:
        raise Refused(404, str(error)) from None


def check_length(request: Request, most: int, error: str = "That is too long.") -> None:
    """Refuse what says of itself that it is too long, before it is read."""
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > most:
        raise Refused(413, error, KEPT)


async def body(request: Request) -> dict[str, Any]:
    """The JSON object that a page sends."""
    check_length(request, MOST_JSON)
    text = b""
    async for chunk in request.stream():
        text += chunk
        if len(text) > MOST_JSON:
            raise Refused(413, "That is too long.")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused(400, "That is not JSON.") from None
    if not isinstance(value, dict):
        raise Refused(400, "That is not a JSON object.")
    return value


def answering(handle: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    """Errors as ``{"error", "hint"}`` with their status; what is returned as JSON that nobody keeps."""

    async def answer(request: Request) -> Response:
        try:
            value = await handle(request)
            return value if isinstance(value, Response) else JSONResponse(value, headers=FRESH)
        except Refused as refused:
            status, error, hint = refused.status, refused.error, refused.hint
        except Unfit as unfit:
            status, error, hint = 422, _sentence(str(unfit)), KEPT
        except (ConfigError, WeightsError) as wrong:
            status, error, hint = 422, str(wrong), ""
        except ClientDisconnect:
            status, error, hint = 400, "The upload was broken off.", KEPT
        except OSError as failed:
            status, error, hint = 507, f"The file could not be stored: {failed.strerror}.", KEPT
        return JSONResponse({"error": error, "hint": hint}, status_code=status, headers=FRESH)

    return answer


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
