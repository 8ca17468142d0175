"""Downloads from a server on this machine that is slow, forgetful, wrong or gone."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digiclone import weights
from digiclone.weights import File

SRC = Path(weights.__file__).parents[1]
CONTENT = bytes(range(256)) * 4096  # 1 MB
FETCH = "import sys; from digiclone.weights import File, fetch; print(fetch(File('a.bin', *eval(sys.argv[1]))))"


class Server(ThreadingHTTPServer):
    """Serves CONTENT anywhere, with the manners that a test asks for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.asked: list[str | None] = []
        """The Range header of every request."""
        self.paths: list[str] = []
        self.headers_seen: list[dict[str, str]] = []
        self.pause = 0.0
        """Seconds between two pieces of 16 KB."""
        self.cut: int | None = None
        """Hang up after so many bytes of a body."""
        self.ranges = True
        self.length = True
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def file(self, **changes: object) -> File:
        values = {"sha256": hashlib.sha256(self.content).hexdigest(), "bytes": len(self.content)}
        return File(**{"name": "a.bin", "sources": (f"url:{self.url}/a",), **values, **changes})  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    server: Server  # type: ignore[assignment]

    def do_GET(self) -> None:
        ranged = self.headers.get("Range")
        self.server.asked.append(ranged)
        self.server.paths.append(self.path)
        self.server.headers_seen.append({name.lower(): value for name, value in self.headers.items()})
        start = int(re.findall(r"\d+", ranged)[0]) if ranged and self.server.ranges else 0
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        self.send_response(206 if start else 200)
        if start:
            total = len(self.server.content)
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        if self.server.length:
            self.send_header("Content-Length", str(len(self.server.content) - start))
        self.end_headers()
        self.send_body(self.server.content[start:])

    def send_body(self, body: bytes) -> None:
        body = body[: self.server.cut]
        for offset in range(0, len(body), 16384):
            try:
                self.wfile.write(body[offset : offset + 16384])
            except ConnectionError:
                return
            time.sleep(self.server.pause)

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGICLONE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("DIGICLONE_OFFLINE", raising=False)
    return tmp_path / "home"


def child(file: File) -> subprocess.Popen[str]:
    """A process that fetches `file`."""
    values = repr((file.sha256, file.bytes, file.sources))
    env = os.environ | {"PYTHONPATH": str(SRC)}
    return subprocess.Popen([sys.executable, "-c", FETCH, values], env=env, stdout=subprocess.PIPE, text=True)


def part(file: File) -> Path:
    return weights.home() / "partial" / f"{file.sha256}.part"


def test_progress_is_reported(server: Server) -> None:
    heard: list[tuple[str, int, int]] = []
    weights.fetch(server.file(), lambda *told: heard.append(told))
    assert heard[-1] == ("a.bin", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in heard] == sorted(done for _, done, _ in heard)


def test_a_killed_download_goes_on_where_it_stopped(server: Server) -> None:
    file = server.file()
    server.pause = 0.02
    process = child(file)
    while not part(file).exists() or part(file).stat().st_size < 100_000:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    have = part(file).stat().st_size
    with pytest.raises(weights.Missing):
        weights.path(file)
    server.pause = 0
    assert weights.fetch(file).read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={have}-"]
    assert 100_000 <= have < len(CONTENT)


def test_two_processes_download_once(server: Server) -> None:
    server.pause = 0.005
    told = [process.communicate()[0].strip() for process in [child(server.file()), child(server.file())]]
    assert told == [str(weights.path(server.file()))] * 2
    assert len(server.asked) == 1


def test_a_server_that_ignores_the_range_starts_over(server: Server) -> None:
    file = server.file()
    part(file).parent.mkdir(parents=True)
    part(file).write_bytes(CONTENT[:5000])
    server.ranges = False
    assert weights.fetch(file).read_bytes() == CONTENT
    assert server.asked == ["bytes=5000-"]


@pytest.mark.parametrize("size", [len(CONTENT), len(CONTENT) + 1])
def test_a_beginning_that_is_too_long_is_forgotten(server: Server, size: int) -> None:
    file = server.file()
    part(file).parent.mkdir(parents=True)
    part(file).write_bytes(b"?" * size)
    assert weights.fetch(file).read_bytes() == CONTENT
    assert server.asked == [None]


def test_a_connection_that_keeps_breaking_is_resumed_a_few_times(server: Server) -> None:
    server.cut = 300_000
    assert weights.fetch(server.file()).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=300000-", "bytes=600000-", "bytes=900000-"]


@pytest.mark.parametrize("length", [True, False])
def test_a_truncated_answer_is_kept_but_not_believed(server: Server, length: bool) -> None:
    server.cut, server.length = 1000, length
    file = server.file()
    with pytest.raises(weights.WeightsError, match="what came is kept"):
        weights.fetch(file)
    assert not weights.present(file)
    assert part(file).stat().st_size == 5000
    server.cut = None
    assert weights.fetch(file).read_bytes() == CONTENT


