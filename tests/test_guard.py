"""Who may talk to the server, asked the way a browser and an attacker would."""

import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from digiclone.server.app import make_app
from digiclone.server.guard import COOKIE, Guard, is_loopback
from digiclone.server.limits import Bucket

HOSTS = ["localhost", "localhost:8765", "127.0.0.1:8765", "127.9.9.9", "[::1]:8765", "LOCALHOST"]
STRANGERS = [
    "evil.com",
    "evil.com:8765",
    "localhost.evil.com",
    "127.0.0.1.evil.com",
    "192.168.1.5:8765",
    "0.0.0.0:8765",
    "",
    "2130706433",
    "0x7f.0.0.1",
    "localhost@evil.com",
    "evil.com#@localhost",
    "[::2]",
    "[",
    "[::1",
    "a:b:c",
    "\xff",
]


@pytest.fixture
def door(ada: Path, weightless: dict[str, Any]) -> TestClient:
    return TestClient(make_app("ada", None, weightless), "http://localhost:8765")


@pytest.fixture
def locked(ada: Path, weightless: dict[str, Any]) -> TestClient:
    return TestClient(make_app("ada", "s3cret", weightless), "http://clone.example:8765")


def knock(client: TestClient, **headers: str) -> tuple[int, bool]:
    """The status of a page, and whether a conversation opens."""
    raw: Any = {name: value.encode("latin-1") for name, value in headers.items()}
    opened = closing_code(client, f"ws://{client.base_url.netloc.decode()}/ws/ada", headers=raw)
    assert opened in (None, 1008)
    return client.get("/api/clones", headers=raw).status_code, opened is None


def closing_code(client: TestClient, url: str, **how: Any) -> int | None:
    """With which code a conversation is refused; None if it opens."""
    try:
        with client.websocket_connect(url, **how) as socket:
            socket.receive_bytes()
    except WebSocketDisconnect as refused:
        return refused.code
    return None


@pytest.mark.parametrize("host", HOSTS)
def test_this_machine_may_talk(door: TestClient, host: str) -> None:
    assert knock(door, host=host) == (200, True)
    assert knock(door, host=host, origin=f"http://{host}") == (200, True)


@pytest.mark.parametrize("host", STRANGERS)
def test_a_rebound_name_may_not(door: TestClient, host: str) -> None:
    assert knock(door, host=host) == (403, False)


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.com",
        "null",
        "",
        "http://localhost:9999",
        "http://localhost",
        "http://localhost:8765.evil.com",
        "http://[",
        "file://",
    ],
)
def test_a_page_from_elsewhere_may_not(door: TestClient, origin: str) -> None:
    assert knock(door, host="localhost:8765", origin=origin) == (403, False)


def test_a_stranger_needs_the_token(locked: TestClient) -> None:
    assert knock(locked) == (403, False)
    for wrong in (
        "",
        "?token=",
        "?token=wrong",
        "?token=s3cret2",
        "?token=s3cre",
        "?Token=s3cret",
        "?token=%ff",
        "?token=wrong&token=s3cret",
    ):
        assert locked.get(f"/api/clones{wrong}").status_code == 403
    with pytest.raises(WebSocketDisconnect):
        locked.websocket_connect("/ws/ada?token=wrong").__enter__()
    for cookie in (f"{COOKIE}=wrong", f"{COOKIE}=", "other=s3cret", "\xff=;;;", f"{COOKIE}"):
        assert knock(locked, cookie=cookie) == (403, False)


def test_the_token_opens_and_is_kept_in_a_cookie(locked: TestClient) -> None:
    page = locked.get("/?token=s3cret")
    assert page.status_code == 200
    cookie = page.headers["set-cookie"]
    assert all(part in cookie for part in (f"{COOKIE}=s3cret", "HttpOnly", "SameSite=Strict"))
    assert knock(locked) == (200, True)  # the client kept the cookie
    locked.cookies.clear()
    assert knock(locked) == (403, False)
    with locked.websocket_connect("/ws/ada?token=s3cret") as socket:
        socket.receive_bytes()


