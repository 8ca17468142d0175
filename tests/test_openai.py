"""The client of chat servers against a small server that misbehaves on demand."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from support import eventually

from digiclone import registry
from digiclone.config import ConfigError
from digiclone.llm.openai import ServerError
from digiclone.types import Message


def data(content: str | None) -> str:
    return f"data: {json.dumps({'choices': [{'delta': {'content': content}}]})}\n\n"


class Server(ThreadingHTTPServer):
    status = 200
    lines: tuple[str, ...] = ()
    endless = False
    gone = False
    """Has the client hung up?"""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, dict[str, str], dict[str, Any]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server  # type: ignore[assignment]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        self.end_headers()
        try:
            for line in self.server.lines:
                self.wfile.write(line.encode())
            while self.server.endless:
                self.wfile.write(data("more ").encode())
        except OSError:
            self.server.gone = True

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.endless = False
        server.shutdown()
        thread.join()


@pytest.fixture
def chat(server: Server) -> Iterator[Any]:
    backend = registry.load("llm", "openai", url=server.url, model="tiny", temperature=0.1, most_tokens=9, timeout=5)
    yield backend
    backend._client.close()


MESSAGES = [Message("system", "Be brief."), Message("user", "Hëllo 😀")]


def test_a_reply_comes_in_pieces(server: Server, chat: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = (
        ": a comment\n",
        "\n",
        "event: x\n",
        'data: {"choices": []}\n\n',
        data(None),
        data(""),
        'data: {"choices": [{}]}\n\n',
    )
    server.lines = (data("Hé"), *noise, data("llo."), "data: [DONE]\n\n", data("never"))
    assert list(chat.reply(MESSAGES)) == ["Hé", "llo."]
    ((path, headers, body),) = server.requests
    assert path == "/v1/chat/completions"
    assert "Authorization" not in headers
    assert body == {
        "model": "tiny",
        "stream": True,
        "temperature": 0.1,
        "max_tokens": 9,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hëllo 😀"}],
    }


def test_a_stream_may_end_without_done(server: Server, chat: Any) -> None:
    server.lines = (data("Hello."),)
    assert list(chat.reply(MESSAGES)) == ["Hello."]


def test_the_key_comes_from_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "s3cret")
    backend = registry.load("llm", "openai", url=server.url + "/", key_variable="MY_KEY")
    assert list(backend.reply(MESSAGES)) == []
    assert server.requests[0][1]["Authorization"] == "Bearer s3cret"
    assert server.requests[0][0] == "/v1/chat/completions"
    backend._client.close()


def test_a_refusal_says_why(server: Server, chat: Any) -> None:
    server.status, server.lines = 404, ('{"error": "no such model"}',)
    with pytest.raises(ServerError, match=r"answered 404: .*no such model") as caught:
        list(chat.reply(MESSAGES))
    assert "clone.toml" in caught.value.hint


def test_an_error_in_the_stream(server: Server, chat: Any) -> None:
    server.lines = (data("He"), 'data: {"error": {"message": "out of memory"}}\n\n')
    reply = chat.reply(MESSAGES)
    assert next(reply) == "He"
    with pytest.raises(ServerError, match="out of memory"):
        next(reply)


@pytest.mark.parametrize(
    "line", ['data: {"choices": [{"delta"\n\n', "data: hello\n\n", "data: []\n\n", 'data: "x"\n\n', "data: 3\n\n"]
)
def test_a_stream_that_is_no_json_is_a_sentence(server: Server, chat: Any, line: str) -> None:
    server.lines = (data("He"), line)
    with pytest.raises(ServerError):
        list(chat.reply(MESSAGES))


def test_nobody_is_there(server: Server) -> None:
    backend = registry.load("llm", "openai", url="http://127.0.0.1:9/v1")
    with pytest.raises(ServerError, match=r"127\.0\.0\.1:9") as caught:
        list(backend.reply(MESSAGES))
    assert "running" in caught.value.hint
    backend._client.close()


def test_closing_hangs_up(server: Server, chat: Any) -> None:
    server.endless = True
    reply = chat.reply(MESSAGES)
    next(reply)
    reply.close()
    eventually(lambda: server.gone, "the server sees that nobody listens")


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "http://192.168.1.2/v1",
        "http://127.0.0.1.evil.com/v1",
        "http://[::2]/v1",
        "nonsense",
        "http://[",
    ],
)
def test_offline_means_this_machine_only(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGICLONE_OFFLINE", "1")
    with pytest.raises(ConfigError, match="DIGICLONE_OFFLINE=1 forbids"):
        registry.load("llm", "openai", url=url)


@pytest.mark.parametrize("url", ["http://localhost:1/v1", "http://127.0.0.9/v1", "http://[::1]:8080/v1"])
def test_offline_allows_this_machine(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGICLONE_OFFLINE", "1")
    registry.load("llm", "openai", url=url)._client.close()


@pytest.mark.parametrize("url", ["nonsense", "", "ftp://x/v1", "http://["])
def test_an_address_that_is_none_is_a_sentence(url: str) -> None:
    with pytest.raises((ServerError, ConfigError)):
        list(registry.load("llm", "openai", url=url).reply(MESSAGES))
