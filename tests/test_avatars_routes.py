"""The routes of a clone's avatar, asked as a page asks and as an enemy does."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from avatar_files import ARKIT_HEAD, KINDS, OCULUS_HEAD, Spec, avatar
from starlette.testclient import TestClient

from digiclone.avatar import folder
from digiclone.avatar.foreign import container
from digiclone.avatar.foreign.mapping import OURS
from digiclone.avatar.visemes import ARKIT, VISEMES
from digiclone.clone import create
from digiclone.server import avatars
from digiclone.server.app import make_app

FILE, MAPPING = "/api/clones/ada/avatar/file", "/api/clones/ada/avatar/mapping"
HEAD = avatar(ARKIT_HEAD)


@pytest.fixture
def page(ada: Path, weightless: dict[str, Any]) -> TestClient:
    return TestClient(make_app("ada", None, weightless), "http://localhost:8765")


def own_head(generator: str = "digiclone") -> bytes:
    """A head with all of our names."""

    def sign(document: dict[str, Any]) -> None:
        document["asset"]["generator"] = generator

    return avatar(Spec(dict.fromkeys((*ARKIT, *(f"viseme_{name}" for name in VISEMES)), "jawOpen"), edit=sign))


def files(clone: Path) -> dict[str, bytes]:
    return {str(path.relative_to(clone)): path.read_bytes() for path in clone.rglob("*") if path.is_file()}


# -- a file


@pytest.mark.parametrize("name", KINDS)
def test_a_dropped_file_becomes_the_avatar(page: TestClient, ada: Path, name: str) -> None:
    data = KINDS[name]()
    before = page.get("/api/clones").json()["clones"][0]["avatar"]
    answer = page.put(f"{FILE}?name={name}", content=data)
    assert answer.status_code == 200, answer.text
    about = answer.json()
    assert about["talks"]
    assert not about["own"]
    assert page.get(about["avatar"]).content == data
    assert before == "/avatar/ada.glb" != about["avatar"]
    assert page.get("/api/clones").json()["clones"][0]["avatar"] == about["avatar"]
    assert page.get(MAPPING).json() == about
    assert folder.read(ada).source.name == name
    assert [path for path in (ada / "avatar").iterdir() if path.suffix == ".part"] == []


def test_another_file_has_another_address(page: TestClient) -> None:
    first = page.put(FILE, content=HEAD).json()["avatar"]
    second = page.put(FILE, content=avatar(OCULUS_HEAD)).json()["avatar"]
    assert first != second
    assert page.get(second).headers["cache-control"] == "no-cache"


def test_what_the_page_needs_is_there(page: TestClient) -> None:
    about = page.put(FILE, content=avatar(OCULUS_HEAD)).json()
    assert set(about["mapping"]) == set(OURS) == set(about["how"])
    assert about["targets"]["viseme_aa"] == [[0, 9, 1.0]]
    assert about["bones"]["head"] == 8
    assert (about["backward"], about["plain"]) == (False, False)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"Kaydara FBX", "FBX"),
        (avatar(Spec()), "no morph targets"),
        (HEAD[:-1], "cut off"),
        (b"\x89PNG", "picture"),
    ],
)
def test_what_is_no_avatar_is_refused_in_words(page: TestClient, ada: Path, data: bytes, words: str) -> None:
    page.put(FILE, content=HEAD)
    before = files(ada)
    answer = page.put(FILE, content=data)
    assert answer.status_code == 422
    assert words in answer.json()["error"]
    assert answer.json()["hint"] == avatars.KEPT
    assert files(ada) == before


def test_nothing_is_left_of_a_first_file_that_was_refused(page: TestClient, ada: Path) -> None:
    assert page.put(FILE, content=b"hello").status_code == 422
    assert not (ada / "avatar").exists()


def put_raw(app: Any, parts: list[dict[str, Any]], **headers: str) -> tuple[int, bytes]:
    """A PUT of a file as uvicorn tells it, message by message; status and body of the answer."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return parts.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    named = {"host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope: dict[str, Any] = {
        "type": "http", "method": "PUT", "path": FILE, "raw_path": FILE.encode(), "query_string": b"", "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()], "http_version": "1.1",
        "scheme": "http",
    }  # fmt: skip
    anyio.run(lambda: app(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


def test_a_file_that_says_it_is_too_big_is_not_read(ada: Path, weightless: dict[str, Any]) -> None:
    nothing: list[dict[str, Any]] = []  # asking for a part of the body would fail
    status, body = put_raw(make_app("ada", None, weightless), nothing, content_length="500000000")
    assert status == 413
    assert "100 MB" in json.loads(body)["error"]
    assert not (ada / "avatar").exists()


def test_a_file_that_is_too_big_and_does_not_say_so_is_cut(
    page: TestClient, ada: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(avatars, "MOST_BYTES", 50_000)
    kept: list[int] = []

    def body() -> Iterator[bytes]:
        for _ in range(100):
            kept.extend(path.stat().st_size for path in ada.glob("avatar/.*"))
            yield b"x" * 1000

    answer = page.put(FILE, content=body())
    assert answer.status_code == 413
    assert max(kept, default=0) <= 51_000
    assert not (ada / "avatar").exists()
    assert container.MOST_BYTES == 100_000_000


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a\\b.glb", "x" * 5000, "", "a\nb\"'[]=.glb"])
def test_a_file_is_not_stored_where_its_name_says(page: TestClient, ada: Path, name: str) -> None:
    assert page.put(FILE, content=HEAD, params={"name": name}).status_code == 200
    assert set(files(ada)) - {"clone.toml", "persona.md", "history.db"} == {
        "avatar/avatar.glb", "avatar/avatar.toml", "avatar/mapping.toml",
    }  # fmt: skip
    assert len(folder.read(ada).source.name) <= 200
    assert "/" not in folder.read(ada).source.name


def test_an_upload_that_is_broken_off_leaves_nothing(ada: Path, weightless: dict[str, Any]) -> None:
    parts: list[dict[str, Any]] = [
        {"type": "http.request", "body": HEAD[:500], "more_body": True},
        {"type": "http.disconnect"},
    ]
    assert put_raw(make_app("ada", None, weightless), parts)[0] == 400
    assert not (ada / "avatar").exists()


def test_two_files_at_once_do_not_mix(page: TestClient, ada: Path) -> None:
    heads = [HEAD, avatar(OCULUS_HEAD)]
    senders = [threading.Thread(target=page.put, args=(FILE,), kwargs={"content": heads[i % 2]}) for i in range(8)]
    with page:  # one event loop for all
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
    about = page.get(MAPPING).json()
    assert page.get(about["avatar"]).content in heads
    wanted = {"viseme_aa": 1.0} if "viseme_aa" in about["targets"] else {"jawOpen": 0.48}
    assert about["mapping"]["viseme_aa"].items() >= wanted.items()
    assert {path.name for path in (ada / "avatar").iterdir()} == {"avatar.glb", "avatar.toml", "mapping.toml"}


# -- the mapping


def test_a_mapping_is_changed_and_reset(page: TestClient, ada: Path) -> None:
    found = page.put(FILE, content=HEAD).json()
    changed = page.put(MAPPING, json={"mapping": {"viseme_PP": {"mouthClose": 1.0}, "viseme_U": {}}}).json()
    assert changed["mapping"]["viseme_PP"] == {"mouthClose": 1.0}
    assert changed["how"]["viseme_PP"] == changed["how"]["viseme_U"] == "yours"
    assert changed["mapping"] | {ours: found["mapping"][ours] for ours in ("viseme_PP", "viseme_U")} == found["mapping"]
    assert page.get(MAPPING).json() == changed
    assert "viseme_PP = { mouthClose = 1.0 }" in (ada / "avatar" / "mapping.toml").read_text("utf-8")
    assert page.put(MAPPING, json={"mapping": None}).json() == found


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"mapping": {"viseme_P": {}}}, 422, "did you mean 'viseme_PP'"),
        ({"mapping": {"viseme_PP": {"mouthClos": 1}}}, 422, "did you mean 'mouthClose'"),
        ({"mapping": {"viseme_PP": {"mouthClose": "1"}}}, 422, "must be a number"),
        ({"mapping": {"viseme_PP": {"mouthClose": 1e9}}}, 422, "from -2 to 2"),
        ({"mapping": []}, 422, "must be a table"),
        ([], 400, "not a JSON object"),
    ],
)
def test_a_bad_mapping_changes_nothing(page: TestClient, ada: Path, body: Any, status: int, words: str) -> None:
    page.put(FILE, content=HEAD)
    before = files(ada)
    answer = page.put(MAPPING, json=body)
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert files(ada) == before


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"mapping": {"viseme_PP": {"mouthClose": NaN}}}']
)
def test_what_is_no_json_is_refused(page: TestClient, body: bytes) -> None:
    page.put(FILE, content=HEAD)
    assert page.put(MAPPING, content=body).status_code in (400, 422)


