"""Who may talk to this server: pure ASGI, in front of everything.

Loopback only, unless another address was asked for; then a token is needed. `Host` and `Origin` are checked on HTTP and
WebSocket alike, so no page from elsewhere can reach the clone, by rebinding a name or otherwise.
"""

import hmac
import ipaddress
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "digiclone"
_POLICY = (
    # compressed avatars are unpacked by WebAssembly inside our own script; this allows that, and still no eval of text
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:; "
    "connect-src 'self' blob: data: ws: wss:; "
    "worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


def is_loopback(host: str) -> bool:
    """Is this name or address only reachable from this machine?"""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """Answers 403 to strangers, adds the security headers for friends.

    `token` None means: loopback names only.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if reason := self._refusal(scope):
            await _refuse(scope, receive, send, reason)
            return
        await self._app(scope, receive, self._with_headers(scope, send))

    def _refusal(self, scope: Scope) -> str:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        try:
            host = urlsplit(f"//{headers.get('host', '')}")
            name = host.hostname or ""
            stranger = origin is not None and urlsplit(origin).netloc != host.netloc
        except ValueError:
            return "bad Host or Origin header"
        if self._token is None and not is_loopback(name):
            return f"this clone answers on this machine only, not as {name!r}"
        if stranger:
            return "a page from another site may not talk to this clone"
        if self._token is not None and not self._knows_token(scope, headers):
            return "open the address with ?token=… that `digiclone serve` printed"
        return ""

    def _knows_token(self, scope: Scope, headers: Headers) -> bool:
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        return _same(given, self._token) or _same(_cookie(headers), self._token)

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = _POLICY
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
                if self._token is not None and b"token=" in scope.get("query_string", b""):
                    cookie = f"{COOKIE}={self._token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000"
                    headers.append("Set-Cookie", cookie)
            await send(message)

        return guarded


async def _refuse(scope: Scope, receive: Receive, send: Send, reason: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})
    else:
        await PlainTextResponse(reason + "\n", status_code=403)(scope, receive, send)


def _cookie(headers: Headers) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _same(given: str, token: str | None) -> bool:
    return token is not None and hmac.compare_digest(given.encode(), token.encode())