def test_wrong_content_of_the_right_size_is_thrown_away(server: Server) -> None:
    file = server.file()
    server.content = CONTENT[::-1]
    with pytest.raises(weights.WeightsError, match="wrong sha256"):
        weights.fetch(file)
    assert not weights.present(file)
    assert not part(file).exists()


def test_a_bad_beginning_is_forgiven_once(server: Server) -> None:
    file = server.file()
    part(file).parent.mkdir(parents=True)
    part(file).write_bytes(b"another server's file")
    assert weights.fetch(file).read_bytes() == CONTENT
    assert server.asked == ["bytes=21-", None]


def test_a_file_of_another_size_is_not_even_downloaded(server: Server) -> None:
    with pytest.raises(weights.WeightsError, match="has 1048576 bytes where 10 are expected"):
        weights.fetch(server.file(bytes=10))


@pytest.mark.parametrize(("status", "words"), [(404, "404"), (503, "503"), (401, "HF_TOKEN")])
def test_a_refusal_is_passed_on(server: Server, status: int, words: str) -> None:
    server.status = status
    with pytest.raises(weights.WeightsError, match=words):
        weights.fetch(server.file())
    assert len(server.asked) == 1


def test_the_next_server_goes_on_with_what_the_first_gave(server: Server) -> None:
    with Server() as other:
        Thread(target=other.serve_forever, kwargs={"poll_interval": 0.01}).start()
        other.cut = 1
        file = server.file(sources=(f"url:{other.url}/a", f"url:{server.url}/a"))
        assert weights.fetch(file).read_bytes() == CONTENT
        other.shutdown()
    assert server.asked == ["bytes=5-"]


def test_a_dead_host_is_asked_once_in_a_batch(server: Server) -> None:
    dead = "url:http://127.0.0.1:9/a"
    files = [server.file(sources=(dead, f"url:{server.url}/a"), name=name) for name in ("a", "b")]
    assert [path.name for path in weights.fetch_all(files)] == ["a", "b"]
    with pytest.raises(weights.WeightsError, match="did not answer a moment ago"):
        weights.fetch(server.file(sources=(dead, dead), name="c"))


@pytest.mark.parametrize("login", ["environment", "file"])
def test_a_hub_is_plain_https_with_its_token(
    server: Server, login: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    if login == "environment":
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
    else:
        (tmp_path / "token").write_text("hf_secret\n")
    file = server.file(sources=("hf:owner/repo@refs/pr/1!onnx/a.bin",))
    assert weights.fetch(file).read_bytes() == CONTENT
    assert server.paths == ["/owner/repo/resolve/refs%2Fpr%2F1/onnx/a.bin"]
    assert [headers.get("authorization") for headers in server.headers_seen] == ["Bearer hf_secret"]


def test_a_hub_that_is_switched_off_is_not_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(weights.WeightsError, match="HF_HUB_OFFLINE is set"):
        weights.fetch(server.file(sources=("hf:owner/repo@main!a",)))
    assert server.asked == []


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("fetch"), st.just(0)),
        st.tuples(st.just("kill"), st.integers(0, 40_000)),
        st.tuples(st.just("corrupt"), st.integers(0, 39_999)),
        st.tuples(st.just("cut"), st.integers(0, 39_999)),
        st.tuples(st.just("spoil"), st.integers(1, 50_000)),
    ),
    max_size=6,
)


class Killed(BaseException):
    """Stands for a process that ends in the middle of a download."""


def act(step: str, amount: int, file: File) -> None:
    if step in ("fetch", "kill"):

        def report(name: str, done: int, total: int) -> None:
            if step == "kill" and done >= amount:
                raise Killed

        with suppress(Killed):
            assert weights.fetch(file, report).read_bytes() == CONTENT[:40_000]
    elif step == "spoil":
        part(file).parent.mkdir(parents=True, exist_ok=True)
        part(file).write_bytes(b"?" * amount)
    elif weights.present(file):
        place = weights.path(file)
        place.chmod(0o644)
        content = bytearray(place.read_bytes())
        content[amount] ^= 1
        place.write_bytes(content if step == "corrupt" else content[:amount])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_happens_a_sealed_file_is_right_and_a_fetch_mends(
    steps: list[tuple[str, int]], server: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server.content = CONTENT[:40_000]
    file = server.file()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGICLONE_HOME", str(tmp_path_factory.mktemp("home")))
        for step, amount in steps:
            act(step, amount, file)
            if weights.state(file) == "sealed":
                assert weights.verify(file)
        assert weights.fetch(file).read_bytes() == server.content