def test_a_mapping_without_end_is_refused(page: TestClient) -> None:
    page.put(FILE, content=HEAD)
    assert page.put(MAPPING, content=b" " * 400_000).status_code == 413
    assert page.put(MAPPING, content=iter([b" " * 200_000] * 9)).status_code == 413


def test_a_broken_mapping_file_is_told_and_can_be_reset(page: TestClient, ada: Path) -> None:
    page.put(FILE, content=HEAD)
    (ada / "avatar" / "mapping.toml").write_text("[mapping]\nviseme_a = {}", "utf-8")
    assert "did you mean" in page.get(MAPPING).json()["error"]
    assert page.put(MAPPING, json={"mapping": None}).status_code == 200
    assert page.get(MAPPING).status_code == 200


def test_the_default_head_has_no_mapping_to_change(
    page: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "default.glb").write_bytes(own_head())
    monkeypatch.setattr(avatars, "default_head", lambda: tmp_path / "default.glb")
    about = page.get(MAPPING).json()
    assert about["own"]
    assert about["mapping"]["jawOpen"] == {"jawOpen": 1.0}
    assert page.put(MAPPING, json={"mapping": {}}).status_code == 409


@pytest.mark.parametrize("generator", ["digiclone", "Ready Player Me"])
def test_a_head_with_our_names_needs_no_mapping_file(page: TestClient, ada: Path, generator: str) -> None:
    assert page.put(FILE, content=own_head(generator)).json()["own"] == (generator == "digiclone")
    assert not (ada / "avatar" / "mapping.toml").exists()


