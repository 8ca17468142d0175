"""Choosing a look over HTTP: drafts, of which the newest wins, and the choice that is kept."""

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pretend_workshop import DIES, FAILS, WAITS
from starlette.testclient import TestClient
from support import eventually

import digiclone.avatar
from digiclone.avatar import folder, workshop
from digiclone.avatar.folder import Settings, Source, View
from digiclone.avatar.look import Look, choices
from digiclone.config import ConfigError
from digiclone.server import workshop as server_workshop

BASE = "/api/clones/ada/avatar"


@pytest.fixture(autouse=True)
def _pretend(monkeypatch: pytest.MonkeyPatch) -> None:
    command = (sys.executable, str(Path(__file__).parent / "pretend_workshop.py"))
    monkeypatch.setattr(server_workshop, "COMMAND", command)


def look(**fields: Any) -> dict[str, Any]:
    return Look(**fields).model_dump()


def lines(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["cache-control"] == "no-store"
    return [json.loads(line) for line in answer.text.splitlines()]


def post(client: TestClient, **fields: Any) -> list[dict[str, Any]]:
    return lines(client.post(f"{BASE}/draft", json={"look": look(**fields)}))


def put(client: TestClient, view: dict[str, Any] | None = None, **fields: Any) -> list[dict[str, Any]]:
    return lines(client.put(f"{BASE}/look", json={"look": look(**fields), "view": view or {}}))


def drafts(ada: Path) -> list[str]:
    return [file.name for file in (ada / "avatar" / ".drafts").glob("*")]


class Asked(threading.Thread):
    """A draft that is asked for meanwhile."""

    def __init__(self, client: TestClient, **fields: Any) -> None:
        super().__init__()
        self.answer: list[dict[str, Any]] = []
        self._ask: Callable[[], list[dict[str, Any]]] = lambda: post(client, **fields)
        self.start()

    def run(self) -> None:
        self.answer = self._ask()


def test_what_there_is_to_choose(client: TestClient) -> None:
    told = client.get(BASE).json()
    assert told["choices"] == choices()
    assert told["look"] == look()
    assert told["view"] == View().model_dump()
    assert told["source"]["kind"] == "default"
    assert told["url"] == "/avatar/ada.glb"


def test_a_draft_is_built_and_shown_and_changes_nothing(client: TestClient, ada: Path) -> None:
    *doing, last = post(client, hair="bob01")
    assert [line["share"] for line in doing] == sorted(line["share"] for line in doing)
    assert all(line["doing"] for line in doing)
    head = client.get(last["url"])
    assert head.headers["content-type"] == "model/gltf-binary"
    assert head.json()["hair"] == "bob01"
    assert client.get(BASE).json()["look"] == look()
    assert not (ada / "avatar" / folder.SETTINGS).exists()


def test_only_the_newest_draft_is_kept_and_none_after_it_is_dropped(client: TestClient, ada: Path) -> None:
    first = post(client, hair="bob01")[-1]["url"]
    second = post(client, hair="bob02")[-1]["url"]
    assert drafts(ada) == [f"{second.rpartition('=')[2]}.glb"]
    assert client.get(first).status_code == 404
    assert client.get(second).json()["hair"] == "bob02"
    assert client.delete(f"{BASE}/draft").status_code == 200
    assert drafts(ada) == []


def test_the_newest_choice_wins_while_a_draft_is_being_built(client: TestClient, ada: Path) -> None:
    old = Asked(client, clothes_colour=WAITS)
    eventually((ada / "waiting").exists)
    assert post(client, hair="afro01")[-1]["url"]
    old.join()
    assert old.answer[-1]["error"] == workshop.OVERTAKEN
    assert len(drafts(ada)) == 1


def test_a_dropped_draft_is_not_finished(client: TestClient, ada: Path) -> None:
    old = Asked(client, clothes_colour=WAITS)
    eventually((ada / "waiting").exists)
    client.delete(f"{BASE}/draft")
    old.join()
    assert old.answer[-1]["error"] == workshop.OVERTAKEN
    assert drafts(ada) == []


def test_a_choice_is_kept(client: TestClient, ada: Path) -> None:
    post(client, hair="bob01")
    *doing, last = put(client, {"turn": 20, "background": "dusk"}, hair="bob01")
    assert doing
    assert last["url"].startswith("/avatar/ada.glb?v=")
    assert client.get(last["url"]).json()["hair"] == "bob01"
    kept = folder.read(ada)
    assert (kept.look.hair, kept.view.turn, kept.view.background) == ("bob01", 20, "dusk")
    assert drafts(ada) == []
    assert client.get("/api/clones").json()["clones"][0]["avatar"] == last["url"]


def test_another_view_alone_builds_nothing(client: TestClient, ada: Path) -> None:
    assert put(client, {"life": 0.5}) == [{"url": "/avatar/ada.glb"}]
    assert folder.read(ada).view.life == 0.5
    assert not (ada / "avatar" / folder.HEAD).exists()


def test_a_builder_that_fails_or_dies_is_told_and_the_next_one_works(client: TestClient, ada: Path) -> None:
    assert post(client, clothes_colour=FAILS)[-1] == {"error": "no such clothes", "hint": ""}
    assert "stopped" in post(client, clothes_colour=DIES)[-1]["error"]
    assert "stopped" in put(client, clothes_colour=DIES)[-1]["error"]
    assert folder.read(ada) == Settings()
    assert post(client, hair="bob01")[-1]["url"]


def test_a_foreign_head_keeps_its_look_but_may_be_seen_another_way(client: TestClient, ada: Path) -> None:
    folder.write(ada, Settings(source=Source(kind="file", name="robot.glb")))
    for answer in (
        client.post(f"{BASE}/draft", json={"look": look(hair="bob01")}),
        client.put(f"{BASE}/look", json={"look": look(hair="bob01"), "view": {}}),
    ):
        assert answer.status_code == 409
        assert "somebody else" in answer.json()["error"]
    assert put(client, {"turn": -10})[-1]["url"]
    assert folder.read(ada).view.turn == -10


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "not JSON"),
        (b"[]", 400, "not a JSON object"),
        (b"{}", 400, "look is missing"),
        (b'{"look": 3, "view": {}}', 400, "look is missing"),
        (b'{"look": {}}', 400, "view is missing"),
        (b'{"look": {"hiar": "bob01"}, "view": {}}', 422, "did you mean 'hair'"),
        (b'{"look": {"hair": "../../bob"}, "view": {}}', 422, "no hair of that name"),
        (b'{"look": {"eyes": "blue"}, "view": {}}', 422, "hexadecimal"),
        (b'{"look": {"body": {"age": 1e999}}, "view": {}}', 422, "age"),
        (b'{"look": {}, "view": {"turn": 400}}', 422, "turn"),
        (b'{"look": {}, "view": {"background": "url(https://elsewhere)"}}', 422, "background"),
        (b'{"look": ' + b"[" * 100_000, 400, "not JSON"),
        (b" " * 400_000, 413, "too long"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_kept_is_refused_in_words(
    client: TestClient, ada: Path, body: bytes, status: int, said: str
) -> None:
    answer = client.put(f"{BASE}/look", content=body)
    assert (answer.status_code, said in answer.json()["error"]) == (status, True), answer.text
    assert not (ada / "avatar").exists()


def test_a_draft_needs_a_number_that_is_one(client: TestClient, ada: Path) -> None:
    (ada / "avatar" / ".drafts").mkdir(parents=True)
    (ada / "avatar" / "avatar.glb").write_bytes(b"own")
    assert client.get("/avatar/ada.glb").content == b"own"
    for number in ("", "..%2Favatar", "%2Fetc%2Fpasswd", "0123456789abcdef", "a.glb"):
        assert client.get(f"/avatar/ada.glb?draft={number}").status_code == 404


def test_no_such_clone(client: TestClient) -> None:
    assert client.get("/api/clones/nobody/avatar").status_code == 404
    assert client.post("/api/clones/nobody/avatar/draft", json={"look": {}}).status_code == 404


def test_an_order_is_strict() -> None:
    with pytest.raises(ValueError, match="hiar"):
        workshop.Order.model_validate_json('{"clone": "x", "look": {"hiar": "bob01"}}')


def test_what_the_builder_raises_becomes_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    builder: Any = ModuleType("digiclone.avatar.make")
    monkeypatch.setitem(sys.modules, builder.__name__, builder)
    monkeypatch.setattr(digiclone.avatar, "make", builder, raising=False)
    errors = [ConfigError("say this"), OSError(28, "No space left on device"), RuntimeError("odd")]
    for error in errors:

        def fail(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        builder.remake = fail
        said: list[dict[str, Any]] = []
        order = workshop.Order(clone=str(tmp_path), look=Look(), draft=str(tmp_path / "x.glb"))
        workshop.work(order, lambda: False, lambda said=said, **line: said.append(line))
        assert str(error.args[-1]) in said[-1]["error"]
        assert "hint" in said[-1]
