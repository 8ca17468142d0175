"""The command line: `new`, `serve` with a real server, and what it says when it cannot."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from digiclone.avatar import default
from digiclone.avatar.default import LOOKS, MESH
from digiclone.clone import clones, create
from digiclone.commands.serve import choose, listen
from digiclone.config import ConfigError
from digiclone.weights import home
from digiclone.wire import MOST_AUDIO, decode

pytestmark = pytest.mark.timeout(90)
TWINS = [
    f"--set={kind}.backend={name}"
    for kind, name in {"vad": "energy", "asr": "script", "llm": "echo", "tts": "tone"}.items()
]
COMMAND = [sys.executable, "-W", "error", "-m", "digiclone"]


def digiclone(*arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "DIGICLONE_OFFLINE": "1"}
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, env=environment, check=False, timeout=60
    )


def test_a_new_clone_and_what_to_do_with_it() -> None:
    run = digiclone("new", "Ada Lovelace")
    assert (run.returncode, run.stderr) == (0, "")
    assert f"{home() / 'clones' / 'ada-lovelace'}\n" in run.stdout
    assert "digiclone serve --clone ada-lovelace" in run.stdout
    assert clones() == ["ada-lovelace"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["new", "../ada"], "'../ada' cannot name a clone"),
        (["new", "Ada"], "there is a clone 'ada' already"),
        (["serve", "--clone", "aad"], "there is no clone 'aad'; did you mean 'ada'?"),
        (["serve", "--set", "llm"], "--set llm: write KIND.OPTION=VALUE"),
        (["serve", "--set", "lmm.x=1"], "--set lmm.x=1: write KIND.OPTION=VALUE"),
        (["serve", "--set", "llm.backend=llamacpp", "--set", "llm.modle=x"], "did you mean 'model'?"),
        (["serve", "--set", "llm.backend=lamacpp"], "did you mean 'llamacpp'?"),
        (["serve", "--set", "tts.backend=hibari", "--set", "tts.model=hart"], "did you mean 'heart'?"),
        (["serve"], "DIGICLONE_OFFLINE"),
    ],
)
def test_mistakes_are_answered_in_a_sentence(ada: Path, arguments: list[str], complaint: str) -> None:
    run = digiclone(*arguments)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert run.stderr.startswith("digiclone: ")
    assert complaint in run.stderr


@pytest.mark.parametrize("arguments", [["fly"], ["new"], ["serve", "--port", "99999"], ["talk", "ada", "--loud"]])
def test_what_is_no_command_is_refused(arguments: list[str]) -> None:
    run = digiclone(*arguments)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr


def test_help_is_quick_and_complete() -> None:
    run = digiclone("--help")
    assert run.returncode == 0
    for command in ("serve", "talk", "new", "setup", "models", "doctor"):
        assert command in run.stdout


def test_which_clone_is_served() -> None:
    assert choose("") == "clone"  # a new user finds one
    assert clones() == ["clone"]
    create("Ada")
    assert (choose(""), choose("ada")) == ("clone", "ada")
    (home() / "clones" / "clone" / "clone.toml").unlink()
    assert choose("") == "ada"
    create("Bob")
    with pytest.raises(ConfigError, match=r"which clone.*--clone ada or --clone bob"):
        choose("")


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} is taken.*--port {port + 1}"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["203.0.113.9", "no.such.host.invalid"])
def test_an_address_that_is_not_ours(host: str) -> None:
    with pytest.raises(ConfigError, match=f"cannot listen on {host}"):
        listen(host, 0)


@pytest.fixture
def head() -> None:
    """Enough of the default head for `serve` not to want the network."""
    for file in (MESH, LOOKS):
        place = home() / "weights" / file.sha256[:2] / file.sha256 / file.name
        place.parent.mkdir(parents=True)
        with place.open("wb") as hollow:
            hollow.truncate(file.bytes)
    built = home() / "derived" / default._name()
    built.parent.mkdir()
    built.write_bytes(b"glTF")


@contextmanager
def serving(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A server, and its address without the scheme."""
    command = [*COMMAND, "serve", "--port", "0", *TWINS, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stderr
    patience = threading.Timer(30, process.kill)
    patience.start()
    try:
        line = process.stdout.readline()
        match = re.search(r"http://(\S+)", line)
        assert match, line + process.stderr.read()
        yield process, match[1]
    finally:
        patience.cancel()
        process.kill()
        process.communicate()


async def turn(url: str) -> list[str]:
    async with connect(url) as page:
        await page.send(json.dumps({"type": "say", "text": "One two."}))
        kinds: list[str] = []
        while "Done" not in kinds:
            frame = await page.recv()
            assert isinstance(frame, bytes)
            kinds.append(decode(frame)[0]["type"])
        return kinds


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_real_server_talks_and_ends_when_told(ada: Path, head: None, number: int) -> None:
    with serving() as (process, address):
        kinds = asyncio.run(turn(f"ws://{address}ws/ada"))
        assert kinds == ["Ready", "Heard", "Said", "Mouthed", "Spoke", "Measured", "Done"]
        process.send_signal(number)
        _, errors = process.communicate(timeout=15)
        assert "Traceback" not in errors
        assert process.returncode in (0, -number, 128 + number)


async def drain(page: ClientConnection) -> None:
    while True:
        await page.recv()


def test_what_a_real_server_refuses(ada: Path, head: None) -> None:
    async def closes(url: str, frame: bytes | str) -> int:
        async with connect(url) as page:
            await page.send(frame)
            with pytest.raises(ConnectionClosed) as closed:
                await drain(page)
        assert closed.value.rcvd
        return closed.value.rcvd.code

    with serving() as (process, address):
        url = f"ws://{address}ws/ada"
        assert asyncio.run(closes(url, "hello")) == 1008
        assert asyncio.run(closes(url, bytes(3))) == 1008
        assert asyncio.run(closes(url, bytes(MOST_AUDIO + 2))) in (1008, 1009)  # the library below sees it first
        assert httpx.get(f"http://{address}", headers={"Host": "evil.com"}).status_code == 403
        for headers in ({"Origin": "http://evil.com"}, {"Host": "evil.com"}):
            with pytest.raises(InvalidStatus):
                asyncio.run(refused(url, headers))
        with socket.create_connection((address.split(":")[0], int(address.strip("/").split(":")[1]))) as raw:
            raw.sendall(b"GET /web/../../config.py HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert b" 404 " in raw.makefile("rb").readline()
        assert asyncio.run(turn(url))[-1] == "Done"
        assert process.poll() is None


async def refused(url: str, headers: dict[str, str]) -> None:
    async with connect(url, additional_headers=headers):
        pass


def test_a_network_address_needs_a_token(ada: Path, head: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGICLONE_TOKEN", "s3cret")
    with serving("--host", "0.0.0.0") as (_, address):
        place, query = address.replace("0.0.0.0", "127.0.0.1").split("?")
        assert query == "token=s3cret"
        assert httpx.get(f"http://{place}").status_code == 403
        assert httpx.get(f"http://{place}?token=s3cret").status_code == 200