# -- who may


STRANGE = [
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": "http://localhost:1"},
    {"host": "evil.example"},
]


@pytest.mark.parametrize("headers", STRANGE)
def test_a_page_from_elsewhere_changes_nothing(page: TestClient, ada: Path, headers: dict[str, str]) -> None:
    """A form, an image or a script of another site cannot give a clone another face."""
    page.put(FILE, content=HEAD)
    before = files(ada)
    for url, body in ((FILE, avatar(OCULUS_HEAD)), (MAPPING, b'{"mapping": {"viseme_PP": {"jawOpen": 1}}}')):
        for method in ("PUT", "POST", "GET"):
            assert page.request(method, url, content=body, headers=headers).status_code == 403
        assert (
            page.request("OPTIONS", url, headers=headers | {"access-control-request-method": "PUT"}).status_code == 403
        )
    assert files(ada) == before


def test_only_put_changes(page: TestClient, ada: Path) -> None:
    """What a form or a link of another site can send, without an Origin from an old browser, does nothing."""
    page.put(FILE, content=HEAD)
    before = files(ada)
    for url in (FILE, MAPPING):
        assert page.post(url, content=HEAD).status_code == 405
        assert page.delete(url).status_code == 405
    assert page.get(FILE).status_code == 405
    assert files(ada) == before


def test_a_stranger_needs_the_token(ada: Path, weightless: dict[str, Any]) -> None:
    locked = TestClient(make_app("ada", "s3cret", weightless), "http://clone.example:8765")
    assert locked.put(FILE, content=HEAD).status_code == 403
    assert locked.get(MAPPING).status_code == 403
    assert locked.put(f"{FILE}?token=s3cret", content=HEAD).status_code == 200


@pytest.mark.parametrize("name", ["bob", "ADA", "..", "%2e%2e", "..%2fada", "%00", "a" * 5000])
def test_there_is_no_clone_of_that_name(page: TestClient, ada: Path, name: str) -> None:
    before = files(ada)
    for answer in (
        page.put(f"/api/clones/{name}/avatar/file", content=HEAD),
        page.put(f"/api/clones/{name}/avatar/mapping", content=b"{}"),
        page.get(f"/api/clones/{name}/avatar/mapping"),
    ):
        assert answer.status_code in (404, 405)
    assert files(ada) == before


def test_each_clone_has_its_own(page: TestClient) -> None:
    create("Bob")
    page.put(FILE, content=HEAD)
    rows = {row["name"]: row["avatar"] for row in page.get("/api/clones").json()["clones"]}
    assert rows["ada"].startswith("/avatar/ada.glb?v=")
    assert rows["bob"] == "/avatar/bob.glb"


def test_the_policy_allows_unpacking_and_no_more(page: TestClient) -> None:
    policy = page.get("/").headers["content-security-policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert scripts == "script-src 'self' 'wasm-unsafe-eval'"
    assert "http" not in json.dumps(policy)