def test_a_token_does_not_excuse_a_foreign_page(locked: TestClient) -> None:
    headers = {"cookie": f"{COOKIE}=s3cret", "origin": "http://evil.com"}
    assert knock(locked, **headers) == (403, False)


def test_every_answer_has_the_security_headers(door: TestClient) -> None:
    for path in ("/", "/api/clones", "/web/wire.js", "/nothing"):
        headers = door.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "set-cookie" not in headers


CLIMBS = ["../", "..%2f", "%2e%2e/", "..%5c", "....//", "/", "%2f", "..;/", "%00"]


@pytest.mark.parametrize("climb", CLIMBS)
@pytest.mark.parametrize(
    "target", ["/web/{}config.py", "/web/{}{}{}{}{}{}etc/passwd", "/avatar/{}ada.glb", "/avatar/ada{}x.glb"]
)
def test_no_path_leads_out(door: TestClient, climb: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digiclone.server.app.default_head", lambda: Path(__file__))
    answer = door.get(target.replace("{}", climb))
    assert answer.status_code in (404, 405) or (climb == "../" and answer.url.path == "/ada.glb")
    assert "root:" not in answer.text
    assert "import" not in answer.text


@pytest.mark.parametrize("name", ["..", "../ada", "..%2fada", "ADA", "nobody", "%00", "ada%2f..%2fada", "a" * 5000])
def test_no_clone_of_that_name(door: TestClient, name: str) -> None:
    url = f"ws://localhost/ws/{name}"
    with door:
        if (code := closing_code(door, url)) is not None:
            assert code == 1000  # no such route
            return
        with door.websocket_connect(url) as socket:
            assert b'"Failed"' in socket.receive_bytes()
            assert socket.receive()["code"] == 1011


def test_the_page_and_the_clones(door: TestClient) -> None:
    assert "<html" in door.get("/").text
    assert door.get("/api/clones").json() == {
        "clones": [{"name": "ada", "avatar": "/avatar/ada.glb"}],
        "default": "ada",
    }


def test_a_clone_may_have_its_own_head(door: TestClient, ada: Path) -> None:
    (ada / "avatar").mkdir()
    (ada / "avatar" / "avatar.glb").write_bytes(b"glTF")
    answer = door.get("/avatar/ada.glb")
    assert (answer.content, answer.headers["content-type"]) == (b"glTF", "model/gltf-binary")
    assert door.get("/avatar/nobody.glb").status_code == 404


@given(st.text(max_size=30))
def test_only_loopback_is_loopback(host: str) -> None:
    if is_loopback(host):
        assert host == "localhost" or host.strip("[]").startswith("127.") or "::" in host or ":0" in host


headers = st.lists(
    st.tuples(
        st.sampled_from([b"host", b"origin", b"cookie", b"sec-websocket-protocol"]),
        st.binary(max_size=20)
        | st.sampled_from([b"localhost", b"http://localhost", b"http://[", b"digiclone=s3cret; \xff"]),
    ),
    max_size=5,
)


@given(headers, st.binary(max_size=30), st.sampled_from([None, "s3cret"]))
def test_no_header_breaks_the_guard(headers: list[tuple[bytes, bytes]], query: bytes, token: str | None) -> None:
    async def app(*_: object) -> None:
        raise AssertionError("not asked")

    guard = Guard(app, token)
    assert isinstance(guard._refusal({"type": "http", "headers": headers, "query_string": query}), str)


def test_a_bucket_fills_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    bucket = Bucket(rate=1.0, room=2.0)
    bucket._at = now
    monkeypatch.setattr("digiclone.server.limits.time.monotonic", lambda: now)
    assert bucket.take(2.0)
    assert not bucket.take(0.1)
    now = 0.5
    assert bucket.take(0.5)
    assert not bucket.take(0.1)
    now = 100.0
    assert not bucket.take(2.1), "it never holds more than its room"
    assert bucket.take(2.0)


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "digiclone")
